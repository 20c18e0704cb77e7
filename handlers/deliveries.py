"""Each delivery counts once, and nobody presses faster than people can.

Slack sends events again when an answer was late, with the same `event_id` and any retry number; clicks and commands
come once, so a second one with the same `trigger_id` was recorded on the way and played back. Both are answered 200
without effect. Where memory cannot be asked, nothing is let through unseen: people are told that nothing was recorded.
"""

import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from redis.exceptions import RedisError
from slack_bolt.async_app import AsyncApp
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from blocks import ids
from bot import metrics
from bot.errors import TooFast
from bot.store import DELIVERY_KEPT, Memory, answered_within
from handlers.payloads import mark_of, who

DECIDING = frozenset({ids.APPROVE, ids.DECIDE})
"""What records an intent: the record remembers its delivery itself, in the same step (`bot.store.Decisions.record`)."""
PEOPLE_KEPT = 10_000
ROUNDING = 0.001
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
                    await self.memory.keep("delivery", mark, "answered", DELIVERY_KEPT)
        return answer


class PersonsPace:
    """How fast one person's clicks and commands may come: half a minute's at once, at least one, then so many a minute
    (GCRA).
    """

    def __init__(self, a_minute: int) -> None:
        self._gap = 60 / a_minute
        self._reach = max(30.0, self._gap) + ROUNDING
        self._next: OrderedDict[str, float] = OrderedDict()

    def admits(self, person: str) -> bool:
        now = time.monotonic()
        after = max(self._next.pop(person, now), now) + self._gap
        admitted = after - now <= self._reach
        self._next[person] = after if admitted else after - self._gap
        while len(self._next) > PEOPLE_KEPT:
            self._next.popitem(last=False)
        return admitted


def register(app: RememberingApp, memory: Memory, pace: PersonsPace) -> None:
    """Put both in front of every listener."""
    app.memory = memory
    app.use(OnceAndNotTooFast(memory, pace))


class OnceAndNotTooFast(AsyncMiddleware):
    """Answers a repeated delivery without effect, and raises TooFast for who presses faster than people can.

    As Bolt's own are written: one that is a function gets its arguments by name, of fifty that Bolt makes (1.30).
    """

    def __init__(self, memory: Memory, pace: PersonsPace) -> None:
        self._memory = memory
        self._pace = pace

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[Any]]
    ) -> BoltResponse | None:
        body = req.body
        mark = "" if _is_deciding(body) else mark_of(body)
        if mark and await self._memory.recall("delivery", mark) is not None:
            log.info("slack.repeated_delivery", kind=body.get("type") or "command")
            return BoltResponse(status=200, body="")
        req.context[MARK] = mark
        person = "" if body.get("type") == "block_suggestion" else who(body)
        if person and not self._pace.admits(person):
            raise TooFast
        await next()
        return resp


def _is_deciding(body: dict[str, Any]) -> bool:
    actions, view = body.get("actions") or [{}], body.get("view") or {}
    submitted = body.get("type") == "view_submission"
    return (view.get("callback_id") if submitted else actions[0].get("action_id")) in DECIDING
