"""`/sdp`, `/sdp approvals`, `/sdp approval …`: everything the cards' buttons do, by command.

Deciding by command shows the card first and is confirmed on it; from then on the answer follows the decision, as the
card in the direct messages does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from blocks import approval_commands as cards
from blocks.ids import CardPointer
from bot.accounts import Accounts
from bot.approvals import asked, deadline
from bot.decisions import DecisionService, clean_comment
from bot.errors import AlreadyDecided, BadInput, NotAllowed, NotTheApprover
from bot.inbox import Inbox
from bot.models import Approval, ApprovalRef, Operation, Person, Release, SdpId, Snapshot, Verb
from bot.operations import OperationService
from bot.people import People
from bot.permissions import check_may_operate
from bot.store import Decisions, Memory, Releases
from handlers.answering import Desk
from handlers.asking import Call, Reply
from handlers.cards import CardWriter
from handlers.messenger import Messenger

TYPED = "typed"
TYPED_KEPT = timedelta(hours=1)

TOPICS = (
    ("All approvals", "approvals all"),
    ("Maintenances", "maintenance list"),
    ("Projects", "project list"),
    ("Help", "help"),
)


# --- what waits -----------------------------------------------------------------------------------------


async def overview(call: Call, waiting: "WaitingApprovals", desk: Desk) -> Reply:
    mine, _ = await waiting.by_deadline(call.ask.person)
    topics = {row.topic for row in desk.rows}
    offered = [(label, command) for label, command in TOPICS if command.partition(" ")[0] in topics]
    return Reply(cards.overview(mine, offered))


async def list_(call: Call, waiting: "WaitingApprovals") -> Reply:
    every = call.rest.casefold() in ("all", "everyone", "everybody")
    mine, others = await waiting.by_deadline(call.ask.person)
    return Reply(cards.waiting(mine, others if every else None), command=f"approvals {'all' if every else ''}".strip())


@dataclass(frozen=True, slots=True)
class WaitingApprovals:
    """What the last poll found waiting, soonest deadline first."""

    releases: Releases
    people: People

    async def by_deadline(self, person: str) -> tuple[list[Snapshot], list[Snapshot]]:
        """Releases that wait for this person, and those that wait for others only."""
        every = [snapshot async for snapshot in self.releases.every() if asked(snapshot)]
        every.sort(key=lambda snapshot: (deadline(snapshot.release), snapshot.release.id))
        known: dict[Person, bool] = {}  # an approver is looked up once, however many releases wait for them
        mine: list[Snapshot] = []
        others: list[Snapshot] = []
        for snapshot in every:
            (mine if await self.of(person, snapshot, known) else others).append(snapshot)
        return mine, others

    async def of(self, person: str, snapshot: Snapshot, known: dict[Person, bool] | None = None) -> list[Approval]:
        """The approvals of this release that this person is asked for now."""
        seen = {} if known is None else known
        for one in asked(snapshot):
            if one.approver not in seen:
                slack = await self.people.slack_of(one.approver)
                seen[one.approver] = slack is not None and slack.id == person
        return [one for one in asked(snapshot) if seen[one.approver]]


# --- one release ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ApprovalDesk:
    """One release by command: where it stands, deciding it, SDP's mail about it."""

    accounts: Accounts
    inbox: Inbox
    releases: Releases
    waiting: WaitingApprovals
    decisions: DecisionService
    records: Decisions
    operations: OperationService
    writer: CardWriter
    messenger: Messenger
    memory: Memory

    async def now(self, release: SdpId) -> Snapshot:
        """The release as SDP has it now. Raises AlreadyDecided when it is gone."""
        await self.inbox.look(release)
        snapshot = await self.releases.get(release)
        if snapshot is None:
            raise AlreadyDecided("SDP no longer has this release.")
        return snapshot

    async def show(self, call: Call, snapshot: Snapshot) -> Reply:
        """The card with live buttons for whoever is asked, else where the release stands."""
        mine = await self.waiting.of(call.ask.person, snapshot)
        if mine and not call.share:
            return Reply(cards.to_decide(await self.face(mine[0].ref, call.ask.person)))
        link = self.writer.link(snapshot.release)
        may_remind = not call.share and _may_operate(call)
        return Reply(cards.about(snapshot, link, may_remind=may_remind), command=f"approval {snapshot.release.id}")

    async def face(self, ref: ApprovalRef, person: str) -> Any:
        """The card of an approval in its state."""
        view = await self.writer.view(ref)
        if view is None:
            raise AlreadyDecided("SDP no longer has this approval.")
        return await self.writer.face(view, await self.records.get(ref, person))

    async def to_confirm(self, call: Call, snapshot: Snapshot, verb: Verb) -> Reply:
        """The card, and the button that decides with what was typed. A rejection needs a reason."""
        mine = await self.waiting.of(call.ask.person, snapshot)
        if not mine:
            raise _whose(snapshot)
        comment = clean_comment(call.rest)
        if len(comment) > self.decisions.comment_room:
            raise BadInput(f"A comment can have {self.decisions.comment_room} characters, this has {len(comment)}.")
        view = await self.writer.view(mine[0].ref)
        card = await self.face(mine[0].ref, call.ask.person)
        if view is None or not view.can_decide or (verb is Verb.REJECT and not comment):
            return Reply(cards.to_decide(card))
        await self.memory.keep(TYPED, typed_words(mine[0].ref, call.ask.person, verb), comment or " ", TYPED_KEPT)
        value = str(CardPointer(mine[0].ref, view.shown))
        return Reply(cards.to_confirm(card, verb, snapshot.release.label, comment, value))

    async def mail(self, call: Call, snapshot: Snapshot) -> Reply:
        """What SDP would write."""
        asked_now = await self._asked(call, snapshot)
        sdp = (await self.accounts.reader_for(call.ask.person)).sdp
        preview = await sdp.approvals.preview_notification(asked_now[0].ref)
        return Reply(cards.mail(asked_now[0], preview, more=len(asked_now) - 1))

    async def remind(self, call: Call, snapshot: Snapshot) -> Reply:
        """Whom SDP can remind, to be confirmed for each."""
        check_may_operate(call.standing)
        asked_now = await self._asked(call, snapshot)
        offers = [(await self._offer(call, snapshot.release, one), one) for one in asked_now[: cards.NAMES]]
        return Reply(cards.reminders(snapshot.release, offers))

    async def _offer(self, call: Call, release: Release, approval: Approval) -> Operation:
        return await self.operations.offer(
            "approval.remind",
            record=str(approval.ref),
            name=f"{approval.approver.name} of {release.label}",
            person=call.ask.person,
            person_name=call.standing.person.name,
        )

    async def _asked(self, call: Call, snapshot: Snapshot) -> Sequence[Approval]:
        """Whoever is asked now, the asker first. Raises AlreadyDecided when nobody is."""
        mine = await self.waiting.of(call.ask.person, snapshot)
        every = [*mine, *(one for one in asked(snapshot) if one not in mine)]
        if not every:
            raise AlreadyDecided(f"Nobody is asked to decide {snapshot.release.label} now.")
        return every


