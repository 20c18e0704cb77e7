"""Slack's rate tiers. Every call over a limit is counted; only with `strict_rates` is it refused.

Tiers are calls a minute and method (docs.slack.dev, rate limits); chat.postMessage is about one a second and channel
with short bursts allowed, and some hundreds a minute for the whole workspace.
"""

import math
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple


class Rate(NamedTuple):
    calls: int
    seconds: float


TIER_1 = (Rate(1, 60),)
TIER_2 = (Rate(20, 60),)
TIER_3 = (Rate(50, 60),)
TIER_4 = (Rate(100, 60),)
POSTING_TO_CHANNEL = (Rate(1, 1),)
POSTING_AT_ALL = (Rate(300, 60),)
UNLIMITED: tuple[Rate, ...] = ()
BURST = 3
"""How many posts to one channel may come at once after a pause."""


@dataclass(slots=True)
class Rates:
    """Sliding windows by key; `over` counts what a strict Slack would have refused, by method."""

    now: Callable[[], float]
    over: Counter[str] = field(default_factory=Counter)
    _calls: dict[tuple[str, Rate], deque[float]] = field(default_factory=dict)

    def wait_for(self, method: str, key: str, rates: tuple[Rate, ...], *, burst: int = 1) -> int:
        """Whole seconds until this call would be allowed; 0 (and the call is counted) when it is allowed now."""
        at = self.now()
        wait = max((self._wait(key, rate, burst, at) for rate in rates), default=0.0)
        if wait > 0:
            self.over[method] += 1
            return max(1, math.ceil(wait))
        for rate in rates:
            self._calls.setdefault((key, rate), deque()).append(at)
        return 0

    def _wait(self, key: str, rate: Rate, burst: int, at: float) -> float:
        calls = self._calls.setdefault((key, rate), deque())
        window, most = rate.seconds * burst, rate.calls * burst
        while calls and calls[0] <= at - window:
            calls.popleft()
        return calls[0] + window - at if len(calls) >= most else 0.0
