"""The bot as it runs in earnest, in processes of its own, with its log as JSON in a file.

Only the bot's own budget for SDP is lifted, which would otherwise be what is measured.
"""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from bench.processes import process

if TYPE_CHECKING:
    from bot.store import Store

Role = Literal["web", "worker"]
NAP = 0.01
READY_SECONDS = 20
CALLS_PER_MINUTE = 10**6


class Running(NamedTuple):
    """A process of the bot: its id, and where it takes clicks if it does."""

    pid: int
    address: str


@contextmanager
def bot(given: Mapping[str, object], folder: Path, *roles: Role) -> Iterator[Running]:
    """The bot in one process until the block ends; `given` are its settings by the names of their variables.

    Raises RuntimeError with its last words when it does not start.
    """
    with process(_bot, dict(given), str(folder), roles) as pipe:
        try:
            ready = _ready(_log(folder, roles), "bot.ready" if "web" in roles else "bot.working")
            yield Running(pipe.recv(), f"{ready.get('address', '')}/slack/events")
        except (EOFError, TimeoutError):
            raise RuntimeError(f"the bot did not start: {_log(folder, roles).read_text()[-2000:]}") from None


def _ready(log: Path, event: str) -> dict[str, str]:
    """The line with this event, as soon as it is in the log. Raises TimeoutError."""
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        lines = log.read_text().splitlines() if log.exists() else []
        for line in lines:
            if f'"{event}"' in line:
                found: dict[str, str] = json.loads(line)
                return found
        time.sleep(NAP)
    raise TimeoutError


def _log(folder: Path, roles: tuple[Role, ...]) -> Path:
    return folder / f"{'-'.join(roles)}.jsonl"


def _bot(parent: Connection, given: dict[str, object], folder: str, roles: tuple[Role, ...]) -> None:
    from bot import app, logs, settings

    os.chdir(folder)
    os.dup2(os.open(_log(Path(folder), roles), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
    lowered: dict[str, Any] = {name.lower(): value for name, value in given.items()}
    loaded = settings.load(**lowered, data_dir=Path(folder) / "data", port=0)
    logs.configure("json")
    parent.send(os.getpid())
    asyncio.run(app.run(loaded.model_copy(update={"sdp_calls_per_minute": CALLS_PER_MINUTE}), roles))


@contextlib.asynccontextmanager
async def store_at(url: str) -> AsyncIterator["Store"]:
    """A look at the bot's state from outside."""
    from bot.store import Store, connect

    store = Store(connect(url))
    try:
        yield store
    finally:
        await store.aclose()


async def idle(store: "Store", seconds: float = 1800, nap: float = NAP) -> None:
    """Wait until the bot has nothing left to do now, looking every `nap` seconds. Raises TimeoutError."""
    from bot.jobs import Jobs

    async with asyncio.timeout(seconds):
        while True:
            depth = await Jobs(store).depth()
            if not depth.due and not depth.running:
                return
            await asyncio.sleep(nap)
