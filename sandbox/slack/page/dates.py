"""Slack's date tokens: `{date_short_pretty} at {time}` in the zone and clock of whoever reads.

Tokens and wording follow Slack's reference of the date element
(https://docs.slack.dev/reference/block-kit/block-elements/date-element), English only.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from sandbox.slack.page.reader import Reader

_TOKEN = re.compile(r"\{(\w+)\}")


def moment(seconds: object, reader: Reader) -> datetime | None:
    """A Unix time in the reader's zone; None when it is no time a calendar can hold."""
    try:
        return datetime.fromtimestamp(float(str(seconds)), UTC).astimezone(reader.tz)
    except (ValueError, OverflowError, OSError):
        return None


def write_date(seconds: object, template: str, reader: Reader) -> str | None:
    """`template` with its tokens filled in; unknown tokens stay as they are. None when `seconds` is no time."""
    when = moment(seconds, reader)
    if when is None:
        return None

    def fill(match: re.Match[str]) -> str:
        words = _write(match[1], when, reader)
        starts_the_line = match.start() == 0 and match[1].endswith("_pretty")
        return words[:1].upper() + words[1:] if starts_the_line else words

    return _TOKEN.sub(fill, template)


def clock_time(when: datetime, reader: Reader, seconds: bool = False) -> str:
    tail = when.strftime(":%M:%S" if seconds else ":%M")
    if reader.clock == 24:
        return f"{when:%H}{tail}"
    return f"{when.hour % 12 or 12}{tail} {when:%p}"


def ago(when: datetime, now: datetime) -> str:
    """`4 hours ago`, `in 2 days`, `just now`."""
    seconds = round((now - when).total_seconds())
    size, unit = next(
        ((n, unit) for n, unit in _UNITS if abs(seconds) >= n),
        (1, "second"),
    )
    count = abs(seconds) // size
    if abs(seconds) < 5:
        return "just now"
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{words} ago" if seconds > 0 else f"in {words}"


_UNITS = ((31_557_600, "year"), (2_629_800, "month"), (86_400, "day"), (3_600, "hour"), (60, "minute"))


def _write(name: str, when: datetime, reader: Reader) -> str:
    if name == "ago":
        return ago(when, reader.now)
    if name in ("time", "time_secs"):
        return clock_time(when, reader, seconds=name == "time_secs")
    plain, pretty = _PRETTY.get(name, (name, False))
    near = _near(when, reader) if pretty else None
    if near:
        return near
    return _DATES[plain](when) if plain in _DATES else "{" + name + "}"


def _near(when: datetime, reader: Reader) -> str | None:
    days = (when.date() - reader.now.astimezone(reader.tz).date()).days
    return {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days)


def _ordinal(day: int) -> str:
    ending = "th" if 11 <= day % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


_DATES: dict[str, Callable[[datetime], str]] = {
    "date_num": lambda t: f"{t.year:04}-{t:%m-%d}",
    "date_slash": lambda t: f"{t:%d/%m}/{t.year:04}",
    "date_long": lambda t: f"{t:%A}, {t:%B} {_ordinal(t.day)}, {t.year}",
    "date_long_full": lambda t: f"{t:%B} {t.day}, {t.year}",
    "date": lambda t: f"{t:%B} {_ordinal(t.day)}",
    "date_short": lambda t: f"{t:%b} {t.day}, {t.year}",
    "day_divider": lambda t: f"{t:%A}, {t:%B} {_ordinal(t.day)}",
}
_PRETTY = {
    "date_pretty": ("date", True),
    "date_short_pretty": ("date_short", True),
    "date_long_pretty": ("date_long", True),
    "day_divider_pretty": ("day_divider", True),
}
