"""Serve an ASGI app on a real socket inside the running event loop.

The stand-ins are real HTTP servers on purpose: what a test or the demo exercises is the same
path of sockets, headers and time-outs that the real services use.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import uvicorn
from starlette.types import ASGIApp


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the process's signals to the program that embeds it."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # uvicorn types it as a bare generator
        yield


def free_socket(host: str = "127.0.0.1", port: int = 0, *, tries: int = 50) -> socket.socket:
    """A bound, listening socket on `port`, or on the next free one after it (0: any).

    Raises OSError when none of `tries` ports can be had.
    """
    for candidate in range(port, port + (tries if port else 1)):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, candidate))
        except OSError:
            sock.close()
            continue
        sock.listen(1024)
        return sock
    raise OSError(f"no free port from {port} to {port + tries - 1} on {host}")


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Run `app` until the block ends; yields its base URL, e.g. `http://127.0.0.1:41873`."""
    sock = free_socket(host, port)
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        while not server.started:
            if running.done():
                running.result()
                raise RuntimeError("the server ended before it started")
            await asyncio.sleep(0.005)
        yield f"http://{host}:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
