"""When maintenances run, worked out from what the schedule says."""

from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest

from sandbox.sdp.refusals import MANDATORY, WRONG_TYPE, Refusal
from sandbox.sdp.schedules import OneTime, Repetitive, next_after, occurrences
from sandbox.sdp.wire.schedules import schedule

MONDAY = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def first(count: int, frequency: str, start: datetime = MONDAY, tz: str = "UTC", **advanced: Any) -> list[str]:
    plan = Repetitive("1", frequency, start, is_advanced=bool(advanced), **advanced)
    return [f"{at:%m-%d}" for at in islice(occurrences(plan, tz), count)]


@pytest.mark.parametrize(
    ("days", "frequency", "advanced"),
    [
        (["03-02", "03-03", "03-04"], "Daily", {}),
        (["03-02", "03-05", "03-08"], "Daily", {"skip_frequency": 2}),
        (["03-02", "03-03", "03-04", "03-05", "03-06", "03-09"], "Daily", {"exclude_weekends": True}),
        (["03-04", "03-11"], "Daily", {"days_of_week": [4]}),
        (["03-02", "03-09", "03-16"], "Weekly", {}),
        (["03-03", "03-05", "03-10"], "Weekly", {"days_of_week": [3, 5]}),
        (["03-02", "03-07", "03-16", "03-21"], "Weekly", {"days_of_week": [2, 7], "skip_frequency": 1}),
        (["03-02", "04-02", "05-02"], "Monthly", {}),
        (["03-02", "06-02", "09-02"], "Monthly", {"skip_frequency": 2}),
        (["03-15", "03-31", "04-15", "04-30"], "Monthly", {"days_of_month": [15, 31]}),
        (["04-01", "05-01", "06-01"], "Monthly", {"is_first_day_of_month": True}),
        (["03-31", "04-30", "05-31"], "Monthly", {"day_config_of_month": "last_day"}),
        (["03-08", "03-22", "04-12"], "Monthly", {"weeks_of_month": [2, 4], "days_of_week": [1]}),
        (["03-27", "04-24", "05-29"], "Monthly", {"weeks_of_month": [5], "days_of_week": [6]}),
        (["06-02", "12-02", "06-02"], "Monthly", {"months_of_year": [6, 12]}),
        (["03-02", "03-03"], "Daily", {"end_after_occurrences": 2}),
        (["03-02", "03-03"], "Daily", {"ends_on": datetime(2026, 3, 3, 23, tzinfo=UTC)}),
    ],
)
def test_days_a_schedule_runs_on(days: list[str], frequency: str, advanced: dict[str, Any]) -> None:
    assert first(len(days) + (len(days) == 2), frequency, **advanced)[: len(days)] == days


def test_schedule_that_has_run_out_runs_no_more() -> None:
    assert first(9, "Daily", end_after_occurrences=2) == ["03-02", "03-03"]
    assert first(9, "Daily", ends_on=datetime(2026, 3, 3, 23, tzinfo=UTC)) == ["03-02", "03-03"]


def test_advanced_fields_count_only_in_an_advanced_schedule() -> None:
    plan = Repetitive("1", "Daily", MONDAY, is_advanced=False, skip_frequency=5, exclude_weekends=True)
    assert [at.day for at in islice(occurrences(plan), 7)] == [2, 3, 4, 5, 6, 7, 8]


def test_day_that_never_comes_ends_the_search() -> None:
    assert (
        next_after(Repetitive("1", "Daily", MONDAY, is_advanced=True, days_of_week=[1], exclude_weekends=True), MONDAY)
        is None
    )


def test_schedule_at_the_end_of_all_days_ends_quietly() -> None:
    start = datetime(9999, 12, 30, tzinfo=UTC)
    assert next_after(Repetitive("1", "Monthly", start), start) is None


def test_clock_change_keeps_the_hour_on_the_wall() -> None:
    start = datetime(2026, 3, 27, 13, 0, tzinfo=UTC)
    plan = Repetitive("1", "Daily", start)
    assert [at.hour for at in islice(occurrences(plan, "Europe/Berlin"), 4)] == [13, 13, 12, 12]


def test_next_run_of_an_old_schedule_is_found() -> None:
    plan = Repetitive("1", "Weekly", datetime(2001, 1, 1, 8, tzinfo=UTC))
    assert next_after(plan, datetime(2026, 3, 4, tzinfo=UTC)) == datetime(2026, 3, 9, 8, tzinfo=UTC)


def test_single_run_is_next_until_it_has_passed() -> None:
    plan = OneTime("1", MONDAY)
    assert next_after(plan, datetime(2026, 3, 1, tzinfo=UTC)) == MONDAY
    assert next_after(plan, MONDAY) is None


@pytest.mark.parametrize("spelt", [[3, 5], ["3", "5"], "Tuesday,Thursday", ["tue", "Thu"]])
def test_days_are_understood_however_they_are_spelt(spelt: Any) -> None:
    given = {"frequency": "weekly", "start_time": {"value": "1772460000000"}, "days_of_week": spelt}
    plan = schedule({"repetitive_schedule": given}, "1")
    assert isinstance(plan, Repetitive)
    assert plan.days_of_week == [3, 5]


@pytest.mark.parametrize(
    ("broken", "code", "field"),
    [
        ({"frequency": "Hourly"}, 4001, "frequency"),
        ({"start_time": None}, MANDATORY, "start_time"),
        ({"start_time": {"value": "soon"}}, WRONG_TYPE, "start_time"),
        ({"days_of_week": [8]}, WRONG_TYPE, "days_of_week"),
        ({"skip_frequency": "often"}, WRONG_TYPE, "skip_frequency"),
        ({"exclude_weekends": "maybe"}, WRONG_TYPE, "exclude_weekends"),
        ({"every": 3}, 4001, "every"),
    ],
)
def test_schedule_that_makes_no_sense_is_refused(broken: dict[str, Any], code: int, field: str) -> None:
    given = {"frequency": "Daily", "start_time": {"value": 1772460000000}, **broken}
    with pytest.raises(Refusal) as refused:
        schedule({"repetitive_schedule": given}, "1")
    assert (refused.value.code, refused.value.fields) == (code, (field,))
