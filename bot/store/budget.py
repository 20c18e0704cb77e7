"""The call budget all processes share: `bot.sdp.ports.CallBudget` in Redis."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.sdp.budget import Pace
from bot.sdp.ports import Admission, Priority
from bot.store.connection import Store
from bot.store.scripts import ADMIT_CALLS, EXTEND_HOLD
from bot.store.together import Together


class RedisBudget:
    """GCRA on the server's clock, with `Pace`'s arithmetic; one script for the calls that ask side by side."""

    def __init__(self, store: Store, pace: Pace) -> None:
        self._store = store
        self._gap = pace.interval * 1000
        self._reach = {Priority.INTERACTIVE: pace.burst * self._gap, Priority.BACKGROUND: pace.burst // 2 * self._gap}

        self._calls: Together[tuple[str, Priority], Admission] = Together(self._admit)

    async def admit(self, pattern: str, priority: Priority) -> Admission:
        return await self._calls.ask((pattern, priority))

    async def _admit(self, calls: Sequence[tuple[str, Priority]]) -> list[Admission]:
        keys = [self._store.keys.budget, *(self._store.keys.hold(pattern) for pattern, _ in calls)]
        reaches = [self._reach[priority] for _, priority in calls]
        answers = await self._store.run(ADMIT_CALLS, keys, self._gap, *reaches)
        return [_admission(int(wait) / 1000, bool(held)) for wait, held in answers]

    async def hold(self, pattern: str, until: datetime) -> None:
        left = int((until - datetime.now(UTC)).total_seconds() * 1000)
        if left > 0:
            await self._store.run(EXTEND_HOLD, [self._store.keys.hold(pattern)], left)


def _admission(seconds: float, held: bool) -> Admission:
    return Admission(seconds, datetime.now(UTC) + timedelta(seconds=seconds) if held else None)
