"""Slack's socket, kept up: whatever happens to it, a new one takes its place.

slack-sdk 3.47 reconnects by itself, and not always: a connection that was cut goes unnoticed for up to four ping
intervals, and a ticket that Slack refuses is tried again for ever. So this watches from outside, and where nothing
works it throws the client away and makes another one with a fresh ticket.
"""

import asyncio
import contextlib
import time
from types import TracebackType

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

WATCH_SECONDS = 0.25
PING_SECONDS = 5.0
"""A line that is open and silent is noticed within one and a half of these (aiohttp's heartbeat)."""
GRACE_SECONDS = 1.0
"""How long the client may be without a connection: it is changing to another one, as Slack asks every few hours."""
CONNECT_SECONDS = (3.0, 6.0, 12.0, 30.0)
"""How long one attempt may take, and the next, and so on."""
START_SECONDS = 10.0

log = structlog.get_logger()


class SocketLine:
    """The line to Slack for one process; `async with` opens it and closes it."""

    def __init__(self, app: AsyncApp, token: str) -> None:
        self._app = app
        self._token = token
        self._handler: AsyncSocketModeHandler | None = None
        self._up = asyncio.Event()
        self._since = 0.0
        self._keeping: asyncio.Task[None] | None = None

    @property
    def age(self) -> float:
        """Seconds since the present connection was made; 0 while there is none."""
        return time.monotonic() - self._since if self._up.is_set() else 0.0

    async def __aenter__(self) -> "SocketLine":
        self._keeping = asyncio.create_task(self._keep(), name="socket mode")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._up.wait(), START_SECONDS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self._drop()

    async def _keep(self) -> None:
        failed = 0
        while True:
            if await self._connected(CONNECT_SECONDS[min(failed, len(CONNECT_SECONDS) - 1)]):
                failed = 0
                await self._until_it_is_down()
            else:
                failed += 1
            self._up.clear()
            await self._drop()

    async def _connected(self, patience: float) -> bool:
        # Built inside the running loop: its constructor starts tasks (slack-sdk 3.47).
        self._handler = AsyncSocketModeHandler(self._app, self._token, ping_interval=PING_SECONDS)
        try:
            await asyncio.wait_for(self._handler.connect_async(), patience)  # type: ignore[no-untyped-call]
        except Exception as error:
            log.warning("socket_mode.not_connected", error=type(error).__name__, patience=patience)
            if not isinstance(error, TimeoutError):
                await asyncio.sleep(min(1.0, patience))
            return False
        self._up.set()
        self._since = time.monotonic()
        log.info("socket_mode.connected")
        return True

    async def _until_it_is_down(self) -> None:
        down_since: float | None = None
        while down_since is None or time.monotonic() - down_since < GRACE_SECONDS:
            await asyncio.sleep(WATCH_SECONDS)
            down_since = None if self._is_up() else down_since or time.monotonic()
        log.warning("socket_mode.lost")

    def _is_up(self) -> bool:
        session = self._handler.client.current_session if self._handler is not None else None
        return session is not None and not session.closed

    async def _drop(self) -> None:
        handler, self._handler = self._handler, None
        if handler is None:
            return
        with contextlib.suppress(Exception):
            await asyncio.wait_for(handler.close_async(), 2)  # type: ignore[no-untyped-call]
