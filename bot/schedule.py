"""When somebody's daily digest is due, in their own time zone, and how people write such times.

Pure: dates, zones and words in, moments out. A day's slot is a local date and the moment it comes on:

* 02:30 on the night clocks go forward does not exist; the slot then comes as long after midnight as ever, at 03:30;
* 02:30 on the night clocks go back exists twice; the slot is the first of the two.

The date, not the moment, is what "once a day" is counted by, so neither night has two slots or none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import BadInput

WORKING_DAYS = frozenset({0, 1, 2, 3, 4})
EVERY_DAY = frozenset(range(7))
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
"""Days are counted as `date.weekday()` does: 0 is Monday."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """At what local time, and on which days of the week (0 is Monday)."""

    at: time = time(9, 0)
    days: frozenset[int] = WORKING_DAYS

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {days_in_words(self.days)}"


@dataclass(frozen=True, slots=True)
class Slot:
    """One day's digest: the local date it is for, and the moment (UTC) it is due."""

    day: date
    due: datetime


def zone_of(name: str) -> tzinfo:
    """The zone with this IANA name; UTC for a name nobody knows, because a digest at an odd hour beats none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def slot_on(rhythm: Rhythm, zone: tzinfo, day: date) -> Slot | None:
    """The slot of this local date; None on a day of the week that has none."""
    if day.weekday() not in rhythm.days:
        return None
    local = datetime.combine(day, rhythm.at, tzinfo=zone)  # fold=0: the first of two, and on from a gap's beginning
    return Slot(day, local.astimezone(UTC))


def slot_today(rhythm: Rhythm, zone: tzinfo, now: datetime) -> Slot | None:
    """The slot of the local date it is now, past or to come."""
    return slot_on(rhythm, zone, now.astimezone(zone).date())


def next_slot(rhythm: Rhythm, zone: tzinfo, after: datetime) -> Slot | None:
    """The first slot later than `after`; None when no day of the week has one."""
    today = after.astimezone(zone).date()
    days = (today + timedelta(days=ahead) for ahead in range(9))  # a week, and a day lost at the date line
    slots = (slot_on(rhythm, zone, day) for day in days)
    return next((slot for slot in slots if slot is not None and slot.due > after), None)


def previous_slot(rhythm: Rhythm, zone: tzinfo, slot: Slot) -> Slot | None:
    """The slot before this one; None when no day of the week has one."""
    days = (slot.day - timedelta(days=back) for back in range(1, 8))
    return next((found for day in days if (found := slot_on(rhythm, zone, day)) is not None), None)


def is_within(start: time, end: time, moment: time) -> bool:
    """Whether `moment` lies between two times of day, also across midnight; never when they are the same."""
    if start <= end:
        return start <= moment < end
    return moment >= start or moment < end


# --- words ---------------------------------------------------------------------------------------------


_TIME = re.compile(r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2})?)?\s*(?P<half>[ap]\.?m\.?)?", re.IGNORECASE)
_WORDS_FOR_TIMES: Mapping[str, time] = {"noon": time(12, 0), "midday": time(12, 0), "midnight": time(0, 0)}
_WORDS_FOR_DAYS: Mapping[str, frozenset[int]] = {
    "weekdays": WORKING_DAYS,
    "workdays": WORKING_DAYS,
    "working days": WORKING_DAYS,
    "every weekday": WORKING_DAYS,
    "daily": EVERY_DAY,
    "every day": EVERY_DAY,
    "everyday": EVERY_DAY,
    "all days": EVERY_DAY,
    "weekend": frozenset({5, 6}),
    "weekends": frozenset({5, 6}),
}
_DAYS: Mapping[str, int] = {
    **{name.lower(): number for number, name in enumerate(DAY_NAMES)},
    "tues": 1,
    "weds": 2,
    "thur": 3,
    "thurs": 3,
    **{
        name: number
        for number, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
    },
}
_RANGE = re.compile(r"\s*(?:-|–|—|to|until|through)\s*")
_JOINED = re.compile(r"\s*(?:,|&|\+|/|\band\b)\s*|\s+")


def parse_time(text: str) -> time:
    """A time of day as people write it: `8`, `8:30`, `08.30`, `8.30am`, `8 pm`, `20h15`, `noon`. Raises BadInput."""
    words = " ".join(text.lower().split())
    if words in _WORDS_FOR_TIMES:
        return _WORDS_FOR_TIMES[words]
    found = _TIME.fullmatch(words)
    hour, minute = (int(found["hour"]), int(found["minute"] or 0)) if found else (24, 0)
    if found and found["half"]:
        hour = hour % 12 + (12 if found["half"].startswith("p") else 0) if 1 <= hour <= 12 else 24
    if hour > 23 or minute > 59:
        raise BadInput(f"I cannot read {_shown(text)} as a time of day. Write it like 8:30, 08.30 or 8.30am.")
    return time(hour, minute)


def parse_days(text: str) -> frozenset[int]:
    """Days of the week: `mon-fri`, `weekdays`, `mon, wed and fri`, `fri-mon`, `daily`. Raises BadInput."""
    words = " ".join(text.lower().replace(".", "").split()).removeprefix("on ").strip()
    if words in _WORDS_FOR_DAYS:
        return _WORDS_FOR_DAYS[words]
    days = [day for part in _JOINED.split(_RANGE.sub("-", words)) if part for day in _span(part)]
    if not days or None in days:
        raise BadInput(f"I cannot read {_shown(text)} as days. Write them like mon-fri, weekdays, daily or mon,wed.")
    return frozenset(day for day in days if day is not None)


def _span(part: str) -> list[int | None]:
    """The days of `mon` or `fri-mon`; [None] for words that are none."""
    ends = [_DAYS.get(name) for name in part.split("-")]
    first, last = ends[0], ends[-1]
    if len(ends) > 2 or first is None or last is None:
        return [None]
    return [(first + ahead) % 7 for ahead in range((last - first) % 7 + 1)]


def parse_rhythm(text: str, before: Rhythm) -> Rhythm:
    """`at 08:30`, `8.30am mon-fri`, `at 9 on weekdays`; what is not said stays as `before` had it. Raises BadInput."""
    words = " ".join(text.split())
    words = words[3:] if words.lower().startswith("at ") else words
    if not words:
        raise BadInput("Say when, for example: at 8:30 weekdays.")
    for end in _ends_of_time(words):
        try:
            at = parse_time(words[:end])
        except BadInput:
            continue
        rest = words[end:].strip(" ,")
        return Rhythm(at, parse_days(rest) if rest else before.days)
    raise BadInput(f"I cannot read {_shown(text)} as a time. Write it like 8:30, 8.30am or 08:30 mon-fri.")


def _ends_of_time(words: str) -> list[int]:
    """Where the time may end: after two words (`8 am`) or one (`8`)."""
    blanks = [place for place, char in enumerate(words) if char in " ,"]
    return list(dict.fromkeys([*(blanks[1:2] or [len(words)]), *(blanks[:1] or [len(words)])]))


def days_in_words(days: frozenset[int]) -> str:
    """`Mon to Fri`, `every day`, `Mon, Wed and Fri`, `never`."""
    if days == EVERY_DAY:
        return "every day"
    ordered = sorted(days)
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{DAY_NAMES[ordered[0]]} to {DAY_NAMES[ordered[-1]]}"
    names = [DAY_NAMES[day] for day in ordered]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or "never"


def _shown(text: str) -> str:
    """Somebody's words, short enough to be repeated to them."""
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"
