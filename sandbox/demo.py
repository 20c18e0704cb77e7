"""`sdp-bot demo`: both stand-ins, the bot in processes of its own between them, and a page to click.

`--no-bot` leaves the bot out: for trying the set-up by hand, with the values that Slack and Zoho would show.
"""

import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path

from cryptography.fernet import Fernet

from bot.sockets import listening_socket
from sandbox.box import WEBHOOK_SECRET, Box, open_box
from sandbox.cast import ADMINISTRATOR, OPERATOR
from sandbox.controls import Levers
from sandbox.processes import BotProcesses
from sandbox.sdp.world import Hook
from sandbox.slack.page import Controls, Hint

BOT_PORT = 3000
Commands = Callable[[], Iterable[tuple[str, str]]]
"""What the bot can be told, as (usage, what it does); asked late, since knowing it takes the whole bot."""


async def demonstrate(
    *, port: int, data: Path | None, scenario: str, seed: int = 1, socket_mode: bool = False, commands: Commands = tuple
) -> None:
    """Run until Ctrl-C, or until the bot keeps ending by itself. Raises NoSuchScenario."""
    stop = _stop_on_signals()
    async with contextlib.AsyncExitStack() as stack:
        folder = _folder(data, stack)
        setting = set_up(folder, port=port, scenario=scenario, seed=seed, socket_mode=socket_mode)
        box, bot = await stack.enter_async_context(setting)
        await _first_of(bot.ready(), stop.wait())
        if not stop.is_set():
            _invite(box)
            box.page.state.hints = [Hint(*one) for one in await asyncio.to_thread(lambda: list(commands()))]
        await _first_of(stop.wait(), bot.fallen.wait())
        if bot.fallen.is_set():
            print(f"The bot ended by itself. Its last words:\n\n{bot.last_words()}", file=sys.stderr)


async def stand_in(*, port: int, scenario: str, seed: int = 1) -> None:
    """Only the two stand-ins, until Ctrl-C, and what a bot needs to be told to find them. Raises NoSuchScenario."""
    stop = _stop_on_signals()
    async with open_box(scenario, seed=seed, port=port) as box:
        _expect(box, f"http://127.0.0.1:{BOT_PORT}")
        box.page.state.controls = Controls(sdp_url=f"{box.sdp.url}/")
        settings = "\n".join(f"{name}={value}" for name, value in box.settings(socket_mode=True).items())
        print(
            f"{_addresses(box)}\n"
            "  There is no bot. Slack, Zoho and SDP would have shown you these; put them into your .env:\n\n"
            f"{settings}\n\n"
            f"  Without SLACK_APP_TOKEN, Slack sends its requests to http://127.0.0.1:{BOT_PORT}/slack/events.\n"
            f"  SDP's trigger calls http://127.0.0.1:{BOT_PORT}/sdp/webhook. Ctrl-C ends both.\n",
            flush=True,
        )
        await stop.wait()


@contextlib.asynccontextmanager
async def set_up(
    folder: Path, *, scenario: str, port: int = 0, seed: int = 1, socket_mode: bool = False, **settings: str
) -> AsyncIterator[tuple[Box, BotProcesses]]:
    """Both sides, the bot started between them, and a control panel with every lever; `settings` come on top."""
    async with open_box(scenario, seed=seed, port=port) as box:
        bot = BotProcesses(folder, {**_settings(box, folder, socket_mode=socket_mode), **settings})
        box.page.state.controls = Levers(box, bot).controls()
        async with bot.running():
            yield box, bot


def _folder(data: Path | None, stack: contextlib.ExitStack | contextlib.AsyncExitStack) -> Path:
    if data is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sdp-bot-demo-")))
    data.mkdir(parents=True, exist_ok=True)
    return data.absolute()


def _settings(box: Box, folder: Path, *, socket_mode: bool) -> Mapping[str, str]:
    """The box's settings and the demo's own; the bot's door is on a free port, known before it opens."""
    with listening_socket("127.0.0.1", BOT_PORT, tries=50) as door:
        port = door.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    _expect(box, address)
    return {
        **box.settings(socket_mode=socket_mode),
        "PORT": str(port),
        "PUBLIC_URL": address,
        "TOKEN_KEYS": _token_key(folder),
        "POLL_SECONDS": "5",
        "SDP_CALLS_PER_MINUTE": "6000",
        "OPERATORS": OPERATOR.email,
        "ADMINS": ADMINISTRATOR.email,
    }


def _expect(box: Box, bot: str) -> None:
    """Tell both sides where the bot is: Slack for its requests over HTTP, SDP for its trigger."""
    box.slack.request_url = f"{bot}/slack/events"
    box.sdp.hook = Hook(f"{bot}/sdp/webhook", WEBHOOK_SECRET)


def _token_key(folder: Path) -> str:
    """The key of this demo's folder, made when there is none."""
    path = folder / "token.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(Fernet.generate_key())
    return path.read_text()


def _invite(box: Box) -> None:
    print(
        f"{_addresses(box)}\n  Open the first address, approve one release and reject another. Ctrl-C ends the demo.\n",
        flush=True,
    )


def _addresses(box: Box) -> str:
    return (
        f"\n  Slack, as its people see it:  {box.slack.url}/\n"
        f"  SDP, as its people see it:    {box.sdp.url}/\n"
        f"  Faults, time, every request:  {box.slack.url}/panel\n"
    )


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop


async def _first_of(*waits: object) -> None:
    """Until one of these is over; what it raised is raised."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]  # type: ignore[call-overload]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    for task in done:
        task.result()
