"""From a click until SDP has the decision, beside the chain of calls alone: HTTP in, one write, the reads, HTTP out.

The bot runs as `sdp-bot run` does, web and worker in one process, with nothing to undo. The raw chain is a Starlette
app in a process of its own: it takes the same click, writes one key, reads what the bot reads, tells SDP, and answers.
Both write to the same Valkey, which syncs every write. They take turns, one click at a time, the next when all is quiet
again. What is measured ends where SDP notes the decision, by the clock of the one machine.
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import aiohttp

from bench.bots import bot, idle, store_at
from bench.processes import process, quiet
from bench.table import Row
from bench.world import Asked, Card, World, ask_people, cards, click, stand_ins

if TYPE_CHECKING:
    from sandbox.box import Box

PEOPLE = 20
A_TURN, TURNS = 25, 12
P50_MORE, P99_MORE = 10, 40
"""Milliseconds the bot may take longer than the raw chain."""
SETTINGS = {
    "UNDO_SECONDS": "0",
    "UNDO_SECONDS_HIGH_RISK": "0",
    "POLL_SECONDS": "3600",
    "BATCH_FROM": "100",
    "GESTURES_PER_MINUTE": "1000000",
}


def run() -> list[Row]:
    with stand_ins(PEOPLE) as world, tempfile.TemporaryDirectory(prefix="sdp-bench-") as folder:
        ours, raw = (statistics.quantiles(took, n=100) for took in asyncio.run(_compare(world, Path(folder))))
    note = f"{A_TURN * TURNS} clicks each in turns, one at a time, appendfsync always"
    beside = "raw chain of the same calls"
    return [
        Row("click until SDP has it: p50", ours[49], "ms", beside, raw[49], P50_MORE, note, "more"),
        Row("click until SDP has it: p99", ours[98], "ms", beside, raw[98], P99_MORE, note, "more"),
    ]


async def _compare(world: World, folder: Path) -> tuple[list[float], list[float]]:
    """Milliseconds of each click: through the bot, and through the raw chain."""
    from bot.valkey import embedded

    asked = await world.sdp.ask(ask_people, 2 * A_TURN * (TURNS + 1), PEOPLE)
    async with embedded(folder / "state") as url, store_at(url) as store, aiohttp.ClientSession() as session:
        given = {**world.settings, **SETTINGS, "REDIS_URL": url}
        ids = {one.approval: one for one in asked}
        with bot(given, folder, "web", "worker") as running, process(_raw, given, ids) as raw:
            urls = (running.address, raw.recv())
            await idle(store)
            left = [card for card in await world.slack.ask(cards) if card.approval in ids]
            assert len(left) == len(asked), f"{len(left)} cards for {len(asked)} approvals"
            took: tuple[list[float], list[float]] = ([], [])
            for turn in range(TURNS + 1):
                for where, times in zip(urls, took, strict=True):
                    for _ in range(A_TURN):
                        times.append(await _one(world, session, where, left.pop()))
                        await idle(store)
                if not turn:  # the first round only warms up
                    for times in took:
                        times.clear()
    return took


async def _one(world: World, session: aiohttp.ClientSession, url: str, card: Card) -> float:
    """A click; milliseconds until SDP had the decision."""
    world.sdp.begin(decided, card.approval)
    body, headers = click(card, world.settings)
    began = time.time()
    async with session.post(url, data=body, headers=headers) as answer:
        await answer.read()
    assert answer.status == 200, answer.status
    at: float = await world.sdp.answer()
    return (at - began) * 1000


async def decided(box: "Box", approval: str) -> float:
    """When SDP took the decision on this approval, as soon as it has; seconds since the epoch."""
    taken: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def hear(effect: Any) -> None:
        if effect.kind == "approval.approved" and effect.record == approval:
            taken.set_result(effect.at.timestamp())

    silence = box.sdp.journal.listen(hear)
    try:
        return await asyncio.wait_for(taken, 30)
    finally:
        silence()


# --- the raw chain --------------------------------------------------------------------------------------


def _raw(parent: Connection, given: Mapping[str, str], asked: Mapping[str, Asked]) -> None:
    """HTTP in, one write, three reads at once, one call out, HTTP out."""
    from redis.asyncio import Redis
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from bench.bare import BareSdp, access_token
    from sandbox.serve import serve

    async def main() -> None:
        redis, sdp = Redis.from_url(given["REDIS_URL"]), BareSdp(given, await access_token(given))

        async def clicked(request: Request) -> Response:
            form = parse_qs((await request.body()).decode())
            value = json.loads(form["payload"][0])["actions"][0]["value"]
            one = asked[value.partition(":")[0].rpartition(".")[2]]
            await redis.set(f"raw:{one.approval}", value)
            await sdp.check(one)
            await sdp.approve(one)
            return Response()

        async with serve(Starlette(routes=[Route("/slack/events", clicked, methods=["POST"])])) as url:
            parent.send(f"{url}/slack/events")
            await asyncio.Event().wait()

    quiet()
    asyncio.run(main())
