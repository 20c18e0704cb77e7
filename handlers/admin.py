"""What administrators do from Slack: stop and start, ask the doctor, read the ledger; and the ledger's daily care."""

import secrets
from datetime import UTC, datetime, timedelta

import structlog

from blocks.admin import anchored, report, started, stopped, trail
from bot.audit import Audit, Question
from bot.brake import Brake
from bot.doctor import Doctor
from bot.ledger import Ledger
from bot.models import LedgerEvent, Release
from bot.people import People
from bot.permissions import check_may_administer, check_may_audit
from bot.store import Memory
from handlers.asking import Call, Reply, Row
from handlers.messenger import Messenger

DAY = timedelta(days=1)

log = structlog.get_logger()


async def stop(call: Call, brake: Brake, ledger: Ledger) -> Reply:
    check_may_administer(call.standing)
    person = call.standing.person
    new = await brake.stop(person.name, call.rest[:200])
    if new:
        await ledger.write(_event("stopped", person.id, call.rest))
    return Reply(stopped(new, person.name))


async def start(call: Call, brake: Brake, ledger: Ledger) -> Reply:
    check_may_administer(call.standing)
    mark = await brake.start()
    if mark is not None:
        await ledger.write(_event("started", call.standing.person.id, call.rest))
    return Reply(started(mark.by if mark else None))


async def doctor(call: Call, doctor: Doctor) -> Reply:
    check_may_administer(call.standing)
    return Reply(report(await doctor.examine()))


async def audit(call: Call, audit: Audit, people: People) -> Reply:
    check_may_audit(call.standing)
    release: Release = call.record
    entries = await audit.newest(Question(release=release.id))
    ids = {entry.details.get("person", "") for entry in entries if entry.details}
    known = [await people.by_id(id_) for id_ in ids if id_]
    return Reply(trail(release.label, entries, {person.id: person.name for person in known if person}))


def _event(what: str, person: str, why: str) -> LedgerEvent:
    return LedgerEvent(
        secrets.token_hex(8), datetime.now(UTC), what, {"person": person, **({"why": why} if why else {})}
    )


ROWS = (
    Row(
        path="audit",
        takes="<release>",
        says="What was tried from Slack, and what came of it",
        run=audit,
        may=check_may_audit,
        record="release",
        shares=False,
        example="audit RLS-1",
    ),
    Row(
        path="stop",
        takes="[why]",
        says="Stop all changes, in all processes, at once",
        run=stop,
        may=check_may_administer,
        shares=False,
        example="stop the audit is on",
    ),
    Row(
        path="start",
        says="Make changes again",
        run=start,
        may=check_may_administer,
        shares=False,
        example="start",
    ),
    Row(
        path="doctor",
        says="What is wrong, and what to do about it",
        run=doctor,
        may=check_may_administer,
        shares=False,
        example="doctor",
    ),
)


class Daily:
    """The ledger's care, once a day whatever restarts: anchor, move what is old, compare with SDP."""

    def __init__(self, audit: Audit, messenger: Messenger, memory: Memory, channel: str | None) -> None:
        self._audit = audit
        self._messenger = messenger
        self._memory = memory
        self._channel = channel

    async def care(self, _: str = "") -> datetime:
        """Do what is due and answer when to come again. A job."""
        await self._messenger.workspace()
        now = datetime.now(UTC)
        if await self._memory.recall("ledger_care", f"{now:%Y-%m-%d}") is None:
            await self._do()
            await self._memory.keep("ledger_care", f"{now:%Y-%m-%d}", "1", 2 * DAY)
        return (now + DAY).replace(hour=0, minute=10, second=0, microsecond=0)

    async def _do(self) -> None:
        elsewhere, missing = await self._audit.reconcile()
        moved = await self._audit.move_old()
        anchor = await self._audit.anchor()
        if anchor.number and self._channel is not None:
            await self._messenger.post(self._channel, anchored(anchor.number, anchor.hash))
        log.info("ledger.cared", entries=anchor.number, moved=moved, elsewhere=elsewhere, missing=missing)
