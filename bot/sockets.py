"""Listening sockets, and an ASGI app served on one inside the running event loop."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from bot.errors import BotError

BACKLOG = 1024


class PortTaken(BotError):
    """Somebody else listens there; the text says what to set."""


class NoSuchPlace(BotError):
    """This process cannot listen there at all; the text says why."""


def listening_socket(host: str, port: int, *, tries: int = 1) -> socket.socket:
    """A socket that listens on `port` (0: any) or on the next free one of `tries`. Raises PortTaken, NoSuchPlace."""
    for candidate in range(port, port + (tries if port else 1)):
        # IPPROTO_TCP said aloud: asyncio turns Nagle's delay off only then, and without that some answers take 40 ms.
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, candidate))
        except OSError as refused:
            sock.close()
            if refused.errno == errno.EADDRINUSE:
                continue
            why = refused.strerror or str(refused)
            raise NoSuchPlace(f"Nothing can listen on {host}, port {candidate} ({why}). Check HOST and PORT.") from None
        sock.listen(BACKLOG)
        return sock
    raise PortTaken(f"Port {port} on {host} is taken. Stop what uses it, or set PORT to a free one.")


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to the program around it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, sock: socket.socket, *, drain_seconds: int = 1) -> AsyncIterator[str]:
    """Serve `app` on `sock` until the block ends; yields the base URL. Requests under way get `drain_seconds`."""
    config = uvicorn.Config(app, log_config=None, access_log=False, ws="auto", timeout_graceful_shutdown=drain_seconds)
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        while not server.started:
            if running.done():
                running.result()
                raise RuntimeError("the server ended before it started")
            await asyncio.sleep(0.005)
        host, port = sock.getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await running
