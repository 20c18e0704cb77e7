"""Which messages in Slack are copies of which card, and what each shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from bot.models import ApprovalRef
from bot.store.connection import Store

KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class CardCopy:
    """One copy of a card. `slot` says for whom (`dm:<Slack person>` or `channel`).

    `ts` is None while the message is being posted: whoever finds that looks for it in Slack before posting again.
    `face` is a digest of what the message shows, so that the same face is not sent twice. `shown` is the fingerprint
    behind its buttons.
    """

    slot: str
    channel: str
    posting_since: datetime
    ts: str | None = None
    face: str = ""
    shown: str = ""


_codec = TypeAdapter(CardCopy)


class Cards:
    """Copies of cards by approval."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, ref: ApprovalRef) -> list[CardCopy]:
        raw = await self._store.redis.hvals(self._store.keys.cards(str(ref)))
        return sorted((_codec.validate_json(one) for one in raw), key=lambda copy: copy.slot)

    async def claim(self, ref: ApprovalRef, copy: CardCopy) -> bool:
        """Note that this copy is about to be posted; False when there is one in its slot."""
        key = self._store.keys.cards(str(ref))
        async with self._store.redis.pipeline(transaction=True) as step:
            step.hsetnx(key, copy.slot, _dump(copy))
            step.expire(key, KEPT)
            step.sadd(self._store.keys.asked(ref.release), str(ref))
            step.expire(self._store.keys.asked(ref.release), KEPT)
            return bool((await step.execute())[0])

    async def keep(self, ref: ApprovalRef, copy: CardCopy) -> None:
        """Remember what this copy is now."""
        await self._store.redis.hset(self._store.keys.cards(str(ref)), copy.slot, _dump(copy))

    async def forget(self, ref: ApprovalRef, slot: str) -> None:
        """The message is gone."""
        await self._store.redis.hdel(self._store.keys.cards(str(ref)), slot)

    async def asked(self, release: str) -> set[ApprovalRef]:
        """The approvals of a release that have cards."""
        members = await self._store.redis.smembers(self._store.keys.asked(release))
        return {ApprovalRef.parse(member) for member in members}


def _dump(copy: CardCopy) -> str:
    return _codec.dump_json(copy).decode()
