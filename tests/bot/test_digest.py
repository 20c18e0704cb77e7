"""What belongs into a digest, chosen out of an overview: whose it is, in which order, and what is no news."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.digest import (
    Viewer,
    asked_of_others,
    at_risk,
    late_by,
    next_run,
    over_by,
    personal,
    runs_between,
    team,
)
from bot.models import (
    Approval,
    ApprovalLevel,
    ApprovalRef,
    ApprovalState,
    DisplayId,
    Maintenance,
    MaintenanceState,
    Named,
    Person,
    Project,
    Release,
    RoleHolder,
    Rule,
    SlackPerson,
    Snapshot,
    sdp_id,
)
from bot.overview import MOVES_KEPT, Index, Overview, line_of

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
S = ApprovalState


def somebody(number: int, email: str | None = None) -> Person:
    return Person(sdp_id(str(number)), f"Person {number}", email or f"p{number}@example.com")


ARJUN, TESS, MARA = somebody(1), somebody(2), somebody(3)
ME = Viewer(SlackPerson("U1", "Arjun", "p1@example.com", "Asia/Kolkata"), frozenset({"U1", "p1@example.com"}))


def snapshot(
    number: int,
    says: dict[Person, ApprovalState],
    *,
    start: datetime | None = None,
    status: str = "Approval Pending",
    decided: datetime = NOW - timedelta(hours=2),
    requester: Person = MARA,
) -> Snapshot:
    id_, level = sdp_id(f"{number}"), sdp_id(f"{number}00")
    release = Release(
        id_,
        f"Release {number}",
        DisplayId(f"RLS-{number}", str(number)),
        stage=Named(None, "Planning"),
        status=Named(None, status),
        requester=requester,
        planned_start=start,
    )
    approvals = tuple(
        Approval(
            ApprovalRef(id_, level, sdp_id(f"{number}00{person.id}")),
            person,
            state,
            state.value,
            sent_on=NOW - timedelta(days=2),
            decided_on=decided if state.is_decided else None,
        )
        for person, state in says.items()
    )
    return Snapshot(release, (ApprovalLevel(level, id_, 1, S.PENDING, "Pending", Rule.EVERYONE),), approvals, NOW)


def index(*snapshots: Snapshot, claimed: dict[str, str] | None = None, **more: object) -> Index:
    lines = tuple(line_of(one, None, NOW) for one in snapshots)
    overview = replace(Overview(NOW, lines), **more)  # type: ignore[arg-type]
    return Index(overview, {sdp_id(key): value for key, value in (claimed or {}).items()})


def test_what_slips_first_is_on_top() -> None:
    found = index(
        snapshot(1, {ARJUN: S.PENDING}),
        snapshot(2, {ARJUN: S.PENDING}, start=NOW + timedelta(days=3)),
        snapshot(3, {ARJUN: S.PENDING}, start=NOW + timedelta(hours=3)),
        snapshot(4, {TESS: S.PENDING}, start=NOW),
    )
    digest = personal(found, ME, NOW, YESTERDAY)
    assert [one.line.label for one in digest.waiting] == ["RLS-3", "RLS-2", "RLS-1"]
    assert [one.line.label for one in team(found, "UTC", NOW).waiting] == ["RLS-4", "RLS-3", "RLS-2", "RLS-1"]


def test_an_address_two_people_have_is_nobodys() -> None:
    twin = somebody(9, "p1@example.com")
    found = index(snapshot(1, {ARJUN: S.PENDING}), snapshot(2, {twin: S.PENDING}))
    assert personal(found, ME, NOW, YESTERDAY).waiting == ()


def test_a_connection_beats_an_address() -> None:
    found = index(snapshot(1, {ARJUN: S.PENDING}), snapshot(2, {TESS: S.PENDING}), claimed={"1": "U9", "2": "U1"})
    assert [one.line.label for one in personal(found, ME, NOW, YESTERDAY).waiting] == ["RLS-2"]


def test_ones_own_doing_is_no_news() -> None:
    found = index(snapshot(1, {ARJUN: S.APPROVED, TESS: S.PENDING}))
    assert personal(found, ME, NOW, YESTERDAY).news == ()


def test_what_others_said_since_is_news_to_who_approved_and_who_asked() -> None:
    found = index(snapshot(1, {ARJUN: S.APPROVED, TESS: S.REJECTED}))
    (news,) = personal(found, ME, NOW, YESTERDAY).news
    assert news.words == ("rejected by Person 2",)
    mara = Viewer(SlackPerson("U3", "Mara", "p3@example.com"), frozenset({"U3", "p3@example.com"}))
    (news,) = personal(found, mara, NOW, YESTERDAY).news
    assert news.words == ("approved by Person 1", "rejected by Person 2")
    assert personal(found, mara, NOW, NOW - timedelta(hours=1)).news == ()


def test_a_release_that_moved_is_news_once_noticed() -> None:
    before = line_of(snapshot(1, {ARJUN: S.APPROVED}), None, YESTERDAY)
    after = line_of(snapshot(1, {ARJUN: S.APPROVED}, status="Approved"), before, NOW)
    later = line_of(snapshot(1, {ARJUN: S.APPROVED}, status="Approved"), after, NOW + timedelta(days=1))
    found = Index(Overview(NOW, (later,)), {})
    (news,) = personal(found, ME, NOW, YESTERDAY).news
    assert news.words == ("now Planning · Approved",)
    forgotten = line_of(snapshot(1, {}), later, NOW + MOVES_KEPT + timedelta(days=1))
    assert [move.after for move in forgotten.moves] == ["Planning · Approval Pending"]


def test_what_i_wait_for_leaves_out_my_own_part() -> None:
    found = index(snapshot(1, {ARJUN: S.PENDING, TESS: S.PENDING}, requester=ARJUN))
    assert [one.ask.person for one in asked_of_others(found, ME)] == [TESS]


def maintenance(number: int, at: datetime, **more: object) -> Maintenance:
    return replace(Maintenance(sdp_id(str(number)), f"Maintenance {number}", next_run=at), **more)  # type: ignore[arg-type]


def test_maintenances_are_of_today_and_tomorrow_where_one_is() -> None:
    kolkata_midnight = datetime(2027, 3, 2, 18, 30, tzinfo=UTC)
    mine = {"owner": ARJUN}
    found = index(
        maintenances=(
            maintenance(1, kolkata_midnight - timedelta(minutes=1), **mine),
            maintenance(2, kolkata_midnight, **mine),
            maintenance(3, NOW - timedelta(minutes=1), **mine),
            maintenance(4, NOW + timedelta(hours=1), roles=(RoleHolder("Implementer", ARJUN),)),
            maintenance(5, NOW + timedelta(hours=1), owner=TESS),
            maintenance(6, NOW + timedelta(hours=2), state=MaintenanceState.SUSPENDED, **mine),
        )
    )
    assert [run.maintenance.id for run in personal(found, ME, NOW, YESTERDAY).runs] == ["4", "1"]
    operator = replace(ME, operates=True)
    assert [run.maintenance.id for run in personal(found, operator, NOW, YESTERDAY).runs] == ["4", "5", "1"]


def test_a_maintenance_without_a_next_run_goes_by_its_plan() -> None:
    planned = Maintenance(sdp_id("1"), "Once", planned_start=NOW)
    assert next_run(planned) == NOW
    assert next_run(Maintenance(sdp_id("2"), "Never")) is None
    assert runs_between([Maintenance(sdp_id("2"), "Never")], NOW, NOW + timedelta(days=9)) == ()


def project(number: int, **more: object) -> Project:
    return replace(Project(sdp_id(str(number)), f"Project {number}", owner=ARJUN), **more)  # type: ignore[arg-type]


def test_projects_late_or_over_their_hours_are_told_the_latest_first() -> None:
    hours = {"estimated_hours": Decimal(60), "actual_hours": Decimal("74.25")}
    found = at_risk(
        [
            project(1, **hours),
            project(2, scheduled_end=NOW - timedelta(days=1)),
            project(3, scheduled_end=NOW - timedelta(days=9), **hours),
            project(4, scheduled_end=NOW + timedelta(days=1)),
        ],
        NOW,
    )
    assert [one.project.id for one in found] == ["3", "2", "1"]
    assert found[0].over_by == Decimal("14.25")


@pytest.mark.parametrize(
    "over",
    [{"status": Named(None, "Closed")}, {"actual_end": NOW}, {"percent_complete": Decimal(100)}],
)
def test_a_finished_project_is_never_late(over: dict[str, object]) -> None:
    long_ago = project(1, scheduled_end=NOW - timedelta(days=30), estimated_hours=Decimal(1), actual_hours=Decimal(9))
    assert late_by(long_ago, NOW) is not None
    assert over_by(long_ago) == 8
    assert late_by(replace(long_ago, **over), NOW) is None  # type: ignore[arg-type]
    assert over_by(replace(long_ago, **over)) is None  # type: ignore[arg-type]


def test_an_estimate_of_nothing_is_no_estimate() -> None:
    assert over_by(project(1, estimated_hours=Decimal(0), actual_hours=Decimal(5))) is None
    assert over_by(project(1, actual_hours=Decimal(5))) is None
