"""Serve a stand-in on a real socket inside the running event loop.

The stand-ins are real HTTP servers on purpose: what a test or the demo exercises is the same path of sockets,
headers and time-outs that the real services use. They differ from the bot's own door in how they end: at once, since
nothing they hold outlives them, and with streams that never end by themselves cut off without a word.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from bot.sockets import listening_socket

TRIES = 50
GRACE_SECONDS = 0.25
"""How long answers under way may take once the server ends."""


def _worth_saying(record: logging.LogRecord) -> bool:
    """uvicorn calls a request that was cut off at the end an error of the application; it is none."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


logging.getLogger("uvicorn.error").addFilter(_worth_saying)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers and without its ticks of 0.1 s (uvicorn 0.54 takes four to stop)."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def end(self) -> None:
        self.should_exit = True
        self._ending.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # tick 0 of ten sets the Date header, once a second
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._cut()
        await self.lifespan.shutdown()

    async def _cut(self) -> None:
        """Let answers under way finish for a moment, then end them."""
        tasks = set(self.server_state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Run `app` until the block ends, on `port` or the next free one after it; yields its base URL."""
    sock = listening_socket(host, port, tries=TRIES)
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, ws="auto"))
    running = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        while not server.started:
            if running.done():
                running.result()
                raise RuntimeError("the server ended before it started")
            await asyncio.sleep(0.002)
        host, port = sock.getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.end()
        await running
