"""The middleware outside of everything: writes the log, and breaks what is to be broken."""

import asyncio
import json
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.sdp.faults import Fault
from sandbox.sdp.journal import Exchange
from sandbox.sdp.world import SdpWorld

ANSWER_KEPT = 20_000
"""Characters of an answer the log keeps."""
_QUIET = ("/sandbox/", "/static/")


class Faulty:
    """Logs each request and applies the fault that strikes it; people's pages are never broken."""

    def __init__(self, app: ASGIApp, world: SdpWorld) -> None:
        self._app, self._world = app, world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_QUIET):
            await self._app(scope, receive, send)
            return
        exchange = Exchange(self._world.now(), scope["method"], scope["path"])
        scope["sdp.exchange"] = exchange
        self._world.journal.record(exchange)
        began = time.perf_counter()
        try:
            await self._serve(scope, receive, send, exchange)
        finally:
            exchange.ms = round((time.perf_counter() - began) * 1000, 2)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        breakable = "/api/v3/" in exchange.path or exchange.path.startswith("/oauth/")
        fault = self._world.faults.strike(exchange.method, exchange.path) if breakable else None
        if fault is None:
            await self._app(scope, receive, _logged(send, exchange))
            return
        exchange.fault = fault.kind
        kept = await self._act(scope, receive, exchange) if fault.acts else []
        if fault.how.status is not None:
            body = b"".join(message.get("body", b"") for message in kept).decode("utf-8", "replace")
            await _spoil(fault, body, receive, send, exchange)
            return
        await asyncio.sleep(fault.seconds)
        for message in kept or await self._act(scope, receive, exchange):
            await send(message)

    async def _act(self, scope: Scope, receive: Receive, exchange: Exchange) -> list[Message]:
        """Let the request take effect, and keep its answer to ourselves."""
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self._app(scope, receive, _logged(keep, exchange))
        return kept


def _logged(send: Send, exchange: Exchange) -> Send:
    async def pass_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
        elif exchange.answer is None and message.get("body"):
            exchange.answer = masked(message["body"][:ANSWER_KEPT].decode("utf-8", "replace"))
        await send(message)

    return pass_on


def masked(body: str) -> str:
    """A JSON body with what is a token in it replaced; anything else as it is."""
    if "_token" not in body:
        return body
    try:
        found = json.loads(body)
    except ValueError:
        return body
    hidden: dict[str, Any] = {key: "…" for key in ("access_token", "refresh_token") if key in found}
    return json.dumps({**found, **hidden})


async def _spoil(fault: Fault, true_body: str, receive: Receive, send: Send, exchange: Exchange) -> None:
    status = fault.how.status
    if not status:
        exchange.status = 0
        await _hang_up(receive, send)
        return
    body = fault.body(true_body).encode()
    exchange.status, exchange.answer = status, body[:ANSWER_KEPT].decode("utf-8", "replace")
    headers = [(b"content-type", fault.how.media.encode()), (b"content-length", str(len(body)).encode())]
    if fault.retry_after is not None:
        headers.append((b"retry-after", str(fault.retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if fault.how.hangs_up:
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await _hang_up(receive, send)
    else:
        await send({"type": "http.response.body", "body": body})


async def _hang_up(receive: Receive, send: Any) -> None:
    """Close the connection without an answer.

    ASGI has no word for it, so this reaches for the transport behind uvicorn's `send`, a bound method of its
    request cycle (uvicorn 0.40, both of its HTTP implementations).
    """
    send.__self__.transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
