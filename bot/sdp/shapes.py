"""The edge where SDP's JSON becomes typed: tolerant pydantic models, and the small shapes that recur everywhere.

Nothing here raises for anything SDP sends. A field that is missing, null or of a form nobody foresaw reads as "not
said"; numbers, booleans and ids are taken as JSON values or as strings; a record without an id is left out of its list
with a warning. What may be missing is decided in our own types, not here.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar

import structlog
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from bot.models import DisplayId, Mrkdwn, Named, Person, SdpId, sdp_id
from bot.sdp.html import to_mrkdwn
from bot.sdp.wire import JsonObject

log = structlog.get_logger(__name__)

# --- values ----------------------------------------------------------------------------------


def _id(value: object) -> str | None:
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
    if isinstance(value, dict):
        value = value.get("name") or value.get("display_value")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


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
    number = _decimal(value)
    return int(number) if number is not None and number == number.to_integral_value() else None


def _moment(value: object) -> datetime | None:
    """A time is `{"value": "<epoch ms>", "display_value": …}`; the display value is in somebody's zone: never read."""
    milliseconds = _integer(value.get("value") if isinstance(value, dict) else value)
    if milliseconds is None or milliseconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _html(value: object) -> Mrkdwn:
    return to_mrkdwn(_text(value) or "")


def _rows(value: object) -> list[object]:
    """The usable rows of a list, which can also be null or an object alone."""
    rows = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, dict | str) and row]


def _object(value: object) -> object:
    return value if isinstance(value, dict | str) and value else None


def numbers(value: object, names: tuple[str, ...] = ()) -> tuple[int, ...]:
    """Small numbers from a list, or a text with commas; a name (three letters do) counts as its place in `names`."""
    parts = value if isinstance(value, list) else str(value or "").split(",")
    return tuple(number for part in parts if (number := _number_or_name(part, names)) is not None)


def _number_or_name(part: object, names: tuple[str, ...]) -> int | None:
    word = (_text(part) or "").lower()
    named = (place for place, name in enumerate(names, start=1) if len(word) >= 3 and name.startswith(word))
    number = _integer(part)
    return number if number is not None else next(named, None)


Id = Annotated[SdpId | None, PlainValidator(_id)]
Text = Annotated[str | None, PlainValidator(_text)]
Flag = Annotated[bool | None, PlainValidator(_flag)]
Number = Annotated[Decimal | None, PlainValidator(_decimal)]
Integer = Annotated[int | None, PlainValidator(_integer)]
Moment = Annotated[datetime | None, PlainValidator(_moment)]
Html = Annotated[Mrkdwn, PlainValidator(_html)]

S = TypeVar("S", bound="Shape")
One = Annotated[S | None, BeforeValidator(_object)]
Many = Annotated[tuple[S, ...], BeforeValidator(_rows)]

# --- shapes ----------------------------------------------------------------------------------


class Shape(BaseModel):
    """Base of every shape. All fields are of the total kinds above, so that validating one cannot fail."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Id = None

    @model_validator(mode="before")
    @classmethod
    def _a_word_is_a_name(cls, value: Any) -> Any:
        """Where an object is expected, its name alone is understood."""
        return value if isinstance(value, dict) else {"name": value}


class NamedShape(Shape):
    """A status, stage, risk, service, template, …: `{"id": …, "name": …}` and things we do not need."""

    name: Text = Field(None, validation_alias=AliasChoices("name", "title", "display_name"))

    def named(self) -> Named | None:
        return Named(self.id, self.name) if self.name else None


class DisplayIdShape(Shape):
    """`{"display_value": "PJT-173", "value": "173"}`, elsewhere a plain `173`."""

    text: Text = Field(None, validation_alias=AliasChoices("display_value", "name"))
    number: Text = Field(None, validation_alias=AliasChoices("value"))

    def display_id(self) -> DisplayId | None:
        text = self.text or self.number
        digits = re.search(r"[0-9]+$", self.number or text or "")
        return DisplayId(text, digits[0]) if text and digits else None


class PersonShape(Shape):
    """A technician or requester. Timesheets call `email_id` `email`; an approver's is often empty."""

    name: Text = None
    first_name: Text = None
    last_name: Text = None
    email: Text = Field(None, validation_alias=AliasChoices("email_id", "email"))
    is_technician: Flag = None
    job_title: Text = None

    def full_name(self) -> str:
        parts = " ".join(part for part in (self.first_name, self.last_name) if part)
        return self.name or parts or self.email or "Somebody"

    def person(self, is_technician: bool | None = None) -> Person | None:
        """Our type, None without an id; `is_technician` is what the list says whose rows do not."""
        if self.id is None:
            return None
        technician = self.is_technician if self.is_technician is not None else is_technician
        return Person(self.id, self.full_name(), self.email.lower() if self.email else None, technician, self.job_title)


def one(shape: NamedShape | None) -> Named | None:
    return shape.named() if shape else None


def all_of(shapes: Iterable[NamedShape]) -> tuple[Named, ...]:
    return tuple(named for shape in shapes if (named := shape.named()))


def somebody(shape: PersonShape | None) -> Person | None:
    return shape.person() if shape else None


def display_id(shape: DisplayIdShape | None) -> DisplayId | None:
    return shape.display_id() if shape else None


T = TypeVar("T")


async def with_ids(rows: AsyncIterator[JsonObject], shape: type[S], turn: Callable[[S], T | None]) -> AsyncIterator[T]:
    """Each row turned into our type; a row without an id cannot be acted on and is left out with a warning."""
    async for row in rows:
        record = turn(shape.model_validate(row))
        if record is None:
            log.warning("sdp.record_without_id", shape=shape.__name__)
        else:
            yield record
