"""One run: the bot as a fleet, people at work, kills at random moments and at named points, healing, a verdict."""

import asyncio
import contextlib
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot import app, settings
from bot.app import House
from bot.store import Digests
from sandbox.box import WEBHOOK_SECRET, Box, open_box
from sandbox.sdp.app import create_app as sdp_app
from sandbox.sdp.world import Hook
from sandbox.slack.app import create_app as slack_app
from tests.faults.crowd import Crowd
from tests.faults.doors import door_to
from tests.faults.fleet import Fleet, Member, Role, fleet
from tests.faults.judge import Verdict, judge
from tests.faults.relay import Relay
from tests.faults.trap import POINTS, Trap

CAST: tuple[tuple[str, Role], ...] = (("web1", "web"), ("web2", "web"), ("worker1", "worker"), ("worker2", "worker"))
OPTIONS = {
    "POLL_SECONDS": "2",
    "UNDO_SECONDS": "0.5",
    "UNDO_SECONDS_HIGH_RISK": "0.5",
    "SDP_CALLS_PER_MINUTE": "6000",
    "GESTURES_PER_MINUTE": "1000000",
    "BATCH_FROM": "100",
    "DIGEST_DAYS": "daily",
    "DIGESTS_PER_SECOND": "50",
    "OPERATORS": "@operators",
}
TRAP_SECONDS = 4.0
"""How long a point waits for somebody to come by."""


@dataclass
class Play:
    """Both worlds, the fleet between them, and everybody who acts."""

    box: Box
    fleet: Fleet
    crowd: Crowd
    trap: Trap
    relays: dict[str, Relay]
    house: House
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)

    @property
    def killed(self) -> int:
        return self.kills.total() + self.trap.sprung.total()

    async def kill_at_random(self) -> None:
        """Whoever it hits: a web process, a worker, Valkey."""
        kind = self.chance.choices(["worker", "web", "valkey"], [4, 3, 2])[0]
        if kind == "valkey":
            hit = await self.fleet.kill_valkey()
        else:
            hit = self.fleet.kill(self.chance.choice([one for one in self.fleet.members if one.role == kind]))
        self.kills[f"{kind}, at random"] += hit

    async def kill_at_a_point(self) -> None:
        """Set the trap and wait a while for somebody to step into it."""
        self.trap.set(self.chance.choice(POINTS))
        end = time.monotonic() + TRAP_SECONDS
        while self.trap.point is not None and time.monotonic() < end:
            await asyncio.sleep(0.01)
        self.trap.set(None)

    async def kill(self, count: int, pause: float) -> None:
        """So many kills, at random moments and at points in turn."""
        while self.killed < count:
            if self.killed and self.killed % 25 == 0:
                print(f"{self.killed} kills, {len(self.crowd.gestures)} gestures", flush=True)
            await asyncio.sleep(self.chance.uniform(0, 2 * pause))
            await (self.kill_at_a_point() if self.chance.random() < 0.6 else self.kill_at_random())

    async def ready(self) -> None:
        """Wait until every process takes work."""
        for member in self.fleet.members:
            while not await member.answers():
                await asyncio.sleep(0.05)

    async def heal(self, seconds: float) -> Verdict:
        """Kill nobody any more and wait until all is well, at most so long; the last verdict."""
        await self.ready()
        end = time.monotonic() + seconds
        while (verdict := await self.verdict()).troubles and time.monotonic() < end:
            await asyncio.sleep(0.5)
        return verdict

    async def verdict(self) -> Verdict:
        return await judge(self.box, self.house, self.crowd.gestures)

    def aim(self) -> Callable[[], None]:
        """Point Slack and SDP at one of the web processes, dead or alive, as a load balancer may."""
        web = self.chance.choice(self.fleet.of("web"))
        self.box.slack.request_url = f"http://127.0.0.1:{web.port}/slack/events"
        self.box.sdp.hook = Hook(f"http://127.0.0.1:{web.port}/sdp/webhook", WEBHOOK_SECRET)
        return lambda: self.trap.acknowledged(web)


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to."""

    seed: int
    seconds: float
    kills: Counter[str]
    verdict: Verdict
    errors: Counter[str]


@contextlib.asynccontextmanager
async def play(seed: int, **options: str) -> AsyncIterator[Play]:
    """The fleet in its box, running and minded."""
    chance = random.Random(seed)
    folder = Path(tempfile.mkdtemp(prefix="sdp-faults-"))
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        box = await stack.enter_async_context(open_box("demo", seed=seed))
        for person in box.slack.people():
            person.tz = "UTC"
        bots = await stack.enter_async_context(fleet(folder))
        now = datetime.now(UTC)
        given = {
            **box.settings(),
            **OPTIONS,
            "DIGEST_TIME": f"{now:%H:%M}",
            "DATA_DIR": str(folder / "data"),
            **options,
        }
        trap, relays = Trap(bots), {}
        for name, role in CAST:
            member = bots.add(name, role, given)
            relays[name] = await _connect(stack, box, bots, trap, member)
        url = f"unix://{bots.valkey}"
        loaded = settings.load(**{name.lower(): value for name, value in given.items()}, redis_url=url)
        house = await stack.enter_async_context(app.build(loaded, url))
        made = Play(box, bots, Crowd(box, chance), trap, relays, house, chance)
        made.crowd.aim = made.aim
        await _plan_digests(made, now)
        minding = asyncio.create_task(bots.mind(random.Random(seed)))
        stack.callback(minding.cancel)
        await made.ready()
        yield made


async def _connect(stack: contextlib.AsyncExitStack, box: Box, bots: Fleet, trap: Trap, member: Member) -> Relay:
    """Give a member its own way to Valkey, to SDP and to Slack."""
    catch, caught = trap.on_valkey(member)
    relay = Relay(member.folder / "valkey.sock", bots.valkey, catch, caught)
    await stack.enter_async_context(relay.running())
    sdp = await stack.enter_async_context(door_to(sdp_app(box.sdp), trap.on_door(member, "sdp")))
    slack = await stack.enter_async_context(door_to(slack_app(box.slack), trap.on_door(member, "slack")))
    member.environment |= {
        "REDIS_URL": relay.url,
        "SDP_URL": f"{sdp}/app/{box.sdp.portal}",
        "SDP_ACCOUNTS_URL": sdp,
        "SLACK_API_URL": f"{slack}/api",
    }
    return relay


async def _plan_digests(made: Play, now: datetime) -> None:
    """Everybody's digest is due from the first moment on."""
    digests = Digests(made.house.store)
    for person in made.box.slack.people():
        if not (person.is_bot or person.is_restricted):
            await digests.plan(person.id, now)


