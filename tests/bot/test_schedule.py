"""When a digest is due: local dates, nights on which clocks change, and times as people write them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.errors import BadInput
from bot.schedule import (
    EVERY_DAY,
    WORKING_DAYS,
    Rhythm,
    Slot,
    days_in_words,
    is_within,
    next_slot,
    parse_days,
    parse_rhythm,
    parse_time,
    previous_slot,
    slot_on,
    zone_of,
)

ZONES = ("Asia/Kolkata", "America/St_Johns", "Europe/Berlin", "Pacific/Chatham", "UTC")
BERLIN = ZoneInfo("Europe/Berlin")


def year_of_slots(rhythm: Rhythm, zone_name: str, start: datetime) -> list[Slot]:
    slots, zone = [], zone_of(zone_name)
    slot = next_slot(rhythm, zone, start)
    while slot is not None and slot.due < start + timedelta(days=365):
        slots.append(slot)
        slot = next_slot(rhythm, zone, slot.due)
    return slots


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_has_one_slot_a_working_day_at_nine(zone: str) -> None:
    slots = year_of_slots(Rhythm(), zone, datetime(2026, 1, 1, 0, 0, tzinfo=UTC))
    local = [slot.due.astimezone(ZoneInfo(zone)) for slot in slots]
    assert all((moment.hour, moment.minute) == (9, 0) for moment in local)
    assert [moment.date() for moment in local] == [slot.day for slot in slots]
    first, last = slots[0].day, slots[-1].day
    every = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    assert [slot.day for slot in slots] == [day for day in every if day.weekday() < 5]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", [time(2, 30), time(0, 1), time(0, 0), time(23, 59), time(2, 45)])
def test_a_year_has_one_slot_a_day_whatever_the_hour(zone: str, at: time) -> None:
    slots = year_of_slots(Rhythm(at, EVERY_DAY), zone, datetime(2026, 1, 1, 12, 0, tzinfo=UTC))
    days = [slot.day for slot in slots]
    assert days == [days[0] + timedelta(days=ahead) for ahead in range(len(days))]
    assert len(days) in (364, 365)
    assert slots == sorted(slots, key=lambda slot: slot.due)


def test_a_time_that_does_not_exist_comes_as_long_after_midnight_as_ever() -> None:
    slot = slot_on(Rhythm(time(2, 30), EVERY_DAY), BERLIN, date(2026, 3, 29))
    assert slot is not None
    assert slot.due == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert slot.due.astimezone(BERLIN).time() == time(3, 30)


def test_a_time_that_exists_twice_is_the_first_of_the_two() -> None:
    slot = slot_on(Rhythm(time(2, 30), EVERY_DAY), BERLIN, date(2026, 10, 25))
    assert slot is not None
    assert slot.due == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    after = next_slot(Rhythm(time(2, 30), EVERY_DAY), BERLIN, slot.due)
    assert after is not None
    assert after.day == date(2026, 10, 26)


def test_no_days_are_no_slots() -> None:
    rhythm = Rhythm(days=frozenset())
    assert next_slot(rhythm, BERLIN, datetime(2026, 6, 1, tzinfo=UTC)) is None
    assert previous_slot(rhythm, BERLIN, Slot(date(2026, 6, 1), datetime(2026, 6, 1, tzinfo=UTC))) is None


def test_the_slot_before_monday_is_friday() -> None:
    monday = slot_on(Rhythm(), BERLIN, date(2026, 6, 1))
    assert monday is not None
    before = previous_slot(Rhythm(), BERLIN, monday)
    assert before is not None
    assert before.day == date(2026, 5, 29)


def test_an_unknown_zone_is_utc() -> None:
    assert zone_of("Mars/Olympus_Mons") is UTC
    assert zone_of("") is UTC
    assert zone_of("../../etc/passwd") is UTC


@pytest.mark.parametrize(
    ("words", "at"),
    [
        ("8", time(8)),
        ("8:30", time(8, 30)),
        ("08:30", time(8, 30)),
        ("8.30am", time(8, 30)),
        ("8.30 a.m.", time(8, 30)),
        ("8 PM", time(20)),
        ("8pm", time(20)),
        ("12am", time(0)),
        ("12 pm", time(12)),
        ("12:15am", time(0, 15)),
        ("20h15", time(20, 15)),
        ("9h", time(9)),
        (" 9 ", time(9)),
        ("noon", time(12)),
        ("Midnight", time(0)),
    ],
)
def test_times_are_read_as_people_write_them(words: str, at: time) -> None:
    assert parse_time(words) == at


@pytest.mark.parametrize("words", ["", "25", "8:60", "13pm", "0am", "half past eight", "8:3", "-8", "8:30:15", "②"])
def test_what_is_no_time_is_said_so(words: str) -> None:
    with pytest.raises(BadInput, match="time of day"):
        parse_time(words)


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("mon-fri", WORKING_DAYS),
        ("Mon – Fri", WORKING_DAYS),
        ("monday to friday", WORKING_DAYS),
        ("weekdays", WORKING_DAYS),
        ("on weekdays", WORKING_DAYS),
        ("daily", EVERY_DAY),
        ("every day", EVERY_DAY),
        ("mon, wed and fri", {0, 2, 4}),
        ("tue thu", {1, 3}),
        ("tues/thurs", {1, 3}),
        ("fri-mon", {4, 5, 6, 0}),
        ("sat", {5}),
        ("weekends", {5, 6}),
        ("mon-wed, sat", {0, 1, 2, 5}),
    ],
)
def test_days_are_read_as_people_write_them(words: str, days: set[int]) -> None:
    assert parse_days(words) == days


@pytest.mark.parametrize("words", ["", "someday", "mon-someday", "mon-wed-fri", "8", "-"])
def test_what_is_no_day_is_said_so(words: str) -> None:
    with pytest.raises(BadInput, match="days"):
        parse_days(words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("8", Rhythm(time(8), frozenset({6}))),
        ("at 8:30", Rhythm(time(8, 30), frozenset({6}))),
        ("8.30am weekdays", Rhythm(time(8, 30), WORKING_DAYS)),
        ("8:30 mon-fri", Rhythm(time(8, 30), WORKING_DAYS)),
        ("At 8 am on mon, wed", Rhythm(time(8), frozenset({0, 2}))),
        ("8 pm", Rhythm(time(20), frozenset({6}))),
        ("noon daily", Rhythm(time(12), EVERY_DAY)),
        ("9, mon-fri", Rhythm(time(9), WORKING_DAYS)),
    ],
)
def test_what_is_not_said_stays_as_it_was(words: str, expected: Rhythm) -> None:
    assert parse_rhythm(words, Rhythm(time(7), frozenset({6}))) == expected


@pytest.mark.parametrize("words", ["", "at", "weekdays", "8:30 whenever", "soon"])
def test_what_is_no_rhythm_is_said_so(words: str) -> None:
    with pytest.raises(BadInput):
        parse_rhythm(words, Rhythm())


@given(some.text(max_size=200))
def test_whatever_is_typed_is_read_or_refused_in_few_words(words: str) -> None:
    said = ""
    try:
        assert parse_rhythm(words, Rhythm()).days <= EVERY_DAY
    except BadInput as error:
        said = str(error)
    assert len(said) < 200


@given(some.times().map(lambda at: at.replace(second=0, microsecond=0)), some.frozensets(some.integers(0, 6)))
def test_what_is_said_can_be_typed_again(at: time, days: frozenset[int]) -> None:
    assert parse_time(f"{at:%H:%M}") == at
    if days:
        assert parse_days(days_in_words(days)) == days


@given(
    some.sampled_from(ZONES),
    some.times(),
    some.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=some.just(UTC)),
)
def test_the_next_slot_is_later_and_within_two_days(zone: str, at: time, after: datetime) -> None:
    slot = next_slot(Rhythm(at.replace(second=0, microsecond=0), EVERY_DAY), zone_of(zone), after)
    assert slot is not None
    assert timedelta() < slot.due - after <= timedelta(days=1, hours=2)


def test_quiet_hours_reach_across_midnight() -> None:
    assert is_within(time(19), time(7), time(23))
    assert is_within(time(19), time(7), time(6, 59))
    assert not is_within(time(19), time(7), time(12))
    assert is_within(time(12), time(13), time(12, 30))
    assert not is_within(time(9), time(9), time(9))
