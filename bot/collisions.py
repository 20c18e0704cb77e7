"""What gets in each other's way: releases and maintenances that touch the same service or asset at the same time.

Pure; whoever asks brings the records it has read:

    collisions(claim_of_release(release), [*claims_of(maintenance, *window), …])

A maintenance rarely has an end, then an hour is assumed. Its runs are reckoned from its next one, in UTC, so behind a
change of the clocks they may be an hour off; SDP's own `next_schedule` is exact.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.models import Frequency, Maintenance, MaintenanceState, Named, Release, Schedule, SdpId

Kind = Literal["release", "maintenance"]

ASSUMED = timedelta(hours=1)
"""How long a run lasts when SDP does not say."""
REACH = timedelta(days=62)
"""How far runs are reckoned ahead."""
YEAR = timedelta(days=366)
DAY = timedelta(days=1)
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that will use services and assets from `start` to `end`."""

    kind: Kind
    id: SdpId
    label: str
    title: str
    start: datetime
    end: datetime
    services: tuple[Named, ...] = ()
    assets: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Collision:
    """`other` overlaps in time, and these names are used by both."""

    other: Claim
    shared: tuple[str, ...]


def collisions(claim: Claim, others: Iterable[Claim]) -> tuple[Collision, ...]:
    """Everything that gets in the way of `claim`, soonest first, each record once with its first overlap."""
    found: dict[tuple[Kind, SdpId], Collision] = {}
    for other in sorted(others, key=lambda one: (one.start, one.id)):
        key = (other.kind, other.id)
        if key == (claim.kind, claim.id) or key in found or not _overlap(claim, other):
            continue
        if shared := _shared(claim, other):
            found[key] = Collision(other, shared)
    return tuple(found.values())


class Calendar:
    """Claims by time, so that those around a window are found without a look at all: thousands of releases are open
    where ten overlap."""

    def __init__(self, claims: Iterable[Claim] = ()) -> None:
        self._claims = sorted(claims, key=lambda one: one.start)
        self._starts = [one.start for one in self._claims]
        self._longest = max((one.end - one.start for one in self._claims), default=timedelta())

    def around(self, start: datetime, end: datetime) -> list[Claim]:
        """Everything that overlaps the time between the two, and some that only comes near."""
        first = bisect_left(self._starts, start - self._longest)
        return self._claims[first : bisect_right(self._starts, end)]


def claim_of_release(release: Release) -> Claim | None:
    """The planned window of a release; None when it has none."""
    start = release.planned_start or release.planned_end
    end = release.planned_end or release.planned_start
    if start is None or end is None:
        return None
    return Claim(
        "release", release.id, release.label, release.title, start, max(start, end), release.services, release.assets
    )


def claims_of(maintenance: Maintenance, start: datetime, end: datetime) -> list[Claim]:
    """The runs of a maintenance that touch the time from `start` to `end`; none while it is suspended."""
    if maintenance.state is MaintenanceState.SUSPENDED:
        return []
    lasts = duration(maintenance)
    return [run_at(maintenance, at) for at in runs(maintenance, start - lasts, end) if at + lasts > start]


def run_at(maintenance: Maintenance, at: datetime) -> Claim:
    """One run of a maintenance that begins at `at`."""
    return Claim(
        "maintenance",
        maintenance.id,
        maintenance.label,
        maintenance.title,
        at,
        at + duration(maintenance),
        maintenance.services,
        maintenance.assets,
    )


def duration(maintenance: Maintenance) -> timedelta:
    """How long one run lasts."""
    start, end = maintenance.planned_start, maintenance.planned_end
    return end - start if start and end and end > start else ASSUMED


def runs(maintenance: Maintenance, start: datetime, end: datetime) -> Iterator[datetime]:
    """When a maintenance begins between the two, reckoned from its next run."""
    schedule, first = maintenance.schedule, maintenance.next_run
    if first is None:
        return
    if schedule is None or schedule.frequency in (Frequency.ONCE, Frequency.UNKNOWN):
        if start <= first <= end:
            yield first
        return
    yield from _reckoned(schedule, first, start, end, first_runs=True)


def first_run(schedule: Schedule, since: datetime) -> datetime | None:
    """The first run of a schedule from then on, for a maintenance that is suspended and so has no next run."""
    if schedule.start is None:
        return None
    if schedule.frequency in (Frequency.ONCE, Frequency.UNKNOWN):
        return schedule.start if schedule.start >= since else None
    return next(_reckoned(schedule, schedule.start, since, since + YEAR), None)


def _reckoned(
    schedule: Schedule, first: datetime, start: datetime, end: datetime, *, first_runs: bool = False
) -> Iterator[datetime]:
    """The runs between `start` and `end`, day by day at the time of `first`, from which weeks and months count."""
    last = min(end, schedule.ends_on or end, max(start, first) + (REACH if first_runs else YEAR))
    at = first + timedelta(days=max(0, -((first - start) // DAY)))
    while at <= last:
        if (first_runs and at == first) or _runs_on(schedule, first, at):
            yield at
        at += DAY


def _runs_on(schedule: Schedule, first: datetime, day: datetime) -> bool:
    every = schedule.skip + 1
    if schedule.frequency is Frequency.DAILY:
        weekend = day.weekday() >= SATURDAY
        return (day - first).days % every == 0 and not (schedule.exclude_weekends and weekend)
    if schedule.frequency is Frequency.WEEKLY:
        weeks = (_monday(day) - _monday(first)).days // 7
        return weeks % every == 0 and _sdp_weekday(day) in (schedule.days_of_week or (_sdp_weekday(first),))
    return _in_month(schedule, first, day)


def _in_month(schedule: Schedule, first: datetime, day: datetime) -> bool:
    months = (day.year - first.year) * 12 + day.month - first.month
    if schedule.months_of_year:
        if day.month not in schedule.months_of_year:
            return False
    elif months % (schedule.skip + 1):
        return False
    if schedule.first_day_of_month:
        return day.day == 1
    if schedule.weeks_of_month and schedule.days_of_week:
        return _sdp_weekday(day) in schedule.days_of_week and bool(_weeks(day) & set(schedule.weeks_of_month))
    return day.day in (schedule.days_of_month or (first.day,))


def _weeks(day: datetime) -> set[int]:
    """Which of its weekday in the month a day is: 1 to 4 from the front, 5 for the last."""
    last = (day + timedelta(days=7)).month != day.month
    return {(day.day - 1) // 7 + 1, *([5] if last else [])}


def _sdp_weekday(day: datetime) -> int:
    """SDP counts from Sunday = 1."""
    return day.isoweekday() % 7 + 1


def _monday(day: datetime) -> datetime:
    return day - timedelta(days=day.weekday())


def _overlap(one: Claim, other: Claim) -> bool:
    return (one.start < other.end and other.start < one.end) or one.start == other.start


def _shared(one: Claim, other: Claim) -> tuple[str, ...]:
    """Names of what both use: the same by id where both have one, else by name."""
    pairs = ((one.services, other.services), (one.assets, other.assets))
    return tuple(mine.name for ours, theirs in pairs for mine in ours if any(_same(mine, his) for his in theirs))


def _same(one: Named, other: Named) -> bool:
    if one.id is not None and other.id is not None:
        return one.id == other.id
    return one.name.casefold() == other.name.casefold()
