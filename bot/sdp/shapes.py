"""The edge where SDP's JSON becomes typed: tolerant pydantic models, and the small shapes that recur everywhere.

Nothing here raises for anything SDP sends. A field that is missing, null or of a form nobody foresaw reads as "not
said"; numbers, booleans and ids are taken as JSON values or as strings; a record without an id is left out of its list
with a warning. What may be missing is decided in our own types, not here.
"""

import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, TypeVar

import structlog
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator

from bot.models import DisplayId, Mrkdwn, Named, Person, SdpId, sdp_id
from bot.sdp.html import to_mrkdwn
from bot.sdp.wire import JsonObject

log = structlog.get_logger(__name__)

EPOCH = datetime.fromtimestamp(0, UTC)

# --- values ----------------------------------------------------------------------------------


def id_in(value: object) -> SdpId | None:
    """An id arrives as a string, or as a JSON number (exact in Python at any length)."""
    if isinstance(value, dict):
        value = value.get("id")
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        return sdp_id(str(value).strip())
    except ValueError:
        return None


def _text(value: object) -> str | None:
    """Words, also where a number or a `{"name": …}` came instead; blank is None."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, dict):
        return _text(value.get("name") or value.get("display_value"))
    return None if isinstance(value, bool) or not isinstance(value, int | float) else str(value)


def _flag(value: object) -> bool | None:
    """`true`, `"true"`, `1`, `"1"` and their opposites."""
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower())


def _decimal(value: object) -> Decimal | None:
    """A number as JSON or as a string; thousands are not separated in SDP's answers."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 40 else None


def _integer(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:  # nearly always, and ten times as fast
        return int(value)
    number = _decimal(value)
    return int(number) if number is not None and number == number.to_integral_value() else None


def moment(value: object) -> datetime | None:
    """A time is `{"value": "<epoch ms>", "display_value": …}`; the display value is in somebody's zone: never read."""
    milliseconds = _integer(value.get("value") if isinstance(value, dict) else value)
    if milliseconds is None or milliseconds <= 0:
        return None
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _html(value: object) -> Mrkdwn:
    return to_mrkdwn(_text(value) or "")


def _rows(value: object) -> list[object]:
    """The usable rows of a list, which can also be null or an object alone."""
    rows = value if isinstance(value, list) else [value]
    return [row for one in rows if (row := _object(one))]


def _object(value: object) -> object:
    """An object; where one is expected, its name alone is understood."""
    if isinstance(value, dict):
        return value or None
    return {"name": value} if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None


def numbers(value: object, names: tuple[str, ...] = ()) -> tuple[int, ...]:
    """Small numbers from a list, or a text with commas; a name (three letters do) counts as its place in `names`."""
    if value is None:
        return ()
    parts = value if isinstance(value, list) else str(value).split(",")
    return tuple(number for part in parts if (number := _number_or_name(part, names)) is not None)


def _number_or_name(part: object, names: tuple[str, ...]) -> int | None:
    word = (_text(part) or "").lower()
    named = (place for place, name in enumerate(names, start=1) if len(word) >= 3 and name.startswith(word))
    number = _integer(part)
    return number if number is not None else next(named, None)


def named(value: object) -> Named | None:
    """A status, stage, risk, service, …: `{"id": …, "name": …}` and things we do not need, or its name alone."""
    given = value if isinstance(value, dict) else {"name": value}
    name = _text(given.get("name")) or _text(given.get("title")) or _text(given.get("display_name"))
    return Named(id_in(given.get("id")), name) if name else None


def all_named(value: object) -> tuple[Named, ...]:
    return tuple(one for row in _rows(value) if (one := named(row)))


def display_id(value: object) -> DisplayId | None:
    """`{"display_value": "PJT-173", "value": "173"}`, elsewhere a plain `173`."""
    given = value if isinstance(value, dict) else {"value": value}
    number = _text(given.get("value"))
    text = _text(given.get("display_value")) or number
    digits = re.search(r"[0-9]+$", number or text or "")
    return DisplayId(text, digits[0]) if text and digits else None


def person(value: object, is_technician: bool | None = None) -> Person | None:
    """A technician or requester, None without an id; `is_technician` is what their list says where they do not.

    Timesheets call `email_id` `email`; an approver's is often empty.
    """
    if not isinstance(value, dict) or (id_ := id_in(value.get("id"))) is None:
        return None
    email, said = _email(value), _flag(value.get("is_technician"))
    technician = is_technician if said is None else said
    return Person(id_, name_of(value), email.lower() if email else None, technician, _text(value.get("job_title")))


def approver(value: object) -> Person:
    """As `person`; one without an id gets the id "0", which nobody has, and so is nobody's to be taken for."""
    return person(value) or Person(SdpId("0"), name_of(value))


def name_of(value: object) -> str:
    """What a person is called, whatever SDP says of them."""
    if not isinstance(value, dict):
        return _text(value) or SOMEBODY
    parts = filter(None, (_text(value.get("first_name")), _text(value.get("last_name"))))
    return _text(value.get("name")) or " ".join(parts) or _email(value) or SOMEBODY


def _email(value: JsonObject) -> str | None:
    return _text(value.get("email_id")) or _text(value.get("email"))


SOMEBODY = "Somebody"

# --- fields and shapes -----------------------------------------------------------------------

Id = Annotated[SdpId | None, PlainValidator(id_in)]
Text = Annotated[str | None, PlainValidator(_text)]
Flag = Annotated[bool | None, PlainValidator(_flag)]
Number = Annotated[Decimal | None, PlainValidator(_decimal)]
Integer = Annotated[int | None, PlainValidator(_integer)]
Moment = Annotated[datetime | None, PlainValidator(moment)]
Html = Annotated[Mrkdwn, PlainValidator(_html)]
Choice = Annotated[Named | None, PlainValidator(named)]
Choices = Annotated[tuple[Named, ...], PlainValidator(all_named)]
Display = Annotated[DisplayId | None, PlainValidator(display_id)]
Someone = Annotated[Person | None, PlainValidator(person)]
Approver = Annotated[Person, PlainValidator(approver)]
Owner = Annotated[tuple[Person | None, str], PlainValidator(lambda value: (person(value), name_of(value)))]
"""Somebody, and what they are called even if SDP gives them no id."""


class Shape(BaseModel):
    """Base of every shape. All fields are of the total kinds above, so that validating one cannot fail."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Id = None


S = TypeVar("S", bound=Shape)
One = Annotated[S | None, BeforeValidator(_object)]
Many = Annotated[tuple[S, ...], BeforeValidator(_rows)]

T = TypeVar("T")


async def with_ids(rows: AsyncIterator[JsonObject], read: Callable[[JsonObject], T | None]) -> AsyncIterator[T]:
    """Each row read into our type; a row without an id cannot be acted on and is left out with a warning."""
    async for row in rows:
        record = read(row)
        if record is None:
            log.warning("sdp.record_without_id", keys=sorted(row)[:10])
        else:
            yield record
