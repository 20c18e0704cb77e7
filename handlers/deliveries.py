"""Each delivery counts once, and nobody presses faster than people can.

Slack sends events again when an answer was late, with the same `event_id` and any retry number; clicks and commands
come once, so a second one with the same `trigger_id` was recorded on the way and played back. Both are answered 200
without effect. Where memory cannot be asked, nothing is let through unseen: people are told that nothing was recorded.
"""

import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import structlog
from redis.exceptions import RedisError
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot import metrics
from bot.errors import TooFast
from bot.store import Memory, answered_within
from handlers.payloads import who

KEPT = timedelta(minutes=15)
"""Slack sends an event again for about six minutes, and a signature is good for five."""
PEOPLE_KEPT = 10_000
MARK = "delivery_mark"
"""Where a request's context has what tells it from others."""

log = structlog.get_logger()


class RememberingApp(AsyncApp):
    """Remembers what it has answered, once the listener is through: a process that dies in the middle has answered
    nothing, and Slack's next delivery of the same event is then as good as the first.

    Two deliveries at the same time both get through; what they record is the same record.
    """

    memory: Memory

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        began = time.perf_counter()
        with answered_within():
            answer = await super().async_dispatch(req)
            metrics.GESTURES.labels(str(answer.status)).observe(time.perf_counter() - began)
            mark = req.context.get(MARK)
            if mark and answer.status == 200:
                with contextlib.suppress(RedisError):
                    await self.memory.keep("delivery", mark, "answered", KEPT)
        return answer


class Pace:
    """How fast one person's clicks and commands may come: so many at once, then so many a minute (GCRA)."""

    def __init__(self, a_minute: int) -> None:
        self._gap = 60 / a_minute
        self._reach = 30.0
        self._next: OrderedDict[str, float] = OrderedDict()

    def admits(self, person: str) -> bool:
        now = time.monotonic()
        after = max(self._next.pop(person, now), now) + self._gap
        admitted = after - now <= self._reach
        self._next[person] = after if admitted else after - self._gap
        while len(self._next) > PEOPLE_KEPT:
            self._next.popitem(last=False)
        return admitted


def register(app: RememberingApp, memory: Memory, pace: Pace) -> None:
    """Put both in front of every listener."""
    app.memory = memory

    @app.middleware
    async def once(body: dict[str, Any], context: AsyncBoltContext, next_: Callable[[], Awaitable[Any]]) -> Any:
        mark = _mark(body)
        if mark and await memory.recall("delivery", mark) is not None:
            log.info("slack.repeated_delivery", kind=body.get("type") or "command")
            return BoltResponse(status=200, body="")
        context[MARK] = mark
        return await next_()

    @app.middleware
    async def not_too_fast(body: dict[str, Any], next_: Callable[[], Awaitable[Any]]) -> Any:
        person = "" if body.get("type") == "block_suggestion" else who(body)
        if person and not pace.admits(person):
            raise TooFast
        return await next_()


def _mark(body: dict[str, Any]) -> str:
    """What only deliveries of one and the same thing share; no team in it, because that can vary."""
    one = body.get("event_id") or body.get("trigger_id") or ""
    return sha256(str(one).encode()).hexdigest()[:32] if one else ""
