"""A door of its own to Slack and to SDP for each process of the bot, so that it is known who calls, and when.

Before a call takes effect, or after that and before its answer, the trap may spring: then the caller is dead before
it hears anything.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.serve import serve

Moment = Literal["before", "after"]
Spring = Callable[[str, Moment], bool]
"""Asked with the method and path of a call; True when its caller has just been killed."""


class Door:
    """An ASGI app in front of a stand-in; the stand-in's own life span is run by whoever made it."""

    def __init__(self, app: ASGIApp, spring: Spring) -> None:
        self._app, self._spring = app, spring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        call = f"{scope.get('method', '')} {scope['path']}"
        if self._spring(call, "before"):
            await _say_nothing(send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._spring(call, "after")
            await send(message)

        await self._app(scope, receive, answer)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        phase = (await receive())["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{phase}.complete"})
        if phase == "shutdown":
            return


async def _say_nothing(send: Send) -> None:
    """To a caller that is gone."""
    await send({"type": "http.response.start", "status": 503, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@contextlib.asynccontextmanager
async def door_to(app: ASGIApp, spring: Spring) -> AsyncIterator[str]:
    """Its address, while the block runs."""
    async with serve(Door(app, spring)) as url:
        yield url
