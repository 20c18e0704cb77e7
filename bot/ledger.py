"""The ledger: every attempt, refused and failed ones too, each entry chained to the one before.

An entry's hash covers its content and the hash before it, so a changed, removed or inserted entry breaks the
chain from there on. Writing an event twice writes it once.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel

from bot.models import LedgerEvent
from bot.store.ledger import LedgerLog


class Entry(BaseModel):
    """One line of the ledger; `number` counts from 1."""

    number: int
    event: str
    at: datetime
    what: str
    details: dict[str, str]
    previous: str
    hash: str


class Verdict(NamedTuple):
    """What a check of the whole chain found: how many entries are sound, and the first trouble if any."""

    sound: int
    trouble: str | None


class Ledger:
    """Writes and reads the chain."""

    def __init__(self, log: LedgerLog) -> None:
        self._log = log

    async def write(self, event: LedgerEvent) -> None:
        """Append; goes on until it is in, whoever else writes meanwhile."""
        while True:
            head, number = await self._log.head()
            entry = _entry(event, head, number + 1)
            text = json.dumps(entry, ensure_ascii=False)
            if await self._log.append(event.id, text, after=head, hash_=entry["hash"], number=number + 1):
                return
            await asyncio.sleep(0)

    async def entries(self) -> AsyncIterator[Entry]:
        """Every entry, oldest first."""
        async for text in self._log.entries():
            yield Entry.model_validate_json(text)

    async def verify(self) -> Verdict:
        """Walk the chain from its beginning to its head."""
        previous, count = "", 0
        async for text in self._log.entries():
            entry = json.loads(text)
            if entry["previous"] != previous or entry["number"] != count + 1:
                return Verdict(count, f"entry {count + 1} does not follow the one before it")
            if entry["hash"] != _hash({key: value for key, value in entry.items() if key != "hash"}):
                return Verdict(count, f"entry {count + 1} was changed after it was written")
            previous, count = entry["hash"], count + 1
        head, number = await self._log.head()
        if (head, number) != (previous, count):
            return Verdict(count, f"the ledger should have {number} entries and ends after {count}")
        return Verdict(count, None)


def _entry(event: LedgerEvent, previous: str, number: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "number": number,
        "event": event.id,
        "at": event.at.isoformat(),
        "what": event.what,
        "details": dict(event.details),
        "previous": previous,
    }
    return {**body, "hash": _hash(body)}


def _hash(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
