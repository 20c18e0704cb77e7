"""Jobs: what has to be looked at, and when. Any worker may do it, one at a time, and a killed one is replaced.

A job is a name and a key (`decide`, `<ref>|<person>`), and doing it means: look at what is true, do what is due,
say when to look again. Such a job may run twice or be cut off anywhere without harm, because what must happen
once is guarded where it happens (a decision's record, a card's claim), not here. This module promises the rest:

* a job that was woken runs, whatever is killed: its entry leaves Redis only when the job says it is done;
* a job woken while it runs, runs again: nothing that changed meanwhile is missed;
* the same job never runs twice at once: its lease is renewed while it runs, and ends by itself when its worker dies;
* jobs of one name never take the place of another's: each name has room of its own in a worker.

Why not a job library: docs/decisions/0002-jobs.md.
"""

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType

import structlog
from redis.exceptions import RedisError

from bot import metrics
from bot.errors import BotError
from bot.store.connection import Store, answered_within, connect
from bot.store.decisions import Wake
from bot.store.scripts import CLAIM_JOBS, FINISH_JOB, RENEW_JOBS, WAKE_JOB, WAKE_JOBS

LEASE_SECONDS = 6.0
"""How long a silent worker keeps a job: well under the fifteen seconds within which a cut-off decision goes on."""
RENEW_SECONDS = 1.5
NAP_SECONDS = 1.0
"""The longest a worker waits without looking whether something is due."""
DRAIN_SECONDS = 8.0
CANCEL_SECONDS = 1.0
ROOM = 50
"""Jobs of one name that a worker runs at once. Each name has its own room, so that fifty decisions which wait for an
SDP that has fallen silent keep no card, no command and no digest from its turn."""
BACKOFF_MAX_SECONDS = 60.0
LATE_SEEN, LATE_PAGE = 10_000, 1_000
"""So many of the oldest due jobs are looked at for how late one kind is, and so many of them at once."""

Job = Callable[[str], Awaitable[datetime | None]]
"""Does what is due for a key; answers when to look again, None when there is nothing more to do."""

log = structlog.get_logger()


class TryAgain(Exception):
    """Raised by a job that cannot go on now; `at` says when it may, None leaves that to the backoff."""

    def __init__(self, at: datetime | None = None) -> None:
        super().__init__("to be tried again")
        self.at = at


@dataclass(frozen=True, slots=True)
class Depth:
    """How much there is to do: jobs due now, jobs with a later time, jobs running, and how late the oldest is."""

    due: int
    later: int
    running: int
    oldest_seconds: float


@dataclass(slots=True)
class Run:
    """A job that runs here: its task, the lease it runs under, and whether it has to run again at once."""

    task: asyncio.Task[None]
    token: str
    again: bool = False


