"""Between one process of the bot and Valkey: passes everything on, sees what is recorded, and can go bad.

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
class Relay:
    """A unix socket at `door` that leads to the one at `server`.

    `slow` seconds pass before each answer; with `deaf` answers stop coming while connections stay open.
    """

    door: Path
    server: str
    catch: Catch = lambda _: False
    caught: Callable[[], None] = lambda: None
    slow: float = 0.0
    deaf: bool = False
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"unix://{self.door}"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Relay"]:
        """Take connections until the block ends."""
        door = await asyncio.start_unix_server(self._take, str(self.door))
        try:
            yield self
        finally:
            door.close()
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
            from_server, to_server = await asyncio.open_unix_connection(self.server)
        except OSError:
            to_bot.close()
            return
        self._open |= {to_bot, to_server}
        held = asyncio.Event()
        back = asyncio.create_task(self._answers(from_server, to_bot, held))
        try:
            await self._questions(from_bot, to_server, held)
        finally:
            back.cancel()
            self._open -= {to_bot, to_server}
            to_bot.close()
            to_server.close()

    async def _questions(
        self, from_bot: asyncio.StreamReader, to_server: asyncio.StreamWriter, held: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := await from_bot.read(CHUNK):
                if self.catch(chunk):
                    held.set()
                to_server.write(chunk)
                await to_server.drain()

    async def _answers(
        self, from_server: asyncio.StreamReader, to_bot: asyncio.StreamWriter, held: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := await from_server.read(CHUNK):
                if held.is_set():
                    self.caught()
                    break
                if self.slow:
                    await asyncio.sleep(self.slow)
                if self.deaf:
                    continue
                to_bot.write(chunk)
                await to_bot.drain()
        to_bot.close()
