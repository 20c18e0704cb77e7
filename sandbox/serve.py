"""Serve a stand-in on a real socket inside the running event loop.

The stand-ins are real HTTP servers on purpose: what a test or the demo exercises is the same path of sockets,
headers and time-outs that the real services use.
"""

import contextlib
from collections.abc import AsyncIterator

from starlette.types import ASGIApp

from bot.sockets import listening_socket, serving

TRIES = 50


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Run `app` until the block ends, on `port` or the next free one after it; yields its base URL."""
    async with serving(app, listening_socket(host, port, tries=TRIES)) as url:
        yield url
