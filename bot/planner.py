"""Keeps everybody's next digest planned, from their preferences, their time zone, and what came already.

A plan is only a hint when to look. Whether a digest is due is told from the clock, the day's slot and the day's record,
so a plan that is out of date makes a look too many or too late, never a second digest.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

import structlog

from bot.jobs import Jobs
from bot.models import SlackPerson
from bot.people import People
from bot.permissions import is_member
from bot.preferences import Habits, PreferenceService
from bot.schedule import Rhythm, Slot, next_slot, slot_today, zone_of
from bot.store import Digests, TeamDigest

EVERY = timedelta(hours=1)
"""How often everybody is planned anew: newcomers, leavers, and zones nobody told us about."""
LATE = timedelta(hours=1)
"""A digest this much after its time no longer comes in somebody's quiet hours."""

log = structlog.get_logger()


class Roster(Protocol):
    """Where people of Slack are listed; `handlers.messenger` is one."""

    def everyone(self) -> AsyncIterator[SlackPerson]: ...


@dataclass(frozen=True, slots=True)
class Timetable:
    """When somebody's digests come, where they are. `habits` has their quiet hours; a channel has none."""

    rhythm: Rhythm
    zone: tzinfo
    habits: Habits | None = None

    def is_too_late(self, slot: Slot, now: datetime) -> bool:
        """Whether a digest that was not in time would disturb now."""
        late = now - slot.due > LATE
        return late and self.habits is not None and self.habits.quiet_at(now.astimezone(self.zone))


class Planner:
    """Plans; `who` is a Slack person or a channel with a digest, by id."""

    def __init__(
        self, *, digests: Digests, preferences: PreferenceService, people: People, roster: Roster, jobs: Jobs
    ) -> None:
        self._digests = digests
        self._preferences = preferences
        self._people = people
        self._roster = roster
        self._jobs = jobs

    async def replan(self, who: str = "") -> datetime | None:
        """Plan the next digest of one or of everybody ("", and then again in an hour). A job."""
        now = datetime.now(UTC)
        if who:
            await self._replan(who, await self._digests.planned(who), await self.timetable(who), now)
        else:
            await self._everybody(now)
        if (earliest := await self._digests.earliest()) is not None:
            await self._jobs.wake("digest", at=earliest)
        return None if who else now + EVERY

    async def _everybody(self, now: datetime) -> None:
        planned = await self._digests.everyone()
        gone = set(planned)
        async for person in self._roster.everyone():
            if is_member(person):
                gone.discard(person.id)
                await self._replan(person.id, planned.get(person.id), await self._of_person(person), now)
        for team in await self._digests.teams():
            gone.discard(team.channel)
            await self._replan(team.channel, planned.get(team.channel), _of_team(team), now)
        for who in gone:
            await self._digests.unplan(who)
        log.info("digest.planned", people=len(planned), left=len(gone))

    async def timetable(self, who: str) -> Timetable | None:
        """When the digests of a person or channel come; None for somebody who gets none."""
        if is_channel(who):
            team = await self._digests.team(who)
            return _of_team(team) if team else None
        person = await self._people.by_id(who)
        return await self._of_person(person) if person and is_member(person) else None

    async def _of_person(self, person: SlackPerson) -> Timetable:
        habits = await self._preferences.habits(person.id)
        return Timetable(habits.rhythm, zone_of(person.tz), habits)

    async def next_for(self, who: str) -> Slot | None:
        """The digest that comes next; None when none will."""
        timetable = await self.timetable(who)
        return await self._open_slot(who, timetable, datetime.now(UTC)) if timetable else None

    async def onward(self, who: str, seen: datetime, timetable: Timetable | None) -> None:
        """What was planned for `seen` is done with: plan the one after, unless somebody has planned anew."""
        slot = await self._open_slot(who, timetable, datetime.now(UTC)) if timetable else None
        await self._digests.move(who, seen, slot.due if slot else None)

    async def _replan(self, who: str, planned: datetime | None, timetable: Timetable | None, now: datetime) -> None:
        slot = await self._open_slot(who, timetable, now) if timetable else None
        if timetable is None or slot is None:
            await self._digests.unplan(who)
        elif planned is not None and planned <= now:
            return  # due already, and the run will come to it
        elif planned is not None and await self._is_missed(who, planned, timetable, now):
            await self._digests.plan(who, now)
        elif planned != slot.due:
            await self._digests.plan(who, slot.due)

    async def _open_slot(self, who: str, timetable: Timetable, now: datetime) -> Slot | None:
        """The next slot whose date has had no digest: after a flight west, that date may be behind them already."""
        slot = next_slot(timetable.rhythm, timetable.zone, now)
        while slot is not None and (record := await self._digests.get(who, slot.day)) and record.state.final:
            slot = next_slot(timetable.rhythm, timetable.zone, slot.due)
        return slot

    async def _is_missed(self, who: str, planned: datetime, timetable: Timetable, now: datetime) -> bool:
        """Today's was still to come, and by the new timetable its time is past: then it comes at once."""
        today = slot_today(timetable.rhythm, timetable.zone, now)
        if today is None or today.due > now or planned.astimezone(timetable.zone).date() != today.day:
            return False
        return await self._digests.get(who, today.day) is None


def is_channel(who: str) -> bool:
    """Channels' ids begin with C or G, people's with U or W."""
    return who.startswith(("C", "G"))


def _of_team(team: TeamDigest) -> Timetable:
    return Timetable(Rhythm(team.at, team.days), zone_of(team.tz))
