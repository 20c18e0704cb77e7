"""Creating and editing a maintenance in a window: menus that load as one types, SDP's refusals at their fields."""

from datetime import UTC, datetime, timedelta

from sandbox.slack.people import Actor
from tests.flows.conftest import Stage

PATCH = "Patch the web servers"
START = int((datetime.now(UTC) + timedelta(days=2)).replace(minute=0, second=0, microsecond=0).timestamp())


async def form(stage: Stage, command: str, title: str) -> Actor:
    """Odile, with the form before her."""
    await stage.start(OPERATORS="@operators")
    odile = stage.box.people.as_("odile")
    outcome = await odile.type(command, in_="#ops")
    assert outcome.ok, outcome.error
    assert outcome.modal is not None, "a window opens at once"
    await odile.waits_for_modal(title)
    return odile


async def test_create_loads_menus_saves_and_says_what_it_made(both_stages: Stage) -> None:
    stage = both_stages
    odile = await form(stage, "/sdp maintenance create", "New maintenance")
    fields = {
        "Title": "Renew the *licences*",
        "Stage": "Submission",
        "Status": "Requested",
        "Risk": "High",
        "Services": ["Email", "Identity"],
        "Runs": "Every week",
        "Starts": START,
        "On these weekdays, if every week": ["Monday", "Thursday"],
        "Description": "Before they run out.",
    }
    outcome = await odile.submit(fields)
    assert outcome.ok, outcome.error
    await odile.waits_for_modal("Created")
    assert stage.news("maintenance.added") == 1
    made = stage.box.sdp.maintenance("Renew the *licences*")
    assert made.choices["risk"] is not None
    assert made.choices["risk"].name == "High"
    assert [service.name for service in made.services] == ["Email", "Identity"]
    assert made.schedule is not None
    assert made.schedule.frequency == "Weekly"
    assert list(made.schedule.days_of_week) == [2, 5]


async def test_a_submission_delivered_often_creates_one(stage: Stage) -> None:
    odile = await form(stage, "/sdp m create", "New maintenance")
    fields = {"Title": "Only once", "Stage": "Submission", "Status": "Requested"}
    assert (await odile.submit(fields, times=10)).ok
    await odile.waits_for_modal("Created")
    await stage.settled()
    assert stage.news("maintenance.added") == 1


async def test_what_is_missing_is_said_under_its_field(stage: Stage) -> None:
    odile = await form(stage, "/sdp m create", "New maintenance")
    outcome = await odile.submit({"Title": "x", "Stage": "Submission", "Status": "Requested", "Runs": "Every day"})
    assert outcome.field_errors == {"start": "Please say when it starts."}
    assert stage.news("maintenance.added") == 0


async def test_sdps_refusal_stands_under_the_field_with_everything_still_typed(both_stages: Stage) -> None:
    stage = both_stages
    stage.box.sdp.tenant.lookups = False
    odile = await form(stage, "/sdp m create", "New maintenance")
    fields = {"Title": "Typed by name", "Stage": "Submission", "Status": "Requested", "Risk": "Enormous"}
    assert (await odile.submit(fields)).ok
    again = await odile.waits_for_modal("Not saved.")
    assert "Enormous" in str(again.blocks)
    risk = next(at for at, block in enumerate(again.blocks) if block["block_id"] == "risk")
    assert "Not saved." in str(again.blocks[risk + 1])
    assert stage.news("maintenance.added") == 0
    assert (await odile.submit({"Risk": "High"})).ok
    await odile.waits_for_modal("Created")
    made = stage.box.sdp.maintenance("Typed by name")
    assert made.choices["risk"] is not None
    assert made.choices["risk"].name == "High"


async def test_edit_writes_only_what_was_changed(both_stages: Stage) -> None:
    stage = both_stages
    maintenance = stage.box.sdp.maintenance(PATCH)
    odile = await form(stage, f"/sdp maintenance edit {maintenance.label}", f"Edit {maintenance.label}")
    stage.box.sdp.maintenances.edit(maintenance, by="sam", title="Patch all web servers")
    outcome = await odile.submit({"Risk": "High", "Services": ["Email"]})
    assert outcome.ok, outcome.error
    await odile.waits_for_modal("Saved")
    edited = [one for one in stage.box.sdp.effects("maintenance.edited") if one.via == "api"]
    assert [one.detail["fields"] for one in edited] == [["risk", "services"]]
    assert maintenance.title == "Patch all web servers"


async def test_edit_without_menus_writes_what_was_typed_and_nothing_else(stage: Stage) -> None:
    stage.box.sdp.tenant.lookups = False
    maintenance = stage.box.sdp.maintenance(PATCH)
    odile = await form(stage, f"/sdp maintenance edit {maintenance.label}", f"Edit {maintenance.label}")
    assert (await odile.submit({"Services": "email, Identity"})).ok
    await odile.waits_for_modal("Saved")
    edited = [one for one in stage.box.sdp.effects("maintenance.edited") if one.via == "api"]
    assert [one.detail["fields"] for one in edited] == [["services"]]
    assert [service.name for service in maintenance.services] == ["Email", "Identity"]


async def test_nothing_changed_is_said_and_not_sent(stage: Stage) -> None:
    label = stage.box.sdp.maintenance(PATCH).label
    odile = await form(stage, f"/sdp maintenance edit {label}", f"Edit {label}")
    outcome = await odile.submit({})
    assert outcome.field_errors == {"title": "Nothing was changed."}
    assert stage.news("maintenance.edited") == 0


async def test_a_window_closed_while_saving_leaves_a_message(stage: Stage) -> None:
    odile = await form(stage, "/sdp m create", "New maintenance")
    stage.box.sdp.break_with("slow", "*/change_maintenances", "POST", seconds=1)
    assert (await odile.submit({"Title": "Left alone", "Stage": "Submission", "Status": "Requested"})).ok
    await odile.waits_for_modal("Saving")
    await odile.close_modal()
    await odile.waits_for("Created  Left alone")


async def test_who_may_not_create_reads_why_in_the_window(stage: Stage) -> None:
    await stage.start(OPERATORS="@operators")
    tess = stage.box.people.as_("tess")
    assert (await tess.type("/sdp maintenance create")).ok
    await tess.waits_for_modal("Only operators may do this")


async def test_edit_without_an_id_asks_in_the_window(stage: Stage) -> None:
    await stage.start(OPERATORS="@operators")
    odile = stage.box.people.as_("odile")
    assert (await odile.type("/sdp maintenance edit", in_="#ops")).ok
    asked = await odile.waits_for_modal("Which maintenance?")
    maintenance = stage.box.sdp.maintenance(PATCH)
    offered = (await odile.suggest("Type to find a maintenance", "patch", in_=asked)).options
    assert (await odile.pick("Type to find a maintenance", offered[0]["value"], in_=asked)).ok
    await odile.waits_for_modal(f"Edit {maintenance.label}")
