"""What the client sends, and what it says it did: attaching and detaching, drafts, comments."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bot.errors import BadInput, SdpFieldsMissing, SdpForbidden, SdpNotFound, SdpRefused
from bot.models import (
    ApprovalState,
    Frequency,
    MaintenanceDraft,
    MaintenanceState,
    Named,
    Person,
    ProjectDraft,
    RoleHolder,
    Schedule,
    SdpId,
)
from bot.sdp import Sdp
from sandbox.sdp.world import SdpWorld
from tests.bot.sdp.conftest import Clients, Parrot, ref_of
from tests.bot.sdp.operations import PROJECT, REF


@pytest.fixture
def project(world: SdpWorld) -> SdpId:
    return SdpId(world.projects.add("Move to the new building", "odile").id)


@pytest.fixture
def changes(world: SdpWorld) -> tuple[SdpId, ...]:
    return tuple(SdpId(world.changes.add(f"Change {n}", world.person("odile")).id) for n in range(3))


# --- attaching and detaching -----------------------------------------------------------------


@pytest.mark.parametrize("verb", ["attach_changes", "detach_changes", "attach_requests", "detach_requests"])
async def test_nothing_is_sent_without_ids(told: Sdp, parrot: Parrot, verb: str) -> None:
    with pytest.raises(BadInput, match="nothing was sent"):
        await getattr(told.projects, verb)(PROJECT, [])
    assert not parrot.heard


@pytest.mark.parametrize("bad", ["", "CH-2", "1;2", "../1", "１"])
async def test_nothing_is_sent_with_an_id_that_is_none(told: Sdp, parrot: Parrot, bad: str) -> None:
    for ids in ([bad], ["7", bad]):
        with pytest.raises(BadInput):
            await told.projects.detach_changes(PROJECT, [SdpId(one) for one in ids])
    assert not parrot.heard


async def test_detaching_tells_what_is_left(
    odile: Sdp, world: SdpWorld, project: SdpId, changes: tuple[SdpId, ...]
) -> None:
    await odile.projects.attach_changes(project, changes)
    done = await odile.projects.detach_changes(project, changes[:1])
    assert (done.asked, done.there, done.before) == (changes[:1], changes[1:], changes)
    assert (done.attached, done.not_attached, done.also_gone) == ((), changes[:1], ())
    assert world.log[-2].input == {"changes": [changes[0]]}


async def test_an_id_named_twice_is_sent_once(odile: Sdp, project: SdpId, changes: tuple[SdpId, ...]) -> None:
    done = await odile.projects.attach_changes(project, [changes[0], changes[0]])
    assert done.asked == done.attached == changes[:1]


async def test_a_tenant_that_detaches_everything_is_found_out(told: Sdp, parrot: Parrot) -> None:
    """The document shows no input for a detach; this tenant ignores ours."""
    parrot.say({"response_status": {"status_code": 2000}, "changes": [{"id": "1"}, {"id": "2"}, {"id": "3"}]})
    emptied = {"response_status": {"status_code": 2000}, "changes": []}
    parrot.after("DELETE", emptied)
    done = await told.projects.detach_changes(PROJECT, [SdpId("2")])
    assert done.not_attached == ("2",)
    assert done.also_gone == ("1", "3")
    (sent,) = (request for request in parrot.heard if request.method == "DELETE")
    assert json.loads(sent.query_params["input_data"]) == {"changes": ["2"]}


async def test_what_cannot_be_read_back_is_not_claimed(
    odile: Sdp, world: SdpWorld, project: SdpId, changes: tuple[SdpId, ...]
) -> None:
    world.tenant.association_lists = False
    done = await odile.projects.attach_changes(project, changes)
    assert (done.there, done.attached, done.not_attached, done.also_gone) == (None, (), (), ())
    with pytest.raises(SdpNotFound):
        await odile.projects.changes(project)


# --- drafts ----------------------------------------------------------------------------------


async def test_a_maintenance_is_written_as_the_document_shows(odile: Sdp, world: SdpWorld) -> None:
    start = datetime(2034, 3, 31, 8, 30, tzinfo=UTC)
    draft = MaintenanceDraft(
        title="Title for Change Maintenance",
        stage=Named(None, "Submission"),
        status=Named(None, "Requested"),
        services=(Named(None, "Email"), Named(None, "Identity")),
        description="Two lines\n& a <tag>",
        schedule=Schedule(Frequency.DAILY, start=start),
        retrospective=False,
        requester=Person(SdpId(world.person("mara").id), "Mara"),
        roles=(RoleHolder("Reviewer", Person(SdpId(world.person("sam").id), "Sam")),),
    )
    added = await odile.maintenances.add(draft)
    assert world.log[-1].input == {
        "change_maintenance": {
            "title": "Title for Change Maintenance",
            "stage": {"name": "Submission"},
            "status": {"name": "Requested"},
            "services": [{"name": "Email"}, {"name": "Identity"}],
            "description": "Two lines<br>&amp; a &lt;tag&gt;",
            "retrospective": False,
            "change_requester": {"id": world.person("mara").id},
            "roles": [{"role": {"name": "Reviewer"}, "user": {"id": world.person("sam").id}}],
            "maintenance": {
                "repetitive_schedule": {
                    "start_time": {"value": 2027406600000},
                    "frequency": "Daily",
                    "is_advanced": True,
                    "skip_frequency": 0,
                    "exclude_weekends": False,
                    "is_first_day_of_month": False,
                }
            },
        }
    }
    assert added.description == "Two lines\n&amp; a &lt;tag&gt;"
    assert added.state is MaintenanceState.ENABLED
    assert added.next_run == start


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(Frequency.ONCE, start=datetime(2034, 3, 31, 8, 30, tzinfo=UTC)),
        Schedule(Frequency.DAILY, start=datetime(2034, 3, 31, 8, 30, tzinfo=UTC), skip=2, exclude_weekends=True),
        Schedule(Frequency.WEEKLY, start=datetime(2034, 3, 31, 8, 30, tzinfo=UTC), days_of_week=(2, 4)),
        Schedule(
            Frequency.MONTHLY,
            start=datetime(2034, 3, 31, 8, 30, tzinfo=UTC),
            weeks_of_month=(1, 5),
            days_of_week=(6,),
            months_of_year=(3, 9),
            ends_on=datetime(2040, 1, 1, tzinfo=UTC),
        ),
        Schedule(
            Frequency.MONTHLY, start=datetime(2034, 3, 31, 8, 30, tzinfo=UTC), days_of_month=(1, 15), end_after=12
        ),
        Schedule(Frequency.MONTHLY, start=datetime(2034, 3, 31, 8, 30, tzinfo=UTC), first_day_of_month=True),
    ],
)
async def test_a_schedule_comes_back_as_it_was_written(odile: Sdp, schedule: Schedule) -> None:
    new = MaintenanceDraft(
        title="T", stage=Named(None, "Submission"), status=Named(None, "Requested"), schedule=schedule
    )
    added = await odile.maintenances.add(new)
    assert added.schedule == schedule
    assert (await odile.maintenances.get(added.id)).schedule == schedule


async def test_an_edit_writes_only_what_is_set(odile: Sdp, world: SdpWorld) -> None:
    maintenance = (await odile.maintenances.find("CHM-1")).one
    assert maintenance is not None
    edited = await odile.maintenances.edit(maintenance.id, MaintenanceDraft(risk=Named(None, "High"), services=()))
    assert world.log[-1].input == {"change_maintenance": {"risk": {"name": "High"}, "services": []}}
    assert edited.title == maintenance.title
    assert (edited.risk and edited.risk.name, edited.services) == ("High", ())


async def test_a_project_is_written_and_read_without_loss(odile: Sdp, world: SdpWorld) -> None:
    start, end = datetime(2027, 1, 4, 9, tzinfo=UTC), datetime(2027, 3, 31, 17, 30, tzinfo=UTC)
    draft = ProjectDraft(
        title="Move",
        code="MV-1",
        status=Named(None, "Open"),
        owner=Person(SdpId(world.person("odile").id), "Odile"),
        percent_complete=Decimal("12.5"),
        estimated_hours=Decimal("99.99"),
        estimated_cost=Decimal("12345678901234.05"),
        scheduled_start=start,
        scheduled_end=end,
    )
    project = await odile.projects.add(draft)
    assert project == await odile.projects.get(project.id)
    assert (project.code, project.percent_complete, project.estimated_hours, project.estimated_cost) == (
        "MV-1",
        Decimal("12.5"),
        Decimal("99.99"),
        Decimal("12345678901234.05"),
    )
    assert (project.scheduled_start, project.scheduled_end) == (start, end)
    assert project.owner is not None
    assert project.owner.name == world.person("odile").name


# --- SDP's no --------------------------------------------------------------------------------


async def test_missing_fields_are_named(odile: Sdp, world: SdpWorld) -> None:
    with pytest.raises(SdpFieldsMissing) as caught:
        await odile.maintenances.add(MaintenanceDraft(title="T"))
    assert (caught.value.code, caught.value.fields) == (4012, ("stage", "status"))
    with pytest.raises(SdpFieldsMissing) as caught:
        await odile.projects.add(ProjectDraft())
    assert caught.value.fields == ("title",)


async def test_a_missing_right_is_told_apart(sdp: Sdp, world: SdpWorld) -> None:
    mara = sdp.acting_as(sdp.tokens_of(world.accounts.grant("mara")))
    with pytest.raises(SdpForbidden) as caught:
        await mara.projects.add(ProjectDraft(title="T"))
    assert caught.value.code == 4002


async def test_somebody_elses_decision_is_refused_by_sdp(sdp: Sdp, world: SdpWorld) -> None:
    approval = world.waiting("arjun")[0]
    tess = sdp.acting_as(sdp.tokens_of(world.accounts.grant("tess")))
    with pytest.raises(SdpRefused):
        await tess.approvals.approve(ref_of(approval), "Not mine")
    assert (await sdp.approvals.get(ref_of(approval))).state is ApprovalState.PENDING


async def test_a_decision_is_made_in_the_name_of_who_acts(sdp: Sdp, world: SdpWorld) -> None:
    approval = world.waiting("arjun")[0]
    arjun = sdp.acting_as(sdp.tokens_of(world.accounts.grant("arjun")))
    await arjun.approvals.reject(ref_of(approval), "Two lines\nof  reason ")
    (effect,) = world.effects("approval.rejected", approval.id)
    assert effect.by == world.person("arjun").id
    assert approval.comments == "Two lines of reason"


@pytest.mark.parametrize("limit", [250, 1000])
async def test_a_comment_that_is_too_long_is_refused_before_it_is_sent(
    listeners: Clients, parrot: Parrot, limit: int
) -> None:
    approvals = (await listeners.new(comment_limit=limit)).approvals
    with pytest.raises(BadInput, match=f"{limit} characters") as caught:
        await approvals.approve(REF, "x" * (limit + 1))
    assert caught.value.field == "comments"
    assert not parrot.heard
    parrot.say({"response_status": {"status_code": 2000}})
    await approvals.approve(REF, "x" * limit)
    assert len(parrot.heard) == 1
