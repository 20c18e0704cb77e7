"""`sdp-bot demo` as a person starts it: a process with the bot's processes under it, steered by HTTP."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hatchling.builders.wheel import WheelBuilder

from sandbox.processes import BotProcesses
from tests.conftest import until

PAYMENT = "Payment gateway 4.2"
ROOT = Path(__file__).parent.parent.parent
COMMAND = (sys.executable, "-m", "bot", "demo", "--port", "0")


@dataclass
class Demo:
    """A running demo, and what can be asked of it over HTTP."""

    process: asyncio.subprocess.Process
    url: str
    session: aiohttp.ClientSession

    async def state(self, who: str) -> Any:
        async with self.session.get(f"{self.url}/sandbox/state", params={"viewer": who}) as answer:
            return await answer.json()

    async def messages(self, who: str) -> list[Any]:
        """The messages between somebody and the bot."""
        conversations = (await self.state(who))["conversations"]
        return [message for one in conversations if one["is_im"] for message in one["messages"]]

    async def card(self, who: str, words: str) -> Any:
        """The newest message that has these words, once it is there."""

        async def look() -> Any:
            return next((one for one in reversed(await self.messages(who)) if words in json.dumps(one)), None)

        return await until(look, seconds=90)

    async def pull(self, lever: str, **body: object) -> str:
        """A lever of the control panel; what it said."""
        async with self.session.post(f"{self.url}/panel/do/{lever}", json=body) as answer:
            said = await answer.json()
            return str(said.get("said") or said["error"])

    async def click(self, who: str, button: str) -> bool:
        """Press the newest button of that name; whether the bot took it."""
        async with self.session.post(f"{self.url}/sandbox/people/{who}/click", json={"button": button}) as answer:
            return bool((await answer.json())["ok"])


@contextlib.asynccontextmanager
async def started(folder: Path, *options: str, **environment: str) -> AsyncIterator[Demo]:
    """A demo started in a folder; ended at the end, so that it takes its Valkey along, and killed if it does not."""
    settings = {**os.environ, "SLACK_BOT_TOKEN": "xoxb-of-somebody-else", **environment}
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--scenario", "quiet-day", *options, env=settings, cwd=folder, stdout=-1, stderr=-1
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while not (found := re.search(rb"Slack, as.*(http://\S+?)/\s", line := await process.stdout.readline())):
                assert line, "the demo ended at its start"
        async with aiohttp.ClientSession() as session:
            yield Demo(process, found[1].decode(), session)
    finally:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.communicate(), 20)
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    async with started(tmp_path) as demo:
        yield demo


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages as a wheel brings them, in a folder to put on the path."""
    folder = tmp_path_factory.mktemp("wheel")
    builder = WheelBuilder(str(ROOT))
    wheel = next(builder.build(directory=str(folder), versions=["standard"]))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    found = subprocess.run(
        [sys.executable, "-c", "import bot, sandbox; print(bot.__file__, sandbox.__file__)"],
        env={**os.environ, "PYTHONPATH": str(folder / "site")},
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    assert all(path.startswith(str(folder)) for path in found.stdout.split()), "the checkout was found first"
    return folder / "site"


async def end(demo: Demo) -> tuple[int, bytes]:
    """Ctrl-C: the exit status, and what was said on the way out."""
    demo.process.send_signal(signal.SIGINT)
    _, said = await asyncio.wait_for(demo.process.communicate(), 20)
    return demo.process.returncode or 0, said


async def test_a_killed_worker_and_a_stopped_redis_lose_nothing(demo: Demo) -> None:
    await demo.card("arjun", PAYMENT)
    assert await demo.pull("kill_worker") == "The worker was killed and started again."
    assert await demo.pull("stop_redis") == "Redis is away."
    assert await demo.pull("restart_worker") == "The worker was stopped and started."
    assert await demo.pull("start_redis") == "Redis is back."
    assert await demo.pull("restart_worker") == "The worker was stopped and started."
    assert await demo.click("arjun", "Approve")
    await demo.card("arjun", "Approved by Arjun Velloor")
    assert await end(demo) == (0, b"")


async def test_the_next_working_morning_brings_the_digest(demo: Demo) -> None:
    await demo.card("arjun", PAYMENT)
    assert "has gone by" in await demo.pull("jump_time", to="today 00:00")
    said = await demo.pull("jump_time", to="monday 09:00 for arjun")
    assert re.match(r"It is Monday \d+ \w+, 09:00 for Arjun", said), said
    await demo.card("arjun", "1 release waits for a decision of yours")
    assert await end(demo) == (0, b"")


async def test_over_socket_mode_connections_may_be_cut(tmp_path: Path) -> None:
    async with started(tmp_path, "--socket-mode") as demo:

        async def connected() -> bool:
            return bool((await demo.state("arjun"))["sockets"])

        await demo.card("arjun", PAYMENT)
        await until(connected, seconds=30)
        assert "connections cut" in await demo.pull("drop_sockets")
        await until(connected, seconds=30)
        assert await demo.click("arjun", "Approve")
        await demo.card("arjun", "Approved by Arjun Velloor")


async def test_an_installed_package_has_everything_for_a_demo(installed: Path, tmp_path: Path) -> None:
    async with started(tmp_path, PYTHONPATH=str(installed)) as demo:
        await demo.card("arjun", PAYMENT)
        for path in ("/", "/panel", "/page/static/page.js"):
            async with demo.session.get(f"{demo.url}{path}") as answer:
                assert answer.status == 200, path
        assert await end(demo) == (0, b"")


async def test_a_wrong_scenario_is_answered_with_the_list() -> None:
    process = await asyncio.create_subprocess_exec(*COMMAND, "--scenario", "busy-day", stdout=-1, stderr=-1)
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"There is no scenario 'busy-day'" in said
    assert b"big-portfolio" in said


async def test_a_bot_that_cannot_start_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    bot = BotProcesses(tmp_path, {"PORT": "0"})
    async with bot.running():
        await asyncio.wait_for(bot.fallen.wait(), 60)
    assert "SLACK_BOT_TOKEN is missing" in bot.last_words()
