"""Digests: who is due when, what became of each day's, where a team's go, and how far the present run is."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from pydantic import TypeAdapter

from bot.models import ApprovalRef
from bot.store.connection import Store
from bot.store.scripts import CLAIM_TEXT, MOVE_DUE, SWAP_TEXT

KEPT = timedelta(days=8)
"""Longer than any two places on earth disagree about the date, and than a week's holiday of the bot."""
LISTED = timedelta(days=2)
RUN_KEPT = timedelta(days=30)


class DigestState(StrEnum):
    """What became of one day's digest."""

    POSTING = "posting"
    """Claimed: being posted, or posted by somebody who could not say so any more."""
    POSTED = "posted"
    EMPTY = "empty"
    """There was nothing to say, and nothing was said."""
    UNDELIVERABLE = "undeliverable"
    """Slack takes no message for them."""

    @property
    def final(self) -> bool:
        return self is not DigestState.POSTING


@dataclass(frozen=True, slots=True)
class DigestRecord:
    """One digest of one local date. `claim` is whose it is to post; `refs` are the approvals it lists."""

    claim: str
    claimed_at: datetime
    state: DigestState = DigestState.POSTING
    channel: str = ""
    ts: str = ""
    refs: tuple[ApprovalRef, ...] = ()
    face: str = ""

    def posted(self, channel: str, ts: str, face: str) -> "DigestRecord":
        return replace(self, state=DigestState.POSTED, channel=channel, ts=ts, face=face)


@dataclass(frozen=True, slots=True)
class TeamDigest:
    """A channel's digest: when it comes, in whose time zone, and who wanted it."""

    channel: str
    name: str
    at: time
    days: frozenset[int]
    tz: str
    by: str


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is: `left` are due and not handled yet. Ended when `ended_at` is set."""

    started_at: datetime
    posted: int = 0
    empty: int = 0
    failed: int = 0
    left: int = 0
    ended_at: datetime | None = None


_record = TypeAdapter(DigestRecord)
_team = TypeAdapter(TeamDigest)
_run = TypeAdapter(RunProgress)


class Digests:
    """Records of digests. `who` is a Slack person or channel, by id."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # --- who is due when ---------------------------------------------------------------------------------

    async def plan(self, who: str, due: datetime) -> None:
        await self._store.redis.zadd(self._store.keys.digest_due, {who: _ms(due)})

    async def unplan(self, who: str) -> None:
        await self._store.redis.zrem(self._store.keys.digest_due, who)

    async def planned(self, who: str) -> datetime | None:
        score = await self._store.redis.zscore(self._store.keys.digest_due, who)
        return _from_ms(score) if score is not None else None

    async def everyone(self) -> dict[str, datetime]:
        """Everybody who is planned → when."""
        rows = await self._store.redis.zrange(self._store.keys.digest_due, 0, -1, withscores=True)
        return {who: _from_ms(score) for who, score in rows}

    async def due(self, now: datetime, count: int) -> list[tuple[str, datetime]]:
        """Who is due, and since when; longest first, and in the order of their ids when it is the same minute."""
        key = self._store.keys.digest_due
        rows = await self._store.redis.zrangebyscore(key, "-inf", _ms(now), 0, count, withscores=True)
        return [(who, _from_ms(score)) for who, score in rows]

    async def waiting(self, now: datetime) -> int:
        """How many are due."""
        count: int = await self._store.redis.zcount(self._store.keys.digest_due, "-inf", _ms(now))
        return count

    async def earliest(self) -> datetime | None:
        rows = await self._store.redis.zrange(self._store.keys.digest_due, 0, 0, withscores=True)
        return _from_ms(rows[0][1]) if rows else None

    async def move(self, who: str, seen: datetime, due: datetime | None) -> bool:
        """Plan the next one (None: no more), unless somebody has planned anew since `seen`."""
        new = "" if due is None else _ms(due)
        return bool(await self._store.run(MOVE_DUE, [self._store.keys.digest_due], who, _ms(seen), new))

    # --- one day's digest ----------------------------------------------------------------------------------

    async def get(self, who: str, day: date) -> DigestRecord | None:
        raw = await self._store.redis.get(self._key(who, day))
        return _record.validate_json(raw) if raw else None

    async def claim(self, who: str, day: date, record: DigestRecord) -> DigestRecord | None:
        """Make this day's digest ours to post: None when it is, else the record of whoever was faster."""
        raw = await self._store.run(CLAIM_TEXT, [self._key(who, day)], _dump(record), _seconds(KEPT))
        return _record.validate_json(raw) if raw else None

    async def swap(self, who: str, day: date, old: DigestRecord, new: DigestRecord | None) -> bool:
        """Put `new` (None: nothing) in place of `old`; False when somebody changed it meanwhile."""
        text = _dump(new) if new else ""
        return bool(await self._store.run(SWAP_TEXT, [self._key(who, day)], _dump(old), text, _seconds(KEPT)))

    def _key(self, who: str, day: date) -> str:
        return self._store.keys.digest(who, day.isoformat())

    # --- what lists an approval, to be drawn again when it moves -----------------------------------------------

    async def lists(self, refs: tuple[ApprovalRef, ...], job: str) -> None:
        """This job draws something that lists these approvals."""
        async with self._store.redis.pipeline(transaction=True) as step:
            for ref in refs:
                step.sadd(self._store.keys.listed(str(ref)), job)
                step.expire(self._store.keys.listed(str(ref)), LISTED)
            await step.execute()

    async def listing(self, ref: ApprovalRef) -> set[str]:
        """The jobs that draw something that lists this approval, as `name|key`."""
        jobs: set[str] = await self._store.redis.smembers(self._store.keys.listed(str(ref)))
        return jobs

    # --- teams -------------------------------------------------------------------------------------------------

    async def keep_team(self, team: TeamDigest) -> None:
        await self._store.redis.hset(self._store.keys.digest_teams, team.channel, _team.dump_json(team).decode())

    async def forget_team(self, channel: str) -> bool:
        """True when there was one."""
        return bool(await self._store.redis.hdel(self._store.keys.digest_teams, channel))

    async def team(self, channel: str) -> TeamDigest | None:
        raw = await self._store.redis.hget(self._store.keys.digest_teams, channel)
        return _team.validate_json(raw) if raw else None

    async def teams(self) -> list[TeamDigest]:
        raw = await self._store.redis.hvals(self._store.keys.digest_teams)
        return sorted((_team.validate_json(one) for one in raw), key=lambda team: team.channel)

    # --- the run -------------------------------------------------------------------------------------------------

    async def progress(self) -> RunProgress | None:
        """The present run, or the last one."""
        raw = await self._store.redis.get(self._store.keys.digest_run)
        return _run.validate_json(raw) if raw else None

    async def note(self, progress: RunProgress) -> None:
        text = _run.dump_json(progress).decode()
        await self._store.redis.set(self._store.keys.digest_run, text, ex=RUN_KEPT)


def _dump(record: DigestRecord) -> str:
    return _record.dump_json(record).decode()


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _from_ms(value: float) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)
