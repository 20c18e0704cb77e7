"""Everything that changes SDP outside approvals: shown first, confirmed once, sent at most once, told in the end.

    offered ──▶ recorded ──▶ sending ──▶ done
       │         │ ▲ │         ├──▶ denied       SDP said no, in its words
       │         │ └─(not sent)┤
       ▼         ▼             └──▶ unknown ──▶ done | not_done | unsettled
    cancelled  refused | not_done

Each arrow is one compare-and-set of the operation's record; whoever loses it looks again. `sending` is set before
the one write and entered once. A worker that finds it set by somebody who is gone, or that waited for an answer in
vain, never sends: it looks for evidence – the maintenance's last execution, the newest changes, the project as it is
now – and says *done*, *not done*, or *unknown, not repeated*.

A topic brings a `Deed` for each of its verbs and offers operations from its previews; everything else is here.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.accounts import Accounts, Actor
from bot.errors import (
    BadInput,
    BotError,
    NotAllowed,
    OutcomeUnknown,
    Refused,
    SdpError,
    SdpRefused,
    SdpThrottled,
    SdpUnreachable,
)
from bot.jobs import Jobs
from bot.ledger import Ledger
from bot.models import LedgerEvent, Operation, OperationState, Origin
from bot.permissions import check_may_operate
from bot.sdp import Sdp
from bot.store.decisions import Wake
from bot.store.operations import Operations

S = OperationState

ARROWS: Mapping[OperationState, frozenset[OperationState]] = {
    S.OFFERED: frozenset({S.RECORDED, S.CANCELLED}),
    S.RECORDED: frozenset({S.SENDING, S.REFUSED, S.DENIED, S.NOT_DONE}),
    S.SENDING: frozenset({S.RECORDED, S.DONE, S.DENIED, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.DONE, S.NOT_DONE, S.UNSETTLED}),
}
"""Every way an operation can go on. What is not here cannot happen (`_moved` refuses it)."""

SHOW_AFTER = timedelta(seconds=1)
"""A confirmed operation that is not settled by then gets a line that says it runs."""
ACK_ROOM = timedelta(milliseconds=300)
"""A submitted form is acknowledged with a window that says "saving"; an outcome that came before would be hidden by
it."""
LOOK_AGAIN_MIN, LOOK_AGAIN_MAX = timedelta(seconds=1), timedelta(seconds=30)
NOT_SENT_RETRY = timedelta(seconds=5)
TOO_OLD = "This button has expired. Please ask again, so that you see what is true now."


@dataclass(frozen=True, slots=True)
class Finding:
    """What the evidence says: `done` is None when it says nothing either way. `note` is for the person."""

    done: bool | None
    result: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """How one verb is done.

    `check`: that it makes sense now; answers what is true before (for `look`). Raises BotError.
    `send`: the one write, on the person's behalf; answers what came of it. Called at most once for an operation,
    whatever happens.
    `look`: reads what is true now, with the service account; called after sending, as often as needed.
    """

    check: Callable[[Actor, Operation], Awaitable[Mapping[str, str]]]
    send: Callable[[Actor, Operation], Awaitable[Mapping[str, str]]]
    look: Callable[[Sdp, Operation], Awaitable[Finding]]


@dataclass(frozen=True, slots=True)
class OperationRules:
    """The administrator's choices. `stale`: too late to send what was confirmed so long ago. `settle`: SDP would show
    it by then if it had happened. `unknown`: when looking for evidence ends."""

    stale: timedelta = timedelta(minutes=5)
    settle: timedelta = timedelta(minutes=2)
    unknown: timedelta = timedelta(minutes=30)


class OperationService:
    """Offers operations and carries each that is confirmed to its end.

    Who may is asked again right before sending, not only at the click.
    """

    def __init__(
        self,
        *,
        operations: Operations,
        jobs: Jobs,
        ledger: Ledger,
        deeds: Mapping[str, Deed],
        sdp: Sdp,
        accounts: Accounts,
        rules: OperationRules | None = None,
    ) -> None:
        self._operations = operations
        self._jobs = jobs
        self._ledger = ledger
        self._deeds = deeds
        self._sdp = sdp
        self._accounts = accounts
        self._rules = rules or OperationRules()

    # --- what people do -----------------------------------------------------------------------------------

    async def offer(
        self,
        verb: str,
        *,
        record: str,
        name: str,
        person: str,
        person_name: str,
        arguments: Mapping[str, str] | None = None,
    ) -> Operation:
        """Prepare an operation for a preview; its id goes into the confirm button, which works for an hour."""
        operation = Operation(
            id=secrets.token_hex(8),
            verb=verb,
            record=record,
            name=name,
            person=person,
            person_name=person_name,
            state=S.OFFERED,
            offered_at=datetime.now(UTC),
            arguments=dict(arguments or {}),
        )
        await self._operations.add(operation)
        return operation

    async def confirm(self, id_: str, person: str, origin: Origin) -> Operation:
        """The confirm button was pressed; a second press, or a second delivery of the first, changes nothing.

        Raises BadInput for a button that has expired, NotAllowed for somebody else's.
        """
        while True:
            operation = await self._theirs(id_, person)
            if operation.state is not S.OFFERED:
                await self._show_again(operation, origin)
                return operation
            recorded = self._confirmed(operation, origin)
            if await self._operations.swap(operation, recorded, self._jobs.entry("operate", id_)):
                await self._show_later(id_)
                return recorded

    async def cancel(self, id_: str, person: str, origin: Origin) -> Operation:
        """The person does not want it; answers the operation as it then is, which may be under way already."""
        while True:
            operation = await self._theirs(id_, person)
            if operation.state is not S.OFFERED:
                return operation
            cancelled = replace(self._moved(operation, S.CANCELLED, note="Nothing was changed."), origin=origin)
            if await self._operations.swap(operation, cancelled, self._jobs.entry("operate", id_)):
                return cancelled

    async def _show_again(self, operation: Operation, origin: Origin) -> None:
        """A late press on a preview somebody left open: its answer is what became of the first."""
        if operation.final and operation.origin != origin:
            moved = replace(operation, origin=origin, version=operation.version + 1)
            await self._operations.swap(operation, moved, self._jobs.entry("operated", operation.id))

    async def start(self, operation: Operation) -> Operation:
        """A submitted form: confirmed as it comes. `operation.id` must be the same for every delivery of one
        submission, then only the first counts; answers that one."""
        recorded = self._confirmed(operation, operation.origin)
        wake = self._jobs.entry("operate", operation.id, datetime.now(UTC) + ACK_ROOM)
        if await self._operations.add(recorded, wake):
            return recorded
        return await self._operations.get(operation.id) or recorded

    async def get(self, id_: str) -> Operation | None:
        return await self._operations.get(id_)

    async def _theirs(self, id_: str, person: str) -> Operation:
        operation = await self._operations.get(id_)
        if operation is None:
            raise BadInput(TOO_OLD)
        if operation.person != person:
            raise NotAllowed(f"This was prepared for {operation.person_name}; only they can confirm it.")
        return operation

    def _confirmed(self, operation: Operation, origin: Origin) -> Operation:
        now = datetime.now(UTC)
        confirmed = replace(operation, origin=origin, confirmed_at=now, state=S.OFFERED)
        return self._moved(confirmed, S.RECORDED)

    async def _show_later(self, id_: str) -> None:
        await self._jobs.wake("operated", id_, datetime.now(UTC) + SHOW_AFTER)

    # --- the job --------------------------------------------------------------------------------------------

    async def advance(self, key: str) -> datetime | None:
        """Carry one operation on as far as it goes now; answers when to go on, None when it is settled. A job."""
        ours = False
        operation = await self._operations.get(key)
        while operation is not None and not operation.final:
            if operation.state is S.OFFERED:
                return None
            step = await self._step(operation, ours)
            if isinstance(step, datetime):
                await self._write_events(operation)
                return step
            ours = await self._operations.swap(operation, step, self._wake_for(step))
            operation = step if ours else await self._operations.get(key)
        if operation is not None:
            await self._write_events(operation)
            await self._jobs.wake("operated", operation.id)
        return None

    def _wake_for(self, operation: Operation) -> Wake | None:
        """What a person should see at once; the rest shows itself when it takes long."""
        return self._jobs.entry("operated", operation.id) if operation.state is S.UNKNOWN else None

    async def resume(self) -> int:
        """Wake every operation that is not settled, for a worker that starts; answers how many."""
        open_ = await self._operations.open()
        for id_ in open_:
            await self._jobs.wake("operate", id_)
            await self._show_later(id_)
        return len(open_)

    async def _step(self, operation: Operation, ours: bool) -> Operation | datetime:
        """The next state, or when to look again. `ours`: this run itself made the last change; a record found in
        `sending` was put there by a worker that is gone, and then only looking is left."""
        if operation.state is S.RECORDED:
            return await self._before_sending(operation)
        if operation.state is S.SENDING and ours:
            return await self._send(operation)
        if operation.state is S.SENDING:
            return self._moved(operation, S.UNKNOWN)
        return await self._settle(operation)

    async def _before_sending(self, operation: Operation) -> Operation | datetime:
        now = datetime.now(UTC)
        if operation.retry_at is not None and now < operation.retry_at:
            return operation.retry_at
        if now - (operation.confirmed_at or now) > self._rules.stale:
            return self._moved(operation, S.NOT_DONE, note=_too_late(operation))
        try:
            before = await self._deeds[operation.verb].check(await self._actor(operation), operation)
        except (SdpUnreachable, SdpThrottled) as error:
            return self._not_sent(operation, error)
        except SdpError as error:
            return self._moved(operation, S.DENIED, note=str(error), error=error)
        except BotError as no:
            return self._moved(operation, S.REFUSED, note=str(no), rule=getattr(no, "rule", ""), error=no)
        return replace(self._moved(operation, S.SENDING), before=dict(before), sent_at=now)

    async def _actor(self, operation: Operation) -> Actor:
        """Who does this, with the account to do it. Raises Refused, SdpError."""
        actor = await self._accounts.actor_for(operation.person)
        check_may_operate(actor.standing)
        return actor

    def _not_sent(self, operation: Operation, error: SdpError) -> Operation | datetime:
        """SDP cannot be asked now: come back, with the reason kept for whoever waits."""
        again = datetime.now(UTC) + NOT_SENT_RETRY
        if isinstance(error, SdpThrottled) and error.retry_at is not None:
            again = max(again, error.retry_at)
        if operation.state is S.SENDING:
            return replace(self._moved(operation, S.RECORDED, note=str(error)), retry_at=again)
        return replace(operation, retry_at=again, note=str(error), version=operation.version + 1)

    async def _send(self, operation: Operation) -> Operation | datetime:
        deed = self._deeds[operation.verb]
        try:
            result = await deed.send(await self._actor(operation), operation)
        except OutcomeUnknown:
            return self._moved(operation, S.UNKNOWN)
        except (SdpUnreachable, SdpThrottled) as error:
            # Raised only when nothing was sent (`bot.sdp`).
            return self._not_sent(operation, error)
        except (SdpRefused, Refused) as no:
            return self._moved(operation, S.DENIED, note=str(no), rule=getattr(no, "rule", ""), error=no)
        return await self._read_back(replace(operation, result={**operation.result, **result}))

    async def _read_back(self, operation: Operation) -> Operation:
        """SDP has said yes; what it shows is told beside that."""
        try:
            found = await self._deeds[operation.verb].look(self._sdp, operation)
        except SdpError:
            found = Finding(None, note="SDP said so, but could not be read again yet.")
        if found.done is False:
            note = found.note or "SDP said so, but does not show it yet."
            return self._moved(operation, S.DONE, note=note)
        done = replace(operation, result={**operation.result, **found.result})
        return self._moved(done, S.DONE, note=found.note)

    async def _settle(self, operation: Operation) -> Operation | datetime:
        """What the evidence says about an operation whose answer never came."""
        now = datetime.now(UTC)
        age = now - (operation.sent_at or now)
        try:
            found = await self._deeds[operation.verb].look(self._sdp, operation)
        except SdpError:
            found = Finding(None)
        result = {**operation.result, **found.result}
        if found.done:
            return replace(self._moved(operation, S.DONE, note=found.note), result=result)
        if found.done is False and age > self._rules.settle:
            return replace(self._moved(operation, S.NOT_DONE, note=found.note), result=result)
        if age > self._rules.unknown:
            return replace(self._moved(operation, S.UNSETTLED, note=found.note), result=result)
        return now + min(max(age / 2, LOOK_AGAIN_MIN), LOOK_AGAIN_MAX)

    # --- records ------------------------------------------------------------------------------------------------

    def _moved(
        self,
        operation: Operation,
        state: OperationState,
        *,
        note: str = "",
        rule: str = "",
        error: BotError | None = None,
    ) -> Operation:
        """The operation in its next state, with the event for the ledger; raises ValueError off the arrows."""
        if state not in ARROWS.get(operation.state, frozenset()):
            raise ValueError(f"an operation cannot go from {operation.state} to {state}")
        now = datetime.now(UTC)
        code = error.code if isinstance(error, SdpError) else None
        moved = replace(
            operation,
            state=state,
            note=note,
            fields=_fields(error),
            retry_at=None,
            settled_at=now if state.final else None,
            final=state.final,
            version=operation.version + 1,
        )
        details = {"note": note, "rule": rule, "code": str(code or "")}
        event = _event(moved, now, {key: value for key, value in details.items() if value})
        return replace(moved, unwritten=(*operation.unwritten, event))

    async def _write_events(self, operation: Operation) -> None:
        """Bring what happened into the ledger; the record keeps it until it is there."""
        if not operation.unwritten:
            return
        for event in operation.unwritten:
            await self._ledger.write(event)
        await self._operations.swap(operation, replace(operation, unwritten=(), version=operation.version + 1))


def _fields(error: BotError | None) -> tuple[str, ...]:
    """The inputs an error is about."""
    if isinstance(error, SdpError):
        return error.fields
    return (error.field,) if isinstance(error, BadInput) and error.field else ()


def _too_late(operation: Operation) -> str:
    why = f" {operation.note}" if operation.note else ""
    return f"This could not be sent in time, so it was not sent at all.{why} Ask again if you still want it."


def _event(operation: Operation, at: datetime, details: Mapping[str, str]) -> LedgerEvent:
    what = f"{operation.verb}.{operation.state}"
    who = {"record": operation.record, "name": operation.name, "verb": operation.verb, "person": operation.person}
    comment = operation.arguments.get("comment", "")
    words = {"comment": comment} if comment else {}
    results = {f"result.{key}": value for key, value in operation.result.items()}
    return LedgerEvent(
        f"{operation.id}:{operation.version}:{operation.state}", at, what, {**who, **words, **results, **details}
    )
