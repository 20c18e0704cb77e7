"""Who is who, as Slack tells it and as people settle it: changes, invitations to connect, what waited for them."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from blocks import ids
from blocks.kit import Message
from blocks.people import Waiting, Whoami, connect, connected, disconnected
from blocks.people import whoami as who_you_are
from bot.accounts import CONNECT, Accounts
from bot.decisions import DecisionService, Intent
from bot.errors import BadInput, NotConnected, NotLinked
from bot.jobs import Jobs
from bot.linking import Linking
from bot.models import ApprovalRef, Decision, DecisionState, How
from bot.people import People
from bot.store import Decisions, Links, Memory, Releases
from bot.store.links import WAITING_KEPT
from handlers import payloads
from handlers.asking import Call, Reply, Row
from handlers.listeners import Listeners, opened
from handlers.messenger import Messenger, person_of

Body = dict[str, Any]

log = structlog.get_logger()


def register(listen: Listeners) -> None:
    """Listeners of this topic."""
    listen.event("user_change", somebody_changed)
    listen.event("team_join", somebody_changed)
    listen.event("subteam_members_changed", group_changed)
    listen.event("tokens_revoked", put_out)
    listen.event("app_uninstalled", put_out)
    listen.action(ids.CONNECT, opened)
    listen.action(ids.RESUME, resume)


async def somebody_changed(event: Body, people: People, jobs: Jobs) -> None:
    """Among what can change is the time zone, and with it when their digest comes."""
    await people.noticed(person_of(event["user"]))
    await jobs.wake("replan", event["user"]["id"])


async def group_changed(people: People) -> None:
    await people.forget()


async def put_out(event: Body) -> None:
    """Nothing can be said in Slack any more; whoever reads the log learns why."""
    log.error("slack.put_out", event=event["type"])


async def resume(ack: AsyncAck, body: Body, decisions: DecisionService, welcome: "Welcome") -> Any:
    ref, person, name = payloads.resumed(body)
    waiting = await welcome.waiting_for(ref, person)
    await decisions.record(
        Intent(
            ref=ref,
            verb=waiting.verb,
            person=person,
            person_name=name,
            shown=waiting.shown,
            comment=waiting.comment,
            place=payloads.place_of(body),
            delivery=payloads.mark_of(body),
        )
    )
    return await ack()


class Welcome:
    """Asks people to connect their account, and offers again what waited for it."""

    def __init__(
        self,
        *,
        messenger: Messenger,
        linking: Linking,
        links: Links,
        records: Decisions,
        releases: Releases,
        memory: Memory,
        jobs: Jobs,
    ) -> None:
        self._messenger = messenger
        self._linking = linking
        self._links = links
        self._records = records
        self._releases = releases
        self._memory = memory
        self._jobs = jobs

    async def invite(self, person: str, channel: str, why: str = CONNECT) -> None:
        """Show somebody the button that connects their account; where nobody can connect, say so."""
        try:
            invitation = await self.invitation(person, why)
        except NotLinked as no:
            await self._messenger.whisper(person, None, str(no))
        else:
            await self._messenger.tell(person, channel, invitation)

    async def invitation(self, person: str, why: str = CONNECT) -> Message:
        """The button itself. Raises NotLinked where nobody can connect."""
        return connect(await self._linking.offer(person), why)

    async def waiting_for(self, ref: ApprovalRef, person: str) -> Decision:
        """What this person pressed before they were connected. Raises BadInput when there is nothing like it."""
        decision = await self._records.get(ref, person)
        if decision is None or not _waits(decision):
            raise BadInput("This no longer waits for you. The card of the release shows what is true.")
        return decision

    # --- jobs ------------------------------------------------------------------------------------------

    async def ask(self, key: str) -> None:
        """A decision could not be taken because its person is not connected: keep it, and ask them to. A job."""
        decision = await self._decision(key)
        if decision is None or not _waits(decision):
            return
        await self._links.hold(decision.person, key)
        if await self._memory.first("invited", decision.id, WAITING_KEPT):
            channel = decision.place.channel if decision.place else ""
            await self.invite(decision.person, channel, decision.note)

    async def connected(self, person: str) -> None:
        """Say so, and offer what waited. A job."""
        link = await self._links.of(person)
        if link is None:
            return
        held = [await self._decision(key) for key in await self._links.held(person)]
        waiting = [Waiting(one, await self._named(one)) for one in held if one is not None and _waits(one)]
        await self._messenger.post(await self._messenger.dm(person), connected(link.name, waiting))
        await self._links.let_go(person)

    async def rematch(self, sdp: str) -> None:
        """It has changed who this SDP person is in Slack: their cards belong elsewhere now. A job."""
        for release in await self._releases.walks():
            snapshot = await self._releases.get(release)
            for approval in snapshot.approvals if snapshot else ():
                if approval.approver.id == sdp:
                    await self._jobs.wake("show", str(approval.ref))

    async def _decision(self, key: str) -> Decision | None:
        ref, _, person = key.partition("|")
        return await self._records.get(ApprovalRef.parse(ref), person)

    async def _named(self, decision: Decision) -> str:
        snapshot = await self._releases.get(decision.ref.release)
        return f"{snapshot.release.label} {snapshot.release.title}" if snapshot else "this release"


def _waits(decision: Decision) -> bool:
    return decision.state is DecisionState.REFUSED and decision.rule == NotConnected.rule


# --- sub-commands ------------------------------------------------------------------------------------------


async def link(call: Call, linking: Linking) -> Reply:
    """A fresh link for whoever types it, seen by nobody else."""
    return Reply(connect(await linking.offer(call.standing.person.id), "Connect your own SDP account."))


async def unlink(call: Call, linking: Linking) -> Reply:
    done = await linking.unlink(call.standing.person.id)
    return Reply(disconnected(done))


async def whoami(call: Call, links: Links, accounts: Accounts) -> Reply:
    standing = call.standing
    known = await links.of(standing.person.id)
    held = {"an operator": standing.operator, "an administrator": standing.admin, "a reader": standing.reader}
    return Reply(
        who_you_are(
            Whoami(
                name=standing.person.name,
                account=known.name if known else await links.mapped_name(standing.person.id),
                how=How.LINK if known else How.MAP,
                broken=known is not None and known.broken,
                by_person=accounts.by_person,
                rights=[name for name, true in held.items() if true],
            )
        )
    )


ROWS = (
    Row(path="link", says="Connect my own SDP account", run=link, shares=False, example="link"),
    Row(path="unlink", says="Disconnect it", run=unlink, shares=False, example="unlink"),
    Row(path="whoami", says="Who I am in SDP, and what I may here", run=whoami, shares=False, example="whoami"),
)
