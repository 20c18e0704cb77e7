"""A decision's life, from the click to what SDP then shows.

    recorded ──▶ waiting ──▶ sending ──▶ confirmed
        │          │  ▲ └─▶ undone  ├──▶ denied      SDP said no, in its words
        │          │  └──(not sent)─┤──▶ already     SDP has another decision
        │          │                └──▶ unknown ──▶ confirmed | already | not_taken
        └──────────┴──▶ refused | already | changed | stale

Each arrow is one compare-and-set of the decision's record; whoever loses it looks again. `sending` is set
before the one write and entered once: a worker that finds it set by somebody who is gone reads, and never sends.
That is what makes a decision happen at most once whatever is killed; that every record is worked on until it is
final (`bot.jobs`) is what makes sure that none is lost.
"""

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from bot import metrics
from bot.accounts import Accounts, Actor
from bot.approvals import (
    Difference,
    differences,
    fingerprint,
    is_asked,
    is_high_risk,
    is_own,
    what_matters,
    with_approval,
)
from bot.errors import (
    AlreadyDecided,
    BotError,
    Changed,
    NotConnected,
    OutcomeUnknown,
    OwnRelease,
    Refused,
    SdpError,
    SdpFieldsMissing,
    SdpNotFound,
    SdpRefused,
    SdpSignInFailed,
    SdpThrottled,
)
from bot.inbox import Inbox
from bot.jobs import Jobs
from bot.ledger import Ledger
from bot.models import (
    Approval,
    ApprovalRef,
    ApprovalState,
    Decision,
    DecisionState,
    LedgerEvent,
    Place,
    Release,
    Snapshot,
    Verb,
)
from bot.sdp import Sdp
from bot.store import Decisions, Memory, Releases, Wake

S = DecisionState
log = structlog.get_logger()

ARROWS: Mapping[DecisionState, frozenset[DecisionState]] = {
    S.RECORDED: frozenset({S.WAITING, S.SENDING, S.UNDONE, S.REFUSED, S.ALREADY, S.CHANGED, S.STALE}),
    S.WAITING: frozenset({S.SENDING, S.UNDONE, S.REFUSED, S.ALREADY, S.CHANGED, S.STALE}),
    S.SENDING: frozenset({S.WAITING, S.CONFIRMED, S.UNKNOWN, S.ALREADY, S.DENIED}),
    S.UNKNOWN: frozenset({S.CONFIRMED, S.ALREADY, S.NOT_TAKEN}),
}
"""Every way a decision can go on. What is not here cannot happen (`_moved` refuses it)."""

WANTED: Mapping[Verb, ApprovalState] = {Verb.APPROVE: ApprovalState.APPROVED, Verb.REJECT: ApprovalState.REJECTED}
TURNED_AWAY: Mapping[type[BotError], DecisionState] = {
    Refused: S.REFUSED,
    AlreadyDecided: S.ALREADY,
    Changed: S.CHANGED,
}
"""What a check may say, and where the decision then ends."""
COMMENT_WANTED = "SDP takes no decision here without a comment. Nothing was decided; please add one."
SHOWN_KEPT = timedelta(days=90)
LOOK_AGAIN_MIN, LOOK_AGAIN_MAX = timedelta(seconds=2), timedelta(seconds=60)
SLOW = timedelta(seconds=1)
NOT_SENT_RETRY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Intent:
    """What a person pressed: parsed at the door, checked when the job runs. `delivery` tells this press from others."""

    ref: ApprovalRef
    verb: Verb
    person: str
    person_name: str
    shown: str
    comment: str = ""
    place: Place | None = None
    delivery: str = ""


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """The administrator's choices about deciding."""

    undo: timedelta
    undo_high_risk: timedelta
    stale: timedelta
    unknown: timedelta
    comment_max: int
    own_release_refused: bool = False


