"""Cards in Slack against their records: what one side has and the other lacks.

The metadata of our messages says whose card each is (`handlers.copies`), so one page of a conversation's history
answers for up to two hundred of them. Slack allows fifty such questions a minute (tier 3,
https://docs.slack.dev/apis/web-api/rate-limits/), and the bot asks some itself: one look asks at most CALLS, takes at
most SECONDS, says what it has not seen, and the next look goes on there.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.errors import BotError
from bot.findings import Finding, hint, listed, warning
from bot.jobs import TryAgain
from bot.store import CardCopy, Cards, Health
from bot.store.cards import KEPT

CALLS = 40
SECONDS = 8.0
LOOKED_BACK = KEPT - timedelta(days=1)
"""Older messages may have outlived their records without anything being wrong."""


NOT_OURS = "Nothing was closed: no card in Slack has a record here. Does REDIS_URL lead to the running bot's memory?"


class NotShown(BotError):
    """Slack does not show this conversation to the bot."""


@dataclass(frozen=True, slots=True)
class CardPage:
    """Our messages on one page of a conversation: the pointers of cards by their ts.

    `replies`: how many replies there are under a message, only where all of them are ours. `oldest` is the ts of the
    oldest message on the page, whoever wrote it; `cursor` leads to the next page, "" on the last.
    """

    cards: Mapping[str, str]
    replies: Mapping[str, int] = field(default_factory=dict)
    oldest: str = ""
    cursor: str = ""


class CardPages(Protocol):
    """Reads conversations in Slack; `handlers.examining` is one."""

    async def cards_in(self, channel: str, thread: str, since: datetime, cursor: str) -> CardPage:
        """A page of `channel` (newest first), or of `thread` in it (oldest first, empty when there is none such).

        Raises NotShown, TryAgain, BotError.
        """
        ...

    async def close_card(self, channel: str, ts: str) -> None:
        """Put a word that it is out of date in place of this message. Raises BotError."""
        ...


@dataclass(frozen=True, slots=True)
class Stray:
    """A card in Slack that no record speaks of: nobody keeps it up to date."""

    channel: str
    ts: str
    card: str


@dataclass(slots=True)
class Comparison:
    """What came of a look: `lost` are records whose message is not there, `hidden` channels that Slack does not show,
    `seen` and `unseen` count conversations; what was read of an unseen one is judged all the same. `known` counts cards
    that have their record.
    """

    strays: list[Stray] = field(default_factory=list)
    lost: list[tuple[str, CardCopy]] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    seen: int = 0
    unseen: int = 0
    known: int = 0


Records = dict[str, tuple[str, CardCopy]]
"""Cards and their copies, by the ts of their messages."""


class CardCheck:
    """Compares both sides."""

    def __init__(self, health: Health, cards: Cards, slack: CardPages) -> None:
        self._health = health
        self._cards = cards
        self._slack = slack

    async def compare(self, also: Iterable[str] = ()) -> Comparison:
        """Look through the conversations of our records, those the bot has lately written to, and `also`."""
        conversations = await self._conversations(also)
        order = sorted(conversations, key=lambda channel: (not conversations[channel].copies, channel))
        order = _rotated(order, await self._health.left_off())
        look, stopped_at = _Look(self._slack, self._cards), ""
        for number, channel in enumerate(order):
            if await look.into(channel, conversations[channel]):
                look.found.seen += 1
                continue
            look.found.unseen += 1
            if look.is_over and not stopped_at:
                stopped_at = channel if number else order[1 % len(order)]
        await self._health.leave_off(stopped_at)
        return look.found

    async def close_strays(self, also: Iterable[str] = ()) -> int:
        """Close the cards nobody keeps up to date, as far as one look sees; answers how many.

        Raises TryAgain, and BotError where no card has a record: that is somebody else's memory, not the bot's.
        """
        found = await self.compare(also)
        if found.strays and not found.known:
            raise BotError(NOT_OURS)
        closed = 0
        for stray in found.strays:
            with contextlib.suppress(BotError):
                await self._slack.close_card(stray.channel, stray.ts)
                closed += 1
        return closed

    async def _conversations(self, also: Iterable[str]) -> dict[str, "_Conversation"]:
        found: defaultdict[str, _Conversation] = defaultdict(_Conversation)
        for channel in {*also, *await self._health.direct_messages()}:
            found[channel] = _Conversation()
        async for card, copy in self._health.copies():
            if copy.ts is None or copy.gone:
                continue
            conversation = found[copy.channel]
            place = conversation.threads.setdefault(copy.thread, {}) if copy.thread else conversation.copies
            place[copy.ts] = (card, copy)
        return found


@dataclass(slots=True)
class _Conversation:
    """What our records say about one conversation; copies in threads apart."""

    copies: Records = field(default_factory=dict)
    threads: dict[str, Records] = field(default_factory=dict)


@dataclass(slots=True)
class _Reading:
    """What was read of a conversation or a thread; `back_to` is how far that is certain, a ts."""

    cards: dict[str, str] = field(default_factory=dict)
    replies: dict[str, int] = field(default_factory=dict)
    back_to: str = "9"
    whole: bool = False

    def add(self, page: CardPage) -> None:
        self.cards.update(page.cards)
        self.replies.update(page.replies)
        self.back_to = page.oldest or self.back_to
        self.whole = not page.cursor

    def lacks(self, ts: str) -> bool:
        """Whether a message that should be there is certainly not."""
        return ts not in self.cards and (self.whole or ts >= self.back_to)


class _Look:
    """One look through Slack, with what it may still ask and what it has found."""

    def __init__(self, slack: CardPages, cards: Cards) -> None:
        self._slack = slack
        self._cards = cards
        self._since = datetime.now(UTC) - LOOKED_BACK
        self._oldest = f"{self._since.timestamp():.6f}"
        self._calls = CALLS
        self._until = asyncio.get_running_loop().time() + SECONDS
        self.found = Comparison()

    @property
    def is_over(self) -> bool:
        return self._calls <= 0 or asyncio.get_running_loop().time() >= self._until

    async def into(self, channel: str, conversation: _Conversation) -> bool:
        """Compare one conversation; True when all of it was seen."""
        try:
            reading = await self._read(channel)
            self._miss(conversation.copies, reading)
            for ts, pointer in reading.cards.items():
                if await self._is_stray(ts, pointer):
                    self.found.strays.append(Stray(channel, ts, pointer))
                else:
                    self.found.known += 1
            threads = [await self._thread(channel, ts, reading, kept) for ts, kept in conversation.threads.items()]
        except NotShown as error:
            self.found.hidden.append(str(error))
            return True
        return reading.whole and all(threads)

    async def _thread(self, channel: str, thread: str, above: _Reading, kept: Records) -> bool:
        """Compare one thread, without a question where the number of replies says it all."""
        if thread < self._oldest or above.replies.get(thread) == len(kept):
            return True
        if above.replies.get(thread) == 0:
            self.found.lost += kept.values()
            return True
        reading = await self._read(channel, thread)
        if reading.whole:  # a thread is read from its beginning, so less than all of it proves nothing
            self._miss(kept, reading)
        return reading.whole

    async def _read(self, channel: str, thread: str = "") -> _Reading:
        """As many pages as there are or may be asked for. Raises NotShown."""
        reading, cursor = _Reading(), ""
        while not reading.whole and not self.is_over:
            self._calls -= 1
            try:
                page = await self._slack.cards_in(channel, thread, self._since, cursor)
            except NotShown:
                raise
            except (TryAgain, BotError):
                self._calls = 0
                break
            reading.add(page)
            cursor = page.cursor
        return reading

    def _miss(self, kept: Records, reading: _Reading) -> None:
        """Note the records whose message is not there. Slack's ts are of one length: text compares as time does."""
        self.found.lost += [one for ts, one in kept.items() if ts >= self._oldest and reading.lacks(ts)]

    async def _is_stray(self, ts: str, pointer: str) -> bool:
        """Asked of the records as they are now: a card may have been posted since they were read."""
        card, _, slot = pointer.partition("/")
        copy = (await self._cards.of(card)).get(slot)
        return copy is None or copy.ts not in (ts, None)


