"""When somebody is reminded: working hours in their own zone, earlier before a start, put off when asked to."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reminders import (
    Asked,
    add_working_hours,
    latest_working_moment,
    next_reminder,
    tomorrow_morning,
)

AFTER = (4, 8, 24)
ZONES = ("UTC", "Asia/Kolkata", "America/St_Johns", "Europe/Berlin", "Pacific/Chatham")


def _at(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "hours", "then"),
    [
        ("2026-11-23T09:00", 4, "2026-11-23T13:00"),
        ("2026-11-23T15:00", 4, "2026-11-24T11:00"),
        ("2026-11-23T05:00", 4, "2026-11-23T13:00"),
        ("2026-11-27T16:00", 4, "2026-11-30T12:00"),  # Friday afternoon to Monday noon
        ("2026-11-28T12:00", 8, "2026-11-30T17:00"),  # asked on a Saturday
        ("2026-10-23T09:00", 24, "2026-10-27T17:00"),  # across the end of summer time in Berlin
    ],
)
def test_working_hours_pass_only_at_work(start: str, hours: float, then: str) -> None:
    zone = ZoneInfo("Europe/Berlin")
    assert add_working_hours(_at("Europe/Berlin", start), hours, zone) == _at("Europe/Berlin", then)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.sampled_from(ZONES),
    st.floats(0.25, 40),
)
def test_a_reminder_always_falls_into_working_hours(start: datetime, zone: str, hours: float) -> None:
    due = add_working_hours(start.replace(tzinfo=UTC), hours, ZoneInfo(zone)).astimezone(ZoneInfo(zone))
    assert due.weekday() < 5
    assert 9 <= due.hour <= 17
    assert due >= start.replace(tzinfo=UTC)


def test_reminders_back_off_and_end() -> None:
    since = _at("UTC", "2026-11-23T09:00")
    dues = [next_reminder(Asked(since, "UTC", sent=sent, last=since), AFTER) for sent in range(4)]
    assert dues == [
        _at("UTC", "2026-11-23T13:00"),
        _at("UTC", "2026-11-23T17:00"),
        _at("UTC", "2026-11-25T17:00"),
        None,
    ]


def test_a_start_that_comes_close_is_called_earlier() -> None:
    since = _at("UTC", "2026-11-23T09:00")
    asked = Asked(since, "UTC", planned_start=_at("UTC", "2026-11-23T13:00"))
    assert next_reminder(asked, AFTER) == _at("UTC", "2026-11-23T11:00")


def test_a_start_at_night_is_called_before_the_day_ends() -> None:
    start = _at("Europe/Berlin", "2026-11-24T02:00")
    assert latest_working_moment(start - timedelta(hours=2), ZoneInfo("Europe/Berlin")) == _at(
        "Europe/Berlin", "2026-11-23T17:00"
    )


def test_a_last_call_is_made_once() -> None:
    since = _at("UTC", "2026-11-23T09:00")
    call = _at("UTC", "2026-11-23T11:00")
    asked = Asked(since, "UTC", planned_start=_at("UTC", "2026-11-23T13:00"), sent=1, last=call)
    assert next_reminder(asked, AFTER) == _at("UTC", "2026-11-23T17:00")


def test_a_snooze_wins_until_it_has_been_honoured() -> None:
    since, until = _at("UTC", "2026-11-23T09:00"), _at("UTC", "2026-11-23T16:00")
    assert next_reminder(Asked(since, "UTC", snoozed_until=until), AFTER) == until
    later = Asked(since, "UTC", sent=1, last=until, snoozed_until=until)
    assert next_reminder(later, AFTER) == _at("UTC", "2026-11-23T17:00")


def test_tomorrow_is_the_next_working_morning_where_the_person_is() -> None:
    friday_evening = _at("Asia/Kolkata", "2026-11-27T20:00")
    assert tomorrow_morning(friday_evening, "Asia/Kolkata") == _at("Asia/Kolkata", "2026-11-30T09:00")
