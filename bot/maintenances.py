"""Change maintenances: what is there, what gets in the way, and how each verb is done and proven.

A maintenance creates changes by its schedule. `_execute_now` creates one at once and has no state to read before or
after: it is sent once, and when its answer is lost the evidence is the maintenance's last execution and the changes
of its title that are newer than any before.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.accounts import Actor
from bot.approvals import is_closed
from bot.collisions import Claim, Collision, claim_of_release, claims_of, collisions, first_run, run_at
from bot.errors import Changed, SdpError, SdpNotFound, SdpRefused
from bot.maintenance_form import CHOICES, draft_of, matches, text_of, values_in
from bot.models import Maintenance, MaintenanceState, Operation, SdpId, Ticket, sdp_id
from bot.operations import Deed, Finding
from bot.sdp import Sdp
from bot.sdp.lists import where
from bot.sdp.lookups import Kind
from bot.store import Memory, Releases

LISTED = 15
"""Maintenances shown by `list`: more is not read on a phone."""
SCANNED = 1000
"""Maintenances looked through for collisions."""
COMMENT_MAX = 250
OFFERED_KEPT = timedelta(hours=1)

WANTED: Mapping[str, MaintenanceState] = {
    "maintenance.enable": MaintenanceState.ENABLED,
    "maintenance.suspend": MaintenanceState.SUSPENDED,
}


class MaintenanceService:
    """Reads maintenances and finds what collides with them. `snapshots` are the releases the poll knows."""

    def __init__(self, snapshots: Releases, memory: Memory) -> None:
        self._snapshots = snapshots
        self._memory = memory

    async def listed(self, sdp: Sdp, words: str) -> tuple[list[Maintenance], bool]:
        """The maintenances whose title has these words, next run first; and whether there are more."""
        if words:
            found = await sdp.maintenances.find(words)
            return sorted(found.candidates, key=_next_first)[:LISTED], found.more or len(found.candidates) > LISTED
        every = [one async for one in _first(sdp.maintenances.list(), SCANNED)]
        return sorted(every, key=_next_first)[:LISTED], len(every) > LISTED

    async def in_the_way(self, sdp: Sdp, maintenance: Maintenance, verb: str) -> tuple[Collision, ...]:
        """What overlaps with the run that `verb` brings about: at once for execute, else the next one."""
        at = datetime.now(UTC) if verb == "execute" else _next_run(maintenance)
        if at is None or not (maintenance.services or maintenance.assets):
            return ()
        claim = run_at(maintenance, at)
        return collisions(claim, [one async for one in self._claims(sdp, claim)])

    async def offered(self, sdp: Sdp) -> frozenset[str]:
        """The fields of the form for which this tenant lists its choices; the others are typed. Kept for an hour."""
        known = await self._memory.recall("offered", "maintenance")
        if known is None:
            kinds = {choice.lookup for choice in CHOICES}
            found = await asyncio.gather(*(self._is_listed(sdp, kind) for kind in kinds))
            known = " ".join(kind for kind in found if kind)
            await self._memory.keep("offered", "maintenance", known, OFFERED_KEPT)
        return frozenset(choice.name for choice in CHOICES if choice.lookup in known.split())

    async def _is_listed(self, sdp: Sdp, kind: Kind) -> str:
        try:
            return kind if await sdp.lookups.choices(kind) is not None else ""
        except SdpError:
            return ""

    async def first_values(self, sdp: Sdp) -> dict[str, str]:
        """What a new maintenance starts with: its changes begin in the submission stage, says SDP's document."""
        try:
            stages = await sdp.lookups.choices("stage", "Submission") or ()
            statuses = await sdp.lookups.choices("status", "Requested") or ()
        except SdpError:
            return {}
        return {name: text_of(one[0]) for name, one in (("stage", stages), ("status", statuses)) if one}

    async def _claims(self, sdp: Sdp, claim: Claim) -> AsyncIterator[Claim]:
        async for snapshot in self._snapshots.every():
            planned = None if is_closed(snapshot.release) else claim_of_release(snapshot.release)
            if planned is not None:
                yield planned
        async for other in _first(sdp.maintenances.list(), SCANNED):
            for run in claims_of(other, claim.start, claim.end):
                yield run


def _next_run(maintenance: Maintenance) -> datetime | None:
    """When it runs next, or would if it were enabled now."""
    if maintenance.next_run is not None or maintenance.schedule is None:
        return maintenance.next_run
    return first_run(maintenance.schedule, datetime.now(UTC))