def _rotated(channels: list[str], first: str) -> list[str]:
    """All channels, beginning with `first` if it is still among them."""
    start = channels.index(first) if first in channels else 0
    return channels[start:] + channels[:start]


# --- in words --------------------------------------------------------------------------------------------------


def disagreements(found: Comparison, labels: Sequence[str]) -> list[Finding]:
    """What a look found; `labels` are the releases whose lost cards are still waited for."""
    return [*_lost(found, labels), *_strays(found), *_unlooked(found)]


def _lost(found: Comparison, labels: Sequence[str]) -> list[Finding]:
    if not found.lost:
        return []
    named = f" Still waited for: {listed(labels)}." if labels else ""
    text = f"{len(found.lost)} messages that the bot keeps up to date were deleted in Slack.{named}"
    return [warning("cards", text, "/sdp approvals shows what waits; the records go at the next change.")]


def _strays(found: Comparison) -> list[Finding]:
    if not found.strays:
        return []
    where = listed(sorted({stray.channel for stray in found.strays}))
    text = f"{len(found.strays)} cards in Slack have no record and are not kept up to date, in {where}."
    return [warning("cards", text, "sdp-bot doctor --close-strays")]


def _unlooked(found: Comparison) -> list[Finding]:
    findings = []
    if found.hidden:
        text = f"Slack does not show the bot {len(found.hidden)} of its conversations: {listed(found.hidden)}."
        findings.append(warning("cards", text, "In a channel: /invite @SDP. Are all scopes there?"))
    if found.unseen:
        text = f"{found.unseen} of {found.seen + found.unseen} conversations were not looked through to the end."
        findings.append(hint("cards", text, "Ask again in a minute: the next look goes on there."))
    return findings
