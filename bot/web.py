"""The open door: Slack's requests, SDP's hints, the pages of connecting, and two addresses for whoever watches.

Everything is refused as early and as cheaply as it can be: by path and method, by content type, by length, by how long
a body takes to come; Slack's requests then by their signature, SDP's hints by their secret. Nobody learns from a
refusal more than its kind.
"""

import asyncio
import hmac
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from yarl import query_to_pairs

from bot import pages
from bot.errors import BotError
from bot.linking import CALLBACK_PATH, LINK_PATH, LinkGone, Linking
from bot.models import SdpId, sdp_id
from bot.store import answered_within

BODY_MAX = 1_000_000
BODY_SECONDS = 10.0
"""How long a body may take to arrive; Slack's and SDP's come in one piece."""
FORM_MAX = 4096
SKEW_SECONDS = 300
"""Slack's own rule: a request older than five minutes may be a replay."""
SECRET_HEADER = "X-SDP-Bot-Secret"  # noqa: S105 - the header's name
COOKIE = "sdp_bot_connecting"
COOKIE_SECONDS = 600

FORM, JSON = "application/x-www-form-urlencoded", "application/json"

log = structlog.get_logger()


async def _nothing() -> None:
    """For whoever has no gauges to bring up to date."""


class Hints(Protocol):
    """Takes a hint that a release may have changed."""

    async def wake(self, name: str, key: str = "") -> None: ...


class Ready(Protocol):
    """Tells whether a click could be recorded now; raises RedisError when not."""

    async def answers(self) -> bool: ...


