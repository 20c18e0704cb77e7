"""`list_info`: paging, sorting, `search_criteria` and `filter_by`, over fields computed only when they are asked for.

Facts: at most 100 rows a page, `start_index` counts from 1, one criterion is an object and several are an array,
`filter_by` together with `search_criteria` is refused with 400, an unsearchable path with 4001.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from operator import ge, gt, le, lt
from typing import Any, Generic, TypeVar

from sandbox.sdp.refusals import BAD_KEY, WRONG_TYPE, Refusal
from sandbox.sdp.wire.basics import Json, millis

R = TypeVar("R")
Scalar = str | int | bool | None
Reader = Callable[[R], Any]
Test = Callable[[R], bool]

MAX_ROWS = 100
DEFAULT_ROWS = 10
_KEYS = {
    "row_count", "start_index", "page", "sort_field", "sort_order", "get_total_count", "fields_required",
    "search_criteria", "filter_by", "search_fields",
}  # fmt: skip
_CRITERION_KEYS = {"field", "condition", "value", "values", "logical_operator", "children"}


@dataclass
class Listing(Generic[R]):
    """What can be listed: `fields` are the searchable and sortable paths, `filters` the named ones."""

    fields: Mapping[str, Reader[R]]
    filters: Mapping[str, Test[R]] = field(default_factory=dict)


@dataclass
class Page(Generic[R]):
    """The rows that were asked for, and the `list_info` that goes with them."""

    rows: list[R]
    info: Json
    wanted: frozenset[str] | None


def page(records: Iterable[R], listing: Listing[R], asked: Any) -> Page[R]:
    """The page of `records` that `list_info` asks for; raises Refusal 4001 for what makes no sense.

    No more records are looked at than the page needs, unless they have to be sorted or counted.
    """
    info = _checked(asked)
    test = _test(listing, info)
    rows: Iterable[R] = filter(test, records) if test else records
    if "sort_field" in info:
        rows = _sorted(rows, listing, info)
    first, count = _bounds(info)
    answer: Json = {}
    if str(info.get("get_total_count", "false")).lower() == "true":
        rows = list(rows)
        answer["total_count"] = len(rows)
    shown = list(islice(rows, first, first + count + 1))
    answer |= {"has_more_rows": len(shown) > count, "row_count": min(len(shown), count)}
    answer |= {key: info[key] for key in ("start_index", "sort_field", "sort_order", "search_criteria") if key in info}
    return Page(shown[:count], answer, _wanted_fields(info.get("fields_required")))


def _bounds(info: Json) -> tuple[int, int]:
    """How many rows come before the page, and how many it has at most."""
    count, start = _number(info, "row_count", DEFAULT_ROWS), _number(info, "start_index", 0)
    start = start or (_number(info, "page", 1) - 1) * count + 1
    if count > MAX_ROWS:
        raise Refusal(BAD_KEY, f"row_count can be at most {MAX_ROWS}", ["row_count"])
    return start - 1, count


def _wanted_fields(given: Any) -> frozenset[str] | None:
    if not given:
        return None
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise Refusal(WRONG_TYPE, "fields_required is a list of field names", ["fields_required"])
    return frozenset(given)


def _checked(asked: Any) -> Json:
    info = asked if asked is not None else {}
    if not isinstance(info, dict) or not _KEYS.issuperset(info):
        raise Refusal(BAD_KEY, "EXTRA_KEY_FOUND_IN_JSON", sorted(set(info) - _KEYS) if isinstance(info, dict) else [])
    if "search_criteria" in info and "filter_by" in info:
        raise Refusal(BAD_KEY, "search_criteria and filter_by cannot be given together", ["filter_by"])
    return info


def _number(info: Json, key: str, default: int) -> int:
    try:
        number = int(info.get(key, default))
    except (TypeError, ValueError):
        raise Refusal(BAD_KEY, f"{key} must be a number", [key]) from None
    if number < 1 and key in info:
        raise Refusal(BAD_KEY, f"{key} must be at least 1", [key])
    return number


def _sorted(rows: Iterable[R], listing: Listing[R], info: Json) -> list[R]:
    read = _reader(listing, info["sort_field"])
    order = info.get("sort_order", "asc")
    if order not in ("asc", "desc"):
        raise Refusal(BAD_KEY, "sort_order is asc or desc", ["sort_order"])
    return sorted(rows, key=lambda row: _orderable(plain(read(row))), reverse=order == "desc")


def _orderable(value: Scalar) -> tuple[bool, Any]:
    return (value is not None, value.casefold() if isinstance(value, str) else value if value is not None else 0)


def plain(value: Any) -> Any:
    """A field's value as criteria compare it: moments as milliseconds."""
    return millis(value) if isinstance(value, datetime) else value