def _next_first(maintenance: Maintenance) -> tuple[bool, datetime, str]:
    at = maintenance.next_run
    return (at is None, at or datetime.max.replace(tzinfo=UTC), maintenance.title)


async def _first(records: AsyncIterator[Maintenance], count: int) -> AsyncIterator[Maintenance]:
    taken = 0
    async for record in records:
        yield record
        taken += 1
        if taken == count:
            return


# --- what was shown ---------------------------------------------------------------------------------------


def fingerprint(maintenance: Maintenance) -> str:
    """Twelve hex digits over what a preview shows: a change in any of it asks the person again."""
    shown = (
        maintenance.title,
        maintenance.state,
        maintenance.stage,
        maintenance.status,
        maintenance.risk,
        replace(maintenance.schedule, last_execution=None) if maintenance.schedule else None,
        maintenance.services,
        maintenance.assets,
    )
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]


# --- the deeds --------------------------------------------------------------------------------------------


async def _as_shown(actor: Actor, operation: Operation) -> Maintenance:
    """The maintenance now. Raises Changed when it is not what the preview showed."""
    maintenance = await actor.sdp.maintenances.get(sdp_id(operation.record))
    wanted = WANTED.get(operation.verb)
    if wanted is not None and maintenance.state is wanted:
        raise Changed(f"{maintenance.label} is already {wanted}. Nothing was sent.")
    if operation.arguments.get("shown", "") != fingerprint(maintenance):
        raise Changed(f"{maintenance.label} was changed after the preview. Nothing was sent; please look again.")
    return maintenance


async def _check(actor: Actor, operation: Operation) -> Mapping[str, str]:
    await _as_shown(actor, operation)
    return {}


def _signed(actor: Actor, operation: Operation) -> str:
    """The comment as SDP gets it; with the service account it says who it was."""
    comment = operation.arguments.get("comment", "")
    if not actor.signs:
        return comment[:COMMENT_MAX]
    signature = f"by {actor.name[:60]} in Slack"
    room = COMMENT_MAX - len(signature) - 3
    return f"{comment[:room]} – {signature}" if comment else signature


# execute


async def _check_execute(actor: Actor, operation: Operation) -> Mapping[str, str]:
    maintenance = await _as_shown(actor, operation)
    return {
        "title": maintenance.title,
        "last_execution": _last_execution(maintenance),
        "next_run": maintenance.next_run.isoformat() if maintenance.next_run else "",
        "newest_change": str(await _newest_change(actor.sdp)),
    }


async def _execute(actor: Actor, operation: Operation) -> Mapping[str, str]:
    executed = await actor.sdp.maintenances.execute_now(sdp_id(operation.record))
    return {"change": executed.change.text} if executed.change else {}


async def _was_executed(sdp: Sdp, operation: Operation) -> Finding:
    """The change SDP named, or else what speaks for there being one."""
    if named := operation.result.get("change"):
        found = await _change_called(sdp, named)
        return Finding(True, {"change_id": found.id} if found else {})
    created = await _created_since(sdp, operation)
    if created:
        return Finding(True, {"change": created[0].label, "change_id": created[0].id}, _perhaps_scheduled(operation))
    maintenance = await sdp.maintenances.get(sdp_id(operation.record))
    if _last_execution(maintenance) != operation.before.get("last_execution", ""):
        return Finding(True, {}, "ServiceDesk Plus shows that it ran, but not which change it made.")
    return Finding(False)


async def _change_called(sdp: Sdp, display: str) -> Ticket | None:
    try:
        return (await sdp.changes.find(display)).one
    except SdpRefused:
        return None


async def _created_since(sdp: Sdp, operation: Operation) -> list[Ticket]:
    """Changes of the maintenance's title that are newer than any was before, oldest first."""
    title, newest = operation.before.get("title", ""), int(operation.before.get("newest_change") or 0)
    if not newest:
        return []
    fitting = sdp.changes.matching(where("title").is_(title), lambda one: one.title == title)
    found = [change async for change in fitting if _number(change) > newest]
    return sorted(found, key=_number)


async def _newest_change(sdp: Sdp) -> int:
    """The highest number of any change; 0 when that cannot be told."""
    try:
        async for change in sdp.changes.list(sort="created_time", descending=True):
            return _number(change)
    except SdpRefused:
        return 0
    return 0


def _number(change: Ticket) -> int:
    number = change.display_id.number if change.display_id else ""
    return int(number) if number.isdecimal() else 0


