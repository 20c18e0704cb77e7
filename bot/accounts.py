"""On whose behalf a call is made.

    actor = await accounts.actor_for(slack_id)          to change something
    await actor.sdp.maintenances.suspend(id_, comment)

With `SDP_ACT_AS=person` it is the person's own connected account, and SDP decides what they may. With `service` it is
the service account, the administrator's explicit choice: then our own rules decide (`bot.permissions`), and whatever is
written says who did it (`Actor.signs`). The service account reads what nobody asked for: polls, cards, digests.
"""

from dataclasses import dataclass, replace

from bot.brake import Brake
from bot.errors import NotConnected, NotLinked, SdpClientRefused, SdpSignInFailed
from bot.models import Approval, How, SdpId, SlackPerson
from bot.people import People
from bot.permissions import Rights, Standing, check_may_decide, check_may_read
from bot.sdp import Sdp
from bot.store import Link, Links

CONNECT = "Connect your own SDP account first. What you pressed is kept for 15 minutes."
CONNECT_AGAIN = "Zoho no longer accepts your connection to SDP. Connect again; what you pressed is kept for 15 minutes."


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who does something: who they are, what they may, and SDP as they reach it.

    `sdp_id` is who they are in SDP, None when that is not known. `how` is set by `decider`: how it is known that they
    are the approver. `signs`: SDP will show the service account, so words have to say who it was.
    """

    standing: Standing
    sdp: Sdp
    sdp_id: SdpId | None = None
    how: How | None = None
    signs: bool = True

    @property
    def slack(self) -> SlackPerson:
        return self.standing.person

    @property
    def name(self) -> str:
        return self.standing.person.name


class Accounts:
    """Finds the account a person acts with; safe to share."""

    def __init__(
        self,
        *,
        sdp: Sdp,
        people: People,
        rights: Rights,
        links: Links,
        brake: Brake,
        by_person: bool,
        may_connect: bool,
    ) -> None:
        self._sdp = sdp
        self._people = people
        self._rights = rights
        self._links = links
        self._brake = brake
        self.by_person = by_person
        self.may_connect = may_connect

    async def actor_for(self, slack_id: str) -> Actor:
        """Who changes something. Raises Stopped, NotConnected, NotLinked, NotAllowed; SdpError while Zoho is away."""
        await self._brake.check()
        return await self._acting(await self._rights.of(slack_id))

    async def reader_for(self, slack_id: str) -> Actor:
        """Who wants to see something: with their own account SDP decides, else READERS. Raises like `actor_for`."""
        actor = await self._acting(await self._rights.of(slack_id))
        check_may_read(actor.standing)
        return actor

    async def decider(self, slack_id: str, approval: Approval) -> Actor:
        """Who decides `approval`: its approver, with the account to do it. Raises Refused, SdpError.

        Whoever is somebody else is told so at once; whoever may be the approver is asked to connect.
        """
        await self._brake.check()
        standing = await self._rights.of(slack_id)
        found = await self._people.who(approval.approver)
        how = found.how if found and found.slack.id == slack_id else None
        if how is None and (found or not self.by_person):
            check_may_decide(standing.person, approval, None, is_other=found is not None)
        actor = await self._acting(standing)
        check_may_decide(actor.slack, approval, how)
        return replace(actor, how=how)

    async def is_connected(self, slack_id: str) -> bool:
        """Whether somebody's own account would be taken now. Raises SdpError when that cannot be told."""
        try:
            await self._acting(await self._rights.of(slack_id))
        except NotConnected:
            return False
        return True

    async def _acting(self, standing: Standing) -> Actor:
        if not self.by_person:
            return Actor(standing, self._sdp)
        if not self.may_connect:
            raise NotLinked("Doing this from Slack needs your own SDP account, which is not set up here. Use SDP.")
        link = await self._links.of(standing.person.id)
        if link is None:
            raise NotConnected(CONNECT)
        return Actor(replace(standing, own_account=True), await self._as(link), link.sdp, signs=False)

    async def _as(self, link: Link) -> Sdp:
        """SDP as the owner of this link; asks Zoho when nothing has for some minutes."""
        token = self._links.open(link)
        if link.broken or token is None:
            raise NotConnected(CONNECT_AGAIN)
        tokens = self._sdp.tokens_of(token, link.accounts_url)
        try:
            await tokens.current()
        except SdpClientRefused:
            raise  # the administrator's to mend: nobody's connection is to blame, and each outlives it
        except SdpSignInFailed:
            await self._links.mark_broken(link)
            raise NotConnected(CONNECT_AGAIN) from None
        return self._sdp.acting_as(tokens)
