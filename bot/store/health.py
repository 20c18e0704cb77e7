"""How Redis itself is: whether it keeps what it was told; which jobs keep failing; and every card there is a record of.

What a server says of itself: https://redis.io/docs/latest/commands/info/. Managed servers forbid CONFIG, and some of
them INFO: what cannot be read is "" here, which is not the same as bad.
"""

from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter
from redis.exceptions import RedisError, ResponseError

from bot.store.cards import CardCopy
from bot.store.connection import Store
from bot.store.memory import Memory

OFTEN = 5
"""Failures in a row after which a job is worth a look."""

APPENDS = {"1": "yes", "0": "no"}
PAGE = 500
LEFT_OFF_KEPT = timedelta(hours=1)

_copies = TypeAdapter(CardCopy)


@dataclass(frozen=True, slots=True)
class Durability:
    """Whether writes survive a stop, and what a full server does; "" for whatever the server does not tell.

    `refuses` is the server's own word for why it takes no writes, "" when it does. `appends` is `yes` or `no`
    (appendonly), `syncs` is appendfsync (`always`, `everysec`, `no`), `last_write` how its last write to the file went
    (`ok`, `err`), `policy` is maxmemory-policy.
    """

    refuses: str = ""
    appends: str = ""
    syncs: str = ""
    last_write: str = ""
    policy: str = ""


class Health:
    """Questions for the doctor."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._memory = Memory(store)

    async def durability(self) -> Durability:
        """Raises RedisError when nobody answers."""
        redis = self._store.redis
        kept, memory = await _told(redis.info("persistence")), await _told(redis.info("memory"))
        file = await _told(redis.config_get("appendfsync"))
        return Durability(
            refuses=await self._refusal(),
            appends=APPENDS.get(str(kept.get("aof_enabled", "")), ""),
            syncs=str(file.get("appendfsync", "")),
            last_write=str(kept.get("aof_last_write_status", "")),
            policy=str(memory.get("maxmemory_policy", "")),
        )

    async def _refusal(self) -> str:
        try:
            await self._store.answers()
        except RedisError as error:
            return " ".join(str(error).split())[:200] or type(error).__name__
        return ""

    async def troubled_jobs(self) -> list[tuple[str, int]]:
        """Jobs that keep failing, and how often they have."""
        troubles = await self._store.redis.hgetall(self._store.keys.jobs("troubles"))
        return sorted((job, int(count)) for job, count in troubles.items() if int(count) >= OFTEN)

    # --- cards -----------------------------------------------------------------------------------------------

    async def copies(self) -> AsyncIterator[tuple[str, CardCopy]]:
        """Every copy of every card, with the card's name, some cards in memory at a time; in no order."""
        prefix = self._store.keys.cards("")
        async for keys in self._pages(f"{prefix}*"):
            async with self._store.redis.pipeline(transaction=False) as step:
                for key in keys:
                    step.hvals(key)
                records = await step.execute()
            for key, copies in zip(keys, records, strict=True):
                for copy in copies:
                    yield key.removeprefix(prefix), _copies.validate_json(copy)

    async def direct_messages(self) -> set[str]:
        """The direct-message channels the bot has written to in the last days."""
        found: set[str] = set()
        async for keys in self._pages(self._store.keys.memory("dm", "*")):
            found |= {channel for channel in await self._store.redis.mget(keys) if channel}
        return found

    async def _pages(self, pattern: str) -> AsyncIterator[list[str]]:
        page: list[str] = []
        async for key in self._store.redis.scan_iter(match=pattern, count=PAGE):
            page.append(key)
            if len(page) == PAGE:
                yield page
                page = []
        if page:
            yield page

    async def left_off(self) -> str:
        """Where the last look through Slack's conversations had to stop, "" when it came to the end."""
        return await self._memory.recall("doctor", "cards") or ""

    async def leave_off(self, at: str) -> None:
        """Remember it for the next look."""
        if at:
            await self._memory.keep("doctor", "cards", at, LEFT_OFF_KEPT)
        else:
            await self._memory.forget("doctor", "cards")


async def _told(answer: Awaitable[Any]) -> dict[str, Any]:
    """What the server answers to a question it may not be asked: nothing, then."""
    try:
        told: dict[str, Any] = await answer
    except ResponseError:
        return {}
    return told
