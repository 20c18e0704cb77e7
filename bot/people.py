"""Who is who: people of Slack by id and by e-mail address, and which of them somebody in SDP is.

A connected account beats the administrator's map, which beats an e-mail address (`who`).

The directory is read as a whole and kept for ten minutes: one `users.list` serves everybody, where a look-up a person
would run into Slack's 50 calls a minute. Whoever learns of a change before that (`noticed`) says so to all processes
through the store: a deactivated person, a guest, another address count from the next question on.

An address names somebody only when exactly one account has it, in any case of letters, and only members count: no
bots, nobody deactivated, and guests and people of other workspaces only with ALLOW_EXTERNAL. It has to be one person's
in SDP, too: who has no address there, or one that two people have, is nobody until a link or the map says who.
"""

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from bot.errors import SdpError, SdpForbidden, SdpNotFound
from bot.models import How, Person, SdpId, SlackPerson
from bot.store import Links, Mapping, Memory

KEPT_SECONDS = 600.0
MISS_SECONDS = 60.0
"""An address nobody has makes the directory be read again, but not more often than this."""
VERSION_KEPT = timedelta(days=7)
ADDRESS_FRESH = timedelta(hours=1)
"""How long it is believed who in SDP has an address: addresses change hands rarely, and asking costs two calls."""
ADDRESS_KEPT = timedelta(days=7)
"""How long it is believed while SDP cannot be asked: cards must stay true then, too, and nothing can be sent."""
PATIENCE_SECONDS, LEFT_ALONE = 2.0, timedelta(minutes=1)
"""How long a card waits for SDP's word on an address it has known before, and how long it then does not ask again."""
STRANGERS_KEPT = 1000


log = structlog.get_logger()


class Directory(Protocol):
    """Where people of Slack are listed; `handlers.messenger` is one."""

    def everyone(self) -> AsyncIterator[SlackPerson]:
        """All accounts of the workspace, deactivated ones and bots included."""
        ...

    async def one(self, slack_id: str) -> SlackPerson | None:
        """One account, of another workspace too; None when Slack shows none."""
        ...


