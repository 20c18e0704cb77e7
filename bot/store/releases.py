"""What was last read of each release: its snapshot, when its levels were walked, and how SDP had stamped it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from bot.models import SdpId, Snapshot
from bot.store.connection import Store

KEPT = timedelta(days=30)
PAGE = 100
_codec = TypeAdapter(Snapshot)


class Releases:
    """Snapshots of releases and the bookkeeping of the poll."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, snapshot: Snapshot, *, waits: bool) -> None:
        """Remember what was read; `waits`: somebody's decision is wanted on it now."""
        release, keys = snapshot.release.id, self._store.keys
        async with self._store.redis.pipeline(transaction=True) as step:
            step.set(keys.snapshot(release), _codec.dump_json(snapshot).decode(), ex=KEPT)
            (step.sadd if waits else step.srem)(keys.waiting_releases, release)
            await step.execute()

    async def waiting(self) -> set[SdpId]:
        """The releases on which somebody's decision was wanted when they were last read."""
        return {SdpId(one) for one in await self._store.redis.smembers(self._store.keys.waiting_releases)}

    async def get(self, release: SdpId) -> Snapshot | None:
        raw = await self._store.redis.get(self._store.keys.snapshot(release))
        return _codec.validate_json(raw) if raw else None

    async def every(self) -> AsyncIterator[Snapshot]:
        """All snapshots there are, of closed releases too, a page in memory at a time; in no order."""
        page: list[str] = []
        async for key in self._store.redis.scan_iter(match=self._store.keys.snapshot("*"), count=PAGE):
            page.append(key)
            if len(page) == PAGE:
                for snapshot in await self._many(page):
                    yield snapshot
                page.clear()
        for snapshot in await self._many(page) if page else []:
            yield snapshot

    async def _many(self, keys: list[str]) -> list[Snapshot]:
        return [_codec.validate_json(raw) for raw in await self._store.redis.mget(keys) if raw]

    async def forget(self, release: SdpId) -> None:
        """SDP has it no more."""
        await self._store.redis.delete(self._store.keys.snapshot(release))

    async def walked(self, release: SdpId, at: datetime, stamp: str) -> None:
        """The levels of this release were read at `at`, when SDP's `last_updated_time` was `stamp`."""
        async with self._store.redis.pipeline(transaction=True) as step:
            step.zadd(self._store.keys.walks, {release: at.timestamp() * 1000})
            step.hset(self._store.keys.updated, release, stamp)
            await step.execute()

    async def walks(self) -> dict[SdpId, float]:
        """Every release walked so far, longest ago first → when (epoch ms)."""
        rows = await self._store.redis.zrange(self._store.keys.walks, 0, -1, withscores=True)
        return {SdpId(release): score for release, score in rows}

    async def stamps(self) -> dict[SdpId, str]:
        """Release → its `last_updated_time` when it was walked."""
        return {SdpId(key): value for key, value in (await self._store.redis.hgetall(self._store.keys.updated)).items()}

    async def closed(self, release: SdpId) -> None:
        """The release needs no more walks."""
        async with self._store.redis.pipeline(transaction=True) as step:
            step.zrem(self._store.keys.walks, release)
            step.hdel(self._store.keys.updated, release)
            step.srem(self._store.keys.waiting_releases, release)
            await step.execute()