async def approval(call: Call, approval_desk: ApprovalDesk) -> Reply:
    release: Release = call.record
    snapshot = await approval_desk.now(release.id)
    match call.keyword:
        case "approve":
            return await approval_desk.to_confirm(call, snapshot, Verb.APPROVE)
        case "reject":
            return await approval_desk.to_confirm(call, snapshot, Verb.REJECT)
        case "remind":
            return await approval_desk.remind(call, snapshot)
        case "preview":
            return await approval_desk.mail(call, snapshot)
    return await approval_desk.show(call, snapshot)


def face_of_reminder(operation: Operation) -> Reply:
    """What became of asking SDP to remind somebody."""
    return Reply(cards.reminded(operation))


def _may_operate(call: Call) -> bool:
    try:
        check_may_operate(call.standing)
    except NotAllowed:
        return False
    return True


def _whose(snapshot: Snapshot) -> Exception:
    names = list(dict.fromkeys(one.approver.name for one in asked(snapshot)))
    if not names:
        return AlreadyDecided(f"Nobody is asked to decide {snapshot.release.label} now.")
    return NotTheApprover(" or ".join(names[:3]))


def typed_words(ref: ApprovalRef, person: str, verb: Verb) -> str:
    """Where the words typed with `approve` or `reject` are remembered until they are confirmed."""
    return f"{ref}/{person}/{verb}"
