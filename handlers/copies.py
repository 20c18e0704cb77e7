"""Messages that stay true: posted once, changed in place, found again after a crash, left alone when deleted.

A copy is claimed before it is posted, so a crash between posting and recording leaves a claim without a ts; the
next run then looks for the message in Slack by its metadata and adopts it instead of posting a second one.
"""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from json import dumps

import structlog

from blocks.ids import CARD_EVENT
from blocks.kit import Message
from bot.store import CardCopy, Cards
from handlers.messenger import MessageGone, Messenger

log = structlog.get_logger()


class Copies:
    """Brings copies of a card up to a face; the caller holds the one job that writes this card."""

    def __init__(self, messenger: Messenger, cards: Cards) -> None:
        self._messenger = messenger
        self._cards = cards

    async def of(self, card: str) -> dict[str, CardCopy]:
        """Every copy of a card, by slot."""
        return await self._cards.of(card)

    async def post(
        self, card: str, slot: str, channel: str, face: Message, *, shown: str = "", thread: str | None = None
    ) -> CardCopy:
        """Post what is missing; a copy already in the slot is brought up to `face` instead."""
        copy = CardCopy(slot, channel, posting_since=datetime.now(UTC), thread=thread)
        if await self._cards.claim(card, copy):
            return await self._really_post(card, copy, face, shown)
        return await self.bring_up(card, (await self._cards.of(card))[slot], face, shown=shown)

    async def bring_up(self, card: str, copy: CardCopy, face: Message, *, shown: str = "") -> CardCopy:
        """Make one copy show `face`; answers the copy as it then is."""
        if copy.gone:
            return copy
        if copy.ts is None:
            copy = await self._adopted(card, copy)
        if copy.ts is None:
            return await self._really_post(card, copy, face, shown)
        if copy.face == _digest(face):
            return copy
        try:
            await self._messenger.update(copy.channel, copy.ts, face, _metadata(card, copy.slot))
        except MessageGone:
            log.info("copies.deleted_in_slack", card=card, slot=copy.slot)
            return await self._kept(card, replace(copy, gone=True))
        return await self._kept(card, replace(copy, face=_digest(face), shown=shown))

    async def _really_post(self, card: str, copy: CardCopy, face: Message, shown: str) -> CardCopy:
        metadata = _metadata(card, copy.slot)
        channel, ts = await self._messenger.post(copy.channel, face, metadata, thread=copy.thread)
        return await self._kept(card, replace(copy, channel=channel, ts=ts, face=_digest(face), shown=shown))

    async def _adopted(self, card: str, copy: CardCopy) -> CardCopy:
        """The copy with the ts of a message that was posted but not recorded, if there is one."""
        pointer = f"{card}/{copy.slot}"
        ts = await self._messenger.find(copy.channel, CARD_EVENT, pointer, copy.posting_since, thread=copy.thread)
        return await self._kept(card, replace(copy, ts=ts)) if ts else copy

    async def _kept(self, card: str, copy: CardCopy) -> CardCopy:
        await self._cards.keep(card, copy)
        return copy


def _metadata(card: str, slot: str) -> Message:
    return {"event_type": CARD_EVENT, "event_payload": {"pointer": f"{card}/{slot}"}}


def _digest(face: Message) -> str:
    return sha256(dumps(face, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
