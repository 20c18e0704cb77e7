"""How Redis itself is: whether it keeps what it was told, and which jobs keep failing."""

from dataclasses import dataclass

from bot.store.connection import Store

OFTEN = 5
"""Failures in a row after which a job is worth a look."""


@dataclass(frozen=True, slots=True)
class Durability:
    """Whether writes survive a stop, and what a full server does (`maxmemory-policy`, "" when it does not say)."""

    appends: bool
    policy: str


class Health:
    """Questions for the doctor."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def durability(self) -> Durability:
        """Raises RedisError when no write would be taken."""
        await self._store.answers()
        kept = await self._store.redis.info("persistence")
        memory = await self._store.redis.info("memory")
        return Durability(bool(kept.get("aof_enabled")), str(memory.get("maxmemory_policy", "")))

    async def troubled_jobs(self) -> list[tuple[str, int]]:
        """Jobs that keep failing, and how often they have."""
        troubles = await self._store.redis.hgetall(self._store.keys.jobs("troubles"))
        return sorted((job, int(count)) for job, count in troubles.items() if int(count) >= OFTEN)
