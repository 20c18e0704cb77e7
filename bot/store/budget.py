"""The call budget all processes share: `bot.sdp.ports.CallBudget` in Redis."""

from datetime import UTC, datetime, timedelta

from bot.sdp.budget import Pace
from bot.sdp.ports import Admission, Priority
from bot.store.connection import Store
from bot.store.scripts import ADMIT_CALL, EXTEND_HOLD


class RedisBudget:
    """GCRA on the server's clock, with `Pace`'s arithmetic; one script a call."""

    def __init__(self, store: Store, pace: Pace) -> None:
        self._store = store
        self._gap = pace.interval * 1000
        self._reach = {Priority.INTERACTIVE: pace.burst * self._gap, Priority.BACKGROUND: pace.burst // 2 * self._gap}

    async def admit(self, pattern: str, priority: Priority) -> Admission:
        keys = [self._store.keys.budget, self._store.keys.hold(pattern)]
        wait, held = await self._store.run(ADMIT_CALL, keys, self._gap, self._reach[priority])
        seconds = float(wait) / 1000
        return Admission(seconds, datetime.now(UTC) + timedelta(seconds=seconds) if held else None)

    async def hold(self, pattern: str, until: datetime) -> None:
        left = int((until - datetime.now(UTC)).total_seconds() * 1000)
        if left > 0:
            await self._store.run(EXTEND_HOLD, [self._store.keys.hold(pattern)], left)
