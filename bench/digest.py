"""5,000 digests due in the same minute, beside the time the rates allow; memory of the process; calls to SDP.

Slack would let them out at five a second, which takes a quarter of an hour. To be done sooner, and to be harder on the
bot, the run here is allowed five times that; `DIGESTS_PER_SECOND=5 python -m bench digest` is the real thing, against
a Slack that refuses whatever comes faster. The stand-ins are a process of their own, and so is the bot, which does
what a worker does: the job's own function again and again until nobody is due.
"""

import asyncio
import os
import resource
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench.processes import process, quiet
from bench.table import Row

PEOPLE = 5_000
A_SECOND = float(os.environ.get("DIGESTS_PER_SECOND", "25"))
SLACKS_OWN = 5
LATE_MOST = 1.1
PATIENCE_SECONDS = 600
MEMORY_MOST = 250
"""Megabytes, as a process with 10,000 open approvals may have."""


def run() -> list[Row]:
    with process(_stand_ins) as world:
        settings, people = world.recv()
        with process(_bot, settings, people) as bot:
            took, megabytes, progress = bot.recv()
        world.send("count")
        messages, calls = world.recv()
    assert messages == PEOPLE, f"{messages} messages for {PEOPLE} people; {progress}"
    note = f"{PEOPLE:,} people with an approval each, 500 maintenances, 200 projects"
    return [
        Row(
            f"{PEOPLE:,} digests at {A_SECOND:g} a second",
            took,
            "s",
            "the time the rates allow",
            PEOPLE / A_SECOND,
            LATE_MOST,
            note,
        ),
        Row("… memory of the process at its highest", megabytes, "MB", limit=MEMORY_MOST, note=note),
        Row("… calls to SDP", calls, "calls", "pages of its lists, once each", 7, 2, note),
    ]


# --- the bot -------------------------------------------------------------------------------------------


def _bot(parent: Connection, given: dict[str, str], people: list[tuple[str, str]]) -> None:
    quiet()
    with tempfile.TemporaryDirectory(prefix="sdp-bot-bench-") as folder:
        parent.send(asyncio.run(_digests(given, people, Path(folder))))


async def _digests(given: dict[str, str], people: list[tuple[str, str]], folder: Path) -> tuple[float, float, str]:
    from bot import app, settings
    from bot.valkey import embedded

    now = datetime.now(UTC)
    more = {"digest_time": f"{now:%H:%M}", "digest_days": "daily", "digests_per_second": A_SECOND}
    wanted: dict[str, Any] = {**{name.lower(): value for name, value in given.items()}, **more}
    async with embedded(folder) as url:
        loaded = settings.load(**wanted, redis_url=url, data_dir=folder)
        async with app.build(loaded, url) as house, asyncio.timeout(PATIENCE_SECONDS):
            await _what_a_poll_leaves(house, people)
            for slack_id, _ in people:
                await house.digests.plan(slack_id, now)
            await house.releases.polled(now)
            started = time.perf_counter()
            while await house.digests.waiting(datetime.now(UTC)):
                await house.digester.run()
            took = time.perf_counter() - started
            return took, _peak_megabytes(), str(await house.digests.progress())


async def _what_a_poll_leaves(house: Any, people: list[tuple[str, str]]) -> None:
    """A release for every five people, each of whom is asked."""
    from bot.models import (
        Approval,
        ApprovalLevel,
        ApprovalRef,
        ApprovalState,
        DisplayId,
        Person,
        Release,
        Rule,
        Snapshot,
        sdp_id,
    )
    from bot.store import Asked

    now = datetime.now(UTC)
    for number in range(len(people) // 5):
        release, level = sdp_id(f"{10_000_000 + number}"), sdp_id(f"{20_000_000 + number}")
        asked = tuple(
            Approval(
                ApprovalRef(release, level, sdp_id(f"{30_000_000 + 5 * number + place}")),
                Person(sdp_id(f"{40_000_000 + 5 * number + place}"), email.partition("@")[0], email),
                ApprovalState.PENDING,
                "Pending Approval",
                sent_on=now,
            )
            for place, (_, email) in enumerate(people[5 * number : 5 * number + 5])
        )
        known = Release(release, f"Release {number} of the night", DisplayId(f"RLS-{number}", str(number)))
        levels = (ApprovalLevel(level, release, 1, ApprovalState.PENDING, "Pending Approval", Rule.EVERYONE),)
        waits = [Asked(one.approver.id, one.ref, now.timestamp(), now.timestamp()) for one in asked]
        await house.releases.keep(Snapshot(replace(known, planned_start=now), levels, asked, now), None, waits, ())


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --- the world -----------------------------------------------------------------------------------------


def _stand_ins(parent: Connection) -> None:
    quiet()
    asyncio.run(_world(parent))


async def _world(parent: Connection) -> None:
    from sandbox.box import open_box

    async with open_box("big-portfolio") as box:
        crowd = [_joins(box.slack, number) for number in range(PEOPLE)]
        box.slack.switches.strict_rates = A_SECOND <= SLACKS_OWN
        before = len(box.sdp.log)
        parent.send((box.settings(), [(person.id, person.email) for person in crowd]))
        await asyncio.to_thread(parent.recv)
        ids = {person.id for person in crowd}
        dms = [channel for channel in box.slack.conversations.channels.values() if ids & set(channel.members)]
        messages = sum(len(box.slack.messages(channel, box.slack.bot)) for channel in dms if channel.is_im)
        parent.send((messages, sum("/api/v3/" in one.path for one in list(box.sdp.log)[before:])))


def _joins(slack: Any, number: int) -> Any:
    return slack.directory.add(f"crowd{number:04}", f"Crowd {number:04}", f"crowd{number:04}@example.com", tz="UTC")
