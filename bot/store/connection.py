"""The connection every part of the store shares, and the store as a whole."""

import hashlib
from collections.abc import Sequence
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.store.keys import Keys

SOCKET_TIMEOUT = 5.0
"""Seconds; a person's click must be answered within Slack's three, so connecting gets one."""
CONNECTIONS = 32
"""A burst of clicks queues for a connection rather than failing, as redis-py's own pool would at its hundredth."""


def connect(url: str, *, blocking: bool = False) -> Any:
    """A client for `url`. `blocking` is for reads that wait: no read time-out, and a connection of their own.

    Repeating is safe because every write of ours is a script that answers the same when asked twice; it is also
    what reconnects after the server was restarted. `from_url` alone would never retry (redis-py 8.1).
    Typed Any, because redis-py 8.1 types every answer as bytes or str, whatever `decode_responses` says.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=SOCKET_TIMEOUT,
        decode_responses=True,
        socket_timeout=None if blocking else SOCKET_TIMEOUT,
        socket_connect_timeout=1.0,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 2),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )
    return Redis.from_pool(pool)


class Store:
    """A connection with our keys and scripts; the kinds of records are built on it."""

    def __init__(self, redis: Any, keys: Keys | None = None) -> None:
        self.redis = redis
        self.keys = keys or Keys()

    async def run(self, script: str, keys: Sequence[str], *args: object) -> Any:
        """Run one of `scripts` by its digest, sending the text only to a server that does not know it yet."""
        values = [*keys, *map(str, args)]
        try:
            return await self.redis.evalsha(_digest(script), len(keys), *values)
        except NoScriptError:
            return await self.redis.eval(script, len(keys), *values)

    async def is_clustered(self) -> bool:
        """Whether this server is part of a cluster: scripts of ours touch keys that would lie on several of them."""
        return bool((await self.redis.info("cluster")).get("cluster_enabled"))

    async def answers(self) -> bool:
        """Whether a write would be taken now (a full server or a read-only replica is no use)."""
        await self.redis.set(self.keys.memory("probe", "write"), "1", ex=60)
        return True

    async def aclose(self) -> None:
        await self.redis.aclose()


def _digest(script: str) -> str:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
