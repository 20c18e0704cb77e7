"""The ledger's place in Redis: an append-only list whose head only moves forward."""

from collections.abc import AsyncIterator
from datetime import timedelta

from bot.store.connection import Store
from bot.store.scripts import APPEND_LEDGER

SEEN = timedelta(days=30)
PAGE = 500


class LedgerLog:
    """Entries as JSON text; what they mean and how they are chained is `bot.ledger`'s."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def head(self) -> tuple[str, int]:
        """The last entry's hash and number; ("", 0) for an empty ledger."""
        hash_, number = await self._store.redis.hmget(self._store.keys.ledger_head, ["hash", "seq"])
        return hash_ or "", int(number or 0)

    async def append(self, event: str, entry: str, *, after: str, hash_: str, number: int) -> bool:
        """Add `entry` if the head is still `after`; True also when this `event` is in the ledger already."""
        keys = self._store.keys
        return bool(
            await self._store.run(
                APPEND_LEDGER,
                [keys.ledger, keys.ledger_head, keys.ledger_seen(event)],
                *(after, entry, hash_, number, int(SEEN.total_seconds())),
            )
        )

    async def entries(self) -> AsyncIterator[str]:
        """Every entry, oldest first."""
        start = 0
        while page := await self._store.redis.lrange(self._store.keys.ledger, start, start + PAGE - 1):
            for entry in page:
                yield entry
            start += len(page)
