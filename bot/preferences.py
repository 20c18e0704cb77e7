"""What each person has chosen for themselves: when the digest comes, on which days, reminders, quiet hours, mentions.

A choice that was never made is None and means the default, so that a new default reaches everybody who has not
chosen. Records carry the version of their shape; `MIGRATIONS` brings an older one up, step by step. A record of a
newer version (written before a rollback) is read as far as it is understood, and what is not understood is kept.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from bot.errors import BadInput
from bot.jobs import Jobs
from bot.schedule import Rhythm, is_within
from bot.store.preferences import PreferenceRecords

VERSION = 1
Migration = Callable[[dict[str, Any]], dict[str, Any]]

MIGRATIONS: Mapping[int, Migration] = {}
"""Version → the step to the next one. Whoever changes the shape of a record raises VERSION and adds the step."""


class Preferences(BaseModel):
    """One person's choices; None is "as everybody". Days of the week count from Monday, 0."""

    model_config = ConfigDict(frozen=True, extra="allow")

    version: int = VERSION
    digest: bool | None = None
    digest_at: time | None = None
    digest_days: frozenset[int] | None = None
    reminders: bool | None = None
    quiet_from: time | None = None
    quiet_until: time | None = None
    mentions: bool | None = None

    @field_validator("digest_days")
    @classmethod
    def _days_of_a_week(cls, days: frozenset[int] | None) -> frozenset[int] | None:
        if days is not None and not days <= set(range(7)):
            raise ValueError("days of the week are 0 to 6")
        return days

    def over(self, defaults: "Habits") -> "Habits":
        """These choices where there are any, else the defaults."""
        chosen = {name: value for name in Habits.__dataclass_fields__ if (value := getattr(self, name)) is not None}
        return Habits(**{**_fields(defaults), **chosen})


@dataclass(frozen=True, slots=True)
class Habits:
    """Preferences with every question answered: what holds for somebody.

    Quiet from and until are local times of day; the same for both means never quiet.
    """

    digest: bool = True
    digest_at: time = time(9, 0)
    digest_days: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    reminders: bool = True
    quiet_from: time = time(19, 0)
    quiet_until: time = time(7, 0)
    mentions: bool = True

    @property
    def rhythm(self) -> Rhythm:
        """When the digest comes; on no day at all when it is switched off."""
        return Rhythm(self.digest_at, self.digest_days if self.digest else frozenset())

    def quiet_at(self, local: datetime) -> bool:
        """Whether this local time is one at which nothing should disturb."""
        return is_within(self.quiet_from, self.quiet_until, local.time())

    def quiet_ends(self, now: datetime, zone: tzinfo) -> datetime | None:
        """When somebody there may be disturbed again; None when they may be now."""
        local = now.astimezone(zone)
        if not self.quiet_at(local):
            return None
        day = local.date() if local.time() < self.quiet_until else local.date() + timedelta(days=1)
        return datetime.combine(day, self.quiet_until, tzinfo=zone).astimezone(UTC)


def _fields(habits: Habits) -> dict[str, Any]:
    return {name: getattr(habits, name) for name in Habits.__dataclass_fields__}


def read(text: str | None, migrations: Mapping[int, Migration] = MIGRATIONS) -> Preferences:
    """A record as it is kept; none, or one that cannot be read, is somebody who has chosen nothing."""
    try:
        record = json.loads(text) if text else {}
        return Preferences.model_validate(upgraded(record, migrations))
    except (ValueError, AttributeError, TypeError):  # pydantic's ValidationError is a ValueError
        return Preferences()


def upgraded(record: dict[str, Any], migrations: Mapping[int, Migration] = MIGRATIONS) -> dict[str, Any]:
    """The record in today's shape; the version of a newer one is left as it is."""
    version = int(record.get("version", VERSION))
    while version in migrations:
        record = migrations[version](record)
        version += 1
    return {**record, "version": version}


class PreferenceService:
    """Reads and changes what people have chosen."""

    def __init__(self, records: PreferenceRecords, jobs: Jobs, defaults: Habits) -> None:
        self._records = records
        self._jobs = jobs
        self.defaults = defaults

    async def of(self, person: str) -> Preferences:
        """What somebody (Slack id) has chosen."""
        return read(await self._records.get(person))

    async def habits(self, person: str) -> Habits:
        """What holds for somebody."""
        return (await self.of(person)).over(self.defaults)

    async def change(self, person: str, **chosen: Any) -> Habits:
        """Keep these choices (None takes one back to the default) and let their next digest be planned anew.

        Raises BadInput for a value no preference can have.
        """
        while True:
            text = await self._records.get(person)
            try:
                changed = Preferences.model_validate({**read(text).model_dump(), **chosen})
            except ValidationError:
                raise BadInput("This setting cannot have that value.") from None
            kept = changed.model_dump_json(exclude_none=True)
            if await self._records.swap(person, text, kept, self._jobs.entry("replan", person)):
                return changed.over(self.defaults)

    async def forget(self, person: str) -> None:
        """Somebody's choices are gone; the defaults hold for them."""
        await self._records.forget(person)