class Addresses(Protocol):
    """Where people of SDP are found by address; `sdp.people` is one."""

    async def by_email(self, email: str) -> tuple[Person, ...]:
        """Everybody in SDP with this address. Raises SdpError."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """Who somebody in SDP is in Slack, and how that is known."""

    slack: SlackPerson
    how: How


@dataclass(frozen=True, slots=True)
class _Known:
    """The directory as last read. `strangers` are people that are not in it, looked up one by one."""

    by_id: dict[str, SlackPerson] = field(default_factory=dict)
    by_email: dict[str, list[SlackPerson]] = field(default_factory=dict)
    strangers: dict[str, SlackPerson | None] = field(default_factory=dict)
    read_at: float = float("-inf")
    version: str = ""


class People:
    """Finds people of Slack; safe to share."""

    def __init__(
        self, directory: Directory, memory: Memory, links: Links, sdp: Addresses, *, allow_external: bool = False
    ) -> None:
        self._directory = directory
        self._memory = memory
        self._links = links
        self._sdp = sdp
        self._allow_external = allow_external
        self._known = _Known()
        self._reading = asyncio.Lock()
        self._asking: dict[str, asyncio.Future[str]] = {}

    async def by_id(self, slack_id: str) -> SlackPerson | None:
        """Somebody by their Slack id, from this workspace or another; None when Slack shows nobody."""
        known = await self._current(KEPT_SECONDS)
        if slack_id in known.by_id:
            return known.by_id[slack_id]
        if slack_id not in known.strangers and len(known.strangers) < STRANGERS_KEPT:
            known.strangers[slack_id] = await self._directory.one(slack_id)
        return known.strangers.get(slack_id)

    # --- from SDP to Slack ---------------------------------------------------------------------------

    async def who(self, person: Person, *, soon: bool = False) -> Found | None:
        """Who somebody in SDP is in Slack; None when nobody is known to be, or more than one could be.

        `soon`: what was known will do when SDP takes its time. Raises SdpError when SDP cannot be asked who has the
        address, and never could.
        """
        linked, mapped = await self._links.known_as(person.id)
        for how, slack_id in ((How.LINK, linked), (How.MAP, mapped)):
            if slack_id is not None:
                return self._found(await self.by_id(slack_id), how)
        return await self._by_email(person, soon)

    async def slack_of(self, person: Person) -> SlackPerson | None:
        """The Slack account of somebody in SDP, to show or tell them something; None as in `who`."""
        found = await self.who(person, soon=True)
        return found.slack if found else None

    async def match(self, actor: SlackPerson, person: Person) -> How | None:
        """How it is known that `actor` is `person`; None when it is not known. Raises SdpError."""
        found = await self.who(person)
        return found.how if found and found.slack.id == actor.id else None

    async def say_who(self, slack_id: str, sdp: SdpId, name: str) -> None:
        """An administrator's word that this SDP person is that Slack person; it takes the place of earlier ones."""
        await self._links.map(Mapping(slack_id, sdp, name, datetime.now(UTC)))

    def _found(self, slack: SlackPerson | None, how: How) -> Found | None:
        return Found(slack, how) if slack is not None and self.counts(slack) else None

    async def _by_email(self, person: Person, soon: bool) -> Found | None:
        if person.email is None or (slack := await self.by_address(person.email)) is None:
            return None
        if await self._is_somebody_else(slack, person) or not await self._alone_in_sdp(person, soon):
            return None
        return Found(slack, How.EMAIL)

    async def _is_somebody_else(self, slack: SlackPerson, person: Person) -> bool:
        """A link or the map says that this account is another SDP person's."""
        taken = await self._links.in_sdp(slack.id)
        return bool(taken) and person.id not in taken

    async def _alone_in_sdp(self, person: Person, soon: bool) -> bool:
        """Nobody else in SDP has this address. Where SDP does not let the bot list people, that cannot be seen."""
        assert person.email is not None  # noqa: S101  # the caller has looked
        of = person.email
        kept, fresh = await self._memory.recall_all(("sdp_address", of), ("sdp_address_fresh", of))
        if kept is None or fresh is None:
            try:
                kept = await self._asked_soon(of, kept) if soon and kept is not None else await self._asked_once(of)
            except SdpError:
                if kept is None:
                    raise
        return set(kept.split()) <= {person.id}

    async def _asked_soon(self, email: str, kept: str) -> str:
        """The same if SDP says it at once; if not, nobody who is in a hurry asks again for a while."""
        if await self._memory.recall("sdp_address_tried", email) is not None:
            return kept
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._asked_once(email)
        except (SdpError, TimeoutError):
            await self._memory.keep("sdp_address_tried", email, "1", LEFT_ALONE)
            return kept

    async def _asked_once(self, email: str) -> str:
        """Whose address this is, by SDP; a poll asks about one address for many cards at once, and SDP is asked once.

        Nobody waits here for somebody else's address: SDP can be slow to answer about one of them.
        """
        asking = self._asking.get(email)
        if asking is None:
            asking = self._asking[email] = asyncio.ensure_future(self._owners(email))
            asking.add_done_callback(lambda done: self._asked(email, done))
        return await asyncio.shield(asking)

    def _asked(self, email: str, done: asyncio.Future[str]) -> None:
        """Nobody may be waiting any more; then nobody else takes note of how it ended."""
        self._asking.pop(email, None)
        if not done.cancelled() and done.exception() is not None:
            log.info("people.address_not_asked", error=type(done.exception()).__name__)

    async def _owners(self, email: str) -> str:
        try:
            found = " ".join(sorted(one.id for one in await self._sdp.by_email(email)))
        except (SdpForbidden, SdpNotFound):
            found = ""
        await self._memory.keep("sdp_address", email, found, ADDRESS_KEPT)
        await self._memory.keep("sdp_address_fresh", email, "1", ADDRESS_FRESH)
        return found

    # --- people of Slack -----------------------------------------------------------------------------

    async def by_address(self, email: str) -> SlackPerson | None:
        """The one account with this address; None for nobody, and for more than one it could be."""
        matches = await self.all_by_address(email)
        return matches[0] if len(matches) == 1 else None

    async def all_by_address(self, email: str) -> list[SlackPerson]:
        """Every account with this address that could be meant by it."""
        wanted = email.strip().lower()
        known = await self._current(KEPT_SECONDS)
        if wanted not in known.by_email:
            known = await self._current(MISS_SECONDS)
        return known.by_email.get(wanted, [])

    def counts(self, person: SlackPerson) -> bool:
        """Whether an address may name this account."""
        outside = person.is_guest or person.is_external
        return not (person.deleted or person.is_bot) and (self._allow_external or not outside)

    async def noticed(self, person: SlackPerson) -> None:
        """Slack says that this is how somebody is now; what matters here is told to all processes.

        `user_change` also comes for every status message, and those must not make the directory be read.
        """
        if self._known.by_id.get(person.id) != person:
            await self.forget()

    async def forget(self) -> None:
        """Something about people or user groups changed: every process reads again at its next question."""
        await self._memory.keep("people", "version", secrets.token_hex(4), VERSION_KEPT)

    @property
    def known_version(self) -> str:
        """Of the people the last answer was told from; what is derived from them is good for one version only."""
        return self._known.version

    async def _current(self, max_age: float) -> _Known:
        version = await self._memory.recall("people", "version") or ""
        async with self._reading:
            if version != self._known.version:
                self._known = await self._read(version)
            elif time.monotonic() - self._known.read_at > max_age:
                self._known = await self._read_again()
            return self._known

    async def _read_again(self) -> _Known:
        """The directory anew because of its age alone; while Slack cannot be asked, the old one will do."""
        try:
            return await self._read(self._known.version)
        except Exception as error:
            if not self._known.by_id:
                raise
            log.warning("people.directory_not_read", error=type(error).__name__)
            return replace(self._known, read_at=time.monotonic() - KEPT_SECONDS + MISS_SECONDS)

    async def _read(self, version: str) -> _Known:
        by_id: dict[str, SlackPerson] = {}
        by_email: defaultdict[str, list[SlackPerson]] = defaultdict(list)
        async for person in self._directory.everyone():
            by_id[person.id] = person
            if person.email and self.counts(person):
                by_email[person.email].append(person)
        return _Known(by_id, dict(by_email), {}, time.monotonic(), version)
