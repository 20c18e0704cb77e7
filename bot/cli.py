"""`sdp-bot`: the commands an administrator types."""

import asyncio
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
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
    scenario: Annotated[str, typer.Option(help="Which world to start with; a wrong name shows the list.")] = "demo",
    seed: Annotated[int, typer.Option(help="The same number gives the same ids.")] = 1,
    socket_mode: Annotated[bool, typer.Option(help="Speak to Slack's stand-in by Socket Mode, not HTTP.")] = False,
    no_bot: Annotated[
        bool, typer.Option("--no-bot", help="Only the stand-ins, and the settings for a bot you set up yourself.")
    ] = False,
) -> None:
    """Run the bot against stand-ins for Slack and SDP, with a page to click: no account, no configuration."""
    from sandbox.demo import demonstrate, stand_in

    if no_bot:
        _run(stand_in(port=port, scenario=scenario, seed=seed))
        return
    _run(demonstrate(port=port, data=data, scenario=scenario, seed=seed, socket_mode=socket_mode, commands=_commands))


def _commands() -> list[tuple[str, str]]:
    """Usage and help of every sub-command, for whoever offers them to be typed."""
    from handlers.commands import TABLE

    return [(row.usage, row.says) for row in TABLE]


# --- chores: beside a running bot, or while it rests ----------------------------------------------------------

audit_cli = typer.Typer(invoke_without_command=True, help="Read, prove and keep the ledger of every attempt.")
people_cli = typer.Typer(no_args_is_help=True, help="Who is who in Slack and in SDP.")
keys_cli = typer.Typer(no_args_is_help=True, help="The keys that seal what the bot keeps.")
cli.add_typer(audit_cli, name="audit")
cli.add_typer(people_cli, name="people")
cli.add_typer(keys_cli, name="keys")

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="In UTC.")]
Slack = Annotated[str, typer.Argument(help="A Slack id (U…) or the e-mail address of a Slack account.")]
Sdp = Annotated[str, typer.Argument(help="A person's long id in SDP, or their e-mail address there.")]


@cli.command()
def stop(why: Annotated[str, typer.Option(help="What people are told.")] = "") -> None:
    """Stop all changes in SDP, in all processes, at once."""
    from bot import chores

    _do(chores.stop(why))


@cli.command()
def start() -> None:
    """Make changes again."""
    from bot import chores

    _do(chores.start)


@cli.command()
def doctor(
    json: Annotated[bool, typer.Option("--json", help="One JSON object a finding.")] = False,
    close_strays: Annotated[
        bool, typer.Option("--close-strays", help="Instead, close the cards in Slack that no record speaks of.")
    ] = False,
) -> None:
    """Look at everything the bot stands on. Exit status: 0 well, 1 warnings, 2 problems."""
    from bot import chores

    _do(chores.doctor(as_json=json, close_strays=close_strays))


@cli.command()
def digest(
    person: Annotated[
        str | None, typer.Option(help="A Slack id (U…) or the e-mail address of a Slack account.")
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="Send it at once; without this, only show what it would say.")
    ] = False,
) -> None:
    """Show how the daily digests stand, or one person's digest, or send it."""
    from bot import chores

    if now and person is None:
        raise typer.BadParameter("--now needs --person: whose digest?")
    _do(chores.digest(person, now=now))


@audit_cli.callback()
def audit(
    context: typer.Context,
    since: Day = None,
    until: Day = None,
    person: Annotated[str | None, typer.Option(help="A Slack id.")] = None,
    format: Annotated[str, typer.Option(help="text or jsonl")] = "text",
) -> None:
    """Print what was tried from Slack, oldest first."""
    if context.invoked_subcommand is not None:
        return
    from bot import chores
    from bot.audit import Question

    if format not in ("text", "jsonl"):
        raise typer.BadParameter("--format is text or jsonl")
    since, until = (day.replace(tzinfo=UTC) if day else None for day in (since, until))
    _do(chores.audit(Question(person=person, since=since, until=until), as_json=format == "jsonl"))


@audit_cli.command("verify")
def audit_verify() -> None:
    """Prove that no entry was changed, removed, inserted or cut off. Exit status 1 if one was."""
    from bot import chores

    _do(chores.verify)


@audit_cli.command("expire")
def audit_expire(
    before: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Older entries lose their details.")],
) -> None:
    """Erase the details of old entries, personal data and comments, and keep the chain that proves the rest."""
    from bot import chores

    _do(chores.expire(before.replace(tzinfo=UTC)))


@people_cli.command("map")
def people_map(slack: Slack, sdp: Sdp) -> None:
    """Say that a person of SDP is a person of Slack; it beats their e-mail addresses."""
    from bot import chores

    _do(chores.map_person(slack, sdp))


@people_cli.command("unmap")
def people_unmap(who: Annotated[str, typer.Argument(help="A Slack id, or a long id of SDP.")]) -> None:
    """Take somebody out of the map."""
    from bot import chores

    _do(chores.unmap_person(who))


@people_cli.command("list")
def people_list() -> None:
    """Show the map and the connected accounts."""
    from bot import chores

    _do(chores.list_people)


@people_cli.command("unmapped")
def people_unmapped() -> None:
    """Show who is asked for a decision and not found in Slack."""
    from bot import chores

    _do(chores.unmapped_people)


@people_cli.command("export")
def people_export(slack_id: str) -> None:
    """Print everything kept about a Slack person, as JSON lines; tokens are left out."""
    from bot import chores

    _do(chores.export_person(slack_id))


@people_cli.command("erase")
def people_erase(slack_id: str) -> None:
    """Disconnect a Slack person, and erase their settings and what the ledger says about them."""
    from bot import chores

    _do(chores.erase_person(slack_id))


@keys_cli.command("new")
def keys_new() -> None:
    """Print a fresh key for TOKEN_KEYS."""
    from bot.keyring import new_key

    print(new_key())


@keys_cli.command("rotate")
def keys_rotate() -> None:
    """Seal every connection with the first of TOKEN_KEYS, so that the others can go."""
    from bot import chores

    _do(chores.rotate_keys)


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


def _do(chore: Any) -> None:
    from bot import chores

    try:
        status = asyncio.run(chores.do(chore))
    except BotError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None
    raise typer.Exit(status)


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(coroutine)
    except BotError as error:
        _give_up(error)


def _give_up(error: BotError) -> None:
    print(f"sdp-bot cannot start:\n{error}", file=sys.stderr)
    raise typer.Exit(1)
