"""The open door: Slack's requests, SDP's hints, and two addresses for whoever watches over the bot."""

import hmac
import json
import time
from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

import structlog
from redis.exceptions import RedisError
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.models import SdpId, sdp_id

BODY_MAX = 1_000_000
SKEW_SECONDS = 300
"""Slack's own rule: a request older than five minutes may be a replay."""
SECRET_HEADER = "X-SDP-Bot-Secret"  # noqa: S105 - the header's name

log = structlog.get_logger()


class Hints(Protocol):
    """Takes a hint that a release may have changed."""

    async def wake(self, name: str, key: str = "") -> None: ...


class Ready(Protocol):
    """Tells whether a click could be recorded now; raises RedisError when not."""

    async def answers(self) -> bool: ...


class Web:
    """The routes, with what they need."""

    def __init__(
        self,
        *,
        bolt: AsyncApp | None,
        signing_secret: str | None,
        hints: Hints,
        ready: Ready,
        webhook_secret: str | None,
    ) -> None:
        self._slack = AsyncSlackRequestHandler(bolt) if bolt is not None else None
        self._signing_secret = signing_secret
        self._hints = hints
        self._ready = ready
        self._webhook_secret = webhook_secret

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/slack/events", self.slack, methods=["POST"]),
                Route("/sdp/webhook", self.webhook, methods=["POST"]),
                Route("/healthz", self.health),
                Route("/readyz", self.readiness),
            ]
        )

    async def slack(self, request: Request) -> Response:
        """Everything Slack sends over HTTP; whatever is not signed by Slack is refused before it is parsed."""
        if self._slack is None or self._signing_secret is None:
            return PlainTextResponse("this bot speaks Socket Mode", 404)
        body = await _body(request)
        if body is None:
            return PlainTextResponse("too large", 413)
        if not signed_by_slack(self._signing_secret, request.headers, body):
            return PlainTextResponse("not signed by Slack", 401)
        return await self._slack.handle(request)

    async def webhook(self, request: Request) -> Response:
        """SDP's hint `{"module": "release", "id": …}`: only a reason to look, never taken as the truth."""
        if self._webhook_secret is None:
            return PlainTextResponse("SDP_WEBHOOK_SECRET is not set", 404)
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._webhook_secret.encode()):
            return PlainTextResponse("wrong secret", 401)
        body = await _body(request)
        release = _hinted_release(body or b"")
        if release is None:
            return PlainTextResponse('expected {"module": "release", "id": "<digits>"}', 400)
        return await _recorded(self._hints.wake("look", release), 202)

    async def health(self, _: Request) -> Response:
        """The process lives."""
        return PlainTextResponse("ok")

    async def readiness(self, _: Request) -> Response:
        """A click could be recorded now; says nothing about SDP or Slack."""
        return await _recorded(self._ready.answers(), 200)


async def _recorded(write: Awaitable[Any], status: int) -> Response:
    try:
        await write
    except RedisError as error:
        log.warning("web.redis_away", error=type(error).__name__)
        return PlainTextResponse("not ok", 503)
    return PlainTextResponse("ok", status)


async def _body(request: Request) -> bytes | None:
    """The body, None when it is larger than anything Slack or SDP would send."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > BODY_MAX:
            return None
    request._body = b"".join(parts)  # what Request.body() would have kept, for Bolt's adapter
    return request._body


def signed_by_slack(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Slack's v0 signature (https://docs.slack.dev/authentication/verifying-requests-from-slack).

    Checked here although Bolt checks it too: Bolt 1.30 answers malformed headers with 500.
    """
    stamp, given = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not (stamp.isascii() and stamp.isdigit()) or abs(time.time() - int(stamp)) > SKEW_SECONDS:
        return False
    wanted = "v0=" + hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, "sha256").hexdigest()
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogateescape"))


def _hinted_release(body: bytes) -> SdpId | None:
    try:
        hint = json.loads(body)
        return sdp_id(str(hint["id"])) if hint["module"] == "release" else None
    except (ValueError, KeyError, TypeError):
        return None
