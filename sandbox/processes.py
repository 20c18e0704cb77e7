"""The bot as the demo runs it: a web process, a worker process and a Valkey, each of which can be taken away."""

import asyncio
import contextlib
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal

from bot.valkey import embedded, socket_path

Role = Literal["web", "worker"]
ROLES: tuple[Role, ...] = ("web", "worker")
DRAIN_SECONDS = 10.0
READY_SECONDS = 30.0
MOST_FALLS = 3
PAUSE_SECONDS = 0.5
LAST_WORDS = 15
"""Lines of the log that are shown when a process ends by itself."""


class BotProcesses:
    """Keeps the bot running on `folder`, with `settings` by the names of its environment variables.

    `ahead` is how far its clock is ahead of the machine's. A process that ends by itself is started again; `fallen` is
    set when that happens again and again with Redis there.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.fallen = asyncio.Event()
        self.ahead = timedelta()
        self.log = folder / "bot.log"
        self._folder, self._settings = folder, settings
        self._processes: dict[Role, asyncio.subprocess.Process] = {}
        self._falls = 0
        self._watches: set[asyncio.Task[None]] = set()
        self._state: contextlib.AsyncExitStack | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything up inside the block: Valkey first up and last down."""
        await self.start_redis()
        try:
            for role in ROLES:
                await self._start(role)
            yield
        finally:
            for watch in self._watches:
                watch.cancel()
            await asyncio.gather(*(self._stop(role) for role in ROLES))
            await self.stop_redis()

    async def ready(self) -> None:
        """Wait until the web process takes requests, or has ended. Raises TimeoutError."""
        async with asyncio.timeout(READY_SECONDS):
            while not (self.fallen.is_set() or await self._listens()):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.fallen.wait(), 0.02)

    def last_words(self) -> str:
        """The end of the log, for when the bot ended by itself."""
        with self.log.open(encoding="utf-8", errors="replace") as lines:
            return "".join(deque(lines, LAST_WORDS))

    # --- taking away and giving back ---------------------------------------------------------------

    async def restart(self, role: Role) -> None:
        """SIGTERM, and a new process once the old one has finished what it was at."""
        await self._stop(role)
        await self._start(role)

    async def kill(self, role: Role) -> None:
        """kill -9, and a new process."""
        process = self._processes.pop(role)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await self._start(role)

    async def move(self, ahead: timedelta) -> None:
        """Go on with a clock that is so far ahead: both processes are started anew."""
        self.ahead = ahead
        await asyncio.gather(*(self.restart(role) for role in ROLES))
        await self.ready()

    async def stop_redis(self) -> bool:
        """Take the state away; False when it was gone already. Nothing that was acknowledged is lost."""
        state, self._state = self._state, None
        if state is not None:
            await state.aclose()
        return state is not None

    async def start_redis(self) -> bool:
        """Give the state back; False when it is there."""
        if self._state is not None:
            return False
        async with contextlib.AsyncExitStack() as state:
            await state.enter_async_context(embedded(self._state_folder))
            self._state = state.pop_all()
        return True

    # --- processes -----------------------------------------------------------------------------------

    @property
    def _state_folder(self) -> Path:
        return (self._folder / "state").absolute()

    async def _start(self, role: Role) -> None:
        # A process group of its own: Ctrl-C reaches the demo alone, which then ends the others in their order.
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "sandbox.child", str(self.ahead.total_seconds()), role),
                env=self._environment(),
                cwd=self._folder,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        self._processes[role] = process
        watch = asyncio.create_task(self._watch(role, process))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)

    async def _watch(self, role: Role, process: asyncio.subprocess.Process) -> None:
        """Start it again when it ends by itself, as it does when Redis is away at its start; but not for ever."""
        await process.wait()
        if self._processes.get(role) is not process:
            return
        self._falls += self._state is not None
        if self._falls > MOST_FALLS:
            self.fallen.set()
            return
        await asyncio.sleep(PAUSE_SECONDS)
        if self._processes.get(role) is process:
            await self._start(role)

    async def _stop(self, role: Role) -> None:
        process = self._processes.pop(role, None)
        if process is None or process.returncode is not None:
            return
        process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), DRAIN_SECONDS)
        if process.returncode is None:
            process.kill()
            await process.wait()

    def _environment(self) -> dict[str, str]:
        """The settings over a clean environment: nothing configured for a real bot leaks in."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        root = str(Path(__file__).parent.parent)
        own = {
            "PYTHONPATH": root,
            "REDIS_URL": f"unix://{socket_path(self._state_folder)}",
            "DATA_DIR": str(self._folder / "data"),
        }
        return {**kept, **self._settings, **own}

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", int(self._settings["PORT"]))
        except OSError:
            return False
        writer.close()
        return True