class DecisionService:
    """Records intents and carries each to its end."""

    def __init__(
        self,
        *,
        sdp: Sdp,
        inbox: Inbox,
        accounts: Accounts,
        decisions: Decisions,
        releases: Releases,
        memory: Memory,
        jobs: Jobs,
        ledger: Ledger,
        rules: DecisionRules,
    ) -> None:
        self._sdp = sdp
        self._inbox = inbox
        self._accounts = accounts
        self._decisions = decisions
        self._releases = releases
        self._memory = memory
        self._jobs = jobs
        self._ledger = ledger
        self.rules = rules

    # --- what people do --------------------------------------------------------------------------

    async def record(self, intent: Intent) -> Decision | None:
        """Store the intent and wake its job, in one step. A second click answers the decision already under way, the
        same click delivered again None.
        """
        now = datetime.now(UTC)
        decision = Decision(
            id=secrets.token_hex(8),
            ref=intent.ref,
            person=intent.person,
            person_name=intent.person_name,
            verb=intent.verb,
            comment=intent.comment,
            shown=intent.shown,
            state=S.RECORDED,
            asked_at=now,
            place=intent.place,
            due_at=now + self.rules.undo,
        )
        decision = replace(decision, unwritten=(_event(decision, "asked", now, {"shown": intent.shown}),))
        wake = self._jobs.entry("decide", decision.key, now)
        # Should SDP take its time, the card says meanwhile that the click has arrived.
        show = self._jobs.entry("show", str(intent.ref), now + SLOW)
        while (known := await self._decisions.record(decision, wake, intent.delivery, show)) and known.final:
            # An earlier one has ended and is not in the ledger yet; once it is, it makes room.
            await self._write_events(known)
        if known is not None and known.id == decision.id:
            log.info("decision.recorded", decision=decision.id, approval=str(intent.ref), verb=intent.verb.value)
        return known

    async def undo(self, ref: ApprovalRef, person: str) -> Decision | None:
        """Take a decision back while nothing was sent. Answers the decision as it then is, None when there is none."""
        while (decision := await self._decisions.get(ref, person)) is not None:
            if S.UNDONE not in ARROWS.get(decision.state, frozenset()):
                return decision
            undone = self._moved(decision, S.UNDONE, note="You took this back. Nothing was sent to SDP.")
            if await self._decisions.swap(decision, undone, self._jobs.entry("decide", decision.key)):
                await self._jobs.wake("show", str(ref))  # the job that decides may be waiting for SDP
                return undone
        return None

    async def comment_demanded(self) -> bool:
        """Whether this tenant has refused a decision without a comment; a signature counts as one."""
        if not self._accounts.by_person:
            return False
        return await self._memory.recall("tenant", "comment_demanded") is not None

    async def demand_comments(self) -> None:
        """Remember that this tenant takes no decision without a comment."""
        await self._memory.keep("tenant", "comment_demanded", "1", SHOWN_KEPT)

    async def changes(self, decision: Decision, snapshot: Snapshot) -> list[Difference]:
        """What is different now from what the person saw; empty when that is no longer known."""
        before = await self._memory.recall("shown", decision.shown)
        return differences(_unpack(before), what_matters(snapshot, decision.ref)) if before else []

    async def remember_shown(self, snapshot: Snapshot, ref: ApprovalRef) -> str:
        """Keep what a card is about to show, by its fingerprint, which is answered."""
        mark = fingerprint(snapshot, ref)
        await self._memory.keep("shown", mark, _pack(what_matters(snapshot, ref)), SHOWN_KEPT)
        return mark

    # --- the job -----------------------------------------------------------------------------------

    async def advance(self, key: str) -> datetime | None:
        """Carry one decision on as far as it goes now; answers when to go on, None when it is final. A job."""
        ref, person = _parse_key(key)
        ours = False
        decision = await self._decisions.get(ref, person)
        if decision is not None:
            # From here to the job's end every line of the log, SDP's calls included, has the click's id.
            structlog.contextvars.bind_contextvars(decision=decision.id)
        while decision is not None and not decision.final:
            step = await self._step(decision, ours)
            if isinstance(step, datetime):
                await self._write_events(decision)
                return step
            ours = await self._decisions.swap(decision, step, self._show(step))
            if ours:
                _told(step)
            decision = step if ours else await self._decisions.get(ref, person)
        if decision is not None:
            await self._finish(decision, woken=ours)
        return None

    def _show(self, step: Decision) -> Wake:
        """When the cards have to be drawn: at once, but on the way to SDP only if that takes its time, for what comes
        of it is drawn at once, too."""
        later = datetime.now(UTC) + SLOW if step.state is S.SENDING else None
        return self._jobs.entry("show", str(step.ref), later)

    async def resume(self) -> int:
        """Wake every decision that is not settled, for a worker that starts; answers how many."""
        open_ = await self._decisions.open()
        await self._jobs.wake_all("decide", [f"{ref}|{person}" for ref, person in open_])
        return len(open_)

    async def _step(self, decision: Decision, ours: bool) -> Decision | datetime:
        """The next state, or when to look again.

        `ours`: this run itself made the last change. A record found in `sending` was put there by a worker that
        is gone, and then only reading is left.
        """
        if decision.state in (S.RECORDED, S.WAITING):
            return await self._before_sending(decision)
        if decision.state is S.SENDING and ours:
            return await self._send(decision)
        return await self._settle(decision)

    async def _finish(self, decision: Decision, *, woken: bool) -> None:
        """Everything that follows from a settled decision; harmless to repeat. `woken`: its cards are drawn already."""
        await self._write_events(decision)
        wakes = [self._jobs.wake("look", decision.ref.release)]
        if not woken:
            wakes.append(self._jobs.wake("show", str(decision.ref)))
        if decision.rule == NotConnected.rule:
            wakes.append(self._jobs.wake("connect", decision.key))
        elif decision.state is not S.CONFIRMED or decision.was_unknown:
            wakes.append(self._jobs.wake("tell", decision.key))
        await asyncio.gather(*wakes)

    # --- before anything is sent ---------------------------------------------------------------------

    async def _before_sending(self, decision: Decision) -> Decision | datetime:
        now = datetime.now(UTC)
        due = decision.due_at or now
        if now - due > self.rules.stale:
            return self._moved(decision, S.STALE, note="This could not be sent in time, so it was not sent at all.")
        if decision.state is S.WAITING and now < (wait := max(due, decision.retry_at or due)):
            return wait
        try:
            actor, window, status = await self._check(decision)
        except tuple(TURNED_AWAY) as no:
            return self._moved(decision, _state_of(no), note=str(no), rule=getattr(no, "rule", ""))
        except SdpError as error:
            return await self._wait_for_sdp(decision, error)
        decision = replace(
            decision, person_name=actor.name, how=actor.how or "", due_at=max(due, decision.asked_at + window)
        )
        if now < (until := decision.due_at or now):
            # Waiting already: the window has become longer meanwhile.
            return until if decision.state is S.WAITING else self._moved(decision, S.WAITING, sdp=status)
        return self._moved(decision, S.SENDING, sent_at=now, sdp=status)

    async def _check(self, decision: Decision) -> tuple[Actor, timedelta, str]:
        """Who decides, how long they may undo, and SDP's status: they may, now, and saw what is true.

        Raises TURNED_AWAY, SdpError.
        """
        snapshot = await self._inbox.read(decision.ref)
        approval = snapshot.approval(decision.ref) if snapshot else None
        if snapshot is None or approval is None:
            raise AlreadyDecided("SDP no longer asks for this decision. Nothing was sent.")
        actor = await self._accounts.decider(decision.person, approval)
        self._check_own(snapshot, approval, decision.verb)
        if approval.state.is_decided:
            raise AlreadyDecided(_already(approval))
        if not is_asked(snapshot, decision.ref):
            raise AlreadyDecided("SDP no longer waits for this decision. Nothing was sent.")
        if fingerprint(snapshot, decision.ref) != decision.shown:
            raise Changed("This changed after the card was shown. Nothing was sent.")
        return actor, self.undo_window(snapshot.release), approval.status_name

    def undo_window(self, release: Release) -> timedelta:
        """How long a decision about this release can be taken back."""
        return self.rules.undo_high_risk if is_high_risk(release) and self.rules.undo else self.rules.undo

    def _check_own(self, snapshot: Snapshot, approval: Approval, verb: Verb) -> None:
        if verb is Verb.APPROVE and self.rules.own_release_refused and is_own(snapshot, approval):
            raise OwnRelease()

    async def _wait_for_sdp(self, decision: Decision, error: SdpError) -> datetime:
        """SDP cannot be asked now: say so on the card once, and come back. The window of undoing stays open."""
        again = _retry_at(error)
        noted = replace(decision, note=str(error), version=decision.version + 1)
        if noted.note != decision.note:
            await self._decisions.swap(decision, noted, self._jobs.entry("show", str(decision.ref)))
        return again

    # --- sending, once -------------------------------------------------------------------------------

    async def _send(self, decision: Decision) -> Decision:
        try:
            await self._act(decision)
        except OutcomeUnknown:
            return self._moved(decision, S.UNKNOWN)
        except SdpRefused as error:
            if await self._was_about_the_account(decision, error):
                return self._moved(decision, S.WAITING, note=str(error))
            return await self._after_refusal(decision, error)
        except (Refused, SdpError) as no:
            # Nothing was sent (`bot.sdp` raises nothing else then): back to where undoing is possible.
            return self._moved(decision, S.WAITING, note=str(no), retry_at=_retry_at(no))
        return await self._settled_or_unknown(decision)

    async def _act(self, decision: Decision) -> None:
        """The one write, with the account of whoever decides. Raises Refused before anything is sent, SdpError."""
        actor = await self._accounts.actor_for(decision.person)
        comment = self.signed(decision) if actor.signs else decision.comment
        if decision.verb is Verb.APPROVE:
            await actor.sdp.approvals.approve(decision.ref, comment)
        else:
            await actor.sdp.approvals.reject(decision.ref, comment)

    async def _was_about_the_account(self, decision: Decision, error: SdpRefused) -> bool:
        """Whether SDP refused the person's sign-in and not the decision: the next check then says to connect."""
        if not isinstance(error, SdpSignInFailed):
            return False
        try:
            return not await self._accounts.is_connected(decision.person)
        except SdpError:
            return False

    async def _after_refusal(self, decision: Decision, error: SdpRefused) -> Decision:
        """SDP's no has no code of its own for "already decided": only reading tells."""
        if isinstance(error, SdpFieldsMissing):
            await self.demand_comments()
        approval = await self._read_back(decision.ref)
        if approval is not None and approval.state.is_decided:
            return self._moved(decision, S.ALREADY, note=_already(approval), code=error.code)
        note = COMMENT_WANTED if isinstance(error, SdpFieldsMissing) else str(error)
        return self._moved(decision, S.DENIED, note=note, code=error.code)

    # --- reading what became of it -----------------------------------------------------------------------

    async def _settled_or_unknown(self, decision: Decision) -> Decision:
        settled = await self._settle(decision)
        return settled if isinstance(settled, Decision) else self._moved(decision, S.UNKNOWN)

    async def _settle(self, decision: Decision) -> Decision | datetime:
        try:
            approval = await self._read_back(decision.ref)
        except SdpNotFound:
            return self._moved(decision, S.ALREADY, note="SDP no longer has this approval.")
        if approval is not None and approval.state is WANTED[decision.verb]:
            return self._moved(decision, S.CONFIRMED, sdp=approval.status_name)
        if approval is not None and approval.state.is_decided:
            return self._moved(decision, S.ALREADY, note=_already(approval), sdp=approval.status_name)
        if decision.state is S.SENDING:
            return self._moved(decision, S.UNKNOWN)
        now = datetime.now(UTC)
        age = now - (decision.sent_at or now)
        if approval is not None and age > self.rules.unknown:
            return self._moved(decision, S.NOT_TAKEN, note="SDP did not take this. You can decide again.")
        return now + min(max(age / 2, LOOK_AGAIN_MIN), LOOK_AGAIN_MAX)

    async def _read_back(self, ref: ApprovalRef) -> Approval | None:
        """The approval as SDP has it now, remembered for the cards; None when SDP cannot be asked."""
        began = datetime.now(UTC)
        try:
            approval = await self._sdp.approvals.get(ref)
        except SdpNotFound:
            raise
        except SdpError:
            return None
        if (snapshot := await self._releases.get(ref.release)) is not None:
            await self._inbox.noticed(with_approval(snapshot, approval, began))
        return approval

    # --- words and records ---------------------------------------------------------------------------------

    @property
    def comment_room(self) -> int:
        """Characters left for a person's own words when the signature is as long as a name may be."""
        return self.rules.comment_max - len(_signature("x" * NAME_MAX))

    def signed(self, decision: Decision) -> str:
        """The comment as SDP gets it: one line, within SDP's limit, saying who decided through the bot."""
        signature = _signature(decision.person_name[:NAME_MAX])
        words = decision.comment[: self.rules.comment_max - len(signature)]
        return f"{words}{signature}" if words else signature.removeprefix(" – ")

    def _moved(
        self,
        decision: Decision,
        state: DecisionState,
        *,
        note: str = "",
        sent_at: datetime | None = None,
        retry_at: datetime | None = None,
        rule: str = "",
        code: int | None = None,
        sdp: str = "",
    ) -> Decision:
        """The decision in its next state, with the event for the ledger; raises ValueError off the arrows."""
        if state not in ARROWS.get(decision.state, frozenset()):
            raise ValueError(f"a decision cannot go from {decision.state} to {state}")
        now = datetime.now(UTC)
        moved = replace(
            decision,
            state=state,
            note=note,
            rule=rule,
            sent_at=sent_at or decision.sent_at,
            retry_at=retry_at,
            settled_at=now if state.final else None,
            was_unknown=decision.was_unknown or state is S.UNKNOWN,
            final=state.final,
            version=decision.version + 1,
        )
        details = {"note": note, "rule": rule, "code": str(code or ""), "sdp": sdp}
        event = _event(moved, state.value, now, {key: value for key, value in details.items() if value})
        return replace(moved, unwritten=(*decision.unwritten, event))

    async def _write_events(self, decision: Decision) -> None:
        """Bring what happened into the ledger; the record keeps it until it is there."""
        if not decision.unwritten:
            return
        for event in decision.unwritten:
            await self._ledger.write(event)
        await self._decisions.swap(decision, replace(decision, unwritten=(), version=decision.version + 1))


