"""Decisions under way and lately settled: one hash an approval, one field a person."""

from datetime import timedelta
from typing import NamedTuple

from pydantic import TypeAdapter

from bot.models import ApprovalRef, Decision
from bot.store.connection import Store
from bot.store.scripts import RECORD_INTENT, SWAP_DECISION

KEPT = timedelta(days=30)
DELIVERY_KEPT = timedelta(minutes=15)
"""Slack sends an event again for about six minutes, and a signature is good for five."""
_codec = TypeAdapter(Decision)


class Wake(NamedTuple):
    """A job to wake together with a write: its name and when it is due (epoch milliseconds)."""

    job: str
    at: int


class Decisions:
    """Records of decisions; `record` and `swap` also wake the job that goes on with them, in the same step."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def record(
        self, decision: Decision, wake: Wake, delivery: str = "", also: Wake | None = None
    ) -> Decision | None:
        """Store a new intent. Answers it, or the person's decision that it leaves alone: one that is under way, or one
        that has ended and is not in the ledger yet; None when this very `delivery` was recorded before. `also`: a
        second job to wake.
        """
        keys = [*self._keys(decision.ref), self._store.keys.memory("delivery", delivery)]
        args = (decision.person, _dump(decision), _seconds(KEPT), decision.key, wake.job, wake.at)
        kept = _seconds(DELIVERY_KEPT) if delivery else 0
        known = await self._store.run(RECORD_INTENT, keys, *args, kept, *(also or ()))
        if known == "repeated":
            return None
        return decision if known is None else _codec.validate_json(known)

    async def swap(self, old: Decision, new: Decision, wake: Wake | None = None) -> bool:
        """Put `new` in place of `old`; False, and nothing done, when somebody changed it meanwhile."""
        job, at = wake or ("", 0)
        args = (old.person, old.version, _dump(new), _seconds(KEPT), old.key, job, at)
        return bool(await self._store.run(SWAP_DECISION, self._keys(old.ref), *args))

    async def get(self, ref: ApprovalRef, person: str) -> Decision | None:
        raw = await self._store.redis.hget(self._store.keys.decision(str(ref)), person)
        return _codec.validate_json(raw) if raw else None

    async def of(self, ref: ApprovalRef) -> list[Decision]:
        """Everybody's decisions on an approval, newest last."""
        raw = await self._store.redis.hvals(self._store.keys.decision(str(ref)))
        return sorted((_codec.validate_json(one) for one in raw), key=lambda decision: decision.asked_at)

    async def open(self) -> list[tuple[ApprovalRef, str]]:
        """Every decision that is not settled, as (approval, Slack person)."""
        members = await self._store.redis.smembers(self._store.keys.open_decisions)
        return [(ApprovalRef.parse(ref), person) for ref, _, person in (m.partition("|") for m in sorted(members))]

    def _keys(self, ref: ApprovalRef) -> list[str]:
        keys = self._store.keys
        return [keys.decision(str(ref)), keys.open_decisions, keys.jobs("due"), keys.jobs("kick")]


def _dump(decision: Decision) -> str:
    return _codec.dump_json(decision).decode()


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
