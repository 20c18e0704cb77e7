"""Posts digests: the run over whoever is due, one at once for whoever asks, and the copy that follows its approvals.

Once a day means: the day's record is claimed before the one post and says afterwards what became of it. Whoever finds
a claim older than any post can take looks for the message by its metadata, adopts it, or takes the claim over. A run
works in short slices, at the pace Slack allows all processes together, so it may be killed at any moment and goes on
with the next person who is due.

A record's owner is whose digest it is, `U…` or `C…`; one that was asked for beside the day's is `U…:<request>`.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from json import dumps

import structlog
from slack_sdk.errors import SlackApiError

from blocks import digest as cards
from blocks.ids import DIGEST_EVENT
from blocks.kit import Block, Message
from bot.jobs import Jobs, TryAgain
from bot.models import ApprovalRef
from bot.overview import Index, Overviews
from bot.planner import Planner, is_channel
from bot.schedule import slot_today
from bot.store import DigestRecord, Digests, DigestState, Memory, PostPace, RunProgress
from handlers.messenger import BlocksRefused, MessageGone, Messenger
from handlers.sheets import DAY, Draw, Sheet, Sheets

SLICE_SECONDS = 3.0
"""How long a run goes on before it lets the worker breathe: well within the time a worker has to drain."""
PAGE_MIN = 10
POSTS_AT_ONCE = 8
OVERVIEW_AGE, LISTS_AGE = timedelta(minutes=10), timedelta(minutes=30)
"""How old what is told may be: releases, which cost SDP nothing, and what a run over thousands reads once for all."""
CLAIM_LASTS = timedelta(seconds=30)
"""Longer than any call to Slack: a claim without a message that is older was left by somebody who is gone."""
RETRY = timedelta(minutes=5)

UNREACHABLE = frozenset(
    {
        "account_inactive",
        "cannot_dm_bot",
        "channel_not_found",
        "is_archived",
        "messages_tab_disabled",
        "not_in_channel",
        "restricted_action",
        "user_disabled",
        "user_not_found",
    }
)
"""Slack's words for "no message will reach them": not tried again before the next day."""

FIRST_POLL_AWAITED = timedelta(seconds=1)
"""How often a digest that is due looks whether the first poll is through; before that, nothing seems to wait."""

log = structlog.get_logger()


@dataclass(slots=True)
class Tally:
    """What a slice of a run has done so far."""

    posted: int = 0
    empty: int = 0
    failed: int = 0

    def __bool__(self) -> bool:
        return bool(self.posted or self.empty or self.failed)


