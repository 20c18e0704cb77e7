"""Lists in SDP: what to ask for (`list_info`, search criteria), and what came back (rows, whether there are more).

where("status.name").is_not("Closed") & where("title").contains("router")
where("created_time").greater_than(a_datetime) & (where("risk.name").is_("High") | where("emergency").is_("true"))
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from bot.errors import SdpGarbled
from bot.sdp.wire import JsonObject

PAGE = 100
"""The most rows SDP gives at once."""

Value = str | int | bool | datetime
Operator = Literal["AND", "OR"]


@dataclass(frozen=True, slots=True)
class Criteria:
    """A condition, or several joined by `operator`; combine with `&` and `|`."""

    parts: tuple["Criteria", ...] = ()
    operator: Operator = "AND"
    condition: Mapping[str, object] | None = None

    def __and__(self, other: "Criteria") -> "Criteria":
        return self._joined("AND", other)

    def __or__(self, other: "Criteria") -> "Criteria":
        return self._joined("OR", other)

    def _joined(self, operator: Operator, other: "Criteria") -> "Criteria":
        parts = [part for side in (self, other) for part in side._flat(operator)]
        return Criteria(parts=tuple(parts), operator=operator)

    def _flat(self, operator: Operator) -> tuple["Criteria", ...]:
        return self.parts if self.parts and self.operator == operator else (self,)

    def to_json(self) -> object:
        """As SDP wants it: one criterion as an object, several as an array (an array of one has been refused)."""
        found = self._listed()
        return found[0] if len(found) == 1 else found

    def _listed(self) -> list[dict[str, object]]:
        """Head and followers; a bracketed group is its head with the rest as `children`.

        Brackets can only hang on a plain condition, so those come first; AND and OR do not mind the order.
        """
        if self.condition is not None:
            return [dict(self.condition)]
        parts = sorted(self.parts, key=lambda part: part.condition is None)
        heads = [part._nested() for part in parts]
        return [heads[0], *({**head, "logical_operator": self.operator} for head in heads[1:])]

    def _nested(self) -> dict[str, object]:
        head, *children = self._listed()
        if children and "children" in head:
            raise ValueError("SDP's search criteria cannot express brackets within brackets without a plain condition")
        return {**head, "children": children} if children else head


@dataclass(frozen=True, slots=True)
class Where:
    """A field (dots lead into it: `status.name`) waiting for its condition; the conditions are SDP's own words."""

    field: str

    def is_(self, *values: Value) -> Criteria:
        return self._condition("is", *values)

    def is_not(self, *values: Value) -> Criteria:
        return self._condition("is not", *values)

    def greater_than(self, value: Value) -> Criteria:
        return self._condition("greater than", value)

    def greater_or_equal(self, value: Value) -> Criteria:
        return self._condition("greater or equal", value)

    def lesser_than(self, value: Value) -> Criteria:
        return self._condition("lesser than", value)

    def lesser_or_equal(self, value: Value) -> Criteria:
        return self._condition("lesser or equal", value)

    def between(self, low: Value, high: Value) -> Criteria:
        return self._condition("between", low, high)

    def starts_with(self, text: str) -> Criteria:
        return self._condition("starts with", text)

    def ends_with(self, text: str) -> Criteria:
        return self._condition("ends with", text)

    def contains(self, text: str) -> Criteria:
        return self._condition("contains", text)

    def not_contains(self, text: str) -> Criteria:
        return self._condition("not contains", text)

    def _condition(self, condition: str, *values: Value) -> Criteria:
        if not values:
            raise ValueError(f"{self.field} {condition} …: a value is missing")
        sent = [_sent(value) for value in values]
        value = {"value": sent[0]} if len(sent) == 1 else {"values": sent}
        return Criteria(condition={"field": self.field, "condition": condition, **value})


def where(field: str) -> Where:
    """The beginning of a search criterion."""
    return Where(field)


def _sent(value: Value) -> str:
    """Values travel as strings, times as epoch milliseconds."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return str(int(value.timestamp() * 1000))
    return str(value)


@dataclass(frozen=True, slots=True)
class ListInfo:
    """What SDP's `list_info` asks for. `start` counts from 1, `rows` up to 100; `sort` names a field; `fields` are the
    only ones wanted; `counted` wants to know how many rows there are on all pages.

    Raises ValueError for criteria together with `filter_by`: SDP answers that with 400.
    """

    criteria: Criteria | None = None
    sort: str | None = None
    descending: bool = False
    start: int = 1
    rows: int = PAGE
    filter_by: str | None = None
    fields: tuple[str, ...] = ()
    counted: bool = False

    def __post_init__(self) -> None:
        if self.criteria and self.filter_by:
            raise ValueError("SDP refuses search criteria together with filter_by")

    def next(self) -> "ListInfo":
        return replace(self, start=self.start + self.rows)

    def input_data(self) -> dict[str, object]:
        info: dict[str, Any] = {"row_count": self.rows, "start_index": self.start}
        if self.sort:
            info |= {"sort_field": self.sort, "sort_order": "desc" if self.descending else "asc"}
        if self.criteria:
            info["search_criteria"] = self.criteria.to_json()
        if self.filter_by:
            info["filter_by"] = {"name": self.filter_by}
        if self.fields:
            info["fields_required"] = list(self.fields)
        if self.counted:
            info["get_total_count"] = True
        return {"list_info": info}


_AROUND = {"response_status", "list_info"}


def rows_of(body: JsonObject, key: str) -> list[JsonObject]:
    """The rows below `key`; keys no document shows may be spelt otherwise, then the only list is taken.

    A row that is an id alone becomes an object with it.
    """
    found = body.get(key)
    if found is None:
        lists = [value for name, value in body.items() if name not in _AROUND and isinstance(value, list)]
        found = lists[0] if len(lists) == 1 else []
    rows = ({"id": row} if isinstance(row, str) else row for row in (found if isinstance(found, list) else [found]))
    return [row for row in rows if isinstance(row, dict)]


def record_of(body: JsonObject, key: str) -> JsonObject:
    """The record below `key`, else the only object in the body. Raises SdpGarbled when there is none."""
    found = body.get(key)
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        objects = [value for name, value in body.items() if name not in _AROUND and isinstance(value, dict)]
        found = objects[0] if len(objects) == 1 else None
    if not isinstance(found, dict):
        raise SdpGarbled("ServiceDesk Plus answered without the record that was asked for.")
    return found


def has_more(body: JsonObject, got: int, asked: int) -> bool:
    """Whether to ask for the next page: SDP's `has_more_rows`, which may be missing and then means no.

    The documents' list of maintenances never shows it, so a full page without it is worth one more look.
    """
    info = body.get("list_info")
    said = info.get("has_more_rows") if isinstance(info, dict) else None
    if said is None:
        return got >= asked
    return str(said).lower() == "true"


def total_of(body: JsonObject) -> int:
    """How many rows the list has on all its pages, when it was `counted`; 0 when SDP does not say."""
    info = body.get("list_info")
    said = str(info.get("total_count", "")) if isinstance(info, dict) else ""
    return int(said) if said.isdecimal() and len(said) < 10 else 0
