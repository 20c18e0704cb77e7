"""The one writer of cards: a job per approval draws every copy of its card from the truth.

The same job posts what is missing. A copy is claimed before it is posted, so a crash between posting and recording
leaves a claim without a ts; the next run then looks for the message by its metadata and adopts it.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from json import dumps

import structlog

from blocks import approvals as cards
from blocks.approvals import CardView
from blocks.ids import CARD_EVENT
from blocks.kit import Message, escape
from bot.approvals import is_asked, is_closed
from bot.decisions import DecisionService
from bot.models import Approval, ApprovalRef, Decision, DecisionState, SlackPerson, Snapshot
from bot.people import People
from bot.store import CardCopy, Cards, Decisions, Memory, Releases
from handlers.messenger import MessageGone, Messenger

S = DecisionState
TOLD_KEPT = timedelta(days=7)
WHISPERED = frozenset({S.REFUSED, S.ALREADY})
"""Ends that the card alone does not explain to whoever pressed: they are told where they pressed."""
NOTED = frozenset({S.UNDONE, S.CHANGED, S.STALE, S.DENIED, S.NOT_TAKEN})
"""Ends after which the card is live again and says why."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CardRules:
    """Where cards go and what their buttons can do."""

    link: str
    approvals_channel: str | None
    can_decide: bool
    undo: timedelta


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
        copies: Cards,
        memory: Memory,
        rules: CardRules,
    ) -> None:
        self._messenger = messenger
        self._people = people
        self._decisions = decisions
        self._records = records
        self._releases = releases
        self._copies = copies
        self._memory = memory
        self._rules = rules

    # --- jobs ------------------------------------------------------------------------------------------

    async def show(self, key: str) -> None:
        """Bring every copy of one approval's card up to the truth; post the missing one. A job."""
        ref = ApprovalRef.parse(key)
        snapshot = await self._releases.get(ref.release)
        approval = snapshot.approval(ref) if snapshot else None
        if snapshot is None or approval is None:
            await self._say_gone(ref)
            return
        approver = await self._people.slack_of(approval.approver)
        audience = await self._audience(approver)
        shown = await self._decisions.remember_shown(snapshot, ref)
        latest = await self._latest(ref, approver)
        copies = {copy.slot: copy for copy in await self._copies.of(ref)}
        for copy in copies.values():
            view = self._view(snapshot, approval, shown, in_channel=copy.slot == "channel")
            mine = audience is None or copy.slot == audience.slot
            face = await self._face(view, latest) if mine else _moved_on(view)
            await self._bring_up(ref, copy, face, shown)
        if audience and audience.slot not in copies and is_asked(snapshot, ref):
            view = self._view(snapshot, approval, shown, in_channel=audience.slot == "channel")
            await self._post(ref, audience, await self._face(view, latest), shown)

    async def tell(self, key: str) -> None:
        """Tell whoever pressed what came of it, when their card does not. A job; said at most once a decision."""
        ref_text, _, person = key.partition("|")
        decision = await self._records.get(ApprovalRef.parse(ref_text), person)
        if decision is None or decision.state not in WHISPERED:
            return
        if await self._memory.recall("told", decision.id) is None:
            await self._messenger.whisper(person, decision.place, escape(decision.note))
            await self._memory.keep("told", decision.id, "1", TOLD_KEPT)

    # --- what a card shows --------------------------------------------------------------------------------

    async def _face(self, view: CardView, latest: Decision | None) -> Message:
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

    async def _latest(self, ref: ApprovalRef, approver: SlackPerson | None) -> Decision | None:
        """The approver's last decision; nobody else's click shows on the card."""
        return await self._records.get(ref, approver.id) if approver else None

    def _view(self, snapshot: Snapshot, approval: Approval, shown: str, *, in_channel: bool) -> CardView:
        return CardView(
            snapshot=snapshot,
            approval=approval,
            shown=shown,
            link=self._rules.link.format(release=snapshot.release.id),
            can_decide=self._rules.can_decide and not in_channel,
            undo_seconds=self._rules.undo.total_seconds(),
            in_channel=in_channel,
        )

    # --- where copies are -----------------------------------------------------------------------------------

    async def _audience(self, approver: SlackPerson | None) -> Audience | None:
        """The approver's direct messages, else the approvals channel; None when there is neither."""
        if approver is not None:
            return Audience(f"dm:{approver.id}", await self._messenger.dm(approver.id))
        channel = self._rules.approvals_channel
        return Audience("channel", channel) if channel else None

    async def _post(self, ref: ApprovalRef, audience: Audience, face: Message, shown: str) -> None:
        copy = CardCopy(audience.slot, audience.channel, posting_since=datetime.now(UTC))
        if await self._copies.claim(ref, copy):
            await self._really_post(ref, copy, face, shown)

    async def _really_post(self, ref: ApprovalRef, copy: CardCopy, face: Message, shown: str) -> None:
        channel, ts = await self._messenger.post(copy.channel, face, _metadata(ref, copy.slot))
        await self._copies.keep(ref, replace(copy, channel=channel, ts=ts, face=_digest(face), shown=shown))

    async def _bring_up(self, ref: ApprovalRef, copy: CardCopy, face: Message, shown: str) -> None:
        """Make one copy show `face`."""
        if copy.ts is None:
            copy = await self._adopted(ref, copy)
        if copy.ts is None:
            await self._really_post(ref, copy, face, shown)
            return
        if copy.face == _digest(face):
            return
        try:
            await self._messenger.update(copy.channel, copy.ts, face, _metadata(ref, copy.slot))
        except MessageGone:
            log.info("cards.forgotten", approval=str(ref), slot=copy.slot)
            await self._copies.forget(ref, copy.slot)
        else:
            await self._copies.keep(ref, replace(copy, face=_digest(face), shown=shown))

    async def _adopted(self, ref: ApprovalRef, copy: CardCopy) -> CardCopy:
        """The copy with the ts of a message that was posted but not recorded, if there is one."""
        channel = copy.channel
        ts = await self._messenger.find(channel, CARD_EVENT, f"{ref}/{copy.slot}", copy.posting_since)
        if ts is None:
            return copy
        adopted = replace(copy, ts=ts)
        await self._copies.keep(ref, adopted)
        return adopted

    async def _say_gone(self, ref: ApprovalRef) -> None:
        for copy in await self._copies.of(ref):
            if copy.ts is not None:
                await self._bring_up(ref, copy, cards.gone(), "")


UNDER_WAY = {
    S.RECORDED: cards.checking,
    S.WAITING: cards.undoable,
    S.SENDING: cards.sending,
    S.UNKNOWN: cards.sending,
}


def _moved_on(view: CardView) -> Message:
    return cards.closed(view, "This approval is somebody else's now.")


def _why_closed(snapshot: Snapshot) -> str:
    if is_closed(snapshot.release):
        return "The release itself is closed."
    return "The others on this level have settled it, or the approval was stopped in SDP."


def _metadata(ref: ApprovalRef, slot: str) -> Message:
    return {"event_type": CARD_EVENT, "event_payload": {"pointer": f"{ref}/{slot}"}}


def _digest(face: Message) -> str:
    return sha256(dumps(face, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