class Strangers:
    """Counts refused requests by address: whoever keeps failing is told to wait, cheaply and without a log line each.

    Requests that pass are never counted, so a proxy that Slack and a stranger share locks nobody out.
    """

    def __init__(self, *, a_minute: int = 20, kept: int = 10_000) -> None:
        self._most = a_minute
        self._kept = kept
        self._failed: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def refused(self, address: str) -> bool:
        """Count a refusal; True from the one on that is one too many this minute."""
        minute = int(time.monotonic() // 60)
        since, count = self._failed.pop(address, (minute, 0))
        count = count + 1 if since == minute else 1
        self._failed[address] = (minute, count)
        while len(self._failed) > self._kept:
            self._failed.popitem(last=False)
        return count > self._most


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
        linking: Linking,
        secure_cookie: bool = True,
        form_target: str = "",
        metrics_token: str | None = None,
        refresh_gauges: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._bolt = bolt
        self._signing_secret = signing_secret
        self._hints = hints
        self._ready = ready
        self._webhook_secret = webhook_secret
        self._linking = linking
        self._secure_cookie = secure_cookie
        self._page_headers = pages.headers(*([form_target] if form_target else []))
        self._metrics_token = metrics_token
        self._refresh_gauges = refresh_gauges
        self._strangers = Strangers()

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/slack/events", self.slack, methods=["POST"]),
                Route("/sdp/webhook", self.webhook, methods=["POST"]),
                Route(LINK_PATH, self.link_page, methods=["GET"]),
                Route(LINK_PATH, self.link_confirmed, methods=["POST"]),
                Route(CALLBACK_PATH, self.callback, methods=["GET"]),
                Route("/healthz", self.health),
                Route("/readyz", self.readiness),
                Route("/metrics", self.metrics),
            ],
            exception_handlers={HTTPException: _refused, Exception: _broken},
        )

    # --- Slack and SDP -----------------------------------------------------------------------------------

    async def slack(self, request: Request) -> Response:
        """Everything Slack sends over HTTP; whatever is not signed by Slack is refused before it is parsed."""
        if self._bolt is None or self._signing_secret is None:
            raise HTTPException(404, "this bot speaks Socket Mode")
        body = await _body(request, FORM, JSON)
        if not signed_by_slack(self._signing_secret, request.headers, body):
            self._turn_away(request, "not signed by Slack")
        asked = AsyncBoltRequest(body=_as_bolt_takes_it(body), headers=dict(request.headers))
        return to_starlette_response(await self._bolt.async_dispatch(asked))

    async def webhook(self, request: Request) -> Response:
        """SDP's hint `{"module": "release", "id": …}`: only a reason to look, never taken as the truth."""
        if self._webhook_secret is None:
            raise HTTPException(404, "SDP_WEBHOOK_SECRET is not set")
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self._webhook_secret.encode()):
            self._turn_away(request, "wrong secret")
        release = _hinted_release(await _body(request, JSON))
        if release is None:
            raise HTTPException(400, 'expected {"module": "release", "id": "<digits>"}')
        return await _recorded(self._hints.wake("look", release), 202)

    def _turn_away(self, request: Request, why: str) -> None:
        address = request.client.host if request.client else "?"
        if self._strangers.refused(address):
            raise HTTPException(429, "too many refused requests", headers={"Retry-After": "60"})
        log.warning("web.refused", why=why, address=address)
        raise HTTPException(401, why)

    # --- connecting an account -------------------------------------------------------------------------------

    async def link_page(self, request: Request) -> Response:
        """For whom the link is; looking at it uses nothing up."""
        token = request.query_params.get("t", "")
        try:
            return self._page(pages.confirm(await self._linking.look(token), token))
        except (BotError, RedisError) as error:
            return self._problem(error)

    async def link_confirmed(self, request: Request) -> Response:
        """The person said that it is them: on to Zoho, with a cookie to know this browser by."""
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise HTTPException(403, "this form was sent by another site")
        body = await _body(request, FORM, limit=FORM_MAX)
        try:
            departure = await self._linking.confirm(_field(body, "t"))
        except (BotError, RedisError) as error:
            return self._problem(error)
        answer = RedirectResponse(departure.url, 303, headers=dict(self._page_headers))
        answer.set_cookie(
            COOKIE,
            departure.cookie,
            max_age=COOKIE_SECONDS,
            path=CALLBACK_PATH,
            secure=self._secure_cookie,
            httponly=True,
            samesite="lax",
        )
        return answer

    async def callback(self, request: Request) -> Response:
        """Back from Zoho; only the browser that left for it is believed."""
        given = request.query_params
        try:
            link = await self._linking.finish(
                state=given.get("state", ""),
                cookie=request.cookies.get(COOKIE, ""),
                code="" if "error" in given else given.get("code", ""),
                accounts_server=given.get("accounts-server"),
            )
        except (BotError, RedisError) as error:
            return self._problem(error)
        answer = self._page(pages.done(link))
        answer.delete_cookie(COOKIE, path=CALLBACK_PATH)
        return answer

    def _page(self, html: str, status: int = 200) -> Response:
        return HTMLResponse(html, status, headers={**self._page_headers, **PLAIN})

    def _problem(self, error: BotError | RedisError) -> Response:
        if isinstance(error, RedisError):
            log.warning("web.redis_away", error=type(error).__name__)
            return self._page(pages.trouble("The bot cannot reach its memory. Please try again in a moment."), 503)
        return self._page(pages.trouble(str(error)), 410 if isinstance(error, LinkGone) else 409)

    # --- for whoever watches -------------------------------------------------------------------------------------

    async def health(self, _: Request) -> Response:
        """The process lives."""
        return PlainTextResponse("ok")

    async def readiness(self, _: Request) -> Response:
        """A click could be recorded now; says nothing about SDP or Slack."""
        return await _recorded(self._ready.answers(), 200)

    async def metrics(self, request: Request) -> Response:
        """Everything that was registered with prometheus-client, for this machine or for whoever has the token."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        has_token = self._metrics_token is not None and hmac.compare_digest(
            given.encode("utf-8", "replace"), self._metrics_token.encode()
        )
        if not has_token and not _is_this_machine(request):
            raise HTTPException(404, "Not Found")
        try:
            await self._refresh_gauges()
        except (RedisError, TimeoutError) as error:
            log.warning("web.redis_away", error=type(error).__name__)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST, headers=PLAIN)


def _is_this_machine(request: Request) -> bool:
    """Asked from a loopback address, and not by a proxy on behalf of somebody."""
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    try:
        return not forwarded and request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


PLAIN = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


async def _recorded(write: Awaitable[Any], status: int) -> Response:
    try:
        with answered_within():
            await write
    except RedisError as error:
        log.warning("web.redis_away", error=type(error).__name__)
        return PlainTextResponse("not ok", 503)
    return PlainTextResponse("ok", status)


async def _refused(_: Request, refusal: Exception) -> Response:
    """A refusal in one line; the connection is closed, so that a body nobody wants is not read to its end."""
    assert isinstance(refusal, HTTPException)  # noqa: S101  # registered for nothing else
    headers = {**PLAIN, **(refusal.headers or {}), "Connection": "close"}
    return PlainTextResponse(refusal.detail, refusal.status_code, headers=headers)


async def _broken(_: Request, __: Exception) -> Response:
    """What nobody foresaw; Starlette has it logged, and strangers learn nothing."""
    return PlainTextResponse("not ok", 500, headers=PLAIN)


async def _body(request: Request, *kinds: str, limit: int = BODY_MAX) -> bytes:
    """The body, if it is of one of these kinds, not too large, and comes at once. Raises HTTPException."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in kinds:
        raise HTTPException(415, f"expected {' or '.join(kinds)}")
    if _announced(request) > limit:
        raise HTTPException(413, "too large")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _collected(request, limit)
    except TimeoutError:
        raise HTTPException(408, "too slow") from None
    except ClientDisconnect:
        raise HTTPException(400, "cut off") from None


def _as_bolt_takes_it(body: bytes) -> str:
    """An interactive payload without the form around it; whatever else Slack sends as it is.

    A click carries its whole card, thousands of characters with every third escaped: Bolt 1.30 has urllib take that
    apart, in eight times the time and longer than all else that a click costs.
    """
    text = body.decode("utf-8", "replace")
    return dict(query_to_pairs(text)).get("payload", text) if text.startswith("payload=") else text


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 12 else 0


async def _collected(request: Request, limit: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > limit:
            raise HTTPException(413, "too large")
    return b"".join(parts)


def _field(body: bytes, name: str) -> str:
    try:
        return parse_qs(body.decode("ascii"), max_num_fields=8).get(name, [""])[0]
    except ValueError:
        return ""


def signed_by_slack(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Slack's v0 signature (https://docs.slack.dev/authentication/verifying-requests-from-slack).

    Checked here although Bolt checks it too: Bolt 1.30 answers malformed headers with 500.
    """
    stamp, given = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12) or abs(time.time() - int(stamp)) > SKEW_SECONDS:
        return False
    wanted = "v0=" + hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, "sha256").hexdigest()
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogateescape"))


def _hinted_release(body: bytes) -> SdpId | None:
    try:
        hint = json.loads(body)
        return sdp_id(str(hint["id"])) if hint["module"] == "release" else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, for a policy."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
