"""Jobs: woken ones run, one at a time, again when woken meanwhile, and elsewhere when their worker is gone."""

import asyncio
import contextlib
import hashlib
import itertools
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot import jobs as jobs_module
from bot.errors import SdpUnreachable
from bot.jobs import Job, Jobs, TryAgain, Worker
from bot.store import Store, connect, connection
from bot.store.scripts import CLAIM_JOBS
from tests.conftest import DEADLINE, until
from tests.faults.relay import Relay


class Bench:
    """A job that writes down its runs and can be held open."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()
        self.inside: Counter[str] = Counter()
        self.most_inside = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def work(self, key: str) -> None:
        self.runs[key] += 1
        self.inside[key] += 1
        self.most_inside = max(self.most_inside, self.inside[key])
        try:
            await self.gate.wait()
        finally:
            self.inside[key] -= 1


@pytest.fixture
def bench() -> Bench:
    return Bench()


@asynccontextmanager
async def _worker(store: Store, url: str, **jobs: Job) -> AsyncIterator[Worker]:
    async with Worker(store, url, jobs) as worker:
        yield worker


async def test_a_woken_job_runs_once(store: Store, valkey_url: str, bench: Bench) -> None:
    async with _worker(store, valkey_url, work=bench.work) as worker:
        await worker.wake("work", "a")
        await until(lambda: bench.runs["a"] == 1)
        await until(lambda: _idle(worker))
    assert bench.runs["a"] == 1


async def test_a_job_woken_before_any_worker_started_is_not_lost(store: Store, valkey_url: str, bench: Bench) -> None:
    await Jobs(store).wake("work", "early")
    async with _worker(store, valkey_url, work=bench.work):
        await until(lambda: bench.runs["early"] == 1)


async def test_a_job_woken_while_it_runs_runs_again_and_never_beside_itself(
    store: Store, valkey_url: str, bench: Bench
) -> None:
    bench.gate.clear()
    async with _worker(store, valkey_url, work=bench.work) as one, _worker(store, valkey_url, work=bench.work):
        await one.wake("work", "a")
        await until(lambda: bench.inside["a"] == 1)
        for _ in range(20):
            await one.wake("work", "a")
        bench.gate.set()
        await until(lambda: bench.runs["a"] >= 2 and _idle(one))
    assert bench.runs["a"] == 2
    assert bench.most_inside == 1


async def test_a_job_runs_at_its_time_and_an_earlier_wake_wins(store: Store, valkey_url: str, bench: Bench) -> None:
    async with _worker(store, valkey_url, work=bench.work) as worker:
        await worker.wake("work", "later", at=datetime.now(UTC) + timedelta(hours=1))
        await worker.wake("work", "soon", at=datetime.now(UTC) + timedelta(seconds=0.2))
        await until(lambda: bench.runs["soon"] == 1)
        assert bench.runs["later"] == 0
        await worker.wake("work", "later")
        await until(lambda: bench.runs["later"] == 1)


async def test_a_job_that_answers_a_time_runs_again_then(store: Store, valkey_url: str) -> None:
    runs: list[float] = []

    async def perpetual(_: str) -> datetime:
        runs.append(asyncio.get_running_loop().time())
        return datetime.now(UTC) + timedelta(seconds=0.1)

    async with _worker(store, valkey_url, perpetual=perpetual) as worker:
        await worker.wake("perpetual")
        await until(lambda: len(runs) >= 4)
    gaps = [later - earlier for earlier, later in itertools.pairwise(runs)]
    assert min(gaps) >= 0.09


async def test_a_failing_job_is_tried_again_later_and_later(store: Store, valkey_url: str) -> None:
    tries: list[float] = []

    async def failing(_: str) -> None:
        tries.append(asyncio.get_running_loop().time())
        if len(tries) < 3:
            raise RuntimeError("not today")

    async with _worker(store, valkey_url, failing=failing) as worker:
        await worker.wake("failing")
        await until(lambda: len(tries) == 3)
        await until(lambda: _idle(worker))
    assert tries[2] - tries[1] > tries[1] - tries[0] > 0.4


async def test_what_the_outside_refused_is_one_line_of_the_log(store: Store, valkey_url: str) -> None:
    tries: list[str] = []

    async def refused(key: str) -> None:
        tries.append(key)
        if len(tries) < 2:
            raise SdpUnreachable("Nobody answers there.")

    with capture_logs() as logged:
        async with _worker(store, valkey_url, refused=refused) as worker:
            await worker.wake("refused")
            await until(lambda: len(tries) == 2)
    (line,) = [entry for entry in logged if entry["event"] == "jobs.failed"]
    assert (line["error"], line["says"]) == ("SdpUnreachable", "Nobody answers there.")
    assert "exc_info" not in line


async def test_a_job_that_asks_for_patience_gets_it(store: Store, valkey_url: str) -> None:
    tries: list[datetime] = []

    async def patient(_: str) -> None:
        tries.append(datetime.now(UTC))
        if len(tries) == 1:
            raise TryAgain(tries[0] + timedelta(seconds=0.3))

    async with _worker(store, valkey_url, patient=patient) as worker:
        await worker.wake("patient")
        await until(lambda: len(tries) == 2)
    assert tries[1] - tries[0] >= timedelta(seconds=0.29)


async def test_a_dead_workers_job_goes_to_another_when_its_lease_ends(
    store: Store, valkey_url: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "LEASE_SECONDS", 0.4)
    dead = Worker(store, valkey_url, {"work": bench.work})
    await dead.wake("work", "orphan")
    bench.gate.clear()
    await dead._start_what_is_due()
    await until(lambda: bench.inside["orphan"] == 1)
    for task in list(dead._tasks):
        task.cancel()
    bench.gate.set()
    async with _worker(store, valkey_url, work=bench.work) as heir:
        await until(lambda: bench.runs["orphan"] == 2)
        await until(lambda: _idle(heir))


async def test_a_long_job_keeps_its_lease(
    store: Store, valkey_url: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "LEASE_SECONDS", 0.5)
    monkeypatch.setattr(jobs_module, "RENEW_SECONDS", 0.1)
    bench.gate.clear()
    async with _worker(store, valkey_url, work=bench.work) as one, _worker(store, valkey_url, work=bench.work):
        await one.wake("work", "long")
        await until(lambda: bench.inside["long"] == 1)
        renewed_until = await _lease(store) + 1500
        await until(lambda: _lease_is_past(store, renewed_until))
        assert bench.runs["long"] == 1
        bench.gate.set()


async def test_stopping_waits_for_what_runs(store: Store, valkey_url: str) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def slow(_: str) -> None:
        started.set()
        await asyncio.sleep(0.3)
        ended.set()

    async with _worker(store, valkey_url, slow=slow) as worker:
        await worker.wake("slow")
        await started.wait()
    assert ended.is_set()
    assert await _idle(worker)


async def test_stopping_ends_though_a_job_swallows_its_cancellation(store: Store, valkey_url: str) -> None:
    begun = asyncio.Event()

    async def deaf(_: str) -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    async with asyncio.timeout(DEADLINE):
        async with Worker(store, valkey_url, {"deaf": deaf}, drain=0.1) as worker:
            await worker.wake("deaf")
            await begun.wait()


async def test_cut_connections_are_picked_up_again(store: Store, valkey_url: str, bench: Bench) -> None:
    async with _worker(store, valkey_url, work=bench.work) as worker:
        admin = connect(valkey_url)
        await admin.client_kill_filter(_type="normal", skipme=True)
        await admin.aclose()
        await worker.wake("work", "after")
        await until(lambda: bench.runs["after"] == 1)


async def test_a_job_woken_at_the_very_end_of_a_run_does_not_wait_for_a_lease(store: Store, valkey_url: str) -> None:
    woken: Counter[str] = Counter()
    seen: Counter[str] = Counter()

    async def quick(key: str) -> None:
        seen[key] = woken[key]

    async def hammer(key: str) -> None:
        for _ in range(60):
            woken[key] += 1
            await worker.wake("quick", key)

    async with _worker(store, valkey_url, quick=quick) as worker:
        keys = [str(number) for number in range(20)]
        await asyncio.gather(*(hammer(key) for key in keys))
        await until(lambda: seen == woken, seconds=jobs_module.LEASE_SECONDS / 2)


async def test_many_jobs_each_run_once_over_several_workers(store: Store, valkey_url: str, bench: Bench) -> None:
    async with _worker(store, valkey_url, work=bench.work) as one, _worker(store, valkey_url, work=bench.work):
        await asyncio.gather(*(one.wake("work", str(number)) for number in range(300)))
        await until(lambda: len(bench.runs) == 300)
        await until(lambda: _idle(one))
    assert set(bench.runs.values()) == {1}


async def test_jobs_that_hang_keep_no_job_of_another_name_from_its_turn(
    store: Store, valkey_url: str, bench: Bench
) -> None:
    done: set[str] = set()

    async def quick(key: str) -> None:
        done.add(key)

    bench.gate.clear()
    async with _worker(store, valkey_url, slow=bench.work, quick=quick) as worker:
        await asyncio.gather(*(worker.wake("slow", str(number)) for number in range(3 * jobs_module.ROOM)))
        await until(lambda: sum(bench.inside.values()) == jobs_module.ROOM)
        for number in range(20):
            await worker.wake("quick", str(number))
        await until(lambda: len(done) == 20, seconds=2)
        assert sum(bench.inside.values()) == jobs_module.ROOM
        bench.gate.set()
        await until(lambda: len(bench.runs) == 3 * jobs_module.ROOM)
        await until(lambda: _idle(worker))


async def test_however_many_hang_others_have_their_turn(store: Store, valkey_url: str, bench: Bench) -> None:
    """An hour without SDP leaves thousands of decisions due: cards, commands and the digest must not wait for them."""
    done: set[str] = set()

    async def quick(key: str) -> None:
        done.add(key)

    bench.gate.clear()
    async with _worker(store, valkey_url, slow=bench.work, quick=quick) as worker:
        await worker.wake_all("slow", map(str, range(9_000)))
        await until(lambda: sum(bench.inside.values()) == jobs_module.ROOM)
        await worker.wake("quick")
        await until(lambda: bool(done), seconds=2)
        assert sum(bench.inside.values()) == jobs_module.ROOM
        bench.gate.set()


async def test_how_late_one_kind_is_is_seen_behind_thousands_of_another(store: Store) -> None:
    jobs = Jobs(store)
    await jobs.wake_all("slow", map(str, range(3_000)))
    assert await jobs.lateness("quick") == 0
    await jobs.wake("quick")
    await until(lambda: jobs.lateness("quick"))


async def test_room_that_is_left_is_taken_at_once(store: Store, valkey_url: str) -> None:
    ended: list[str] = []

    async def brief(key: str) -> None:
        await asyncio.sleep(0.01)
        ended.append(key)

    async with Worker(store, valkey_url, {"brief": brief}, room=2) as worker:
        await asyncio.gather(*(worker.wake("brief", str(number)) for number in range(40)))
        await until(lambda: len(ended) == 40, seconds=5 * jobs_module.NAP_SECONDS)


async def test_a_nudge_that_is_never_answered_stops_nothing(
    store: Store, valkey_url: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SOCKET_TIMEOUT", 1.5)
    door = Path(f"/tmp/sdp-nudge-{secrets.token_hex(4)}.sock")
    async with Relay(door, valkey_url.removeprefix("unix://")).running() as relay:
        far = Store(connect(relay.url))
        async with _worker(far, relay.url, work=bench.work):
            relay.deaf = True
            await until(lambda: relay.unheard)
            relay.deaf = False
            await Jobs(store).wake("work", "after")
            await until(lambda: bench.runs["after"] == 1)
        await far.aclose()


@pytest.mark.parametrize("way", ["catch", "hush"])
async def test_jobs_claimed_by_a_step_whose_answer_is_lost_run_at_once(
    store: Store, valkey_url: str, bench: Bench, way: str
) -> None:
    """`catch`: the connection breaks, and redis-py asks again by itself; `hush`: it only falls silent."""
    door, claims = Path(f"/tmp/sdp-claim-{secrets.token_hex(4)}.sock"), 0

    def first_claim(sent: bytes) -> bool:
        nonlocal claims
        claims += CLAIM in sent
        return CLAIM in sent and claims == 1

    await store.redis.script_load(CLAIM_JOBS)  # else the first claim only asks for it
    await Jobs(store).wake("work", "claimed")
    async with Relay(door, valkey_url.removeprefix("unix://")).running() as relay:
        setattr(relay, way, first_claim)
        far = Store(connect(relay.url))
        async with _worker(far, relay.url, work=bench.work):
            await until(lambda: bench.runs["claimed"] == 1, seconds=jobs_module.LEASE_SECONDS - 2)
        await far.aclose()
    assert claims > 1


CLAIM = hashlib.sha1(CLAIM_JOBS.encode(), usedforsecurity=False).hexdigest().encode()
"""What a claim looks like on the wire."""


async def _idle(jobs: Jobs) -> bool:
    depth = await jobs.depth()
    return depth.due == 0 and depth.running == 0


async def _lease(store: Store) -> float:
    rows = await store.redis.zrange(store.keys.jobs("running"), 0, -1, withscores=True)
    return float(rows[0][1])


async def _lease_is_past(store: Store, moment: float) -> bool:
    return await _lease(store) > moment
