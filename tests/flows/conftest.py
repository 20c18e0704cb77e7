"""Both sides in a box and the real bot between them, in one event loop but over real sockets."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot import app, settings
from bot.app import House
from bot.jobs import Worker
from bot.store import Store
from sandbox.box import Box, open_box
from tests.conftest import until


@dataclass
class Stage:
    """The box, and the bot that can be started, stopped and killed on it."""

    box: Box
    redis_url: str
    data_dir: Path
    options: dict[str, str] = field(default_factory=dict)
    house: House | None = None
    running: Worker | None = None
    _stack: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    @property
    def bot(self) -> House:
        assert self.house is not None, "the bot is not running"
        return self.house

    async def start(self, *, worker: bool = True, web: bool = True, **options: str) -> House:
        """Start the bot, by default with both roles; `options` are settings by their environment names."""
        socket_mode = self.options.get("transport") == "socket"
        given = {**self.box.settings(socket_mode=socket_mode), **DEFAULTS, **self.options, **options}
        given.pop("transport", None)
        loaded = settings.load(
            **{name.lower(): value for name, value in given.items()},
            redis_url=self.redis_url,
            data_dir=self.data_dir,
            port=0,
        )
        self.house = await self._stack.enter_async_context(app.build(loaded, self.redis_url))
        if worker:
            self.running = await self._stack.enter_async_context(app.working(self.house))
        if web:
            address = await self._stack.enter_async_context(app.serving(self.house))
            self.box.slack.request_url = f"{address}/slack/events"
            self.address = address
        return self.house

    async def stop(self) -> None:
        """Stop as SIGTERM does."""
        await self._stack.aclose()
        self._stack = contextlib.AsyncExitStack()
        self.house = self.running = None

    async def settled(self) -> None:
        """Wait until nothing is left to do now."""
        assert self.running is not None
        worker = self.running

        async def idle() -> bool:
            depth = await worker.depth()
            return depth.due == 0 and depth.running == 0

        await until(idle)


DEFAULTS = {"POLL_SECONDS": "3600", "UNDO_SECONDS": "0", "SDP_CALLS_PER_MINUTE": "6000"}


@pytest.fixture(params=["http", "socket"])
def transport(request: pytest.FixtureRequest) -> str:
    """Both ways Slack can speak to the bot."""
    return str(request.param)


@pytest.fixture
async def stage(store: Store, valkey_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """The demo's world with no bot on it yet, spoken to over HTTP."""
    async with open_box("demo") as box:
        stage = Stage(box, valkey_url, tmp_path)
        yield stage
        await stage.stop()


@pytest.fixture
async def both_stages(store: Store, valkey_url: str, tmp_path: Path, transport: str) -> AsyncIterator[Stage]:
    """The same, once for each transport."""
    async with open_box("demo") as box:
        stage = Stage(box, valkey_url, tmp_path, options={"transport": transport})
        yield stage
        await stage.stop()
