"""What tests stand on: a real Valkey for the whole run, emptied for each test, and waiting without sleeping."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.logs import processors
from bot.store import Store, connect
from bot.valkey import embedded
from tests.secrets import pytest_runtest_makereport  # noqa: F401 - a hook of the whole suite

DEADLINE = 15.0

structlog.configure(processors=processors("console"))  # as the bot logs: structlog's own tracebacks print every local


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """The embedded server, as the bot starts it; in a folder whose path fits a socket."""
    folder = Path(tempfile.mkdtemp(prefix="sdp-bot-test-"))
    with asyncio.Runner() as runner:
        server = embedded(folder)
        url = runner.run(server.__aenter__())
        yield url
        runner.run(server.__aexit__(None, None, None))
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def store(valkey_url: str) -> AsyncIterator[Store]:
    """An empty store."""
    store = Store(connect(valkey_url))
    await store.redis.flushall()
    yield store
    await store.aclose()


async def until(look: Callable[[], Any], *, seconds: float = DEADLINE) -> Any:
    """Look until what is seen is true (the answer), or fail with the last thing seen."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if isinstance(seen, Awaitable):
            seen = await seen
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain; last seen: {seen!r}")
        await asyncio.sleep(0.01)
