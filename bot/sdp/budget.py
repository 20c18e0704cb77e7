"""The calls a minute this bot allows itself, and the order in which people and polls get them.

SDP Cloud publishes no rate limits; a client that asks too fast is locked out of an address pattern for many minutes.
So all processes share one self-imposed pace (`CallBudget`), and this module does the waiting for it.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.errors import SdpThrottled
from bot.sdp.ports import Admission, CallBudget, Priority
from bot.sdp.wire import throttled

PATIENCE: Mapping[Priority, float] = {Priority.INTERACTIVE: 20.0, Priority.BACKGROUND: 120.0}
"""Seconds a call waits for its turn before it gives up with SdpThrottled."""

NAP = 5.0
"""Seconds between two looks at the budget at most: a hold can be lifted, a burst can be left unused by others."""


@dataclass(frozen=True, slots=True)
class Pace:
    """GCRA, the leaky bucket that needs one number of state: `due`, when a steady caller's next call would be due.

    After a quiet time `burst` calls may go at once, then one every `interval` seconds. Background calls see half the
    burst only, so that a person who clicks during a long poll still goes at once.
    """

    interval: float
    burst: int

    @classmethod
    def per_minute(cls, calls: int) -> "Pace":
        """A steady `calls` a minute, with ten seconds' worth of them as burst; raises ValueError below one."""
        if calls < 1:
            raise ValueError("the call budget must allow at least one call a minute")
        return cls(interval=60 / calls, burst=max(2, calls // 6))

    def next(self, due: float, now: float, priority: Priority) -> tuple[float, float]:
        """`(new due, wait)` in seconds: with `wait` 0 the call is counted, otherwise `due` is unchanged."""
        room = self.burst if priority is Priority.INTERACTIVE else self.burst // 2
        after = max(due, now) + self.interval
        wait = after - room * self.interval - now
        return (due, wait) if wait > 1e-9 else (after, 0.0)


class MemoryBudget:
    """A `CallBudget` for one process."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._due = 0.0
        self._held: dict[str, datetime] = {}

    async def admit(self, pattern: str, priority: Priority) -> Admission:
        now = datetime.now(UTC)
        held = self._held.get(pattern)
        if held and held > now:
            return Admission((held - now).total_seconds(), held)
        self._due, wait = self._pace.next(self._due, time.monotonic(), priority)
        return Admission(wait)

    async def hold(self, pattern: str, until: datetime) -> None:
        self._held[pattern] = max(until, self._held.get(pattern, until))


class Queue:
    """The line in front of a budget within this process: first come, first served, people before polls."""

    def __init__(self, budget: CallBudget, patience: Mapping[Priority, float] = PATIENCE) -> None:
        self._budget = budget
        self._patience = patience
        self._waiting: Counter[Priority] = Counter()
        self._turns: defaultdict[Priority, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def wait(self, pattern: str, priority: Priority) -> None:
        """Return when one call to `pattern` may be made; it is counted by then.

        Raises SdpThrottled when SDP holds the pattern back for longer than the patience, or the line is that long.
        """
        if not self._waiting[priority]:
            admission = await self._budget.admit(pattern, priority)
            if admission.go:
                return
            self._refuse_if_held(admission, priority)
        self._waiting[priority] += 1
        try:
            async with asyncio.timeout(self._patience[priority]), self._turns[priority]:
                await self._wait_in_front(pattern, priority)
        except TimeoutError as slow:
            raise SdpThrottled(
                "The bot has used up the calls to ServiceDesk Plus it allows itself. Please try again in a minute."
            ) from slow
        finally:
            self._waiting[priority] -= 1

    async def _wait_in_front(self, pattern: str, priority: Priority) -> None:
        while not (admission := await self._budget.admit(pattern, priority)).go:
            self._refuse_if_held(admission, priority)
            await asyncio.sleep(min(admission.wait, NAP) * random.uniform(1.0, 1.1))  # noqa: S311

    def _refuse_if_held(self, admission: Admission, priority: Priority) -> None:
        """A short hold is waited out like any turn; a long one is told at once instead of being sat through."""
        if admission.held_until and admission.wait > self._patience[priority]:
            raise throttled(admission.held_until)

    async def hold(self, pattern: str, until: datetime) -> None:
        """SDP asked for patience with `pattern`; all processes give it."""
        await self._budget.hold(pattern, until)
