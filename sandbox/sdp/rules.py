"""When an approval level is decided: the rules SDP offers.

Anyone: one yes approves, all no reject. Everyone: all yes approve, one no rejects. First response: what comes first.
Per cent and majority: enough yes approve; it is rejected as soon as enough can no longer come together.
"""

from collections.abc import Callable
from math import ceil
from typing import Literal

RuleName = Literal["anyone", "everyone", "first_response", "percent", "majority"]
Outcome = Literal["approved", "rejected"]


def outcome(rule: RuleName, percent: int, *, yes: int, no: int, total: int) -> Outcome | None:
    """What the decisions so far come to; None while it is open."""
    if rule == "first_response":
        return "approved" if yes else "rejected" if no else None
    needed = _NEEDED[rule](total, percent)
    if yes >= needed:
        return "approved"
    return "rejected" if total - no < needed else None


_NEEDED: dict[RuleName, Callable[[int, int], int]] = {
    "anyone": lambda _total, _percent: 1,
    "everyone": lambda total, _percent: total,
    "percent": lambda total, percent: max(1, ceil(total * percent / 100)),
    "majority": lambda total, _percent: total // 2 + 1,
}
"""(people, per cent) → how many yes it takes."""
