"""The ledger's place in Redis: an append-only list whose head only moves forward."""

import json
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import timedelta
from typing import Any, Literal, NamedTuple

from bot.store.connection import Store
from bot.store.scripts import APPEND_LEDGER, REPLACE_ENTRY, TRIM_LEDGER

SEEN = timedelta(days=30)
PAGE = 500

Written = Literal["added", "known", "moved"]
_WRITTEN: dict[int, Written] = {0: "moved", 1: "added", 2: "known"}


class Head(NamedTuple):
    """The last link: the last entry's hash and number, and a seal over both."""

    hash: str
    number: int
    mac: str


class LedgerLog:
    """Entries as JSON text; what they mean and how they are chained is `bot.ledger`'s."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def head(self) -> Head:
        """("", 0, "") for an empty ledger."""
        hash_, number, mac = await self._store.redis.hmget(self._store.keys.ledger_head, ["hash", "seq", "mac"])
        return Head(hash_ or "", int(number or 0), mac or "")

    async def append(self, event: str, entry: str, *, after: Head, head: Head) -> Written:
        """Add `entry` if the head is still `after`: it is added, was known already, or the head has moved."""
        keys = self._store.keys
        result = await self._store.run(
            APPEND_LEDGER,
            [keys.ledger, keys.ledger_head, keys.ledger_seen(event)],
            *(after.hash, entry, head.hash, head.number, head.mac, int(SEEN.total_seconds())),
        )
        return _WRITTEN[result]

    async def entries(self) -> AsyncIterator[str]:
        """Every entry that is here, oldest first."""
        start = 0
        while page := await self._store.redis.lrange(self._store.keys.ledger, start, start + PAGE - 1):
            for entry in page:
                yield entry
            start += len(page)

    async def hand_over(self, keep: int, store: Callable[[int, int, Iterable[str]], None]) -> int:
        """Give all but the newest `keep` entries to `store(first, last, entries)`, then drop them; how many."""
        key = self._store.keys.ledger
        old = await self._store.redis.lrange(key, 0, -keep - 1)
        if not old:
            return 0
        first, last = (int(json.loads(entry)["number"]) for entry in (old[0], old[-1]))
        store(first, last, old)
        await self._store.run(TRIM_LEDGER, [key], old[0], old[-1], len(old))
        return len(old)

    async def rewrite(self, numbers: set[int], change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Put `change` of these entries in their place, however often others are handed over meanwhile."""
        left = set(numbers)
        while not await self._rewritten(left, change):
            pass

    async def _rewritten(self, left: set[int], change: Callable[[dict[str, Any]], dict[str, Any]]) -> bool:
        """One walk, taking out of `left` what is done; False when the places have shifted under it."""
        place = 0
        async for text in self.entries():
            entry = json.loads(text)
            if entry["number"] in left:
                changed = json.dumps(change(entry), ensure_ascii=False)
                if not await self._store.run(REPLACE_ENTRY, [self._store.keys.ledger], place, text, changed):
                    return False
                left.discard(entry["number"])
            place += 1
        return True