async def run(seed: int, kills: int, *, pause: float = 0.3, heal_seconds: float = 60) -> Result:
    """So many kills while people work, then healing and the verdict."""
    began = time.monotonic()
    async with play(seed) as made:
        working = asyncio.create_task(made.crowd.work())
        await made.kill(kills, pause)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        made.trap.set(None)
        verdict = await made.heal(heal_seconds)
        errors = sum((member.errors for member in made.fleet.members), Counter())
        return Result(seed, time.monotonic() - began, made.kills + made.trap.sprung, verdict, errors)


def table(result: Result) -> str:
    """What a run came to, for people."""
    found = result.verdict
    ends = ", ".join(f"{count} {end}" for end, count in found.ends.most_common())
    lines = [
        *((f"kills: {where}", count) for where, count in sorted(result.kills.items())),
        ("kills", result.kills.total()),
        ("intents", f"{found.intents}, {found.acknowledged} acknowledged"),
        ("decisions ended", ends),
        ("operations", found.operations),
        ("effects on approvals", found.effects),
        ("lost", len(found.lost)),
        ("twice", len(found.twice)),
        ("cards or records untrue", len(found.untrue)),
        ("unknown, settled", f"{found.unknown}, {found.settled}"),
        ("digests, each once", found.digests),
        ("ledger entries, sound", found.ledger),
        *((f"logged: {what}", count) for what, count in result.errors.most_common(8)),
        ("seconds", f"{result.seconds:.0f}"),
        ("seed", result.seed),
    ]
    width = max(len(name) for name, _ in lines)
    return "\n".join([*(f"{name.ljust(width)}  {value}" for name, value in lines), *found.troubles])
