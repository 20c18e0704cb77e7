"""Small checks that the Block Kit tables are made of: each looks at one value and reports what Slack would say.

A check is a function `(value, where, report)`; `where` is the JSON pointer of the value. Wording and pointers follow
what Slack answers in `response_metadata.messages`:
`must be less than 3001 characters [json-pointer:/blocks/0/text/text]`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(slots=True)
class Report:
    """Collects refusals in the order they are found."""

    messages: list[str] = field(default_factory=list)

    def add(self, message: str, where: str) -> None:
        self.messages.append(f"{message} [json-pointer:{where}]")


Check = Callable[[Any, str, Report], None]


class Field(NamedTuple):
    """One property of a shape."""

    check: Check
    required: bool = False


def need(check: Check) -> Field:
    return Field(check, required=True)


def may(check: Check) -> Field:
    return Field(check)


def string(most: int = 0, least: int = 0, *, pattern: str = "") -> Check:
    """A string of `least` to `most` characters (0: any number), matching a pattern as a whole."""

    def check(value: Any, where: str, report: Report) -> None:
        if not isinstance(value, str):
            report.add("must be a string", where)
        elif len(value) < least:
            report.add(f"must be more than {least - 1} characters", where)
        elif most and len(value) > most:
            report.add(f"must be less than {most + 1} characters", where)
        elif pattern and not re.fullmatch(pattern, value):
            report.add(f"must match pattern: {pattern}", where)

    return check


def number(least: float | None = None, most: float | None = None, *, whole: bool = False) -> Check:
    def check(value: Any, where: str, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            report.add("must be an integer" if whole else "must be a number", where)
        elif least is not None and value < least:
            report.add(f"must be greater than or equal to {least:g}", where)
        elif most is not None and value > most:
            report.add(f"must be less than or equal to {most:g}", where)

    return check


def boolean(value: Any, where: str, report: Report) -> None:
    if not isinstance(value, bool):
        report.add("must be a boolean", where)


def one_of(*allowed: str) -> Check:
    def check(value: Any, where: str, report: Report) -> None:
        if value not in allowed:
            report.add(f"must be one of: {', '.join(allowed)}", where)

    return check


def array(of: Check, most: int = 0, least: int = 1) -> Check:
    def check(value: Any, where: str, report: Report) -> None:
        if not isinstance(value, list):
            report.add("must be an array", where)
            return
        if len(value) < least:
            report.add(f"no fewer than {least} items allowed", where)
        if most and len(value) > most:
            report.add(f"no more than {most} items allowed", where)
        for index, item in enumerate(value):
            of(item, f"{where}/{index}", report)

    return check


def shape(fields: Mapping[str, Field], *more: Check) -> Check:
    """An object with exactly these properties; `more` checks look at the object as a whole."""

    def check(value: Any, where: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add("must be an object", where)
            return
        missing = [name for name, field_ in fields.items() if field_.required and value.get(name) is None]
        for name in missing:
            report.add(f"missing required field: {name}", where)
        for name, item in value.items():
            if name not in fields:
                report.add(f"invalid additional property: {name}", where)
            elif item is not None:
                fields[name].check(item, f"{where}/{name}", report)
        for other in more:
            other(value, where, report)

    return check


def typed(table: Mapping[str, Check], *, allowed: Iterable[str] | None = None) -> Check:
    """An object whose `type` picks its check from a table; what is not `allowed` here is an unsupported type."""
    names = frozenset(table if allowed is None else allowed)

    def check(value: Any, where: str, report: Report) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind is None:
            report.add("missing required field: type", where)
        elif kind not in names or kind not in table:
            report.add(f"unsupported type: {kind}", f"{where}/type")
        else:
            table[kind](value, where, report)

    return check


def exactly_one(*names: str) -> Check:
    """Of these properties of an object one must be there, and no second one."""
    said = " or ".join(f"`{name}`" for name in names)

    def check(value: Any, where: str, report: Report) -> None:
        given = sum(value.get(name) is not None for name in names)
        if given != 1:
            report.add(f"must define {'either ' if given == 0 else 'only one of '}{said}", where)

    return check


def at_least_one(*names: str) -> Check:
    said = " or ".join(f"`{name}`" for name in names)

    def check(value: Any, where: str, report: Report) -> None:
        if all(value.get(name) is None for name in names):
            report.add(f"must define either {said}", where)

    return check
