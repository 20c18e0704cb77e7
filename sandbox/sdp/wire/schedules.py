"""The `maintenance` of M1 and M2, read. Numbers, their texts and English names of days and months are understood."""

import calendar
from datetime import datetime
from typing import Any

from sandbox.sdp.refusals import BAD_KEY, MANDATORY, WRONG_TYPE, Refusal
from sandbox.sdp.schedules import FREQUENCIES, LAST_WEEK, OneTime, Repetitive, Schedule
from sandbox.sdp.wire.basics import Json
from sandbox.sdp.wire.reading import check_keys, text, truth, when

KEYS = frozenset(Repetitive.__dataclass_fields__)
_WEEKDAYS = [name.lower() for name in (calendar.day_name[6], *calendar.day_name[:6])]
_MONTHS = [name.lower() for name in calendar.month_name[1:]]
_ORDINALS = ["first", "second", "third", "fourth", "last"]
_LISTS: dict[str, tuple[list[str], int]] = {
    "days_of_week": (_WEEKDAYS, 7),
    "days_of_month": ([], 31),
    "weeks_of_month": (_ORDINALS, LAST_WEEK),
    "months_of_year": (_MONTHS, 12),
}


def schedule(given: Any, id_: str) -> Schedule | None:
    """The schedule that `maintenance` describes, None for none; raises Refusal for what cannot be one."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Refusal(WRONG_TYPE, "maintenance must be an object", ["maintenance"])
    check_keys(given, frozenset({"repetitive_schedule", "one_time_schedule"}))
    if once := _object(given, "one_time_schedule"):
        check_keys(once, frozenset({"id", "start_time"}))
        return OneTime(id_, _start(once))
    if repeated := _object(given, "repetitive_schedule"):
        return _repetitive(repeated, id_)
    return None


def _object(given: Json, field: str) -> Json | None:
    found = given.get(field)
    if not isinstance(found, dict | None):
        raise Refusal(WRONG_TYPE, f"{field} must be an object", [field])
    return found


def _start(given: Json) -> datetime:
    start = when(given.get("start_time"), "start_time")
    if start is None:
        raise Refusal(MANDATORY, "", ["start_time"])
    return start


def _repetitive(given: Json, id_: str) -> Repetitive:
    check_keys(given, KEYS)
    frequency = str(given.get("frequency", "")).capitalize()
    if frequency not in FREQUENCIES:
        raise Refusal(BAD_KEY, f"frequency is one of {', '.join(FREQUENCIES)}", ["frequency"])
    found = Repetitive(id_, frequency, _start(given))
    for key in ("is_advanced", "exclude_weekends", "is_first_day_of_month"):
        setattr(found, key, truth(given.get(key), key))
    for key in _LISTS:
        setattr(found, key, _numbers(given.get(key), key))
    found.skip_frequency = _count(given.get("skip_frequency"), "skip_frequency") or 0
    found.end_after_occurrences = _count(given.get("end_after_occurrences"), "end_after_occurrences")
    found.day_config_of_month = text(given.get("day_config_of_month"), "day_config_of_month")
    found.ends_on = when(given.get("ends_on"), "ends_on")
    return found


def _count(given: Any, field: str) -> int | None:
    if given in (None, ""):
        return None
    if not str(given).isdigit():
        raise Refusal(WRONG_TYPE, f"{field} must be a number", [field])
    return int(given)


def _numbers(given: Any, field: str) -> list[int] | None:
    """A list, or a text with commas, of numbers or names."""
    if given in (None, "", []):
        return None
    names, most = _LISTS[field]
    parts = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else [given]
    numbers = {_number(str(part).strip().lower(), names) for part in parts}
    if not all(1 <= number <= most for number in numbers):
        raise Refusal(WRONG_TYPE, f"{field} are numbers from 1 to {most}", [field])
    return sorted(numbers)


def _number(word: str, names: list[str]) -> int:
    """The number of a numeral or of a name, of which three letters are enough; 0 for neither."""
    if word.isdigit():
        return int(word)
    return next((index for index, name in enumerate(names, start=1) if len(word) >= 3 and name.startswith(word)), 0)
