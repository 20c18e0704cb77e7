"""When somebody is reminded of an approval that waits: pure arithmetic over working hours in their own time zone.

Reminders back off (`REMIND_AFTER`, in working hours), come earlier when the planned start is close, keep to the
person's working hours, and stop at the decision. A time-out is never a rejection.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WORK_FROM, WORK_UNTIL = time(9), time(17)
WORKDAYS = frozenset(range(5))
"""Monday to Friday."""
BEFORE_START = timedelta(hours=2)
"""The last call before a planned start."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An approval that waits, as far as reminding needs it. `sent` reminders went out, the last at `last`."""

    since: datetime
    tz: str
    planned_start: datetime | None = None
    sent: int = 0
    last: datetime | None = None
    snoozed_until: datetime | None = None


def next_reminder(asked: Asked, after: Sequence[float]) -> datetime | None:
    """When the next reminder is due; None when there is none to come. `after` is in working hours, rising."""
    zone = ZoneInfo(asked.tz)
    if asked.snoozed_until is not None and (asked.last is None or asked.last < asked.snoozed_until):
        return asked.snoozed_until
    due = _by_schedule(asked, after, zone)
    call = _last_call(asked, zone)
    return min((moment for moment in (due, call) if moment is not None), default=None)


def _by_schedule(asked: Asked, after: Sequence[float], zone: ZoneInfo) -> datetime | None:
    if asked.sent >= len(after):
        return None
    return add_working_hours(asked.since, after[asked.sent], zone)


def _last_call(asked: Asked, zone: ZoneInfo) -> datetime | None:
    """Before the planned start, in working hours; once, and not for what was asked later than that."""
    if asked.planned_start is None:
        return None
    call = latest_working_moment(asked.planned_start - BEFORE_START, zone)
    reminded_since = asked.last is not None and asked.last >= call
    return None if reminded_since or call <= asked.since else call


def add_working_hours(start: datetime, hours: float, zone: ZoneInfo) -> datetime:
    """The moment at which so many working hours have passed since `start`, in UTC."""
    left = timedelta(hours=hours)
    day = start.astimezone(zone).date()
    while True:
        opens, closes = _office(day, zone)
        begins = max(opens, start)
        if day.weekday() in WORKDAYS and begins < closes:
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
        day += timedelta(days=1)


def latest_working_moment(moment: datetime, zone: ZoneInfo) -> datetime:
    """`moment` itself in working hours, else the end of the last working hours before it, in UTC."""
    day = moment.astimezone(zone).date()
    while True:
        opens, closes = _office(day, zone)
        if day.weekday() in WORKDAYS and opens <= moment:
            return min(moment, closes)
        day -= timedelta(days=1)


def tomorrow_morning(now: datetime, tz: str) -> datetime:
    """The next working day's opening, in UTC."""
    zone = ZoneInfo(tz)
    day = now.astimezone(zone).date() + timedelta(days=1)
    while day.weekday() not in WORKDAYS:
        day += timedelta(days=1)
    return _office(day, zone)[0]


def _office(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When work begins and ends on a day, in UTC, so that differences are real hours across a clock change."""
    opens, closes = (datetime.combine(day, at, zone).astimezone(UTC) for at in (WORK_FROM, WORK_UNTIL))
    return opens, closes
