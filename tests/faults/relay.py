"""Between one process of the bot and a server: passes everything on, sees what is recorded, and can go bad.

A point such as "recorded, but the process never heard so" exists only on this wire. Standing on it from outside keeps
the bot free of switches that only tests would use.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

CHUNK = 1 << 20

Catch = Callable[[bytes], bool]
"""Looks at what the process sends; True: pass it on, and keep the answer back for good."""


@dataclass(slots=True)
class Line:
    """One connection through the relay; on a silent one nothing comes back any more, and it stays open."""

    held: asyncio.Event = field(default_factory=asyncio.Event)
    silent: bool = False


@dataclass(slots=True)
class Relay:
    """A socket that leads to `server`: a path (a unix socket) or `host:port`. `door` is a path, or None for a port.

    Each is a way to go bad, while connections stay open:

    - `catch`: what it finds is passed on and never answered; the connection breaks, and `caught` is called.
    - `hush`: the same without the break; `unheard` counts the answers that vanished.
    - `lose`: what it finds vanishes on the way there.
    - `slow`: so many seconds pass before each answer.
    - `deaf`: no answer comes through.
    - `stalled`: nothing moves either way until it is over; then all of it arrives, late.
    - `headers_only`: of each answer only what is before its first blank line comes through.
    """

    door: Path | None
    server: str
    catch: Catch = lambda _: False
    caught: Callable[[], None] = lambda: None
    hush: Catch = lambda _: False
    lose: Catch = lambda _: False
    slow: float = 0.0
    deaf: bool = False
    headers_only: bool = False
    unheard: int = 0
    _port: int = 0
    _flows: asyncio.Event = field(default_factory=asyncio.Event)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"unix://{self.door}" if self.door else f"http://127.0.0.1:{self._port}"

    @property
    def stalled(self) -> bool:
        return not self._flows.is_set()

    @stalled.setter
    def stalled(self, on: bool) -> None:
        (self._flows.clear if on else self._flows.set)()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Relay"]:
        """Take connections until the block ends."""
        self.stalled = False
        if self.door:
            listening = await asyncio.start_unix_server(self._take, str(self.door))
        else:
            listening = await asyncio.start_server(self._take, "127.0.0.1", 0)
            self._port = listening.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listening.close()
            self.stalled = False
            self.cut()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection, as a network does."""
        for writer in self._open:
            writer.close()
        self._open.clear()

    async def _take(self, from_bot: asyncio.StreamReader, to_bot: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            from_server, to_server = await self._dial()
        except OSError:
            to_bot.close()
            return
        self._open |= {to_bot, to_server}
        line = Line()
        back = asyncio.create_task(self._answers(from_server, to_bot, line))
        try:
            await self._questions(from_bot, to_server, line)
        finally:
            back.cancel()
            self._open -= {to_bot, to_server}
            to_bot.close()
            to_server.close()

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.server.startswith("/"):
            return await asyncio.open_unix_connection(self.server)
        host, _, port = self.server.rpartition(":")
        return await asyncio.open_connection(host, int(port))

    async def _questions(self, from_bot: asyncio.StreamReader, to_server: asyncio.StreamWriter, line: Line) -> None:
        with contextlib.suppress(OSError):
            while chunk := await from_bot.read(CHUNK):
                if self.catch(chunk):
                    line.held.set()
                if self.hush(chunk):
                    line.silent = True
                if self.lose(chunk):
                    continue
                await self._flows.wait()
                to_server.write(chunk)
                await to_server.drain()

    async def _answers(self, from_server: asyncio.StreamReader, to_bot: asyncio.StreamWriter, line: Line) -> None:
        with contextlib.suppress(OSError):
            while chunk := await from_server.read(CHUNK):
                if line.held.is_set():
                    self.caught()
                    break
                if self.slow:
                    await asyncio.sleep(self.slow)
                await self._flows.wait()
                if self.deaf or line.silent:
                    self.unheard += 1
                    continue
                if self.headers_only:
                    chunk, line.silent = chunk[: chunk.find(b"\r\n\r\n") + 4], True
                to_bot.write(chunk)
                await to_bot.drain()
        to_bot.close()
