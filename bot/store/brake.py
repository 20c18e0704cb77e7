"""Whether the bot is stopped: one key, read before every change."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from bot.store.connection import Store


@dataclass(frozen=True, slots=True)
class BrakeMark:
    """Who stopped the bot, why in their words, and when."""

    by: str
    why: str
    at: datetime


_codec = TypeAdapter(BrakeMark)


class Brakes:
    """The mark, there or not."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def pull(self, mark: BrakeMark) -> bool:
        """True for the first; a second word changes nothing."""
        return bool(await self._store.redis.set(self._store.keys.brake, _codec.dump_json(mark), nx=True))

    async def release(self) -> BrakeMark | None:
        raw = await self._store.redis.getdel(self._store.keys.brake)
        return _codec.validate_json(raw) if raw else None

    async def pulled(self) -> BrakeMark | None:
        raw = await self._store.redis.get(self._store.keys.brake)
        return _codec.validate_json(raw) if raw else None
