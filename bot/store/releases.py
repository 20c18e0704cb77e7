"""What was last read of each release: its snapshot, when its levels were walked, and how SDP had stamped it.

A poll looks at hundreds of releases, so what it asks and says here it asks and says for many in one round trip.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from bot.models import Approval, ApprovalRef, SdpId, Snapshot
from bot.store.connection import Store
from bot.store.decisions import Wake
from bot.store.scripts import READ_BOOKS, WAKE_JOBS
from bot.store.together import Together

KEPT = timedelta(days=30)
PAGE = 100
_codec = TypeAdapter(Snapshot)


@dataclass(frozen=True, slots=True)
class Books:
    """What a poll knows beforehand: every release walked so far, longest ago first; release → its `last_updated_time`
    when it was walked; the releases on which somebody's decision was wanted when they were last read."""

    walked: tuple[SdpId, ...]
    stamps: Mapping[SdpId, str]
    waiting: frozenset[SdpId]


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of one release: the last snapshot, and which of its approvals have cards."""

    snapshot: Snapshot | None
    with_card: frozenset[ApprovalRef]


@dataclass(frozen=True, slots=True)
class Asked:
    """This person in SDP is asked for this approval since `since`, best before `deadline` (epoch seconds)."""

    person: SdpId
    ref: ApprovalRef
    deadline: float
    since: float


@dataclass(frozen=True, slots=True)
class Walk:
    """The levels of a release were read at `at`, when SDP's `last_updated_time` of it was `stamp`."""

    at: datetime
    stamp: str


class Releases:
    """Snapshots of releases and the bookkeeping of the poll."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._questions: Together[SdpId, Known] = Together(self.known)
        self._writes: Together[Callable[[Any], None], None] = Together(self._write)

    async def keep(
        self, snapshot: Snapshot, before: Snapshot | None, asked: Sequence[Asked], wakes: Sequence[Wake]
    ) -> None:
        """Remember what was read in place of `before`, and who is asked; `wakes` are jobs that must hear of it.

        One step: whoever dies right after it leaves nobody waiting and no card behind.
        """
        release, keys = snapshot.release.id, self._store.keys

        def write(step: Any) -> None:
            step.set(keys.snapshot(release), _codec.dump_json(snapshot).decode(), ex=KEPT)
            (step.sadd if asked else step.srem)(keys.waiting_releases, release)
            self._note_who_is_asked(step, (*(before.approvals if before else ()), *snapshot.approvals), asked)
            self._wake(step, wakes)

        await self._writes.ask(write)

    async def forget(self, release: SdpId, before: Snapshot | None, wakes: Sequence[Wake]) -> None:
        """SDP has this release no more."""

        def write(step: Any) -> None:
            step.delete(self._store.keys.snapshot(release))
            self._note_who_is_asked(step, before.approvals if before else (), ())
            self._close(step, release)
            self._wake(step, wakes)

        await self._writes.ask(write)

    async def polled(self, at: datetime) -> None:
        """A poll has been through everything open at `at`."""
        await self._store.redis.set(self._store.keys.memory("poll", "through"), at.isoformat(), ex=KEPT)

    async def was_polled(self) -> bool:
        """Whether there has been a poll at all: before the first, nobody knows what waits."""
        return bool(await self._store.redis.exists(self._store.keys.memory("poll", "through")))

    async def _write(self, writes: Sequence[Callable[[Any], None]]) -> list[None]:
        async with self._store.redis.pipeline(transaction=True) as step:
            for write in writes:
                write(step)
            await step.execute()
        return [None] * len(writes)

    def _note_who_is_asked(self, step: Any, approvals: Sequence[Approval], asked: Sequence[Asked]) -> None:
        """Of these approvals some are `asked` now; whoever else had to do with one of them waits no more for it."""
        keys, now = self._store.keys, {(one.person, one.ref) for one in asked}
        for person, ref in {(one.approver.id, one.ref) for one in approvals} - now:
            step.zrem(keys.waiting(person), str(ref))
        if over := {str(one.ref) for one in approvals} - {str(one.ref) for one in asked}:
            step.zrem(keys.pending, *over)
        for one in asked:
            step.zadd(keys.waiting(one.person), {str(one.ref): one.deadline})
        if asked:
            step.zadd(keys.pending, {str(one.ref): one.since for one in asked})

    def _wake(self, step: Any, wakes: Sequence[Wake]) -> None:
        if wakes:
            parts = [part for wake in wakes for part in wake]
            step.eval(WAKE_JOBS, 2, self._store.keys.jobs("due"), self._store.keys.jobs("kick"), *parts)

    async def known_of(self, release: SdpId) -> Known:
        """What is remembered of this release."""
        return await self._questions.ask(release)

    async def known(self, releases: Sequence[SdpId]) -> list[Known]:
        """What is remembered of each of these releases, in their order."""
        keys = self._store.keys
        async with self._store.redis.pipeline(transaction=False) as step:
            step.mget([keys.snapshot(release) for release in releases])
            for release in releases:
                step.smembers(keys.asked(release))
            snapshots, *cards = await step.execute()
        return [
            Known(_codec.validate_json(raw) if raw else None, frozenset(map(ApprovalRef.parse, refs)))
            for raw, refs in zip(snapshots, cards, strict=True)
        ]

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

    async def walked(self, walks: Mapping[SdpId, Walk]) -> None:
        """Note that these releases were walked."""
        if not walks:
            return
        async with self._store.redis.pipeline(transaction=True) as step:
            step.zadd(self._store.keys.walks, {release: walk.at.timestamp() * 1000 for release, walk in walks.items()})
            step.hset(self._store.keys.updated, mapping={release: walk.stamp for release, walk in walks.items()})
            await step.execute()

    async def books(self) -> Books:
        """What was noted of all walks."""
        keys = self._store.keys
        texts = await self._store.run(READ_BOOKS, [keys.walks, keys.updated, keys.waiting_releases])
        walked, updated, waiting = (text.split(" ") if text else [] for text in texts)
        stamps = dict(zip(updated[::2], updated[1::2], strict=True))
        return Books(tuple(walked), stamps, frozenset(waiting))

    async def walks(self) -> dict[SdpId, float]:
        """Every release walked so far, longest ago first → when (epoch ms)."""
        rows = await self._store.redis.zrange(self._store.keys.walks, 0, -1, withscores=True)
        return {SdpId(release): score for release, score in rows}

    async def closed(self, release: SdpId) -> None:
        """The release needs no more walks."""
        async with self._store.redis.pipeline(transaction=True) as step:
            self._close(step, release)
            await step.execute()

    def _close(self, step: Any, release: SdpId) -> None:
        step.zrem(self._store.keys.walks, release)
        step.hdel(self._store.keys.updated, release)
        step.srem(self._store.keys.waiting_releases, release)
