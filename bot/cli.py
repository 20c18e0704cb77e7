"""`sdp-bot`: the commands an administrator types."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.errors import BotError

cli = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Slack bot for ManageEngine ServiceDesk Plus Cloud: decide release approvals with a click you can trust.",
)


@cli.command()
def run() -> None:
    """Run everything in one process: Slack's door and the worker, with the embedded Valkey if REDIS_URL is unset."""
    _serve("web", "worker")


@cli.command()
def web() -> None:
    """Run only the door that takes Slack's requests; needs a worker beside it."""
    _serve("web")


@cli.command()
def worker() -> None:
    """Run only the worker that polls SDP, sends decisions and keeps cards true."""
    _serve("worker")


@cli.command()
def demo(
    port: Annotated[int, typer.Option(help="Where the page is; the next free port is taken if it is not.")] = 8020,
    data: Annotated[Path | None, typer.Option(help="Keep the demo's state here; default: a new empty folder.")] = None,
    scenario: Annotated[str, typer.Option(help="Which world to start with.")] = "demo",
) -> None:
    """Run the bot against stand-ins for Slack and SDP, with a page to click: no account, no configuration."""
    from sandbox.demo import demonstrate

    _run(demonstrate(port=port, data=data, scenario=scenario))


def main() -> None:
    """Entry point of the console script."""
    cli()


def _serve(*roles: Any) -> None:
    from bot import app, logs, settings

    def start() -> Coroutine[Any, Any, None]:
        loaded = settings.load()
        logs.configure(loaded.log_format)
        return app.run(loaded, roles)

    try:
        coroutine = start()
    except BotError as error:
        _give_up(error)
    else:
        _run(coroutine)


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(coroutine)
    except BotError as error:
        _give_up(error)


def _give_up(error: BotError) -> None:
    print(f"sdp-bot cannot start:\n{error}", file=sys.stderr)
    raise typer.Exit(1)
