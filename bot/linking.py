"""Connecting an SDP account: from a button in Slack to a consent at Zoho and back, without ever binding somebody else.

    offer     a signed address for one Slack person, good once and for ten minutes; Slack shows it to them alone
    look      the page says which person of which workspace it is for; looking uses nothing up
    confirm   takes the offer, ties a `state` to this browser's cookie, and sends it to Zoho
    finish    takes the state, trades the code for tokens, asks Zoho whose account it is, and only then binds

A link that somebody else opens – forwarded, stolen, in a second tab – ends in their own account, and that is what
`finish` looks at: the account must have the Slack person's own address, or the administrator's map must say that they
are one. Whatever is refused is revoked at Zoho and written into the ledger.
"""

import asyncio
import contextlib
import hashlib
import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from bot.errors import BadInput, BotError, NotAllowed, NotLinked, SdpError
from bot.jobs import Jobs
from bot.ledger import Ledger
from bot.models import LedgerEvent, Person, SlackPerson
from bot.people import People
from bot.sdp.identity import SCOPE, Identity, IdentityService
from bot.sdp.oauth import Grant, SignIn
from bot.sdp.people import People as SdpPeople
from bot.store import Link, Links, Ticket
from bot.store.links import TICKET_KEPT

SCOPES = (
    "SDPOnDemand.releases.ALL",
    "SDPOnDemand.changes.ALL",
    "SDPOnDemand.projects.ALL",
    "SDPOnDemand.requests.READ",
    "SDPOnDemand.setup.READ",
    "SDPOnDemand.users.READ",
    SCOPE,
)
"""What a person is asked to allow: all the bot can do on their behalf, and who they are."""

LINK_PATH = "/sdp/link"
CALLBACK_PATH = "/sdp/oauth/callback"


class LinkGone(BotError):
    """The address was used, is too old, or was never ours."""

    def __init__(self) -> None:
        super().__init__("This link can no longer be used. Ask for a new one in Slack with /sdp link.")


@dataclass(frozen=True, slots=True)
class Workspace:
    """The Slack workspace this bot lives in."""

    id: str
    name: str
    url: str = ""


class Home(Protocol):
    """Tells which workspace this is; `handlers.messenger` is one."""

    async def workspace(self) -> Workspace: ...


@dataclass(frozen=True, slots=True)
class Offer:
    """For whom a link is."""

    person: SlackPerson
    workspace: Workspace


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and the cookie by which it is known when it comes back."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Zoho:
    """What connecting needs of Zoho and SDP."""

    sign_in: SignIn
    identity: IdentityService
    people: SdpPeople


