"""The one writer of cards: a job per approval draws every message about it from the truth.

show   every copy of the card, its trail in the thread; posts what is missing
tell   whoever pressed, when the card alone does not explain what came of it
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from blocks import approvals as cards
from blocks.approvals import CardView, Overlap
from blocks.kit import Message, escape
from bot import metrics
from bot.approvals import is_asked, is_closed, is_own
from bot.collisions import Collision
from bot.decisions import DecisionService
from bot.jobs import Jobs
from bot.models import Approval, ApprovalRef, Decision, DecisionState, Release, SlackPerson, Snapshot
from bot.people import People
from bot.store import CardCopy, Cards, Decisions, Memory, Releases
from handlers.copies import Copies
from handlers.messenger import Messenger

S = DecisionState
TOLD_KEPT = timedelta(days=7)
LATEST_SHOWN = timedelta(minutes=2)
WHISPERED = frozenset({S.REFUSED, S.ALREADY})
"""Ends that the card alone does not explain to whoever pressed: they are told where they pressed."""
NOTED = frozenset({S.UNDONE, S.CHANGED, S.STALE, S.DENIED, S.NOT_TAKEN})
"""Ends after which the card is live again and says why."""
CHANNEL = "channel"
TRAIL = "trail:"
REMINDER = "reminder:"

Collisions = Callable[[Release], Awaitable[tuple[Collision, ...]]]
"""What overlaps a release's planned window, the soonest first."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CardRules:
    """Where cards go and what their buttons can do. More than `batch_from` waiting approvals come as one message."""

    link: str
    maintenance_link: str
    approvals_channel: str | None
    can_decide: bool
    own_release_refused: bool = False
    batch_from: int = 5


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom a copy is: a slot in the record, and the channel to post to."""

    slot: str
    channel: str


class CardWriter:
    """Draws, posts, updates, adopts and forgets copies of cards."""

    def __init__(
        self,
        *,
        messenger: Messenger,
        people: People,
        decisions: DecisionService,
        records: Decisions,
        releases: Releases,
        cards: Cards,
        memory: Memory,
        jobs: Jobs,
        rules: CardRules,
        collisions: Collisions,
    ) -> None:
        self._messenger = messenger
        self._people = people
        self._decisions = decisions
        self._records = records
        self._releases = releases
        self._cards = cards
        self._copies = Copies(messenger, cards)
        self._memory = memory
        self._jobs = jobs
        self._rules = rules
        self._collisions = collisions
        self._measured: deque[str] = deque(maxlen=1000)

    # --- jobs ------------------------------------------------------------------------------------------

    async def show(self, key: str) -> None:
        """Bring every message about one approval up to the truth; post the missing ones. A job."""
        ref = ApprovalRef.parse(key)
        snapshot = await self._releases.get(ref.release)
        approval = snapshot.approval(ref) if snapshot else None
        if snapshot is None or approval is None:
            await self._say_gone(ref)
            return
        approver = await self._people.slack_of(approval.approver)
        view = await self._view(snapshot, approval)
        latest = await self._records.get(ref, approver.id) if approver else None
        copies = await self._copies.of(str(ref))
        audience = await self._audience(approver)
        for slot, copy in copies.items():
            if (face := await self._face_in(view, copy, audience, latest)) is not None:
                copies[slot] = await self._copies.bring_up(str(ref), copy, face, shown=view.shown)
                if copies[slot].face != copy.face:
                    self._measure(latest)
        if audience and audience.slot not in copies and is_asked(snapshot, ref):
            posted = await self._post(view, approver, audience, latest)
            copies |= {posted.slot: posted} if posted else {}
        await self._show_trails(view, copies)
        if approver is not None and await self._copies.of(f"inbox:{approver.id}"):
            await self._jobs.wake("inbox", f"{approver.id}|{approval.approver.id}")

    def _measure(self, latest: Decision | None) -> None:
        """How long an outcome took to its card; what changes it minutes later, or once more, is something else."""
        now = datetime.now(UTC)
        if latest is None or latest.settled_at is None or latest.id in self._measured:
            return
        self._measured.append(latest.id)
        if now - latest.settled_at < LATEST_SHOWN:
            metrics.card_shown(latest.settled_at, now)

    async def tell(self, key: str) -> None:
        """Tell whoever pressed what came of it, when their card does not. A job; said once a decision."""
        ref_text, _, person = key.partition("|")
        decision = await self._records.get(ApprovalRef.parse(ref_text), person)
        if decision is None or not decision.final or await self._memory.recall("told", decision.id) is not None:
            return
        if decision.was_unknown:
            await self._tell_late(decision)
        elif decision.state in WHISPERED:
            await self._messenger.whisper(person, decision.place, escape(decision.note))
        await self._memory.keep("told", decision.id, "1", TOLD_KEPT)

    async def _tell_late(self, decision: Decision) -> None:
        """SDP was silent for a while: the person has looked away, so the outcome comes as a message of its own."""
        snapshot = await self._releases.get(decision.ref.release)
        approval = snapshot.approval(decision.ref) if snapshot else None
        if snapshot is None or approval is None:
            await self._messenger.whisper(decision.person, decision.place, escape(decision.note))
            return
        face = cards.settled_late(await self._view(snapshot, approval), decision)
        channel = await self._messenger.dm(decision.person)
        card = (await self._copies.of(str(decision.ref))).get(f"dm:{decision.person}")
        thread = card.ts if card else None
        await self._copies.post(str(decision.ref), f"late:{decision.id}", channel, face, thread=thread)

    # --- what a message shows ------------------------------------------------------------------------------

    async def face(self, view: CardView, latest: Decision | None) -> Message:
        """The state of the card, out of what SDP has and what is under way."""
        if view.approval.state.is_decided:
            return cards.decided(view)
        if latest is not None and not latest.final:
            return UNDER_WAY[latest.state](view, latest)
        if not is_asked(view.snapshot, view.approval.ref):
            return cards.closed(view, _why_closed(view.snapshot))
        if latest is None or latest.state not in NOTED:
            return cards.waiting(view)
        changes = await self._decisions.changes(latest, view.snapshot) if latest.state is S.CHANGED else []
        return cards.waiting(view, latest.note, changes)

    async def _face_in(
        self, view: CardView, copy: CardCopy, audience: Audience | None, latest: Decision | None
    ) -> Message | None:
        """What a copy in this slot shows now; None for slots that others keep."""
        if copy.slot.startswith(REMINDER):
            return None if is_asked(view.snapshot, view.approval.ref) else cards.reminder_over(view)
        if copy.slot == CHANNEL:
            in_channel = cards.seen_in_channel(view, in_person=audience is not None and audience.slot != CHANNEL)
            return await self.face(in_channel, latest)
        if copy.slot.startswith("dm:"):
            mine = audience is None or copy.slot == audience.slot
            return await self.face(view, latest) if mine else cards.closed(view, MOVED_ON)
        return None

    async def _view(self, snapshot: Snapshot, approval: Approval) -> CardView:
        own = is_own(snapshot, approval)
        return CardView(
            snapshot=snapshot,
            approval=approval,
            shown=await self._decisions.remember_shown(snapshot, approval.ref),
            link=self.link(snapshot.release),
            can_decide=self._rules.can_decide,
            undo_seconds=self._decisions.undo_window(snapshot.release).total_seconds(),
            own=own,
            own_refused=own and self._rules.own_release_refused,
            collisions=tuple(self._overlap(found) for found in await self._collisions(snapshot.release)),
            comment_demanded=await self._decisions.comment_demanded(),
        )

    def _overlap(self, found: Collision) -> Overlap:
        other = found.other
        pages = {"release": self._rules.link, "maintenance": self._rules.maintenance_link}
        url = pages[other.kind].format(release=other.id, maintenance=other.id)
        return Overlap(f"{other.label} {other.title}", ", ".join(found.shared), url)

    async def view(self, ref: ApprovalRef) -> CardView | None:
        """What the card of an approval is drawn from now; None when SDP has it no more."""
        snapshot = await self._releases.get(ref.release)
        approval = snapshot.approval(ref) if snapshot else None
        return await self._view(snapshot, approval) if snapshot and approval else None

    def link(self, release: Release) -> str:
        """The release's page in SDP."""
        return self._rules.link.format(release=release.id)

    # --- where copies are -----------------------------------------------------------------------------------

    async def _audience(self, approver: SlackPerson | None) -> Audience | None:
        """The approver's direct messages, else the approvals channel; None when there is neither."""
        if approver is not None and not approver.deleted:
            return Audience(f"dm:{approver.id}", await self._messenger.dm(approver.id))
        channel = self._rules.approvals_channel
        return Audience(CHANNEL, channel) if channel else None

    async def _post(
        self, view: CardView, approver: SlackPerson | None, audience: Audience, latest: Decision | None
    ) -> CardCopy | None:
        ref = view.approval.ref
        await self._cards.note_asked(ref)
        if await self._releases.get(ref.release) != view.snapshot:
            # It changed before that note, when there was no card to wake yet.
            await self.show_again(ref)
            return None
        if approver is not None and await self._too_many(view.approval, approver):
            await self._jobs.wake("inbox", f"{approver.id}|{view.approval.approver.id}")
            return None
        seen = cards.seen_in_channel(view, in_person=False) if audience.slot == CHANNEL else view
        face = await self.face(seen, latest)
        posted = await self._copies.post(str(ref), audience.slot, audience.channel, face, shown=view.shown)
        await self._jobs.wake("remind", str(ref))
        return posted

    async def _too_many(self, approval: Approval, approver: SlackPerson) -> bool:
        """So many wait for this person that one message with a menu serves better; a card asked for comes anyway."""
        if await self._memory.recall("wanted", f"{approval.ref}/{approver.id}") is not None:
            return False
        return len(await self._cards.waiting(approval.approver.id)) > self._rules.batch_from

    async def also_in_channel(self, view: CardView) -> None:
        """Bring the card before the approvals channel too: its approver has not answered, or has left Slack."""
        channel, ref = self._rules.approvals_channel, view.approval.ref
        if channel is None:
            return
        approver = await self._people.slack_of(view.approval.approver)
        latest = await self._records.get(ref, approver.id) if approver else None
        face = await self.face(cards.seen_in_channel(view, in_person=approver is not None), latest)
        await self._copies.post(str(ref), CHANNEL, channel, face, shown=view.shown)
        await self.show_again(ref)

    async def show_again(self, ref: ApprovalRef) -> None:
        """Have every message drawn anew, because one came up that a run of `show` may not have known of."""
        await self._jobs.wake("show", str(ref))

    async def _show_trails(self, view: CardView, copies: Mapping[str, CardCopy]) -> None:
        """One message in the thread under each copy says who decided what, level by level."""
        face, card = cards.trail(view), str(view.approval.ref)
        if face is None:
            return
        for copy in copies.values():
            if (copy.slot.startswith("dm:") or copy.slot == CHANNEL) and copy.ts is not None and not copy.gone:
                slot = f"{TRAIL}{copy.slot}"
                if (known := copies.get(slot)) is not None:
                    await self._copies.bring_up(card, known, face)
                else:
                    await self._copies.post(card, slot, copy.channel, face, thread=copy.ts)

    async def _say_gone(self, ref: ApprovalRef) -> None:
        for copy in (await self._copies.of(str(ref))).values():
            if not copy.slot.startswith(TRAIL):
                await self._copies.bring_up(str(ref), copy, cards.gone())


UNDER_WAY = {
    S.RECORDED: cards.checking,
    S.WAITING: cards.undoable,
    S.SENDING: cards.sending,
    S.UNKNOWN: cards.sending,
}
MOVED_ON = "This approval is somebody else's now."


def _why_closed(snapshot: Snapshot) -> str:
    if is_closed(snapshot.release):
        return "The release itself is closed."
    return "The others on this level have settled it, or the approval was stopped in SDP."
