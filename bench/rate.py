"""Decisions a second that one web process and one worker hold for a minute, beside a bare loop of the same calls.

Many approvals wait, each with its card. A crowd keeps `AT_ONCE` clicks under way: everybody clicks again as soon as
SDP has their last decision. The time counts until the bot has nothing left to do, so every read back, every changed
card and every line of the ledger is in it. Then what was acknowledged must be decided once, and every card say so.

The bare loop comes afterwards, in one process, with as many at once: per decision it makes the calls to SDP and Slack
that the bot was seen to make, with bodies as the bot sent them. It writes nothing down and decides nothing.
`DECISION_SECONDS=60` is how long each of the two goes on.
"""

import asyncio
import itertools
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from bench.bare import BareSdp, BareSlack, access_token
from bench.bots import bot, idle, store_at
from bench.table import Row
from bench.world import Asked, Card, World, ask_people, cards, click, newest, sdp_calls, slack_calls, stand_ins, untrue

if TYPE_CHECKING:
    from bot.store import Store
    from sandbox.box import Box

SECONDS = float(os.environ.get("DECISION_SECONDS", "60"))
AT_ONCE = 32
PEOPLE = 100
WARM_UP = 200
LEAST = 0.5
SETTINGS = {
    "UNDO_SECONDS": "0",
    "UNDO_SECONDS_HIGH_RISK": "0",
    "POLL_SECONDS": "86400",
    "BATCH_FROM": "100",
    "GESTURES_PER_MINUTE": "1000000",
}
READS = {
    "GET releases/*": BareSdp.release,
    "GET releases/*/approval_levels": BareSdp.levels,
    "GET releases/*/approval_levels/*/approvals": BareSdp.approvals,
    "GET releases/*/approval_levels/*/approvals/*": BareSdp.approval,
}
CHECKED = tuple(READS)[:3]
"""Read at once before the decision; what is read more often than that comes after it."""
WRITES = ("chat.update", "chat.postMessage")


@dataclass
class Held:
    """What came of it: decisions and seconds of the bot and of the bare loop, what went wrong, calls a decision."""

    ours: float
    bare: float
    decided: int
    wrong: int
    calls: Mapping[str, float]


def run() -> list[Row]:
    with stand_ins(PEOPLE) as world, tempfile.TemporaryDirectory(prefix="sdp-bench-") as folder:
        held = asyncio.run(_compare(world, Path(folder)))
    made = ", ".join(f"{count:.1f} {what}" for what, count in sorted(held.calls.items()) if count >= 0.1)
    note = f"{SECONDS:g} s each, {AT_ONCE} at once, {held.decided:,} decisions; calls of one: {made}"
    return [
        Row("decisions held", held.ours, "a second", "bare loop, same calls", held.bare, LEAST, note, "at least"),
        Row("… lost, decided twice, or untrue cards", held.wrong, "of them", limit=0, note=note),
    ]


async def _compare(world: World, folder: Path) -> Held:
    from bot.valkey import embedded

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        async with embedded(folder / "state") as url, store_at(url) as store:
            given = {**world.settings, **SETTINGS, "REDIS_URL": url}
            with bot(given, folder, "worker"), bot(given, folder, "web") as web:
                crowd = Crowd(world, session, web.address, store)
                calls, pace = await _warmed_up(crowd)
                await crowd.prepare(round(pace * SECONDS * 1.5))
                ours, decided, wrong = await crowd.decide(SECONDS)
        bare = await Bare(world, session, calls).hold(SECONDS, round(ours * SECONDS * 6))
    return Held(ours, bare, decided, wrong, calls)


async def _warmed_up(crowd: "Crowd") -> tuple[dict[str, float], float]:
    """The calls of one decision, and a first idea of the pace."""
    await crowd.prepare(WARM_UP)
    world = crowd.world
    (sdp, _), (_, slack) = await world.sdp.ask(newest), await world.slack.ask(newest)
    pace, decided, _ = await crowd.decide(SECONDS)
    made = {**await world.sdp.ask(sdp_calls, sdp), **await world.slack.ask(slack_calls, slack)}
    return {what: count / decided for what, count in made.items()}, pace


# --- the bot, and people who click ----------------------------------------------------------------------


