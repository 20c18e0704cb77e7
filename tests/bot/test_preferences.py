"""What people choose: kept, defaulted, migrated, changed by two at once."""

import asyncio
import json
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.errors import BadInput
from bot.jobs import Jobs
from bot.preferences import VERSION, Habits, Preferences, PreferenceService, read, upgraded
from bot.store import PreferenceRecords, Store


def service(store: Store, defaults: Habits | None = None) -> PreferenceService:
    return PreferenceService(PreferenceRecords(store), Jobs(store), defaults or Habits())


async def test_what_was_never_chosen_follows_the_default(store: Store) -> None:
    await service(store).change("U1", digest_days=frozenset({0}))
    later = await service(store, Habits(digest_at=time(7, 15))).habits("U1")
    assert (later.digest_at, later.digest_days) == (time(7, 15), frozenset({0}))


async def test_none_takes_a_choice_back(store: Store) -> None:
    preferences = service(store)
    await preferences.change("U1", digest_at=time(6), quiet_from=time(22))
    assert (await preferences.change("U1", digest_at=None)).digest_at == time(9)
    assert (await preferences.habits("U1")).quiet_from == time(22)


async def test_a_change_wakes_the_plan(store: Store) -> None:
    await service(store).change("U1", digest=False)
    assert await store.redis.zscore(store.keys.jobs("due"), "replan|U1") is not None


async def test_changes_at_the_same_time_both_hold(store: Store) -> None:
    one, other = service(store), service(store)
    wishes: list[dict[str, Any]] = [
        {"digest_at": time(6)},
        {"mentions": False},
        {"reminders": False},
        {"digest": False},
    ]
    await asyncio.gather(*(service_.change("U1", **wish) for wish in wishes for service_ in (one, other)))
    habits = await one.habits("U1")
    assert (habits.digest_at, habits.mentions, habits.reminders, habits.digest) == (time(6), False, False, False)


async def test_forgetting_somebody_leaves_the_defaults(store: Store) -> None:
    preferences = service(store)
    await preferences.change("U1", digest=False)
    await preferences.forget("U1")
    assert await preferences.habits("U1") == Habits()


@pytest.mark.parametrize("wrong", [{"digest_days": frozenset({7})}, {"digest_at": "teatime"}, {"mentions": "perhaps"}])
async def test_a_value_no_preference_has_is_refused(store: Store, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        await service(store).change("U1", **wrong)
    assert await service(store).of("U1") == Preferences()


def test_an_older_record_is_brought_up_step_by_step() -> None:
    steps = {
        -1: lambda record: {**record, "digest_at": record.pop("hour") + ":00"},
        0: lambda record: {**record, "digest_at": record["digest_at"].zfill(5)},
    }
    record = json.dumps({"version": -1, "hour": "8", "reminders": False})
    found = read(record, steps)
    assert (found.version, found.digest_at, found.reminders) == (1, time(8), False)


def test_a_newer_record_keeps_what_is_not_understood() -> None:
    newer = json.dumps({"version": VERSION + 5, "digest": False, "colour": "green"})
    found = read(newer)
    assert found.digest is False
    assert json.loads(found.model_dump_json(exclude_none=True)) == json.loads(newer)


def test_every_version_before_this_one_has_its_step() -> None:
    assert all(upgraded({"version": version})["version"] == VERSION for version in range(1, VERSION + 1))


@pytest.mark.parametrize("text", [None, "", "{", "[]", "null", '{"digest_at": "teatime"}', '{"version": "x"}'])
def test_a_record_nobody_can_read_is_nobody_s_choice(text: str | None) -> None:
    assert read(text) == Preferences()


def test_switched_off_is_no_day() -> None:
    assert Habits(digest=False).rhythm.days == frozenset()


def test_quiet_is_told_by_local_time() -> None:
    habits = Habits(quiet_from=time(19), quiet_until=time(7))
    assert habits.quiet_at(datetime(2026, 6, 1, 23, 0))
    assert not habits.quiet_at(datetime(2026, 6, 1, 9, 0))


def test_quiet_hours_end_in_the_morning_whichever_side_of_midnight_it_is() -> None:
    habits, berlin = Habits(quiet_from=time(19), quiet_until=time(7)), ZoneInfo("Europe/Berlin")
    evening, night = datetime(2026, 6, 1, 20, 0, tzinfo=UTC), datetime(2026, 6, 2, 1, 0, tzinfo=UTC)
    assert habits.quiet_ends(evening, berlin) == habits.quiet_ends(night, berlin) == datetime(2026, 6, 2, 5, tzinfo=UTC)
    assert habits.quiet_ends(datetime(2026, 6, 1, 12, 0, tzinfo=UTC), berlin) is None
