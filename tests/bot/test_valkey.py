"""The embedded Valkey: one server a directory, nothing acknowledged is lost, nothing is left behind."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from bot.store import connect
from bot.valkey import EmbeddedStateFailed, embedded, socket_path
from tests.conftest import until


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("v")


async def test_what_was_written_is_there_after_a_restart(folder: Path) -> None:
    async with embedded(folder) as url:
        redis = connect(url)
        await redis.set("kept", "yes")
        await redis.aclose()
    async with embedded(folder) as url:
        redis = connect(url)
        assert await redis.get("kept") == "yes"
        await redis.aclose()


async def test_it_is_gone_when_its_owner_is_done(folder: Path) -> None:
    async with embedded(folder) as url:
        redis = connect(url)
        pid = (await redis.info("server"))["process_id"]
        await redis.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_second_process_attaches_instead_of_starting_another(folder: Path) -> None:
    async with embedded(folder) as first, embedded(folder) as second:
        assert first == second
        redis = connect(second)
        assert await redis.ping()
        await redis.aclose()


async def test_a_killed_owner_leaves_a_server_that_the_next_one_adopts_and_stops(folder: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert owner.stdout is not None
    assert await asyncio.to_thread(owner.stdout.readline) == b"up\n"
    owner.kill()
    await asyncio.to_thread(owner.wait)
    async with embedded(folder) as url:
        redis = connect(url)
        assert await redis.get("written") == "before the kill"
        pid = (await redis.info("server"))["process_id"]
        await redis.aclose()
    await until(lambda: not _runs(pid))


async def test_a_killed_server_is_back_soon_with_every_acknowledged_write(folder: Path) -> None:
    async with embedded(folder) as url:
        redis = connect(url)
        for number in range(200):
            await redis.rpush("numbers", number)
        killed = (await redis.info("server"))["process_id"]
        os.kill(killed, signal.SIGKILL)

        async def back() -> bool:
            with contextlib.suppress(RedisError):
                return (await redis.info("server"))["process_id"] != killed
            return False

        await until(back)
        assert await redis.llen("numbers") == 200
        await redis.aclose()


async def test_a_long_path_gets_a_socket_that_fits(folder: Path) -> None:
    deep = folder.joinpath(*["a-rather-long-folder-name"] * 6)
    assert len(str(socket_path(deep))) < 108
    async with embedded(deep) as url:
        redis = connect(url)
        assert await redis.ping()
        await redis.aclose()


async def test_a_server_that_cannot_start_says_where_to_look(folder: Path) -> None:
    (folder / "appendonlydir").write_text("in the way")
    with pytest.raises(EmbeddedStateFailed, match=r"valkey\.log"):
        async with embedded(folder):
            pass


OWNER = """
import asyncio, sys
from pathlib import Path
from bot.store import connect
from bot.valkey import embedded

async def main():
    async with embedded(Path(sys.argv[1])) as url:
        await connect(url).set("written", "before the kill")
        print("up", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
