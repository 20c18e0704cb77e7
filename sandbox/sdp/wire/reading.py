"""What a client sends, read: references, moments, numbers, truths. Each raises Refusal with the field's name."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.sdp.people import Person
from sandbox.sdp.refusals import BAD_KEY, MANDATORY, WRONG_TYPE, Refusal
from sandbox.sdp.wire.basics import Json, moment


def check_keys(given: Json, allowed: frozenset[str]) -> None:
    """4001 naming the first key that is not allowed."""
    for key in given:
        if key not in allowed:
            raise Refusal(BAD_KEY, "EXTRA_KEY_FOUND_IN_JSON", [key])


def check_mandatory(given: Json, names: tuple[str, ...]) -> None:
    """4012 naming every field that is missing, null or blank."""
    if missing := [name for name in names if given.get(name) in (None, "", {}) or _is_blank(given[name])]:
        raise Refusal(MANDATORY, "", missing)


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def reference(given: Any, field: str) -> str | None:
    """The id, else the name or e-mail, of `{"id": …}` or `{"name": …}`; None for null."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Refusal(WRONG_TYPE, f"{field} must be an object with an id or a name", [field])
    found = next((given[key] for key in ("id", "name", "email_id") if given.get(key)), None)
    if not isinstance(found, str | int):
        raise Refusal(BAD_KEY, f"{field} needs an id or a name", [field])
    return str(found)


def listed_of(given: Any, field: str) -> list[Any]:
    """A list; null is an empty one."""
    if not isinstance(given, list | None):
        raise Refusal(WRONG_TYPE, f"{field} must be a list", [field])
    return given or []


def references(given: Any, field: str) -> list[str]:
    """A list of references."""
    return [found for one in listed_of(given, field) if (found := reference(one, field))]


def ids(given: Any, field: str) -> list[str]:
    """A list of long ids, plain or as objects."""
    if not isinstance(given, list) or not given:
        raise Refusal(MANDATORY, "", [field])
    return [str(one.get("id")) if isinstance(one, dict) else str(one) for one in given]


def text(given: Any, field: str) -> str | None:
    if not isinstance(given, str | None):
        raise Refusal(WRONG_TYPE, f"{field} must be text", [field])
    return given


def line(given: Any, field: str) -> str | None:
    """Text of one line, at most 250 characters as the vendor's forms take it."""
    found = text(given, field)
    if found and (len(found) > 250 or "\n" in found or "\r" in found):
        raise Refusal(BAD_KEY, f"{field} is one line of at most 250 characters", [field])
    return found


def decimal(given: Any, field: str) -> str | None:
    """A number, or its text, as text."""
    if given in (None, ""):
        return None
    try:
        number = Decimal(str(given))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(given, bool) or not number.is_finite():
        raise Refusal(WRONG_TYPE, f"{field} must be a number", [field])
    return str(given)


def when(given: Any, field: str) -> datetime | None:
    """A `{"value": milliseconds}`, or the milliseconds as number or text; None for null."""
    if given is None:
        return None
    value: Any = given.get("value") if isinstance(given, dict) else given
    try:
        return datetime.fromtimestamp(int(value) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise Refusal(WRONG_TYPE, f"{field} must be a time in milliseconds", [field]) from None


_TRUTHS = {"true": True, "false": False, "none": False, "": False}


def truth(given: Any, field: str) -> bool:
    """A boolean or its text; null is false."""
    word = str(given).lower()
    if word not in _TRUTHS:
        raise Refusal(WRONG_TYPE, f"{field} must be true or false", [field])
    return _TRUTHS[word]


def user_fields(given: Any, viewer: Person) -> Json:
    """`udf_fields` as they come back: moments get their readable half."""
    if not isinstance(given, dict | None):
        raise Refusal(WRONG_TYPE, "udf_fields must be an object", ["udf_fields"])
    return {name: _user_field(value, viewer) for name, value in (given or {}).items()}


def _user_field(value: Any, viewer: Person) -> Any:
    return moment(when(value, "udf_fields"), viewer) if isinstance(value, dict) and "value" in value else value