class DigestWriter:
    """Posts digests and keeps their rows true."""

    def __init__(
        self,
        *,
        digests: Digests,
        planner: Planner,
        overviews: Overviews,
        sheets: Sheets,
        messenger: Messenger,
        memory: Memory,
        pace: PostPace,
        jobs: Jobs,
    ) -> None:
        self._digests = digests
        self._planner = planner
        self._overviews = overviews
        self._sheets = sheets
        self._messenger = messenger
        self._memory = memory
        self._pace = pace
        self._jobs = jobs
        self._turn = asyncio.Lock()

    # --- the run -----------------------------------------------------------------------------------------

    async def run(self, _: str = "") -> datetime | None:
        """Post whatever is due, for a few seconds; answers when to go on. A job, one at a time."""
        if not await self._overviews.knows_what_waits():
            return datetime.now(UTC) + FIRST_POLL_AWAITED
        end, tally = time.monotonic() + SLICE_SECONDS, Tally()
        page = max(PAGE_MIN, round(self._pace.per_second * SLICE_SECONDS))
        while time.monotonic() < end and (due := await self._digests.due(datetime.now(UTC), page)):
            index = await self._overviews.fresh(OVERVIEW_AGE, LISTS_AGE)
            limit = asyncio.Semaphore(POSTS_AT_ONCE)
            async with asyncio.TaskGroup() as group:
                for who, seen in due:
                    group.create_task(self._safely(who, seen, index, tally, limit))
        await self._note(tally)
        return await self._digests.earliest()

    async def _safely(self, who: str, seen: datetime, index: Index, tally: Tally, limit: asyncio.Semaphore) -> None:
        """One of a run; somebody's trouble must not cost the others theirs."""
        async with limit:
            try:
                await self._one(who, seen, index, tally)
            except TryAgain as wish:
                await self._pace.hold(wish.at or datetime.now(UTC) + timedelta(seconds=1))
            except Exception as error:
                tally.failed += 1
                log.warning("digest.failed", who=who, error=f"{type(error).__name__}: {error}")
                await self._digests.move(who, seen, datetime.now(UTC) + RETRY)

    async def _one(self, who: str, seen: datetime, index: Index, tally: Tally) -> None:
        """Somebody who is due: post what today is for, or leave it, and plan the next."""
        now = datetime.now(UTC)
        timetable = await self._planner.timetable(who)
        slot = slot_today(timetable.rhythm, timetable.zone, now) if timetable else None
        if timetable is not None and slot is not None and slot.due <= now and not timetable.is_too_late(slot, now):
            known = await self._digests.get(who, slot.day)
            if known is None or not known.state.final:
                draw = await self._sheets.of_slot(who, slot, timetable, index)
                if (until := await self._settle(who, slot.day, draw, tally)) is not None:
                    await self._digests.move(who, seen, until)
                    return
        await self._planner.onward(who, seen, timetable)

    # --- one digest, once ------------------------------------------------------------------------------------

    async def _settle(
        self, owner: str, day: date, draw: Draw | None, tally: Tally, request: str = ""
    ) -> datetime | None:
        """Bring one digest to its end; answers when to look again while another worker may be posting it."""
        known = await self._digests.get(owner, day)
        if known is not None and known.state.final:
            return None
        if known is not None and datetime.now(UTC) - known.claimed_at < CLAIM_LASTS:
            return known.claimed_at + CLAIM_LASTS
        if known is not None and await self._adopt(owner, day, known):
            tally.posted += 1
            return None
        if draw is None:
            await self._claim(owner, day, known, _fresh(request, DigestState.EMPTY))
            tally.empty += 1
            return None
        await self._wait_for_turn(_channel(owner))
        record = replace(_fresh(request), refs=draw(False).refs)
        if not await self._claim(owner, day, known, record):
            return datetime.now(UTC) + CLAIM_LASTS
        await self._post(owner, day, record, draw, tally)
        return None

    async def _claim(self, owner: str, day: date, known: DigestRecord | None, record: DigestRecord) -> bool:
        """Make the day's digest ours, out of nothing or out of the hands of somebody who is gone."""
        if known is None:
            return await self._digests.claim(owner, day, record) is None
        return await self._digests.swap(owner, day, known, record)

    async def _post(self, owner: str, day: date, record: DigestRecord, draw: Draw, tally: Tally) -> None:
        """The one post. Whatever Slack provably did not take gives the claim back."""
        try:
            sheet, channel, ts = await self._say(owner, day, draw)
        except (TryAgain, BlocksRefused):
            await self._digests.swap(owner, day, record, None)
            raise
        except SlackApiError as error:
            said = error.response.get("error")
            lost = replace(record, state=DigestState.UNDELIVERABLE) if said in UNREACHABLE else None
            await self._digests.swap(owner, day, record, lost)
            if lost is None:
                raise
            log.warning("digest.undeliverable", who=owner, said=said)
            tally.failed += 1
        else:
            await self._digests.swap(owner, day, record, record.posted(channel, ts, _face(sheet.message)))
            await self._digests.lists(sheet.refs, f"digest_show|{owner}|{day.isoformat()}")
            tally.posted += 1

    async def _say(self, owner: str, day: date, draw: Draw) -> tuple[Sheet, str, str]:
        """Post; once more without the chart where this workspace's Slack refuses it, and then nothing was posted."""
        metadata, channel = _metadata(owner, day), _channel(owner)
        sheet, plain = draw(await self._charts()), draw(False)
        try:
            return sheet, *await self._messenger.post(channel, sheet.message, metadata)
        except BlocksRefused:
            if plain.message == sheet.message:
                raise
        await self._memory.keep("slack", "no_charts", "1", DAY)
        return plain, *await self._messenger.post(channel, plain.message, metadata)

    async def _charts(self) -> bool:
        return await self._memory.recall("slack", "no_charts") is None

    async def _adopt(self, owner: str, day: date, known: DigestRecord) -> bool:
        """Whether the message of a claim is there after all; then it is that day's digest."""
        channel = _channel(owner)
        channel = channel if is_channel(channel) else await self._messenger.dm(channel)
        ts = await self._messenger.find(channel, DIGEST_EVENT, f"{owner}/{day.isoformat()}", known.claimed_at)
        if ts is None:
            return False
        await self._digests.swap(owner, day, known, known.posted(channel, ts, ""))
        await self._digests.lists(known.refs, f"digest_show|{owner}|{day.isoformat()}")
        log.info("digest.adopted", who=owner, day=day.isoformat())
        return True

    async def _wait_for_turn(self, channel: str) -> None:
        """One after the other, at the pace all processes share."""
        async with self._turn:
            while wait := await self._pace.turn(channel):  # noqa: ASYNC110 (the clock is in Redis, nobody sets an event)
                await asyncio.sleep(wait)

    async def _note(self, tally: Tally) -> None:
        """How far the run is, for the log and for the doctor."""
        if not tally:
            return
        now = datetime.now(UTC)
        left, last = await self._digests.waiting(now), await self._digests.progress()
        run = last if last and last.ended_at is None else RunProgress(started_at=now)
        run = replace(
            run,
            posted=run.posted + tally.posted,
            empty=run.empty + tally.empty,
            failed=run.failed + tally.failed,
            left=left,
            ended_at=None if left else now,
        )
        await self._digests.note(run)
        log.info("digest.run", posted=run.posted, empty=run.empty, failed=run.failed, left=left)

    # --- the copy that is there ---------------------------------------------------------------------------------

    async def redraw(self, key: str) -> None:
        """Bring the rows of a posted digest up to the truth. A job; its key is `<owner>|<local date>`."""
        owner, _, text = key.partition("|")
        day = date.fromisoformat(text)
        record, index = await self._digests.get(owner, day), await self._overviews.known()
        if record is None or record.state is not DigestState.POSTED or index is None or not record.refs:
            return
        at = record.claimed_at
        draw = await self._sheets.of_person(_channel(owner), index, at, at - DAY, pinned=record.refs)
        message = draw(await self._charts()).message if draw else None
        if message is None or _face(message) == record.face:
            return
        try:
            await self._messenger.update(record.channel, record.ts, message, _metadata(owner, day))
        except MessageGone:
            log.info("digest.gone", who=owner, day=text)
        else:
            await self._digests.swap(owner, day, record, replace(record, face=_face(message)))

    async def follow(self, ref: str) -> None:
        """Whatever lists this approval is drawn again."""
        for job in sorted(await self._digests.listing(ApprovalRef.parse(ref))):
            name, _, key = job.partition("|")
            await self._jobs.wake(name, key)

    # --- what people ask for ----------------------------------------------------------------------------------------

    async def preview(self, person: str) -> Message:
        """What somebody's digest would be now."""
        draw = await self._as_of_now(person, preview=True)
        return draw(False).message if draw else cards.nothing()

    async def has_something(self, person: str) -> bool:
        """Whether a digest sent now would say anything."""
        return await self._as_of_now(person) is not None

    async def _as_of_now(self, person: str, *, preview: bool = False) -> Draw | None:
        now = datetime.now(UTC)
        index = await self._overviews.fresh(timedelta(minutes=1))
        return await self._sheets.of_person(person, index, now, now - DAY, preview=preview)

    async def now(self, key: str) -> datetime | None:
        """A digest at once, because somebody asked. A job; its key is `<person>|<request>`.

        It is today's when today's has not come yet: nobody gets the same twice within the hour.
        """
        person, _, request = key.partition("|")
        timetable = await self._planner.timetable(person)
        if timetable is None:
            return None
        day = datetime.now(UTC).astimezone(timetable.zone).date()
        known = await self._digests.get(person, day)
        owner = person if known is None or known.claim == request else f"{person}:{request}"
        tally = Tally()
        draw = await self._as_of_now(person)
        again = await self._settle(owner, day, draw, tally, request) if draw else None
        await self._planner.replan(person)
        return again


def _fresh(request: str, state: DigestState = DigestState.POSTING) -> DigestRecord:
    return DigestRecord(claim=request or secrets.token_hex(8), claimed_at=datetime.now(UTC), state=state)


def _channel(owner: str) -> str:
    return owner.partition(":")[0]


def _metadata(owner: str, day: date) -> Block:
    return {"event_type": DIGEST_EVENT, "event_payload": {"pointer": f"{owner}/{day.isoformat()}"}}


def _face(message: Message) -> str:
    return sha256(dumps(message, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
