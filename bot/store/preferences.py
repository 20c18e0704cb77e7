"""What people have chosen, as text; what it means and how it is brought up to date is `bot.preferences`'s."""

from bot.store.connection import Store
from bot.store.decisions import Wake
from bot.store.scripts import SWAP_FIELD


class PreferenceRecords:
    """One record a person, changed only by whoever has seen its last state."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, person: str) -> str | None:
        record: str | None = await self._store.redis.hget(self._store.keys.preferences, person)
        return record

    async def swap(self, person: str, old: str | None, new: str, wake: Wake) -> bool:
        """Put `new` in place of `old` and wake a job, in one step; False, and nothing done, when `old` is not there."""
        keys = self._store.keys
        names = [keys.preferences, keys.jobs("due"), keys.jobs("kick")]
        return bool(await self._store.run(SWAP_FIELD, names, person, old or "", new, wake.job, wake.at))

    async def forget(self, person: str) -> None:
        await self._store.redis.hdel(self._store.keys.preferences, person)
