"""Which messages in Slack are copies of what, and what each shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from bot.models import ApprovalRef
from bot.store.connection import Store

KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class CardCopy:
    """One message of ours that has to stay true: a card, its trail, a reminder, a piece of news.

    `slot` says which of a card's messages it is and for whom (`dm:<Slack person>`, `channel`, `trail:…`).
    `ts` is None while the message is being posted: whoever finds that looks for it in Slack before posting again.
    `face` is a digest of what the message shows, so that the same face is not sent twice. `shown` is the fingerprint
    behind its buttons. `thread` is the message it stands under. `gone`: somebody deleted it; it is not posted anew.
    """

    slot: str
    channel: str
    posting_since: datetime
    ts: str | None = None
    face: str = ""
    shown: str = ""
    thread: str | None = None
    gone: bool = False


_codec = TypeAdapter(CardCopy)


class Cards:
    """Copies by card; a card is named by its approval's reference, or `news:<release>`, `inbox:<person>`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, card: str) -> dict[str, CardCopy]:
        """Every copy of a card, by slot."""
        raw = await self._store.redis.hvals(self._store.keys.cards(card))
        copies = [_codec.validate_json(one) for one in raw]
        return {copy.slot: copy for copy in sorted(copies, key=lambda copy: copy.slot)}

    async def claim(self, card: str, copy: CardCopy) -> bool:
        """Note that this copy is about to be posted; False when there is one in its slot."""
        key = self._store.keys.cards(card)
        async with self._store.redis.pipeline(transaction=True) as step:
            step.hsetnx(key, copy.slot, _dump(copy))
            step.expire(key, KEPT)
            return bool((await step.execute())[0])

    async def keep(self, card: str, copy: CardCopy) -> None:
        """Remember what this copy is now."""
        await self._store.redis.hset(self._store.keys.cards(card), copy.slot, _dump(copy))

    # --- which approvals have cards, and who is asked -----------------------------------------------------

    async def note_asked(self, ref: ApprovalRef) -> None:
        """This approval of its release has a card."""
        key = self._store.keys.asked(ref.release)
        async with self._store.redis.pipeline(transaction=True) as step:
            step.sadd(key, str(ref))
            step.expire(key, KEPT)
            await step.execute()

    async def asked(self, release: str) -> set[ApprovalRef]:
        """The approvals of a release that have cards."""
        members = await self._store.redis.smembers(self._store.keys.asked(release))
        return {ApprovalRef.parse(member) for member in members}

    async def waiting(self, sdp_person: str) -> list[ApprovalRef]:
        """What somebody in SDP is asked for, the soonest deadline first."""
        members = await self._store.redis.zrange(self._store.keys.waiting(sdp_person), 0, -1)
        return [ApprovalRef.parse(member) for member in members]


def _dump(copy: CardCopy) -> str:
    return _codec.dump_json(copy).decode()