NAME_MAX = 40


def clean_comment(text: str) -> str:
    """A comment as SDP takes it: one line of plain text, no control characters, single blanks."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())


def _told(decision: Decision) -> None:
    """A line of the log and the counters: what became of a decision just now."""
    log.info("decision.moved", decision=decision.id, approval=str(decision.ref), state=decision.state.value)
    now = datetime.now(UTC)
    metrics.decision_moved(decision.state.value, decision.rule, asked=decision.asked_at, sent=decision.sent_at, now=now)


def _signature(name: str) -> str:
    return f" – by {name} in Slack"


def _already(approval: Approval) -> str:
    done = "approved" if approval.state is ApprovalState.APPROVED else "rejected"
    return f"{approval.approver.name} has already {done} this. Nothing was sent."


def _state_of(no: BotError) -> DecisionState:
    return next(state for kind, state in TURNED_AWAY.items() if isinstance(no, kind))


def _retry_at(error: BotError) -> datetime:
    patience = datetime.now(UTC) + NOT_SENT_RETRY
    return max(patience, error.retry_at or patience) if isinstance(error, SdpThrottled) else patience


def _event(decision: Decision, what: str, at: datetime, details: Mapping[str, str]) -> LedgerEvent:
    who = {"approval": str(decision.ref), "verb": decision.verb.value, "person": decision.person}
    place = f"{decision.place.channel}/{decision.place.ts}" if decision.place else ""
    more = {"comment": decision.comment, "mapped": decision.how, "place": place}
    known = {name: value for name, value in more.items() if value}
    return LedgerEvent(f"{decision.id}:{decision.version}:{what}", at, what, {**who, **known, **details})


def _parse_key(key: str) -> tuple[ApprovalRef, str]:
    ref, _, person = key.partition("|")
    return ApprovalRef.parse(ref), person


def _pack(fields: Mapping[str, str]) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _unpack(text: str) -> dict[str, str]:
    fields: dict[str, str] = json.loads(text)
    return fields
