"""What comes beside the cards: reminders, the one message for many approvals, and news for the requester."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from blocks import approvals as cards
from bot.approvals import is_asked
from bot.errors import BadInput
from bot.models import ApprovalRef, SdpId, SlackPerson, Snapshot
from bot.people import People
from bot.reminders import Asked, next_reminder, tomorrow_morning
from bot.store import Cards, Memory, Releases
from handlers.cards import CardWriter
from handlers.copies import Copies
from handlers.messenger import Messenger

KEPT = timedelta(days=90)
HOUR = timedelta(hours=1)

Wanted = Callable[[str], Awaitable[bool]]
"""Whether somebody (Slack id) wants reminders."""
QuietEnds = Callable[[SlackPerson], Awaitable[datetime | None]]
"""When somebody's quiet hours end; None when they may be disturbed now."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far reminding has come for one approval and person."""

    since: datetime
    sent: int = 0
    last: datetime | None = None
    snoozed_until: datetime | None = None


_codec = TypeAdapter(Progress)


class Reminding:
    """Jobs around the cards. `after` is in working hours; `wanted` and `quiet_ends` are what a
    person has chosen; a time somebody snoozed to themselves is never too quiet."""

    def __init__(
        self,
        *,
        writer: CardWriter,
        messenger: Messenger,
        people: People,
        releases: Releases,
        cards: Cards,
        memory: Memory,
        after: Sequence[float],
        wanted: Wanted,
        quiet_ends: QuietEnds,
    ) -> None:
        self._writer = writer
        self._messenger = messenger
        self._people = people
        self._releases = releases
        self._cards = cards
        self._copies = Copies(messenger, cards)
        self._memory = memory
        self._after = after
        self._wanted = wanted
        self._quiet_ends = quiet_ends

    # --- reminders ---------------------------------------------------------------------------------------

    async def remind(self, key: str) -> datetime | None:
        """Remind of one approval when it is time; answers when to look again. A job."""
        ref = ApprovalRef.parse(key)
        view = await self._writer.view(ref)
        if view is None or not is_asked(view.snapshot, ref):
            return None
        person = await self._people.slack_of(view.approval.approver)
        if person is None or person.deleted:
            await self._writer.also_in_channel(view)
            return None
        progress = await self._progress(ref, person)
        now = datetime.now(UTC)
        due = self._due(progress, person, view.snapshot)
        if due is not None and due <= now:
            if due != progress.snoozed_until and (quiet := await self._quiet_ends(person)) is not None:
                return quiet
            if await self._wanted(person.id):
                await self._send(ref, view, person, progress)
            progress = replace(progress, sent=progress.sent + 1, last=now)
            await self._keep(ref, person, progress)
            due = self._due(progress, person, view.snapshot)
        if due is None and progress.sent:
            await self._writer.also_in_channel(view)
        return due

    async def snooze(self, ref: ApprovalRef, slack_id: str, span: str) -> datetime:
        """Put the next reminder off; answers until when. Raises BadInput for a time that has passed."""
        snapshot = await self._releases.get(ref.release)
        person = await self._people.by_id(slack_id)
        if snapshot is None or person is None:
            raise BadInput("SDP no longer has this approval, so there is nothing to remind of.")
        until = _until(span, datetime.now(UTC), person.tz, snapshot.release.planned_start)
        progress = await self._progress(ref, person)
        await self._keep(ref, person, replace(progress, snoozed_until=until))
        return until

    async def _send(self, ref: ApprovalRef, view: cards.CardView, person: SlackPerson, progress: Progress) -> None:
        channel = await self._messenger.dm(person.id)
        card = (await self._copies.of(str(ref))).get(f"dm:{person.id}")
        link = await self._messenger.permalink(card.channel, card.ts) if card and card.ts else None
        face = cards.reminder(view, link or view.link)
        await self._copies.post(str(ref), f"reminder:{progress.sent + 1}:{person.id}", channel, face)
        await self._writer.show_again(ref)

    def _due(self, progress: Progress, person: SlackPerson, snapshot: Snapshot) -> datetime | None:
        asked = Asked(
            since=progress.since,
            tz=person.tz,
            planned_start=snapshot.release.planned_start,
            sent=progress.sent,
            last=progress.last,
            snoozed_until=progress.snoozed_until,
        )
        return next_reminder(asked, self._after)

    async def _progress(self, ref: ApprovalRef, person: SlackPerson) -> Progress:
        kept = await self._memory.recall("remind", f"{ref}/{person.id}")
        if kept is not None:
            return _codec.validate_json(kept)
        progress = Progress(since=datetime.now(UTC))
        await self._keep(ref, person, progress)
        return progress

    async def _keep(self, ref: ApprovalRef, person: SlackPerson, progress: Progress) -> None:
        await self._memory.keep("remind", f"{ref}/{person.id}", _codec.dump_json(progress).decode(), KEPT)

    # --- many at once --------------------------------------------------------------------------------------

    async def inbox(self, key: str) -> None:
        """The one message that stands for many cards; `key` is `<Slack person>|<SDP person>`. A job."""
        slack_id, _, sdp_id = key.partition("|")
        asked = await self._cards.waiting(sdp_id)
        known = await asyncio.gather(*(self._releases.known_of(ref.release) for ref in asked))
        waiting, refs = [], []
        for ref, snapshot in zip(asked, (one.snapshot for one in known), strict=True):
            if snapshot is not None and is_asked(snapshot, ref):
                waiting.append(snapshot)
                refs.append(ref)
        card, slot = f"inbox:{slack_id}", "dm"
        face = cards.summary(waiting, refs)
        if not refs and slot not in await self._copies.of(card):
            return
        await self._copies.post(card, slot, await self._messenger.dm(slack_id), face)

    async def want_card(self, ref: ApprovalRef, slack_id: str) -> None:
        """Somebody picked this approval from the message that stands for many."""
        await self._memory.keep("wanted", f"{ref}/{slack_id}", "1", KEPT)

    # --- news for the requester ------------------------------------------------------------------------------

    async def news(self, release: str) -> None:
        """Tell the requester about every level that was decided since the bot asked somebody on it. A job."""
        snapshot = await self._releases.get(SdpId(release))
        requester = snapshot.release.requester if snapshot else None
        if snapshot is None or requester is None:
            return
        if (person := await self._people.slack_of(requester)) is None:
            return
        open_before = {ref.level for ref in await self._cards.asked(release)}
        for level in snapshot.levels:
            if level.state.is_decided and level.id in open_before:
                if {one.approver.id for one in snapshot.of_level(level.id) if one.state.is_decided} == {requester.id}:
                    continue  # their own doing
                face = cards.news(snapshot, level, self._writer.link(snapshot.release))
                await self._copies.post(
                    f"news:{release}", f"level:{level.id}", await self._messenger.dm(person.id), face
                )


def _until(span: str, now: datetime, tz: str, planned_start: datetime | None) -> datetime:
    if span == "tomorrow":
        return tomorrow_morning(now, tz)
    if span == "start" and planned_start is not None:
        if planned_start - HOUR <= now:
            raise BadInput("The planned start is less than an hour away.")
        return planned_start - HOUR
    return now + HOUR
