"""Whether the bot is stopped: one key, read before every change."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from bot.store.connection import Store
from bot.store.scripts import DROP_IF


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
        """True for the first, whose mark it then is, also when asked again about it; a second word changes nothing."""
        ours = _codec.dump_json(mark).decode()
        known = await self._store.redis.set(self._store.keys.brake, ours, nx=True, get=True)
        return known is None or known == ours

    async def release(self, mark: BrakeMark) -> None:
        """Take this mark away, and no other."""
        await self._store.run(DROP_IF, [self._store.keys.brake], _codec.dump_json(mark).decode())

    async def pulled(self) -> BrakeMark | None:
        raw = await self._store.redis.get(self._store.keys.brake)
        return _codec.validate_json(raw) if raw else None
