"""Memory of one process, web and worker, while 10,000 approvals are open.

Nothing is put into its state by hand: the first poll finds everything, everybody gets their message, a second poll
finds nothing new, and then everybody's digest is due. The Valkey beside it is a process of its own and counted apart.
`OPEN_APPROVALS=10000` is how many wait, spread over 200 people.
"""

import asyncio
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.bots import bot, idle, store_at
from bench.table import Row
from bench.world import World, ask_people, stand_ins

if TYPE_CHECKING:
    from bot.store import Store
    from sandbox.box import Box

OPEN = int(os.environ.get("OPEN_APPROVALS", "10000"))
PEOPLE = 200
MEGABYTES = 250
SETTLE_SECONDS = 5
NAP = 0.25


def run() -> list[Row]:
    with stand_ins(PEOPLE) as world, tempfile.TemporaryDirectory(prefix="sdp-bench-") as folder:
        rest, peak, valkey, note = asyncio.run(_live_through_it(world, Path(folder)))
    return [
        Row(f"memory with {OPEN:,} open approvals", rest, "MB", limit=MEGABYTES, note=note),
        Row("… at its highest", peak, "MB", limit=MEGABYTES, note=note),
        Row("… of the Valkey beside it", valkey, "MB", note=note),
    ]


async def _live_through_it(world: World, folder: Path) -> tuple[float, float, float, str]:
    from bot.valkey import embedded

    now = datetime.now(UTC)
    settings = {"DIGEST_TIME": f"{now:%H:%M}", "DIGEST_DAYS": "daily", "DIGESTS_PER_SECOND": "50"}
    await world.sdp.ask(ask_people, OPEN, PEOPLE)
    async with embedded(folder / "state") as url, store_at(url) as store:
        given = {**world.settings, **settings, "POLL_SECONDS": "86400", "REDIS_URL": url}
        with bot(given, folder, "web", "worker") as running:
            took = [await _poll(store), await _poll(store)]
            await _digests(world, store, now)
            await asyncio.sleep(SETTLE_SECONDS)
            valkey = (await store.redis.info("memory"))["used_memory_rss"] / 2**20
            rest, peak = (_megabytes(running.pid, field) for field in ("VmRSS", "VmHWM"))
    first, second = took
    messages = await world.slack.ask(posted)
    note = f"{PEOPLE} people; polls of {first:.0f} s and {second:.0f} s; {messages:,} messages; digests to everybody"
    return rest, peak, valkey, note


async def _poll(store: "Store") -> float:
    """A poll, and everything that follows from it; seconds."""
    from bot.jobs import Jobs

    began = time.monotonic()
    await Jobs(store).wake("poll")
    await idle(store, nap=NAP)
    return time.monotonic() - began


async def _digests(world: World, store: "Store", now: datetime) -> None:
    from bot.jobs import Jobs
    from bot.store import Digests

    for person in await world.slack.ask(members):
        await Digests(store).plan(person, now)
    await Jobs(store).wake("digest")
    await idle(store, nap=NAP)


def members(box: "Box") -> list[str]:
    """Slack ids of those who are asked."""
    return [person.id for person in box.slack.people() if person.key.startswith("member")]


def posted(box: "Box") -> int:
    """How many messages the bot has posted."""
    said = (message for channel in box.slack.conversations.messages.values() for message in channel)
    return sum(message.user == box.slack.bot.id for message in said)


def _megabytes(pid: int, field: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(field)) / 1024
