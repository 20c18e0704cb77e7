"""The gauges of what all processes share, read from Redis when somebody asks for them."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from bot import metrics
from bot.jobs import Jobs
from bot.sdp.budget import Pace
from bot.store import Store

PATIENCE = 2.0
"""Seconds; a scrape must not hang on a Redis that does."""


class Watch:
    """Brings the gauges up to date. `socket_age` tells how old this process's socket to Slack is."""

    def __init__(self, store: Store, jobs: Jobs, pace: Pace, socket_age: Callable[[], float] = lambda: 0.0) -> None:
        self._store = store
        self._jobs = jobs
        self._pace = pace
        self._socket_age = socket_age

    async def refresh(self) -> None:
        """Read everything once. Raises RedisError, TimeoutError; then only `sdp_bot_redis_up` is right, and says so."""
        metrics.SOCKET_AGE.set(self._socket_age())
        metrics.REDIS_UP.set(0)
        async with asyncio.timeout(PATIENCE):
            await self._queue()
            await self._records()
        metrics.REDIS_UP.set(1)

    async def _queue(self) -> None:
        depth = await self._jobs.depth()
        metrics.QUEUE.labels("due").set(depth.due)
        metrics.QUEUE.labels("later").set(depth.later)
        metrics.QUEUE.labels("running").set(depth.running)
        metrics.QUEUE_AGE.set(depth.oldest_seconds)
        metrics.CARD_DRIFT.set(await self._jobs.lateness("show"))

    async def _records(self) -> None:
        now = datetime.now(UTC).timestamp()
        keys, redis = self._store.keys, self._store.redis
        async with redis.pipeline() as step:
            step.zcard(keys.pending)
            step.zrange(keys.pending, 0, 0, withscores=True)
            step.scard(keys.open_decisions)
            step.get(keys.budget)
            pending, oldest, open_, due = await step.execute()
        metrics.PENDING.set(pending)
        metrics.PENDING_AGE.set(max(0.0, now - oldest[0][1]) if oldest else 0.0)
        metrics.OPEN.set(open_)
        ahead = max(0.0, float(due or 0) / 1000 - now)
        metrics.BUDGET_LEFT.set(max(0.0, self._pace.burst - ahead / self._pace.interval))