class Jobs:
    """Waking jobs, from any process."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def wake(self, name: str, key: str = "", at: datetime | None = None) -> None:
        """This job is due at `at` (default now), or earlier if it was already."""
        job, due = self.entry(name, key, at)
        await self.store.run(WAKE_JOB, [self._key("due"), self._key("kick")], job, due)

    async def wake_all(self, name: str, keys: Iterable[str]) -> None:
        """These jobs are due now: the same for many, in one round trip."""
        entries = [self.entry(name, key) for key in keys]
        if entries:
            parts = [part for job, due in entries for part in (job, due)]
            await self.store.run(WAKE_JOBS, [self._key("due"), self._key("kick")], *parts)

    @staticmethod
    def entry(name: str, key: str = "", at: datetime | None = None) -> Wake:
        """The same as a value, for a store step that writes a record and wakes its job in one."""
        return Wake(f"{name}|{key}", int((at or datetime.now(UTC)).timestamp() * 1000))

    async def depth(self) -> Depth:
        """What the queue looks like now."""
        now = datetime.now(UTC).timestamp() * 1000
        async with self.store.redis.pipeline() as step:
            step.zcount(self._key("due"), "-inf", now)
            step.zcard(self._key("due"))
            step.zcard(self._key("running"))
            step.zrange(self._key("due"), 0, 0, withscores=True)
            due, all_, running, oldest = await step.execute()
        late = max(0.0, now - oldest[0][1]) / 1000 if oldest else 0.0
        return Depth(due=due, later=all_ - due, running=running, oldest_seconds=late)

    async def lateness(self, name: str) -> float:
        """For how many seconds the oldest due job of this name has been waiting; 0 when none is due."""
        now = datetime.now(UTC).timestamp() * 1000
        for start in range(0, LATE_SEEN, LATE_PAGE):
            due = await self.store.redis.zrangebyscore(self._key("due"), "-inf", now, start, LATE_PAGE, withscores=True)
            if (late := next((now - at for job, at in due if job.startswith(f"{name}|")), None)) is not None:
                return float(late) / 1000
            if len(due) < LATE_PAGE:
                break
        return 0.0

    def _key(self, part: str) -> str:
        return self.store.keys.jobs(part)


class Worker(Jobs):
    """Runs jobs until it is stopped; `async with` starts it and drains it.

    `redis_url` is for the one connection that waits for work. Unknown job names are left to workers that know them
    by failing with backoff, which is what a rolling upgrade needs.
    """

    def __init__(
        self, store: Store, redis_url: str, jobs: Mapping[str, Job], *, room: int = ROOM, drain: float = DRAIN_SECONDS
    ) -> None:
        super().__init__(store)
        self._drain = drain
        self._jobs = jobs
        self._room = room
        self._busy: Counter[str] = Counter()
        self._waiting = connect(redis_url)
        self._name = secrets.token_hex(8)
        self._claims = 0
        self._running: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._draining = False

    async def __aenter__(self) -> "Worker":
        self._loops = [
            asyncio.create_task(self._work(), name="jobs"),
            asyncio.create_task(self._listen(), name="nudges"),
            asyncio.create_task(self._renew(), name="leases"),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take nothing new, let what runs end, give up after `drain` seconds: the leases then pass to others."""
        self._draining = True
        for loop in self._loops[:2]:  # leases are renewed to the end
            loop.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._drain)
        await _cancelled({*self._tasks, *self._loops})
        await self._waiting.aclose()

    async def _work(self) -> None:
        pause = 0.05
        while not self._draining:
            self._news.clear()
            try:
                await self._start_what_is_due()
                nap = await self._until_the_next()
                pause = 0.05
            except RedisError as error:
                log.warning("jobs.redis_away", error=type(error).__name__, retry_in=pause)
                nap, pause = pause, min(pause * 2, 2.0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(nap):
                    await self._news.wait()

    async def _listen(self) -> None:
        """Nudges from whoever wakes a job, in any process."""
        while not self._draining:
            try:
                if await self._waiting.blpop([self._key("kick")], timeout=NAP_SECONDS):
                    self._news.set()
            except RedisError:
                await asyncio.sleep(NAP_SECONDS)

    async def _start_what_is_due(self) -> None:
        """A claim whose answer is lost is made again under its token, and brings what the lost one would have."""
        keys = [self._key(part) for part in ("due", "running", "tokens", "troubles")]
        now = int(datetime.now(UTC).timestamp() * 1000)
        token = f"{self._name}:{self._claims}"
        left = [part for name, busy in self._busy.items() for part in (name, self._room - busy)]
        with answered_within():
            claimed = await self.store.run(CLAIM_JOBS, keys, now, self._room, token, int(LEASE_SECONDS * 1000), *left)
        self._claims += 1
        for job in claimed:
            self._start(job, token)

    def _start(self, job: str, token: str) -> None:
        if (run := self._running.get(job)) is not None:
            # Its lease ended while this process stood still: the run goes on under the new one, then once more.
            run.token, run.again = token, True
            return
        task = asyncio.create_task(self._run(job), name=job)
        self._running[job] = Run(task, token)
        self._busy[_name(job)] += 1
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _leave(self, job: str) -> Run:
        """Take a run out of the books; what waits for its room is looked for."""
        if self._busy[_name(job)] >= self._room:
            self._news.set()
        self._busy[_name(job)] -= 1
        return self._running.pop(job)

    async def _until_the_next(self) -> float:
        """Seconds until a job is due, at most NAP_SECONDS."""
        with answered_within():
            next_ = await self.store.redis.zrangebyscore(self._key("due"), "-inf", "+inf", 0, 1, withscores=True)
        wait = (next_[0][1] / 1000 - datetime.now(UTC).timestamp()) if next_ else NAP_SECONDS
        # A job that is due and still here runs right now, or its room is full: that it ends is news.
        return min(max(wait, 0.005), NAP_SECONDS) if wait > 0 else NAP_SECONDS

    async def _run(self, job: str) -> None:
        name, _, key = job.partition("|")
        ok, again = True, None
        with structlog.contextvars.bound_contextvars(job=name, key=key):
            try:
                with metrics.job_run(name):
                    again = await self._jobs[name](key)
            except asyncio.CancelledError:
                # Cut off by the drain: the lease ends by itself and another worker goes on.
                self._leave(job)
                raise
            except TryAgain as wish:
                ok, again = False, wish.at or await self._backoff(job)
            except BotError as error:
                # What the outside said needs no traceback: one wrong setting would fill the log with them.
                log.error("jobs.failed", error=type(error).__name__, says=str(error))  # noqa: TRY400
                ok, again = False, await self._backoff(job)
            except Exception:
                log.exception("jobs.failed")
                ok, again = False, await self._backoff(job)
            # Out of the books before Redis hears of it: a wake that comes right after is a new run.
            run = self._leave(job)
            await self._finish(job, run.token, datetime.now(UTC) if run.again else again, ok)

    async def _backoff(self, job: str) -> datetime:
        """Later each time this job fails or takes its worker down; never given up."""
        tries = 0
        with contextlib.suppress(RedisError):
            tries = int(await self.store.redis.hget(self._key("troubles"), job) or 0)
        seconds = min(0.5 * 2 ** min(tries, 10), BACKOFF_MAX_SECONDS)
        return datetime.now(UTC) + timedelta(seconds=seconds)

    async def _finish(self, job: str, token: str, again: datetime | None, ok: bool) -> None:
        """Say so until Redis has heard it; should the lease have passed to another meanwhile, it is theirs."""
        keys = [self._key(part) for part in ("due", "running", "tokens", "troubles", "kick")]
        at = "" if again is None else str(int(again.timestamp() * 1000))
        while True:
            try:
                await self.store.run(FINISH_JOB, keys, job, token, at, "ok" if ok else "failed")
            except RedisError:
                await asyncio.sleep(0.2)
            else:
                return

    async def _renew(self) -> None:
        while self._tasks or not self._draining:
            await asyncio.sleep(RENEW_SECONDS)
            if not self._running:
                continue
            keys = [self._key("running"), self._key("tokens")]
            with contextlib.suppress(RedisError), answered_within():
                leases = [part for job, run in self._running.items() for part in (job, run.token)]
                await self.store.run(RENEW_JOBS, keys, int(LEASE_SECONDS * 1000), *leases)


async def _cancelled(tasks: set[asyncio.Task[None]]) -> None:
    """End these, within CANCEL_SECONDS whatever they do.

    Cancelled again and again, because redis-py 8.1 sends with wait_for, and that of Python 3.11 can swallow a
    cancellation (https://github.com/python/cpython/issues/86296). What goes on all the same ends with the process.
    """
    end = asyncio.get_running_loop().time() + CANCEL_SECONDS
    while tasks and asyncio.get_running_loop().time() < end:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=0.1)


def _name(job: str) -> str:
    return job.partition("|")[0]
