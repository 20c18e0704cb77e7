"""Operations offered, under way and lately settled: one record each, changed by compare-and-set only."""

from datetime import timedelta

from pydantic import TypeAdapter

from bot.models import Operation, OperationState
from bot.store.connection import Store
from bot.store.decisions import Wake
from bot.store.scripts import SWAP_OPERATION

OFFER_KEPT = timedelta(hours=1)
"""How long a preview's button works: what it showed is old after that."""
KEPT = timedelta(days=30)
_codec = TypeAdapter(Operation)


class Operations:
    """Records of operations; a change also wakes the job that goes on with it, in the same step."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, operation: Operation, wake: Wake | None = None) -> bool:
        """Store a new one; False, and nothing done, when there is one by this id already."""
        return await self._swap(0, operation, wake)

    async def swap(self, old: Operation, new: Operation, wake: Wake | None = None) -> bool:
        """Put `new` in place of `old`; False, and nothing done, when somebody changed it meanwhile."""
        return await self._swap(old.version, new, wake)

    async def get(self, id_: str) -> Operation | None:
        raw = await self._store.redis.get(self._store.keys.operation(id_))
        return _codec.validate_json(raw) if raw else None

    async def open(self) -> list[str]:
        """Ids of all that were confirmed and are not settled."""
        return sorted(await self._store.redis.smembers(self._store.keys.open_operations))

    async def _swap(self, version: int, new: Operation, wake: Wake | None) -> bool:
        keys = self._store.keys
        names = [keys.operation(new.id), keys.open_operations, keys.jobs("due"), keys.jobs("kick")]
        kept = OFFER_KEPT if new.state is OperationState.OFFERED else KEPT
        under_way = not (new.final or new.state is OperationState.OFFERED)
        job, at = wake or ("", 0)
        text = _codec.dump_json(new).decode()
        args = (version, text, int(kept.total_seconds()), new.id, "open" if under_way else "", job, at)
        return bool(await self._store.run(SWAP_OPERATION, names, *args))
