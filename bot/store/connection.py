"""The connection every part of the store shares, and the store as a whole.

A server can be deaf: it takes the connection and the command, and nothing comes back. So every command has an end, and
an earlier one while a person waits (`answered_within`). What then is known depends on the command: one that never got a
connection, or a read, did nothing; a write may have been carried out all the same, and says so by raising `AnswerLost`.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.connection import HiredisRespSerializer
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.store.keys import Keys
from bot.store.together import Together

SOCKET_TIMEOUT = 5.0
"""Seconds without a byte after which a connection is given up; longer than the longest wait for work (`bot.jobs`)."""
GESTURE_SECONDS = 2.2
"""What the store may take of the three seconds in which Slack wants its answer; the rest is for telling the person."""
CONNECTIONS = 64
"""A burst of clicks queues for a connection rather than failing, as redis-py's own pool would at its hundredth; and a
worker has room for fifty jobs of each of some twenty names."""

READS = frozenset(
    {"CONFIG GET", "EXISTS", "GET", "HGET", "HGETALL", "HMGET", "HVALS", "INFO", "LRANGE", "MGET", "PTTL", "SCAN"}
    | {"SCARD", "SMEMBERS", "ZCARD", "ZCOUNT", "ZRANGE", "ZRANGEBYSCORE", "ZSCORE"}
)
"""Commands that leave no trace, whether or not they are answered. A read that is missing here is only told of less
surely than it could be."""

T = TypeVar("T")


class AnswerLost(RedisConnectionError):
    """The server was told to write and its answer never came: whether it wrote is not known."""


_end: ContextVar[float | None] = ContextVar("end of patience", default=None)
_connected: ContextVar[bool] = ContextVar("the present command has a connection", default=False)


@contextlib.contextmanager
def answered_within(seconds: float = GESTURE_SECONDS) -> Iterator[None]:
    """Somebody waits: all commands of this block together, and of tasks it starts, are over after so many seconds.

    Those that are not are given up (RedisTimeoutError, AnswerLost); those that would begin later are not sent.
    """
    token = _end.set(asyncio.get_running_loop().time() + seconds)
    try:
        yield
    finally:
        _end.reset(token)


def _not_too_late(end: float | None) -> None:
    if end is not None and end <= asyncio.get_running_loop().time():
        raise RedisTimeoutError("not sent: whoever waited has been answered")


async def _in_time(send: Callable[[], Awaitable[T]], *, writes: bool) -> T:
    end = _end.get()
    _not_too_late(end)
    _connected.set(False)
    try:
        async with asyncio.timeout_at(end):
            return await send()
    except (RedisConnectionError, RedisTimeoutError, TimeoutError) as silence:
        if writes and _connected.get():
            raise AnswerLost(f"no answer to a write ({type(silence).__name__})") from silence
        if isinstance(silence, TimeoutError):
            raise RedisTimeoutError("no answer in time") from None
        raise


class _Packing:
    """redis-py 8.1 has hiredis pack commands for threads; for asyncio it does so in Python, at ten times the cost."""

    _packer = HiredisRespSerializer()

    def pack_command(self, *args: Any) -> list[bytes]:
        packed: list[bytes] = self._packer.pack(*args)
        return packed


def _packing(kind: type) -> type:
    """This kind of connection (TCP, TLS, a socket in the file system), packing by hiredis."""
    return type(kind.__name__, (_Packing, kind), {})


class _Pool(BlockingConnectionPool):
    async def get_connection(self, *_: Any, **__: Any) -> Any:
        connection = await super().get_connection()  # type: ignore[no-untyped-call]
        _connected.set(True)
        return connection


class _Pipeline(Pipeline):
    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        writes = any(args[0] not in READS for args, _ in self.command_stack)
        return await _in_time(lambda: super(_Pipeline, self).execute(raise_on_error), writes=writes)


class _Client(Redis):
    async def execute_command(self, *args: Any, **options: Any) -> Any:
        def send() -> Awaitable[Any]:
            return super(_Client, self).execute_command(*args, **options)  # type: ignore[no-untyped-call]

        return await _in_time(send, writes=args[0] not in READS)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> _Pipeline:
        return _Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


def connect(url: str) -> Any:
    """A client for `url`, with connections of its own.

    Repeating is safe because a write of ours that is asked twice does once what it does; it is also what reconnects
    after the server was restarted. `from_url` alone would never retry (redis-py 8.1).
    Typed Any, because redis-py 8.1 types every answer as bytes or str, whatever `decode_responses` says.
    """
    pool = _Pool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=SOCKET_TIMEOUT,
        decode_responses=True,
        socket_timeout=SOCKET_TIMEOUT,
        socket_connect_timeout=1.0,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 2),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )
    pool.connection_class = _packing(pool.connection_class)
    return _Client.from_pool(pool)


class Step(NamedTuple):
    """A script with what it works on."""

    script: str
    keys: tuple[str, ...]
    args: tuple[str, ...]


class Store:
    """A connection with our keys and scripts; the kinds of records are built on it."""

    def __init__(self, redis: Any, keys: Keys | None = None) -> None:
        self.redis = redis
        self.keys = keys or Keys()
        self._steps: Together[Step, Any] = Together(self._take)

    async def run(self, script: str, keys: Sequence[str], *args: object) -> Any:
        """Take one of the steps in `scripts`.

        Those of other tasks that come up while an answer is awaited go together with the next: one round trip, and
        above all one sync of the server's file, which for single clicks takes longer than all the rest.
        """
        step = Step(script, tuple(keys), tuple(map(str, args)))
        end = _end.get()
        _not_too_late(end)
        try:
            async with asyncio.timeout_at(end):
                answer = await self._steps.ask(step)
        except TimeoutError:
            raise AnswerLost("no answer to a step in time") from None
        if isinstance(answer, NoScriptError):
            return await self.redis.eval(script, len(keys), *step.keys, *step.args)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _take(self, steps: Sequence[Step]) -> list[Any]:
        """Each by its digest; the text is sent only to a server that does not know it yet."""
        async with self.redis.pipeline(transaction=False) as trip:
            for step in steps:
                trip.evalsha(_digest(step.script), len(step.keys), *step.keys, *step.args)
            answers: list[Any] = await trip.execute(raise_on_error=False)
            return answers

    async def is_clustered(self) -> bool:
        """Whether this server is part of a cluster: scripts of ours touch keys that would lie on several of them.

        One that forbids INFO to us does not say so; on a cluster the first script would.
        """
        try:
            told = await self.redis.info("cluster")
        except ResponseError:
            return False
        return bool(told.get("cluster_enabled"))

    async def answers(self) -> bool:
        """Whether a write would be taken now (a full server or a read-only replica is no use)."""
        await self.redis.set(self.keys.memory("probe", "write"), "1", ex=60)
        return True

    async def aclose(self) -> None:
        await self.redis.aclose()


@cache
def _digest(script: str) -> str:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
