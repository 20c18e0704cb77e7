"""What gets in each other's way: the same service or asset, at the same time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.collisions import Calendar, Claim, claim_of_release, claims_of, collisions, first_run, run_at, runs
from bot.models import Frequency, Maintenance, MaintenanceState, Named, Release, Schedule, SdpId

MONDAY = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
PAYMENTS, EMAIL = Named(SdpId("11"), "Payments"), Named(SdpId("12"), "Email")
SERVER = Named(SdpId("21"), "web-01")


def maintenance(schedule: Schedule, **more: object) -> Maintenance:
    fields = {"services": (PAYMENTS,), "next_run": MONDAY, **more}
    return Maintenance(SdpId("1"), "Patch", schedule=schedule, **fields)  # type: ignore[arg-type]


def release(start: datetime, hours: float = 2, **more: object) -> Release:
    fields = {"services": (PAYMENTS,), **more}
    return Release(
        SdpId("2"),
        "Shop",
        planned_start=start,
        planned_end=start + timedelta(hours=hours),
        **fields,  # type: ignore[arg-type]
    )


SCHEDULES = {
    "every day": (Schedule(Frequency.DAILY), [0, 1, 2, 3, 4, 5, 6, 7]),
    "every third day": (Schedule(Frequency.DAILY, skip=2), [0, 3, 6]),
    "working days": (Schedule(Frequency.DAILY, exclude_weekends=True), [0, 1, 2, 3, 4, 7]),
    "mondays and thursdays": (Schedule(Frequency.WEEKLY, days_of_week=(2, 5)), [0, 3, 7]),
    "every second week": (Schedule(Frequency.WEEKLY, skip=1), [0, 14]),
    "on the 2nd and 9th": (Schedule(Frequency.MONTHLY, days_of_month=(2, 9)), [0, 7, 31, 38]),
    "first monday": (Schedule(Frequency.MONTHLY, weeks_of_month=(1,), days_of_week=(2,)), [0, 35]),
    "last friday": (Schedule(Frequency.MONTHLY, weeks_of_month=(5,), days_of_week=(6,)), [0, 25, 53]),
    "only in march": (Schedule(Frequency.MONTHLY, days_of_month=(2,), months_of_year=(3,)), [0]),
    "once": (Schedule(Frequency.ONCE), [0]),
    "until wednesday": (Schedule(Frequency.DAILY, ends_on=MONDAY + timedelta(days=2)), [0, 1, 2]),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_runs_are_reckoned_from_the_next_one(name: str) -> None:
    schedule, days = SCHEDULES[name]
    end = MONDAY + timedelta(days=max(7, *days))
    found = list(runs(maintenance(schedule), MONDAY - WEEK, end))
    assert [(run - MONDAY).days for run in found] == days
    assert all(run.hour == MONDAY.hour for run in found)


def test_a_suspended_maintenance_is_in_nobodys_way() -> None:
    asleep = maintenance(Schedule(Frequency.DAILY), state=MaintenanceState.SUSPENDED)
    assert claims_of(asleep, MONDAY, MONDAY + WEEK) == []


def test_the_same_service_at_the_same_time_collides_and_names_it() -> None:
    claim = claim_of_release(release(MONDAY + timedelta(minutes=30)))
    assert claim is not None
    found = collisions(claim, claims_of(maintenance(Schedule(Frequency.DAILY)), claim.start, claim.end))
    assert [(one.other.title, one.shared) for one in found] == [("Patch", ("Payments",))]


@pytest.mark.parametrize(
    "other",
    [
        release(MONDAY + timedelta(hours=1)),
        release(MONDAY - timedelta(hours=2)),
        release(MONDAY, services=(EMAIL,)),
        release(MONDAY, services=()),
    ],
    ids=["after", "before", "another service", "no service"],
)
def test_no_collision_where_time_or_things_differ(other: Release) -> None:
    run = run_at(maintenance(Schedule(Frequency.DAILY)), MONDAY)
    claim = claim_of_release(other)
    assert claim is not None
    assert collisions(run, [claim]) == ()


def test_an_asset_is_the_same_by_id_or_by_name_where_an_id_is_missing() -> None:
    run = run_at(maintenance(Schedule(Frequency.ONCE), assets=(SERVER,)), MONDAY)
    renamed = claim_of_release(release(MONDAY, services=(), assets=(replace(SERVER, name="web-one"),)))
    nameless = claim_of_release(release(MONDAY, services=(), assets=(Named(None, "WEB-01"),)))
    other = claim_of_release(release(MONDAY, services=(), assets=(Named(SdpId("99"), "web-01"),)))
    assert renamed is not None
    assert nameless is not None
    assert other is not None
    assert [len(collisions(run, [claim])) for claim in (renamed, nameless, other)] == [1, 1, 0]


def test_nothing_collides_with_itself_and_each_record_is_named_once() -> None:
    daily = maintenance(Schedule(Frequency.DAILY))
    claim = claim_of_release(release(MONDAY, hours=24 * 6))
    assert claim is not None
    assert len(claims_of(daily, claim.start, claim.end)) > 5
    assert len(collisions(claim, [claim, *claims_of(daily, claim.start, claim.end)])) == 1


def test_a_run_lasts_as_long_as_its_plan_says_else_an_hour() -> None:
    planned = maintenance(
        Schedule(Frequency.ONCE), planned_start=MONDAY - WEEK, planned_end=MONDAY - WEEK + timedelta(hours=5)
    )
    assert run_at(planned, MONDAY).end == MONDAY + timedelta(hours=5)
    assert run_at(maintenance(Schedule(Frequency.ONCE)), MONDAY).end == MONDAY + timedelta(hours=1)


@pytest.mark.parametrize(
    ("schedule", "days"),
    [
        (Schedule(Frequency.DAILY, MONDAY), 1),
        (Schedule(Frequency.WEEKLY, MONDAY, days_of_week=(4,)), 2),
        (Schedule(Frequency.MONTHLY, MONDAY, days_of_month=(1,)), 30),
        (Schedule(Frequency.ONCE, MONDAY), None),
    ],
    ids=["daily", "wednesdays", "on the 1st", "once, long ago"],
)
def test_the_next_run_of_a_suspended_maintenance_is_reckoned_from_its_start(
    schedule: Schedule, days: int | None
) -> None:
    found = first_run(schedule, MONDAY + timedelta(minutes=1))
    assert found == (None if days is None else MONDAY + timedelta(days=days))


def test_a_release_without_dates_claims_nothing() -> None:
    assert claim_of_release(Release(SdpId("3"), "Some day")) is None


HOURS = st.integers(0, 60).map(lambda hours: timedelta(hours=hours))
CLAIMS = st.builds(
    lambda number, start, lasts, service: Claim(
        "release", SdpId(str(number)), "", "", MONDAY + start, MONDAY + start + lasts, (service,)
    ),
    st.integers(1, 40),
    HOURS,
    HOURS.map(lambda lasts: lasts / 4),
    st.sampled_from([PAYMENTS, EMAIL]),
)


@given(CLAIMS, st.lists(CLAIMS, max_size=30))
def test_a_look_around_a_window_finds_what_a_look_at_everything_finds(claim: Claim, others: list[Claim]) -> None:
    near = Calendar(others).around(claim.start, claim.end)
    assert collisions(claim, near) == collisions(claim, others)


def test_a_look_around_a_window_leaves_out_what_is_far_from_it() -> None:
    claims = [one for day in range(100) if (one := claim_of_release(release(MONDAY + timedelta(days=day))))]
    assert Calendar(claims).around(claims[50].start, claims[50].end) == [claims[50]]