def _reader(listing: Listing[R], path: Any) -> Reader[R]:
    if not isinstance(path, str) or path not in listing.fields:
        raise Refusal(BAD_KEY, "The field is not searchable", [str(path)])
    return listing.fields[path]


# --- criteria ---------------------------------------------------------------------------------------


def _test(listing: Listing[R], info: Json) -> Test[R] | None:
    """What a row has to pass; None when all rows are wanted."""
    if "filter_by" in info:
        return _named_filter(listing, info["filter_by"])
    criteria = info.get("search_criteria")
    return _group(listing, criteria if isinstance(criteria, list) else [criteria]) if criteria else None


def _named_filter(listing: Listing[R], asked: Any) -> Test[R]:
    name = asked.get("name") if isinstance(asked, dict) else asked
    if name == "all":
        return lambda _: True
    if not isinstance(name, str) or name not in listing.filters:
        raise Refusal(BAD_KEY, "No such filter", ["filter_by"])
    return listing.filters[name]


def _group(listing: Listing[R], criteria: list[Any]) -> Test[R]:
    """Criteria one after the other; each says by its logical_operator how it joins what stands before it."""
    parts = [_criterion(listing, one) for one in criteria]
    if len(parts) == 1:
        return parts[0][1]

    def holds(record: R) -> bool:
        truth = parts[0][1](record)
        for operator, test in parts[1:]:
            truth = (truth or test(record)) if operator == "OR" else (truth and test(record))
        return truth

    return holds


def _criterion(listing: Listing[R], one: Any) -> tuple[str, Test[R]]:
    if not isinstance(one, dict) or not _CRITERION_KEYS.issuperset(one):
        raise Refusal(BAD_KEY, "EXTRA_KEY_FOUND_IN_JSON", ["search_criteria"])
    operator = str(one.get("logical_operator", "AND")).upper()
    test = _comparison(listing, one)
    children = one.get("children")
    if not children:
        return operator, test
    if not isinstance(children, list):
        raise Refusal(WRONG_TYPE, "children is a list of criteria", ["children"])
    return operator, _with_children(test, _group(listing, children), children[0])


def _with_children(test: Test[R], children: Test[R], first: Json) -> Test[R]:
    if str(first.get("logical_operator", "AND")).upper() == "OR":
        return lambda record: test(record) or children(record)
    return lambda record: test(record) and children(record)


def _comparison(listing: Listing[R], one: Json) -> Test[R]:
    read, condition = _reader(listing, one.get("field")), str(one.get("condition", "")).lower()
    if condition not in CONDITIONS:
        raise Refusal(BAD_KEY, f"Unknown condition; one of {', '.join(CONDITIONS)}", ["condition"])
    given = one["values"] if "values" in one else [one.get("value")]
    wanted = [_wanted(value) for value in (given if isinstance(given, list) else [given])]
    compare = CONDITIONS[condition]
    known: dict[Any, bool] = {}

    def holds(record: R) -> bool:
        """Each value is compared once: among thousands of records there are few statuses."""
        value = read(record)
        if (found := known.get(value)) is None:
            found = known[value] = compare(_text(plain(value)), wanted)
        return found

    return holds


def _wanted(value: Any) -> str | None:
    """A value of a criterion: plain, or an object with `value`, `id` or `name`."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("value", "id", "name") if key in value), None)
    return _text(value)


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return str(value).lower() if isinstance(value, bool) else str(value).casefold()


Compare = Callable[[str | None, list[str | None]], bool]


def _ordered(compare: Callable[[Any, Any], bool]) -> Compare:
    """As numbers where both are, else as text; nothing is never greater or lesser."""

    def holds(have: str | None, wanted: list[str | None]) -> bool:
        limit = wanted[0] if wanted else None
        if have is None or limit is None:
            return False
        return compare(*_same_kind(have, limit))

    return holds


def _same_kind(one: str, other: str) -> tuple[Any, Any]:
    try:
        return float(one), float(other)
    except ValueError:
        return one, other


def _any_text(match: Callable[[str, str], bool]) -> Compare:
    return lambda have, wanted: have is not None and any(one is not None and match(have, one) for one in wanted)


def _between(have: str | None, wanted: list[str | None]) -> bool:
    return len(wanted) == 2 and _ordered(ge)(have, wanted[:1]) and _ordered(le)(have, wanted[1:])


CONDITIONS: dict[str, Compare] = {
    "is": lambda have, wanted: have in wanted,
    "is not": lambda have, wanted: have not in wanted,
    "greater than": _ordered(gt),
    "greater or equal": _ordered(ge),
    "lesser than": _ordered(lt),
    "lesser or equal": _ordered(le),
    "between": _between,
    "starts with": _any_text(str.startswith),
    "ends with": _any_text(str.endswith),
    "contains": _any_text(lambda have, part: part in have),
    "not contains": lambda have, wanted: not any(part is not None and part in (have or "") for part in wanted),
}
