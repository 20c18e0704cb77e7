"""What an approval is worth at this moment: who is asked, by which rule, and what exactly a card would show.

Pure functions over a `Snapshot`; no I/O. Levels run in order and a rejection ends the process; the parent
release's own `approval_status` is unreliable on real tenants, so everything is told from levels and approvals.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from bot.models import (
    Approval,
    ApprovalLevel,
    ApprovalRef,
    ApprovalState,
    Named,
    Release,
    Rule,
    Snapshot,
)

CLOSED_STATUSES = frozenset({"cancelled", "canceled", "closed", "completed", "rejected"})
"""Release statuses, lower-cased, after which nobody is asked any more."""


HIGH_RISK_WORDS = ("high", "critical", "severe", "very")
"""Risk names of SDP contain one of these, in any case of letters, when the risk is high."""


def is_closed(release: Release) -> bool:
    """The release itself is over, whatever its approvals say."""
    return release.status is not None and release.status.name.strip().lower() in CLOSED_STATUSES


def current_level(snapshot: Snapshot) -> ApprovalLevel | None:
    """The level whose people are asked now; None before the first begins and after the process ends."""
    if is_closed(snapshot.release):
        return None
    for level in sorted(snapshot.levels, key=lambda one: one.number):
        if level.state is ApprovalState.APPROVED:
            continue
        if level.state is ApprovalState.REJECTED:
            return None
        return level if any(approval.state.waits for approval in snapshot.of_level(level.id)) else None
    return None


def asked(snapshot: Snapshot) -> tuple[Approval, ...]:
    """Whose decision the release waits for now."""
    level = current_level(snapshot)
    return tuple(one for one in snapshot.of_level(level.id) if one.state.waits) if level else ()


def is_asked(snapshot: Snapshot, ref: ApprovalRef) -> bool:
    """Whether this very approval waits for a decision now."""
    return any(approval.ref == ref for approval in asked(snapshot))


@dataclass(frozen=True, slots=True)
class Tally:
    """How a level stands: how many of its people approved and rejected, and how many approvals it needs."""

    people: int
    approved: int
    rejected: int
    needed: int | None


def tally(snapshot: Snapshot, level: ApprovalLevel) -> Tally:
    """Count a level. `needed` is None for a rule we do not know."""
    approvals = snapshot.of_level(level.id)
    return Tally(
        people=len(approvals),
        approved=sum(one.state is ApprovalState.APPROVED for one in approvals),
        rejected=sum(one.state is ApprovalState.REJECTED for one in approvals),
        needed=_needed(level, len(approvals)),
    )


def _needed(level: ApprovalLevel, people: int) -> int | None:
    share = (level.percent or Decimal(0)) * people / 100
    needs: Mapping[Rule, int] = {
        Rule.ANYONE: 1,
        Rule.EVERYONE: people,
        Rule.FIRST_RESPONSE: 1,
        Rule.MAJORITY: people // 2 + 1,
        Rule.PERCENT: max(1, math.ceil(share)),
    }
    return needs.get(level.rule)


# --- approve what you saw ----------------------------------------------------------------------


def what_matters(snapshot: Snapshot, ref: ApprovalRef) -> dict[str, str]:
    """The fields a decision rests on, label → value as text; a change in any of them asks the person again."""
    release = snapshot.release
    level = snapshot.level(ref.level)
    return {
        "Title": release.title,
        "Stage": _name(release.stage),
        "Status": _name(release.status),
        "Planned start": release.planned_start.isoformat() if release.planned_start else "",
        "Planned end": release.planned_end.isoformat() if release.planned_end else "",
        "Risk": _name(release.risk),
        "Priority": _name(release.priority),
        "Description": release.description,
        **dict(sorted(release.plans.items())),
        "Level": str(level.number) if level else "",
        "Rule": f"{level.rule}{f' {level.percent} %' if level.percent else ''}" if level else "",
        "Approvers": ", ".join(sorted(one.approver.name for one in snapshot.of_level(ref.level))),
    }


def fingerprint(snapshot: Snapshot, ref: ApprovalRef) -> str:
    """Twelve hex digits over `what_matters`; travels in every button."""
    text = json.dumps([str(ref), what_matters(snapshot, ref)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is no longer what the card showed."""

    label: str
    before: str
    after: str


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    """What changed between two `what_matters`, in their order."""
    labels = dict.fromkeys([*before, *after])
    return [
        Difference(label, before.get(label, ""), after.get(label, ""))
        for label in labels
        if before.get(label, "") != after.get(label, "")
    ]


# --- small helpers -------------------------------------------------------------------------------


def with_approval(snapshot: Snapshot, approval: Approval, read_at: datetime) -> Snapshot:
    """The snapshot with one approval as it was read later, at `read_at`."""
    others = tuple(approval if one.ref == approval.ref else one for one in snapshot.approvals)
    return replace(snapshot, approvals=others, read_at=max(read_at, snapshot.read_at))


def is_high_risk(release: Release) -> bool:
    """Whether a decision about it deserves a longer moment to take it back."""
    return release.risk is not None and any(word in release.risk.name.lower() for word in HIGH_RISK_WORDS)


def is_own(snapshot: Snapshot, approval: Approval) -> bool:
    """Whether the approver is also the one who asked for the release."""
    return snapshot.release.requester is not None and snapshot.release.requester.id == approval.approver.id


def deadline(release: Release) -> float:
    """By when a decision is wanted, epoch seconds: the planned start; never, when none is planned."""
    return release.planned_start.timestamp() if release.planned_start else float("inf")


def deciders(snapshot: Snapshot, level: ApprovalLevel) -> tuple[Approval, ...]:
    """Who has decided on a level, in the order of their decisions."""
    decided = [one for one in snapshot.of_level(level.id) if one.state.is_decided]
    return tuple(sorted(decided, key=lambda one: (one.decided_on is None, one.decided_on or snapshot.read_at)))


def next_level(snapshot: Snapshot, level: ApprovalLevel) -> ApprovalLevel | None:
    """The level that is asked when this one has approved."""
    later = [one for one in snapshot.levels if one.number > level.number]
    return min(later, key=lambda one: one.number, default=None)


def still_needed_after(snapshot: Snapshot, level: ApprovalLevel) -> int | None:
    """How many more approvals the level needs after one more; None for a rule we do not know."""
    now = tally(snapshot, level)
    return None if now.needed is None else max(0, now.needed - now.approved - 1)


def _name(named: Named | None) -> str:
    return named.name if named else ""
