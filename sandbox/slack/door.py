"""The door every request of the app passes: it is logged, faults strike, and the answer is logged too."""

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.slack.errors import SlackError
from sandbox.slack.faults import Fault
from sandbox.slack.world import SlackWorld


class Door(ABC):
    """An ASGI endpoint. Subclasses say how a request is called, what of it is worth logging, and what to answer."""

    def __init__(self, world: SlackWorld) -> None:
        self._world = world

    @abstractmethod
    def name(self, request: Request) -> str:
        """What the log and the patterns of faults call this request, e.g. `chat.postMessage`."""

    @abstractmethod
    async def read(self, request: Request) -> Any:
        """What was given, as `answer` wants it."""

    def logged(self, given: Any) -> Any:
        return given

    @abstractmethod
    def answer(self, request: Request, given: Any) -> Response:
        """Act and answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        name, started = self.name(request), time.perf_counter()
        given = await self.read(request)
        entry = self._world.log.add("in", name, self.logged(given))
        self._world.log.hear(name, _envelope(request))
        faults = list(self._world.faults.striking(name))
        kinds = {fault.kind for fault in faults}
        response = None if "refused" in kinds else await self._broken(faults) or self.answer(request, given)
        if response is None or "lost" in kinds:
            note = "answer lost" if response else "dropped before acting"
            self._world.log.done(entry, None, response and _body(response), _ms_since(started), note)
            await hang_up(receive, send)
            return
        self._world.log.done(entry, response.status_code, _body(response), _ms_since(started))
        await response(scope, receive, send)

    async def _broken(self, faults: list[Fault]) -> Response | None:
        """The answer that faults give instead of acting; None when the request is to be served (perhaps later)."""
        for fault in faults:
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            elif fault.kind in _INSTEAD:
                return _INSTEAD[fault.kind](fault)
        return None


def _envelope(request: Request) -> dict[str, Any]:
    """What came around the arguments: everything but the token where it belongs."""
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    return {"address": str(request.url), "headers": headers}


def too_many(seconds: int) -> Response:
    return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers={"Retry-After": str(seconds)})


_INSTEAD: dict[str, Callable[[Fault], Response]] = {
    "ratelimited": lambda fault: too_many(max(1, round(fault.seconds))),
    "status": lambda fault: HTMLResponse("<html><body><h1>Server Error</h1></body></html>", fault.status),
    "error": lambda fault: JSONResponse(SlackError(fault.code).as_json()),
    "garbage": lambda fault: Response('{"ok": true, "chan', media_type="application/json"),
}


async def hang_up(receive: Receive, send: Send) -> None:
    """Cut the TCP connection without an answer.

    ASGI has no word for that; uvicorn's request cycle, to which `receive` is bound, has the transport. Under another
    server the answer is begun and never finished, which clients also see as a broken connection.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        await asyncio.sleep(0)  # lets uvicorn notice before it would complain about the missing answer
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def _body(response: Response) -> Any:
    """The answer as it is logged; streamed ones have no body to show."""
    body = bytes(getattr(response, "body", b""))
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
