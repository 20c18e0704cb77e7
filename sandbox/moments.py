"""Moments as people write them on the control panel: "tomorrow 09:00", "monday 08:30", "+2 hours", an ISO time."""

import re
from datetime import datetime, time, timedelta, tzinfo

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_STEP = re.compile(r"\+\s*(?P<count>\d{1,5})\s*(?P<unit>[mhdw])[a-z]*")
_DAY = re.compile(r"(?P<day>[a-z]+)\s+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NEAR = {"today": 0, "tomorrow": 1}
HOW = 'Write it like "tomorrow 09:00", "monday 8:30", "+2 hours" or "2026-11-30T09:00".'


def moment(words: str, now: datetime, zone: tzinfo) -> datetime:
    """What `words` mean at `now` for somebody in `zone`; always later than `now`. Raises ValueError saying how."""
    found = _step(words.strip().lower(), now) or _day(words.strip().lower(), now.astimezone(zone)) or _iso(words, zone)
    if found is None:
        raise ValueError(f"{words!r} is no time to jump to. {HOW}")
    if found <= now:
        raise ValueError(f"{words!r} has gone by, and the clock only goes forward. {HOW}")
    return found


def _step(words: str, now: datetime) -> datetime | None:
    step = _STEP.fullmatch(words)
    return now + timedelta(**{_UNITS[step["unit"]]: int(step["count"])}) if step else None


def _day(words: str, now: datetime) -> datetime | None:
    parts = _DAY.fullmatch(words)
    if parts is None or (days := _days_until(parts["day"], now)) is None:
        return None
    if int(parts["hour"]) > 23 or int(parts["minute"]) > 59:
        return None
    at = time(int(parts["hour"]), int(parts["minute"]))
    return datetime.combine(now.date() + timedelta(days=days), at, now.tzinfo)


def _days_until(day: str, now: datetime) -> int | None:
    """How many days from `now` until one that is called so; a day of the week is the next one, not today."""
    if day in _NEAR:
        return _NEAR[day]
    weekday = next((number for number, name in enumerate(_WEEKDAYS) if len(day) >= 3 and name.startswith(day)), None)
    return None if weekday is None else (weekday - now.weekday() - 1) % 7 + 1


def _iso(words: str, zone: tzinfo) -> datetime | None:
    try:
        found = datetime.fromisoformat(words.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone)
