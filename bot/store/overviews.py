"""The last overview of SDP, as text; what is in it is `bot.overview`'s."""

from datetime import timedelta

from bot.store.connection import Store

KEPT = timedelta(days=7)


class OverviewText:
    """One text that all processes share, with a stamp that tells whether it is another one."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def stamp(self) -> str:
        """Changes with every `keep`; "" when there is none."""
        return await self._store.redis.hget(self._store.keys.overview, "stamp") or ""

    async def get(self) -> tuple[str, str] | None:
        """Stamp and text."""
        stamp, text = await self._store.redis.hmget(self._store.keys.overview, ["stamp", "text"])
        return (stamp, text) if stamp and text else None

    async def keep(self, stamp: str, text: str) -> None:
        async with self._store.redis.pipeline(transaction=True) as step:
            step.hset(self._store.keys.overview, mapping={"stamp": stamp, "text": text})
            step.expire(self._store.keys.overview, KEPT)
            await step.execute()