class Linking:
    """Makes, follows and cuts links."""

    def __init__(
        self,
        *,
        public_url: str | None,
        keys: Sequence[bytes],
        zoho: Zoho,
        home: Home,
        people: People,
        links: Links,
        ledger: Ledger,
        jobs: Jobs,
    ) -> None:
        self._public_url = public_url
        self._keys = tuple(keys)
        self._zoho = zoho
        self._home = home
        self._people = people
        self._links = links
        self._ledger = ledger
        self._jobs = jobs

    @property
    def possible(self) -> bool:
        """Whether anybody can connect: there is an address to come back to, and a key for what Zoho gives."""
        return self._public_url is not None and bool(self._keys)

    # --- the link --------------------------------------------------------------------------------------

    async def offer(self, slack_id: str) -> str:
        """A fresh address for this person alone. Raises NotLinked where nobody can connect, NotAllowed."""
        if not self.possible:
            raise NotLinked("Connecting accounts is not set up here. An administrator can: sdp-bot doctor says how.")
        await self._member(slack_id)
        id_ = secrets.token_urlsafe(18)
        ends = int(time.time() + TICKET_KEPT.total_seconds())
        await self._links.issue("offer", id_, Ticket(slack_id, (await self._home.workspace()).id))
        return f"{self._public_url}{LINK_PATH}?t={id_}.{ends}.{self._signature(self._keys[0], id_, ends)}"

    async def look(self, token: str) -> Offer:
        """For whom a link is; uses nothing up, because mail scanners and previews look, too. Raises LinkGone."""
        ticket = await self._links.see("offer", self._checked(token))
        return await self._offer_of(ticket)

    async def confirm(self, token: str) -> Departure:
        """Take the offer and leave for Zoho. Raises LinkGone."""
        ticket = await self._links.take("offer", self._checked(token))
        offer = await self._offer_of(ticket)
        state, cookie = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        going = Ticket(offer.person.id, offer.workspace.id, browser=_digest(cookie))
        await self._links.issue("state", _digest(state), going)
        return Departure(self._zoho.sign_in.authorization_url(SCOPES, self._redirect, state), cookie)

    async def finish(self, *, state: str, cookie: str, code: str, accounts_server: str | None) -> Link:
        """Bind the account Zoho speaks of. Raises LinkGone, NotAllowed, BadInput, SdpError; then nothing is bound."""
        ticket = await self._links.take("state", _digest(state))
        if ticket is None or not cookie or not hmac.compare_digest(ticket.browser, _digest(cookie)):
            raise LinkGone
        offer = await self._offer_of(ticket)
        if not code:
            raise BadInput("Nothing was connected: Zoho was told no.")
        grant = await self._zoho.sign_in.exchange(code, self._redirect, accounts_server)
        try:
            return await self._bind(offer, grant)
        except BotError as error:
            await self._let_go(grant.refresh_token, grant.accounts_url)
            await self._note(offer.person.id, "link refused", why=str(error))
            raise

    async def _bind(self, offer: Offer, grant: Grant) -> Link:
        identity = await self._zoho.identity.whose(grant)
        person = await self._sdp_person(identity)
        await self._check_same(offer.person, person, identity)
        before = await self._links.of(offer.person.id)
        link = Link(
            slack=offer.person.id,
            sdp=person.id,
            name=identity.name,
            email=identity.email,
            accounts_url=grant.accounts_url,
            linked_at=datetime.now(UTC),
            sealed=self._links.seal(grant.refresh_token),
        )
        if await self._links.bind(link) is not None:
            raise NotAllowed(f"The SDP account of {identity.name} is connected to another Slack account.")
        await self._after_binding(link, before)
        return link

    async def _after_binding(self, link: Link, before: Link | None) -> None:
        if before is not None and (old := self._links.open(before)) is not None:
            await self._let_go(old, before.accounts_url)
        await self._note(link.slack, "linked", sdp=link.sdp, account=link.email)
        await self._jobs.wake("connected", link.slack)
        await self._jobs.wake("rematch", link.sdp)

    # --- its checks --------------------------------------------------------------------------------------

    async def _offer_of(self, ticket: Ticket | None) -> Offer:
        workspace = await self._home.workspace()
        if ticket is None or ticket.team != workspace.id:
            raise LinkGone
        return Offer(await self._member(ticket.slack), workspace)

    async def _member(self, slack_id: str) -> SlackPerson:
        person = await self._people.by_id(slack_id)
        if person is None or not self._people.counts(person):
            raise NotAllowed("This Slack account cannot be connected: it is a guest's, a bot's or deactivated.")
        return person

    async def _sdp_person(self, identity: Identity) -> Person:
        found = await self._zoho.people.by_email(identity.email)
        if len(found) == 1:
            return found[0]
        many = "more than one person has" if found else "nobody has"
        raise NotAllowed(f"In SDP {many} the address of this account, so it is not known who that is.")

    async def _check_same(self, slack: SlackPerson, person: Person, identity: Identity) -> None:
        mapping = await self._links.mapped(person.id)
        if mapping is not None:
            fits = mapping.slack == slack.id
        else:
            fits = slack.email is not None and slack.email == identity.email
        if not fits:
            raise NotAllowed(
                f"This link was made for {slack.name}, and the account you signed in with is {identity.name}'s. "
                "If you are both, an administrator of the bot has to say so first (people map)."
            )

    def _checked(self, token: str) -> str:
        """The id in a signed token. Raises LinkGone."""
        id_, _, rest = token.partition(".")
        ends, _, given = rest.partition(".")
        if not (ends.isascii() and ends.isdigit() and len(ends) < 12) or int(ends) < time.time():
            raise LinkGone
        wanted = [self._signature(key, id_, int(ends)) for key in self._keys]
        if not any(hmac.compare_digest(one.encode(), given.encode("utf-8", "replace")) for one in wanted):
            raise LinkGone
        return id_

    @staticmethod
    def _signature(key: bytes, id_: str, ends: int) -> str:
        return hmac.new(key, f"{id_}|{ends}".encode(), "sha256").hexdigest()

    @property
    def _redirect(self) -> str:
        return f"{self._public_url}{CALLBACK_PATH}"

    # --- the end of a link -----------------------------------------------------------------------------------

    async def unlink(self, slack_id: str) -> bool:
        """Revoke somebody's token at Zoho and forget it; False when there was none.

        Raises SdpUnreachable when Zoho could not be told; then nothing is forgotten and it can be tried again.
        """
        link = await self._links.of(slack_id)
        if link is None:
            return False
        token = self._links.open(link)
        if token is not None:
            await self._zoho.sign_in.revoke(token, link.accounts_url)
        await self._links.unbind(slack_id)
        await self._note(slack_id, "unlinked", sdp=link.sdp)
        await self._jobs.wake("rematch", link.sdp)
        return True

    async def _let_go(self, refresh_token: str, accounts_url: str) -> None:
        """Best effort: a token that stays behind at Zoho is known to nobody."""
        with contextlib.suppress(SdpError, TimeoutError):
            async with asyncio.timeout(10):
                await self._zoho.sign_in.revoke(refresh_token, accounts_url)

    async def _note(self, slack_id: str, what: str, **details: str) -> None:
        event = LedgerEvent(secrets.token_hex(8), datetime.now(UTC), what, {"person": slack_id, **details})
        await self._ledger.write(event)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