def _last_execution(maintenance: Maintenance) -> str:
    last = maintenance.schedule.last_execution if maintenance.schedule else None
    return last.isoformat() if last else ""


def _perhaps_scheduled(operation: Operation) -> str:
    """Its schedule may have run in the very time we were in the dark."""
    due = operation.before.get("next_run", "")
    if due and operation.sent_at and datetime.fromisoformat(due) <= datetime.now(UTC):
        return "This may also have been its scheduled run."
    return ""


# enable, suspend, delete


async def _enable(actor: Actor, operation: Operation) -> Mapping[str, str]:
    await actor.sdp.maintenances.enable(sdp_id(operation.record), _signed(actor, operation))
    return {}


async def _suspend(actor: Actor, operation: Operation) -> Mapping[str, str]:
    await actor.sdp.maintenances.suspend(sdp_id(operation.record), _signed(actor, operation))
    return {}


async def _was_switched(sdp: Sdp, operation: Operation) -> Finding:
    maintenance = await sdp.maintenances.get(sdp_id(operation.record))
    if maintenance.state is MaintenanceState.UNKNOWN:
        return Finding(None)
    next_run = {"next_run": maintenance.next_run.isoformat()} if maintenance.next_run else {}
    return Finding(maintenance.state is WANTED[operation.verb], next_run)


async def _delete(actor: Actor, operation: Operation) -> Mapping[str, str]:
    await actor.sdp.maintenances.delete(sdp_id(operation.record))
    return {}


async def _was_deleted(sdp: Sdp, operation: Operation) -> Finding:
    try:
        await sdp.maintenances.get(sdp_id(operation.record))
    except SdpNotFound:
        return Finding(True)
    return Finding(False)


# create, edit


async def _check_create(actor: Actor, operation: Operation) -> Mapping[str, str]:
    draft_of(values_in(operation))
    return {"newest": str(await _newest_maintenance(actor.sdp))}


async def _create(actor: Actor, operation: Operation) -> Mapping[str, str]:
    made = await actor.sdp.maintenances.add(draft_of(values_in(operation)))
    return {"id": made.id, "label": made.label}


async def _was_created(sdp: Sdp, operation: Operation) -> Finding:
    """The one SDP named, or one with this title that is newer than any before."""
    if id_ := operation.result.get("id"):
        made = await sdp.maintenances.get(SdpId(id_))
        return Finding(True, {"label": made.label})
    title, newest = draft_of(values_in(operation)).title or "", int(operation.before.get("newest") or 0)
    fitting = sdp.maintenances.matching(where("title").is_(title), lambda one: one.title == title)
    made_since = [one async for one in fitting if newest and _display_number(one) > newest]
    if made_since:
        return Finding(True, {"id": made_since[0].id, "label": made_since[0].label})
    return Finding(False if newest else None)


async def _newest_maintenance(sdp: Sdp) -> int:
    try:
        async for one in sdp.maintenances.list(sort="created_time", descending=True):
            return _display_number(one)
    except SdpRefused:
        return 0
    return 0


def _display_number(maintenance: Maintenance) -> int:
    number = maintenance.display_id.number if maintenance.display_id else ""
    return int(number) if number.isdecimal() else 0


async def _check_edit(actor: Actor, operation: Operation) -> Mapping[str, str]:
    draft_of(values_in(operation))
    await actor.sdp.maintenances.get(sdp_id(operation.record))
    return {}


async def _edit(actor: Actor, operation: Operation) -> Mapping[str, str]:
    edited = await actor.sdp.maintenances.edit(sdp_id(operation.record), draft_of(values_in(operation)))
    return {"id": edited.id, "label": edited.label}


async def _was_edited(sdp: Sdp, operation: Operation) -> Finding:
    maintenance = await sdp.maintenances.get(sdp_id(operation.record))
    return Finding(matches(maintenance, draft_of(values_in(operation))), {"label": maintenance.label})


DEEDS: Mapping[str, Deed] = {
    "maintenance.execute": Deed(_check_execute, _execute, _was_executed),
    "maintenance.enable": Deed(_check, _enable, _was_switched),
    "maintenance.suspend": Deed(_check, _suspend, _was_switched),
    "maintenance.delete": Deed(_check, _delete, _was_deleted),
    "maintenance.create": Deed(_check_create, _create, _was_created),
    "maintenance.edit": Deed(_check_edit, _edit, _was_edited),
}
"""Every verb that changes a maintenance."""
