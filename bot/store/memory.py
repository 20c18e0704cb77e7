"""Small facts with an end of their own: a person's direct-message channel, an event already seen."""

import secrets
from datetime import timedelta

from bot.store.connection import Store


class Memory:
    """Strings by kind and name. Every fact expires; forgetting one costs a look-up, never a decision."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def recall(self, kind: str, name: str) -> str | None:
        value: str | None = await self._store.redis.get(self._store.keys.memory(kind, name))
        return value

    async def recall_all(self, *facts: tuple[str, str]) -> list[str | None]:
        """Several facts, each by its kind and name, in one round trip."""
        values: list[str | None] = await self._store.redis.mget([self._store.keys.memory(*fact) for fact in facts])
        return values

    async def keep(self, kind: str, name: str, value: str, span: timedelta) -> None:
        await self._store.redis.set(self._store.keys.memory(kind, name), value, ex=span)

    async def first(self, kind: str, name: str, span: timedelta) -> bool:
        """True for the first to ask within `span`, False for everybody after.

        Each call leaves a word of its own: asked again after a lost answer, it finds that and knows that it was first.
        """
        ours = secrets.token_hex(8)
        known = await self._store.redis.set(self._store.keys.memory(kind, name), ours, ex=span, nx=True, get=True)
        return known is None or known == ours

    async def forget(self, kind: str, name: str) -> None:
        await self._store.redis.delete(self._store.keys.memory(kind, name))
