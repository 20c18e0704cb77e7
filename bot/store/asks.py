"""Questions on their way to an answer, and the hand-over of a quick answer from the worker to the web role."""

from datetime import timedelta

from bot.store.connection import Store

KEPT = timedelta(hours=1)
"""Longer than Slack's thirty minutes for late answers."""
GONE = "gone"
"""The web role has stopped waiting: the answer has to find its own way."""


class Asks:
    """Texts by the id of a question. `hand_over` is first come, first served, so an answer goes out exactly one way."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, id_: str, ask: str) -> None:
        await self._store.redis.set(self._store.keys.ask(id_), ask, ex=KEPT)

    async def get(self, id_: str) -> str | None:
        ask: str | None = await self._store.redis.get(self._store.keys.ask(id_))
        return ask

    async def hand_over(self, id_: str, answer: str) -> bool:
        """The worker has an answer; False when the web role waits no longer. The same when asked twice."""
        return await self._first(id_, answer) != GONE

    async def give_up(self, id_: str) -> str | None:
        """The web role waits no longer; the answer, if it came just before."""
        stands = await self._first(id_, GONE)
        return None if stands == GONE else stands

    async def answer(self, id_: str) -> str | None:
        """What was handed over, if anything was yet."""
        answer: str | None = await self._store.redis.get(self._store.keys.ask(id_, "answer"))
        return None if answer == GONE else answer

    async def _first(self, id_: str, value: str) -> str:
        """Whichever value was written first."""
        before = await self._store.redis.set(self._store.keys.ask(id_, "answer"), value, ex=KEPT, nx=True, get=True)
        return value if before is None else str(before)
