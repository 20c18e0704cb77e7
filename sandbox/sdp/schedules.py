"""When a maintenance runs: SDP's repetitive schedule, worked out day by day in the tenant's zone.

The vendor's document names the fields but not their values; here days of the week are 1 (Sunday) to 7, weeks of the
month 1 to 5 (5 is the last), months 1 to 12, and `day_config_of_month` tells by its words what a month's day hangs on.
"""

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

LOOK_AHEAD = timedelta(days=366 * 6)
"""A schedule that finds no day in this long never does (a leap day may be eight years off only around 2100)."""

FREQUENCIES = ("Daily", "Weekly", "Monthly")
LAST_WEEK = 5


@dataclass(eq=False)
class Repetitive:
    """A schedule that repeats. `skip_frequency` n means every (n+1)th day, week or month."""

    id: str
    frequency: str
    start_time: datetime
    is_advanced: bool = False
    skip_frequency: int = 0
    exclude_weekends: bool = False
    days_of_week: list[int] | None = None
    days_of_month: list[int] | None = None
    weeks_of_month: list[int] | None = None
    months_of_year: list[int] | None = None
    is_first_day_of_month: bool = False
    day_config_of_month: str | None = None
    ends_on: datetime | None = None
    end_after_occurrences: int | None = None
    last_execution_time: datetime | None = None


@dataclass(eq=False)
class OneTime:
    """A schedule that runs once."""

    id: str
    start_time: datetime
    last_execution_time: datetime | None = None


Schedule = Repetitive | OneTime


def next_after(schedule: Schedule | None, after: datetime, tz: str = "UTC") -> datetime | None:
    """The first execution later than `after`; None when there is none any more."""
    if schedule is None:
        return None
    if isinstance(schedule, OneTime):
        return schedule.start_time if schedule.start_time > after else None
    return next((at for at in occurrences(schedule, tz, since=after) if at > after), None)


def occurrences(schedule: Repetitive, tz: str = "UTC", since: datetime | None = None) -> Iterator[datetime]:
    """The executions in order. `since` lets a long-running schedule begin its search late."""
    found = _days(schedule, ZoneInfo(tz), None if schedule.end_after_occurrences else since)
    limited = islice(found, schedule.end_after_occurrences)
    last = schedule.ends_on
    return limited if last is None else takewhile(lambda at: at <= last, limited)


def _days(schedule: Repetitive, zone: ZoneInfo, since: datetime | None) -> Iterator[datetime]:
    start = schedule.start_time.astimezone(zone)
    day = max(start.date(), (since.astimezone(zone).date() - timedelta(days=1)) if since else start.date())
    last_hit = day
    while day < date.max and day - last_hit <= LOOK_AHEAD:
        if _runs_on(schedule, start.date(), day):
            last_hit = day
            yield datetime.combine(day, start.time(), zone).astimezone(UTC)
        day += timedelta(days=1)


def _runs_on(schedule: Repetitive, start: date, day: date) -> bool:
    if schedule.is_advanced and schedule.exclude_weekends and day.weekday() >= 5:
        return False
    if schedule.is_advanced and schedule.months_of_year and day.month not in schedule.months_of_year:
        return False
    return _RULES[schedule.frequency](schedule, start, day)


def _every(schedule: Repetitive) -> int:
    return schedule.skip_frequency + 1 if schedule.is_advanced else 1


def _sunday_first(day: date) -> int:
    """The day of the week as SDP counts: 1 is Sunday."""
    return day.isoweekday() % 7 + 1


def _daily(schedule: Repetitive, start: date, day: date) -> bool:
    if schedule.is_advanced and schedule.days_of_week and _sunday_first(day) not in schedule.days_of_week:
        return False
    return (day - start).days % _every(schedule) == 0


def _week(day: date) -> date:
    """The Sunday its week begins with."""
    return day - timedelta(days=_sunday_first(day) - 1)


def _weekly(schedule: Repetitive, start: date, day: date) -> bool:
    days = (schedule.is_advanced and schedule.days_of_week) or [_sunday_first(start)]
    return _sunday_first(day) in days and (_week(day) - _week(start)).days // 7 % _every(schedule) == 0


def _monthly(schedule: Repetitive, start: date, day: date) -> bool:
    months = (day.year - start.year) * 12 + day.month - start.month
    return months % _every(schedule) == 0 and _day_of_month(schedule, start, day)


def _day_of_month(schedule: Repetitive, start: date, day: date) -> bool:
    """On a day counted from the month's beginning, or on a weekday of some of its weeks; a short month's last day
    stands in for the days it lacks."""
    length = calendar.monthrange(day.year, day.month)[1]
    if not schedule.is_advanced:
        return day.day == min(start.day, length)
    config = (schedule.day_config_of_month or "").lower()
    if schedule.is_first_day_of_month or "first" in config:
        return day.day == 1
    if "last" in config:
        return day.day == length
    if schedule.weeks_of_month and "day_of_month" not in config:
        return _in_weeks(schedule, start, day, length)
    return day.day in {min(wanted, length) for wanted in schedule.days_of_month or [start.day]}


def _in_weeks(schedule: Repetitive, start: date, day: date, length: int) -> bool:
    if _sunday_first(day) not in (schedule.days_of_week or [_sunday_first(start)]):
        return False
    weeks = schedule.weeks_of_month or []
    return (day.day - 1) // 7 + 1 in weeks or (LAST_WEEK in weeks and day.day + 7 > length)


_RULES: dict[str, Callable[[Repetitive, date, date], bool]] = {
    "Daily": _daily,
    "Weekly": _weekly,
    "Monthly": _monthly,
}
