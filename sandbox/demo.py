"""`sdp-bot demo`: both stand-ins, the bot as its own process between them, and a page to click."""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from bot.sockets import listening_socket
from sandbox.box import Box, open_box

DRAIN_SECONDS = 10
BOT_PORT = 3000


async def demonstrate(*, port: int, data: Path | None, scenario: str) -> None:
    """Run until Ctrl-C. The bot is a real child process, started as on any machine, with settings from here."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sdp-bot-demo-")))
        box = await stack.enter_async_context(open_box(scenario, port=port))
        bot = await stack.enter_async_context(_bot(box, folder))
        _invite(box)
        await _first(stop.wait(), bot.wait())
        if bot.returncode:
            print(f"The bot ended with status {bot.returncode}; its last words are above.", file=sys.stderr)


@contextlib.asynccontextmanager
async def _bot(box: Box, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    door = listening_socket("127.0.0.1", BOT_PORT, tries=50)
    port = door.getsockname()[1]
    door.close()
    box.slack.request_url = f"http://127.0.0.1:{port}/slack/events"
    environment = _environment(box, folder, port)
    bot = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", "run", env=environment, cwd=folder)
    try:
        yield bot
    finally:
        if bot.returncode is None:
            bot.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bot.wait(), DRAIN_SECONDS)
        if bot.returncode is None:
            bot.kill()
            await bot.wait()


def _environment(box: Box, folder: Path, port: int) -> Mapping[str, str]:
    """The box's settings over a clean environment: nothing configured for a real bot leaks in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    root = str(Path(__file__).parent.parent)
    more = {"DATA_DIR": str(folder / "data"), "PORT": str(port), "POLL_SECONDS": "5", "PYTHONPATH": root}
    return {**kept, **box.settings(), **more}


def _invite(box: Box) -> None:
    print(
        f"\n  Slack, as its people see it:  {box.slack.url}/\n"
        f"  SDP, as its people see it:    {box.sdp.url}/\n\n"
        "  Open the first address, approve one release and reject another. Ctrl-C ends the demo.\n",
        flush=True,
    )


async def _first(*waits: object) -> None:
    """Until one of these is over."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]  # type: ignore[call-overload]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