@dataclass
class Crowd:
    """People who click on cards as fast as SDP hears of it."""

    world: World
    session: aiohttp.ClientSession
    address: str
    store: "Store"
    left: list[Card] = field(default_factory=list)
    _under_way: dict[str, asyncio.Event] = field(default_factory=dict)

    async def prepare(self, count: int) -> None:
        """So many approvals more, found by a poll and shown on cards."""
        from bot.jobs import Jobs

        asked = {one.approval for one in await self.world.sdp.ask(ask_people, count, PEOPLE)}
        await Jobs(self.store).wake("poll")
        await idle(self.store)
        self.left = [card for card in await self.world.slack.ask(cards) if card.approval in asked]
        assert len(self.left) == count, f"{len(self.left)} cards for {count} approvals"

    async def decide(self, seconds: float) -> tuple[float, int, int]:
        """Click for so long, or until no card is left; decisions a second, how many, and how many went wrong."""
        clicked: list[Card] = []
        listening = asyncio.create_task(self._listen(await self.world.sdp.ask(length)))
        began = time.monotonic()
        await asyncio.gather(*(self._person(began + seconds, clicked) for _ in range(AT_ONCE)))
        await idle(self.store)
        took = time.monotonic() - began
        self._under_way[""] = asyncio.Event()  # nobody's, and the word to stop listening
        await listening
        return len(clicked) / took, len(clicked), await self._wrong(clicked)

    async def _person(self, until: float, clicked: list[Card]) -> None:
        while self.left and time.monotonic() < until:
            card = self.left.pop()
            decided = self._under_way[card.approval] = asyncio.Event()
            body, headers = click(card, self.world.settings)
            async with self.session.post(self.address, data=body, headers=headers) as answer:
                await answer.read()
            assert answer.status == 200, answer.status
            clicked.append(card)
            await asyncio.wait_for(decided.wait(), 60)

    async def _listen(self, seen: int) -> None:
        while self._under_way.pop("", None) is None:
            seen, approvals = await self.world.sdp.ask(decided_since, seen)
            for approval in approvals:
                if (decided := self._under_way.pop(approval, None)) is not None:
                    decided.set()

    async def _wrong(self, clicked: list[Card]) -> int:
        """Clicks that did not become one decision, and cards that do not say so."""
        effects: Counter[str] = await self.world.sdp.ask(effects_of)
        untrue_cards: int = await self.world.slack.ask(untrue, [(card.channel, card.ts) for card in clicked])
        return untrue_cards + sum(effects[card.approval] != 1 for card in clicked)


def length(box: "Box") -> int:
    """How many effects SDP has had."""
    return len(box.sdp.journal.effects)


async def decided_since(box: "Box", seen: int) -> tuple[int, list[str]]:
    """The approvals decided since `seen` effects, as soon as there are any or after a moment; and the new `seen`."""
    effects, heard = box.sdp.journal.effects, asyncio.Event()
    silence = box.sdp.journal.listen(lambda _: heard.set())
    try:
        if len(effects) == seen:
            await asyncio.wait_for(heard.wait(), 0.25)
    except TimeoutError:
        return seen, []
    finally:
        silence()
    return len(effects), [one.record for one in effects[seen:] if one.kind == "approval.approved"]


def effects_of(box: "Box") -> Counter[str]:
    """How often each approval was decided."""
    return Counter(one.record for one in box.sdp.effects("approval.approved"))


# --- the bare loop --------------------------------------------------------------------------------------


class Bare:
    """The same calls, and nothing else."""

    def __init__(self, world: World, session: aiohttp.ClientSession, calls: Mapping[str, float]) -> None:
        self._world, self._session, self._calls = world, session, calls

    async def hold(self, seconds: float, most: int) -> float:
        """Decisions a second over so many seconds; `most` approvals are made for it."""
        given = self._world.settings
        self._sdp = BareSdp(given, await access_token(given))
        self._slack = BareSlack(given, self._session)
        self._bodies = {method: itertools.cycle(bodies) for method, bodies in (await self._sent()).items()}
        asked = iter(await self._world.sdp.ask(ask_people, most, PEOPLE))
        numbers, began = itertools.count(), time.monotonic()
        done = await asyncio.gather(*(self._loop(asked, numbers, began + seconds) for _ in range(AT_ONCE)))
        return sum(done) / (time.monotonic() - began)

    async def _sent(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = await self._world.slack.ask(bodies)
        return {method: sent for method, sent in found.items() if self._calls.get(method, 0) > 0.1}

    async def _loop(self, asked: Iterator[Asked], numbers: Iterator[int], until: float) -> int:
        done = 0
        while time.monotonic() < until:
            await self._decide(next(asked), next(numbers))
            done += 1
        return done

    async def _decide(self, one: Asked, number: int) -> None:
        sdp = self._sdp
        await sdp.check(one)
        await sdp.approve(one)
        for what, read in READS.items():
            for _ in range(self._share(what, number) - (what in CHECKED)):
                await read(sdp, one)
        for method, sent in self._bodies.items():
            for _ in range(self._share(method, number)):
                await self._slack.call(method, next(sent))

    def _share(self, what: str, number: int) -> int:
        """How often this decision makes this call, so that on the average it is as often as the bot does."""
        each = self._calls.get(what, 0)
        return int((number + 1) * each) - int(number * each)


def bodies(box: "Box") -> dict[str, list[Any]]:
    """What was posted and changed last, as the bot sent it."""
    return {method: [one.request for one in box.slack.log.of(method)][-50:] for method in WRITES}
