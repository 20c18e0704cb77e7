"""`/sdp project …`: every row of the table, over both transports, up to what SDP then has."""

from typing import Any

import pytest

from bot import charts
from handlers.asking import Row
from handlers.projects import ROWS
from sandbox.sdp.projects import Project
from sandbox.slack.model import Message
from sandbox.slack.people import Actor
from tests.conftest import until
from tests.flows.conftest import Stage

WAREHOUSE = "Warehouse on one sign-in"
ARCHIVE = "Leave the old mail archive"
CENTRE = "Second data centre"
FAN = "Replace the fan of core-sw-02"
PORT = "Open port 8443 for the scanners"
SCANNER = "Scanner 14 does not sign in"
BADGE = "New badge reader at gate 3"
AUDITORS = "Access to the archive for the auditors"

OPS = "#ops"
BIG = 6 * 2**20


async def begin(stage: Stage, who: str = "odile") -> Actor:
    """The bot runs, and Odile may operate."""
    await stage.start(OPERATORS="@operators")
    await stage.settled()
    return stage.box.people.as_(who)


async def say(who: Actor, command: str, where: str = OPS) -> None:
    outcome = await who.type(command, in_=where)
    assert outcome.ok, outcome.error


def project(stage: Stage, title: str) -> Project:
    return stage.box.sdp.project(title)


def attached(stage: Stage, title: str, kind: str) -> list[str]:
    """The titles of what a project has attached in SDP."""
    known = stage.box.sdp.changes if kind == "changes" else stage.box.sdp.requests
    return [known.get(id_).title for id_ in project(stage, title).attached(kind)]  # type: ignore[arg-type]


async def confirm(who: Actor, label: str, preview: Message) -> None:
    outcome = await who.click(label, in_=preview)
    assert outcome.ok, outcome.error


def block(message: Message, kind: str) -> dict[str, Any]:
    return next(one for one in message.blocks if one["type"] == kind)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
async def test_every_example_of_the_table_is_answered(stage: Stage, row: Row) -> None:
    odile = await begin(stage)
    before = len(odile.messages(OPS))
    await say(odile, f"/sdp {row.example}")
    if row.opens:
        await odile.waits_for_modal("Title" if row.path != "project upload" else "Files")
    else:
        answer = (await odile.until(lambda: odile.messages(OPS)[before:]))[-1]
        assert "PJT-1" in answer.text + str(answer.blocks)
    await stage.settled()
    assert not [path for method in ("POST", "PUT", "DELETE") for path in stage.calls(method) if "/projects" in path]


# --- reading (P3, P4, P10) ---------------------------------------------------------------------------------


async def test_the_list_leads_to_each_project(both_stages: Stage) -> None:
    odile = await begin(both_stages)
    await say(odile, "/sdp project")
    shown = await odile.waits_for(WAREHOUSE, OPS)
    for words in (ARCHIVE, CENTRE, "▓▓▓▓▓▓░░░░ 65 %", "In Progress", "Arjun Velloor", "4 days late"):
        assert words in odile.sees(shown)
    first = next(one for one in shown.blocks if one["type"] == "section" and WAREHOUSE in one["text"]["text"])
    assert (await odile.click(first["accessory"]["value"], in_=shown)).ok
    await odile.waits_for("Requested by", OPS)


async def test_a_list_by_words_has_only_what_fits(both_stages: Stage) -> None:
    odile = await begin(both_stages)
    await say(odile, "/sdp p list mail archive")
    shown = await odile.waits_for("with “mail archive”", OPS)
    assert ARCHIVE in odile.sees(shown)
    assert WAREHOUSE not in odile.sees(shown)
    await say(odile, "/sdp proj ls blockchain")
    await odile.waits_for("No project has “blockchain” in its title.", OPS)


async def test_a_long_list_goes_on_page_by_page(stage: Stage) -> None:
    for number in range(12):
        stage.box.sdp.projects.add(f"Filler {number:02}", "sam")
    odile = await begin(stage)
    await say(odile, "/sdp project list")
    shown = await odile.waits_for("Projects, 1 to 10", OPS)
    assert (await odile.click("Show more", in_=shown)).ok
    await odile.waits_for("Projects, 11 to 15", OPS)
    assert "Filler 11" in odile.sees(OPS)


async def test_show_has_progress_dates_cost_owner_and_status(both_stages: Stage) -> None:
    odile = await begin(both_stages)
    await say(odile, f"/sdp PROJ  show {project(both_stages, ARCHIVE).label.lower()}")
    seen = odile.sees(await odile.waits_for("Requested by", OPS))
    for words in (
        ARCHIVE,
        "▓▓▓▓▓▓▓▓░░",
        "80 %",
        "*Planned* ",
        "*Actual* ",
        "Owner Wiremu Kaleha",
        "Cost 4,865.00 of 4,200.50 estimated (116 %)",
        "664.50 over the estimate",
        "Attached: 0 changes, 1 request",
    ):
        assert words in seen


async def test_costs_are_for_operators_and_the_owner(stage: Stage) -> None:
    odile = await begin(stage)
    for who, sees in (("odile", True), ("wiremu", True), ("arjun", False)):
        person = stage.box.people.as_(who)
        await say(person, f'/sdp project show "{ARCHIVE}"', "bot")
        seen = person.sees(await person.waits_for("Requested by", "bot"))
        assert ("4,865.00" in seen) is sees, who
        assert ("Timesheet" in str(person.messages("bot")[-1].blocks)) is sees, who
    await say(odile, f'/sdp project show "{ARCHIVE}" share')
    shared = await stage.box.people.as_("sam").waits_for("Shared by", OPS)
    assert "4,865.00" not in str(shared.blocks)


async def test_projects_are_not_shared_where_a_guest_reads(stage: Stage) -> None:
    odile, gil = await begin(stage), stage.box.people.as_("gil")
    for command in ("list", "show PJT-1"):
        await say(odile, f"/sdp project {command} share", "#release-approvals")
        await odile.waits_for("Nothing was shared.", "#release-approvals")
    assert WAREHOUSE not in gil.sees("#release-approvals")


async def test_a_timesheet_is_a_table_to_sort_and_bars(both_stages: Stage) -> None:
    odile = await begin(both_stages)
    await say(odile, f"/sdp project timesheet {project(both_stages, WAREHOUSE).label}")
    shown = await odile.waits_for("Timesheet: ", OPS)
    rows = block(shown, "data_table")["rows"]
    assert [row[0]["text"] for row in rows[1:]] == ["Tess Harbourne", "Arjun Velloor", "Odile Marchetty"]
    assert [row[4]["value"] for row in rows[1:]] == [2100.0, 1745.5, 1095.0]
    bars = block(shown, "data_visualization")["chart"]["series"][0]["data"]
    assert [bar["value"] for bar in bars] == [31.0, 28.5, 18.25]
    assert "77 h 45 min of 120 h estimated (65 %), 4,940.50 in all." in shown.text
    assert "Arjun Velloor: 28 h 30 min, technician 1,710.00, other 35.50, amount 1,745.50" in shown.text
    assert odile.messages("bot") == []


async def test_a_workspace_without_charts_gets_a_picture(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    stage.box.slack.faults.add("error", "response_url", code="invalid_blocks")
    await say(odile, f"/sdp project timesheet {project(stage, WAREHOUSE).label}")
    shown = await odile.waits_for("Timesheet: ", OPS)
    assert {one["type"] for one in shown.blocks} & {"data_table", "data_visualization"} == {"data_table"}
    if not charts.available():
        pytest.skip("vl-convert (the extra `charts`) is not installed here, so there is no picture to wait for")
    sent = await odile.until(lambda: [file for one in odile.messages("bot") for file in one.files])
    assert sent[0].name == "timesheet-PJT-1.png"
    assert sent[0].content.startswith(b"\x89PNG")
    assert [one.files for one in odile.messages(OPS) if one.files] == []


async def test_a_workspace_without_tables_gets_text_and_is_not_asked_again(stage: Stage) -> None:
    odile = await begin(stage)
    stage.box.slack.faults.add("error", "response_url", code="invalid_blocks", times=4)
    await say(odile, f"/sdp project timesheet {project(stage, WAREHOUSE).label}")
    shown = await odile.waits_for("Timesheet: ", OPS)
    assert "Tess Harbourne   31 h 00 min" in odile.sees(shown)
    refused = stage.box.slack.faults.faults[0].struck
    await say(odile, f"/sdp project timesheet {project(stage, ARCHIVE).label}")
    again = await odile.waits_for(f"Timesheet: {ARCHIVE}", OPS)
    assert "Wiremu Kaleha" in odile.sees(again)
    assert stage.box.slack.faults.faults[0].struck == refused == 4
    assert not [one for one in again.blocks if one["type"] in ("table", "data_table", "data_visualization")]


async def test_the_csv_goes_to_the_askers_messages_only(both_stages: Stage) -> None:
    odile = await begin(both_stages)
    await say(odile, f"/sdp project timesheet {project(both_stages, WAREHOUSE).label}")
    shown = await odile.waits_for("Timesheet: ", OPS)
    assert (await odile.click("CSV to my messages", in_=shown)).ok
    await odile.waits_for("The CSV file is in your messages.", OPS)
    (file,) = [file for one in odile.messages("bot") for file in one.files]
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[1] == "PJT-1,Tess Harbourne,31.00,1860.00,240.00,2100.00"
    assert lines[-1] == "PJT-1,Total,77.75,4665.00,275.50,4940.50"
    assert [one for one in odile.messages(OPS) if one.files] == []


async def test_a_file_slack_does_not_take_is_said_so(stage: Stage) -> None:
    odile = await begin(stage)
    stage.box.slack.faults.add("error", "files.getUploadURLExternal", code="missing_scope")
    await say(odile, "/sdp project timesheet PJT-1 csv")
    await odile.waits_for("Slack did not take the file (missing_scope). The app needs the scope files:write.", OPS)
    assert [one for one in odile.messages("bot") if one.files] == []


async def test_a_picture_slack_does_not_take_is_given_up(stage: Stage) -> None:
    if not charts.available():
        pytest.skip("vl-convert (the extra `charts`) is not installed here, so there is no picture to send")
    odile = await begin(stage)
    stage.box.slack.faults.add("error", "response_url", code="invalid_blocks")
    stage.box.slack.faults.add("error", "files.completeUploadExternal", code="missing_scope", times=0)
    await say(odile, "/sdp project timesheet PJT-1")
    await odile.waits_for("Timesheet: ", OPS)
    await stage.settled()
    store = stage.bot.store
    left = await store.redis.zrange(store.keys.jobs("due"), 0, -1)
    assert [job for job in left if job.startswith("project_picture")] == []
    assert [one for one in odile.messages("bot") if one.files] == []


async def test_a_timesheet_is_refused_to_others_and_the_refusal_is_recorded(both_stages: Stage) -> None:
    stage = both_stages
    tess = await begin(stage, "tess")
    await say(tess, f"/sdp project timesheet {project(stage, WAREHOUSE).label}", "bot")
    refused = tess.sees(await tess.waits_for("may see charges and hours", "bot"))
    assert "Arjun Velloor, who owns this project" in refused
    assert "Odile Marchetty" in refused
    entries = [entry async for entry in stage.bot.ledger.entries()]
    assert [(entry.details or {})["rule"] for entry in entries if entry.what == "refused"] == ["not_allowed"]


async def test_a_timesheet_is_shared_only_where_everybody_may_see_it(stage: Stage) -> None:
    odile, sam = await begin(stage), stage.box.people.as_("sam")
    label = project(stage, WAREHOUSE).label
    await say(odile, f"/sdp project timesheet {label} share")
    await odile.waits_for("Not shared: Sam Okonjoru in this channel may not see charges.", OPS)
    assert "Tess Harbourne" not in sam.sees(OPS)
    stage.box.slack.directory.add_group("bosses", "Bosses", [sam.person, odile.person])
    await stage.stop()
    await stage.start(OPERATORS="@bosses")
    await say(odile, f"/sdp project timesheet {label} share")
    shared = await sam.waits_for("Timesheet: ", OPS)
    assert "Shared by" in sam.sees(shared)
    assert [one for one in sam.messages(OPS) if one.files] == []


async def test_a_timesheet_opened_in_a_window_is_text(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, f"/sdp project edit {WAREHOUSE}")
    form = await odile.waits_for_modal("Title")
    await odile.submit({"Per cent done": "67"}, form)
    await odile.waits_for_modal("Saved PJT-1")
    assert (await odile.click("Show project")).ok
    await odile.waits_for_modal("67 %")
    assert (await odile.click("Timesheet")).ok
    await odile.waits_for_modal("Tess Harbourne   31 h 00 min")
    await stage.settled()


async def test_nobody_has_worked_on_it_yet(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, f"/sdp project timesheet {CENTRE}")
    await odile.waits_for("no time has been logged yet", OPS)


# --- creating and editing (P1, P2) ---------------------------------------------------------------------------


async def test_a_form_creates_a_project(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    await say(odile, "/sdp project create Cable the new hall")
    form = await odile.waits_for_modal("Title")
    outcome = await odile.submit(
        {
            "Status": "In Progress",
            "Priority": "High",
            "Type": "Infrastructure",
            "Owner": "tess",
            "Code": "HALL-2",
            "Per cent done": "12.5",
            "Planned start": 1_800_000_000,
            "Planned end": 1_800_600_000,
            "Estimated cost": "1200.50",
            "Description": "Racks first.\nThen <b>fibre</b>.",
        },
        form,
    )
    assert outcome.ok, outcome.error
    await odile.waits_for_modal("Created PJT-4 Cable the new hall.")
    made = project(stage, "Cable the new hall")
    assert {name: choice.name for name, choice in made.choices.items() if choice} == {
        "status": "In Progress",
        "priority": "High",
        "project_type": "Infrastructure",
        "project_template": "Default",
    }
    assert made.owner is not None
    assert made.owner.key == "tess"
    assert (made.project_code, made.numbers["percentage_completion"]) == ("HALL-2", "12.5")
    assert made.times["scheduled_start_time"].timestamp() == 1_800_000_000  # type: ignore[union-attr]
    assert made.description == "Racks first.<br>Then &lt;b&gt;fibre&lt;/b&gt;."
    assert stage.news("project.added") == 1


async def test_a_form_says_that_it_is_saving_until_sdp_has_answered(stage: Stage) -> None:
    odile = await begin(stage)
    stage.box.sdp.break_with("slow", path="/projects", method="POST", seconds=1.5)
    await say(odile, "/sdp project create Takes a while")
    outcome = await odile.submit({"Code": "SLOW-1"}, await odile.waits_for_modal("Title"))
    assert outcome.modal is not None
    assert "Saving Takes a while …" in odile.sees(outcome.modal)
    await odile.waits_for_modal("Created PJT-4 Takes a while.")


async def test_an_edit_of_a_field_somebody_else_filled_in_meanwhile_is_not_sent(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, "/sdp project edit PJT-3")
    form = await odile.waits_for_modal("Title")
    stage.box.sdp.projects.edit(CENTRE, by="sam", actual_start_time=stage.box.sdp.now())
    assert (await odile.submit({"Actual start": 1_800_000_000}, form)).ok
    await odile.waits_for_modal("Somebody else has changed this meanwhile: Actual start.")
    assert stage.calls("PUT") == []


async def test_a_refused_form_comes_back_with_everything_typed_in(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    await say(odile, "/sdp project create Doubled")
    form = await odile.waits_for_modal("Title")
    outcome = await odile.submit({"Code": "WH-SSO", "Estimated hours": "40"}, form)
    assert outcome.ok, outcome.error
    again = await odile.waits_for_modal("Not saved.")
    typed = {one["block_id"]: one["element"].get("initial_value") for one in again.blocks if one["type"] == "input"}
    assert (typed["title"], typed["code"], typed["estimated_hours"]) == ("Doubled", "WH-SSO", "40")
    told = next(n for n, one in enumerate(again.blocks) if "must be unique" in str(one))
    assert again.blocks[told - 1]["block_id"] == "code"
    assert "Look below: Code." in odile.sees(again)
    assert stage.news("project.added") == 0
    outcome = await odile.submit({"Code": "WH-2"}, again)
    assert outcome.ok, outcome.error
    await odile.waits_for_modal("Created PJT-5 Doubled.")
    assert stage.news("project.added") == 1


async def test_what_cannot_be_is_said_under_its_field_at_once(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, "/sdp project create Backwards")
    form = await odile.waits_for_modal("Title")
    outcome = await odile.submit({"Planned start": 1_800_600_000, "Planned end": 1_800_000_000}, form)
    assert outcome.field_errors == {"scheduled_end": "The planned end is before the planned start."}
    assert stage.news("project.added") == 0


async def test_a_form_submitted_twice_creates_one_project(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, "/sdp project create Once")
    form = await odile.waits_for_modal("Title")
    await odile.submit({"Code": "ONCE-1"}, form, times=5)
    await odile.waits_for_modal("Created PJT-4 Once.")
    await stage.settled()
    assert stage.news("project.added") == 1


async def test_an_edit_writes_what_was_touched_and_nothing_else(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    await say(odile, f"/sdp project edit {project(stage, WAREHOUSE).label}")
    form = await odile.waits_for_modal("Title")
    assert "120" in str(form.blocks)
    outcome = await odile.submit({"Per cent done": "90", "Status": "Completed", "Owner": "wiremu"}, form)
    assert outcome.ok, outcome.error
    await odile.waits_for_modal(f"Saved PJT-1 {WAREHOUSE}.")
    changed = project(stage, WAREHOUSE)
    assert changed.numbers["percentage_completion"] == "90"
    assert changed.choices["status"] is not None
    assert changed.choices["status"].name == "Completed"
    assert changed.owner is not None
    assert changed.owner.key == "wiremu"
    (edit,) = stage.box.sdp.effects("project.edited")
    assert edit.detail["fields"] == ["owner", "percentage_completion", "status"]


async def test_an_edit_of_what_somebody_else_changed_meanwhile_is_not_sent(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, f"/sdp project edit {project(stage, WAREHOUSE).label}")
    form = await odile.waits_for_modal("Title")
    stage.box.sdp.projects.edit(WAREHOUSE, by="sam", percentage_completion="70")
    assert (await odile.submit({"Per cent done": "66"}, form)).ok
    await odile.waits_for_modal("Somebody else has changed this meanwhile: Per cent done.")
    assert project(stage, WAREHOUSE).numbers["percentage_completion"] == "70"
    assert stage.news("project.edited") == 1


async def test_an_untouched_form_is_not_sent(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, "/sdp project edit PJT-1")
    outcome = await odile.submit(view=await odile.waits_for_modal("Title"))
    assert outcome.field_errors == {"title": "Nothing was changed, so there is nothing to save."}
    assert stage.calls("PUT") == []


async def test_a_window_nobody_remembers_cannot_be_submitted(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, "/sdp project edit PJT-1")
    form = await odile.waits_for_modal("Title")
    await stage.bot.store.redis.flushall()
    outcome = await odile.submit({"Code": "LOST"}, form)
    assert "can no longer be used" in outcome.error
    assert stage.calls("PUT") == []


async def test_without_lists_the_form_takes_names(stage: Stage) -> None:
    stage.box.sdp.tenant.lookups = False
    odile = await begin(stage)
    await say(odile, f"/sdp project edit {project(stage, CENTRE).label}")
    form = await odile.waits_for_modal("A name or an id, as in SDP.")
    assert (await odile.submit({"Status": "In Progress"}, form)).ok
    await odile.waits_for_modal("Saved PJT-3")
    status = project(stage, CENTRE).choices["status"]
    assert status is not None
    assert status.name == "In Progress"


async def test_an_owner_sdp_does_not_know_is_named_under_the_field(stage: Stage) -> None:
    stranger = stage.box.slack.directory.add("nell", "Nell Brightwater", "nell.brightwater@example.com", tz="UTC")
    odile = await begin(stage)
    await say(odile, "/sdp project create For a stranger")
    form = await odile.waits_for_modal("Title")
    assert (await odile.submit({"Owner": stranger.key}, form)).ok
    await odile.waits_for_modal("Nell Brightwater cannot be found in SDP by their e-mail address.")
    assert stage.news("project.added") == 0


# --- deleting (P5) -----------------------------------------------------------------------------------------


async def test_deleting_previews_and_is_confirmed_once(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    await say(odile, f'/sdp project delete "{CENTRE}" budget was withdrawn')
    preview = await odile.waits_for(f"Delete PJT-3 {CENTRE}?", OPS)
    assert "cannot bring it back" in odile.sees(preview)
    assert stage.news("project.deleted") == 0
    outcome = await odile.click("Delete project", in_=preview, times=20)
    assert outcome.ok, outcome.error
    await odile.waits_for(f"PJT-3 {CENTRE} is deleted.", OPS)
    assert stage.news("project.deleted") == 1
    entries = [entry async for entry in stage.bot.ledger.entries()]
    (done,) = [entry for entry in entries if entry.what == "project.delete.done"]
    assert (done.details or {})["comment"] == "budget was withdrawn"
    assert (done.details or {})["person"] == odile.person.id


async def test_a_cancelled_deletion_leaves_everything(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, f"/sdp project delete {project(stage, CENTRE).label}")
    preview = await odile.waits_for("Delete PJT-3", OPS)
    await confirm(odile, "Cancel", preview)
    await odile.waits_for("Nothing was changed.", OPS)
    assert stage.news("project.deleted") == 0


async def test_a_project_renamed_after_the_preview_is_not_deleted(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, f"/sdp project delete {project(stage, CENTRE).label}")
    preview = await odile.waits_for("Delete PJT-3", OPS)
    stage.box.sdp.projects.edit(CENTRE, by="sam", title="Second data centre, approved")
    await confirm(odile, "Delete project", preview)
    await odile.waits_for("Nothing was deleted", OPS)
    assert stage.news("project.deleted") == 0


async def test_a_deletion_whose_answer_is_lost_is_found_out_and_not_repeated(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, f"/sdp project delete {project(stage, CENTRE).label}")
    preview = await odile.waits_for("Delete PJT-3", OPS)
    stage.box.sdp.break_with("drop_after", path="/projects/*", method="DELETE")
    await confirm(odile, "Delete project", preview)
    await odile.waits_for("is deleted.", OPS)
    assert stage.news("project.deleted") == 1
    assert len([path for path in stage.calls("DELETE") if "/projects/" in path]) == 1


async def test_a_project_whose_creation_went_unanswered_is_found_by_its_title(stage: Stage) -> None:
    odile = await begin(stage)
    stage.box.sdp.break_with("drop_after", path="/projects", method="POST")
    await say(odile, "/sdp project create Found again")
    form = await odile.waits_for_modal("Title")
    assert (await odile.submit({"Code": "FOUND-1"}, form)).ok
    await odile.waits_for_modal("Created PJT-4 Found again.")
    assert stage.news("project.added") == 1


async def test_an_edit_that_went_unanswered_is_seen_in_the_project(stage: Stage) -> None:
    odile = await begin(stage)
    stage.box.sdp.break_with("drop_after", path="/projects/*", method="PUT")
    await say(odile, "/sdp project edit PJT-3")
    form = await odile.waits_for_modal("Title")
    assert (await odile.submit({"Per cent done": "5", "Status": "On Hold", "Planned end": 1_900_000_000}, form)).ok
    await odile.waits_for_modal("Saved PJT-3")
    assert stage.news("project.edited") == 1
    assert len([path for path in stage.calls("PUT") if "/projects/" in path]) == 1


@pytest.mark.parametrize(
    ("direction", "title", "left"), [("attach", BADGE, [AUDITORS, BADGE]), ("detach", AUDITORS, [])]
)
async def test_an_association_that_went_unanswered_is_read_back(
    stage: Stage, direction: str, title: str, left: list[str]
) -> None:
    odile = await begin(stage)
    method = "POST" if direction == "attach" else "DELETE"
    stage.box.sdp.break_with("drop_after", path="*_request_associations", method=method)
    await say(odile, f"/sdp project {direction} PJT-2 requests {stage.box.sdp.request(title).id}")
    await confirm(odile, direction.capitalize(), await odile.waits_for(f"{direction.capitalize()} 1 request", OPS))
    await odile.waits_for(f"{direction.capitalize()}ed", OPS)
    assert attached(stage, ARCHIVE, "requests") == left
    asked = [one for one in stage.box.sdp.log if one.method == method and "_request_associations" in one.path]
    assert [one.input for one in asked] == [{"requests": [stage.box.sdp.request(title).id]}]


async def test_a_worker_killed_before_the_confirmation_was_worked_on_is_followed_by_the_next(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, "/sdp project attach PJT-2 changes " + stage.box.sdp.change(FAN).label)
    preview = await odile.waits_for("Attach 1 change", OPS)
    await stage.stop()
    await stage.start(worker=False, OPERATORS="@operators")
    for _ in range(3):
        assert (await odile.click("Attach", in_=preview, times=5)).ok
    assert attached(stage, ARCHIVE, "changes") == []
    await stage.stop()
    await stage.start(OPERATORS="@operators")
    await odile.waits_for("Attached to PJT-2", OPS)
    await stage.settled()
    assert stage.news("project.changes_attached") == 1
    assert len([path for path in stage.calls("POST") if "_change_associations" in path]) == 1


async def test_who_is_no_operator_changes_nothing(both_stages: Stage) -> None:
    stage = both_stages
    arjun = await begin(stage, "arjun")
    for command in ("delete PJT-1", "attach PJT-1 changes CH-1", "detach PJT-1 requests 1"):
        await say(arjun, f"/sdp project {command}", "bot")
        await arjun.until(lambda: "Only operators may do this." in arjun.messages("bot")[-1].text)
    await say(arjun, "/sdp project create Mine", "bot")
    await arjun.waits_for_modal("Only operators may do this.")
    assert not [effect for effect in stage.box.sdp.effects() if effect.kind == "project.deleted"]
    refused = [entry async for entry in stage.bot.ledger.entries() if entry.what == "refused"]
    assert len(refused) == 4


# --- attaching (P6 to P9) ------------------------------------------------------------------------------------


async def test_changes_are_attached_by_display_and_long_id(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    fan, port = stage.box.sdp.change(FAN), stage.box.sdp.change(PORT)
    await say(odile, f"/sdp project attach PJT-2 changes {fan.label}, {port.id} CH-999")
    preview = await odile.waits_for("Attach 2 changes to PJT-2", OPS)
    assert "CH-999" in odile.sees(preview)
    assert attached(stage, ARCHIVE, "changes") == []
    await confirm(odile, "Attach", preview)
    done = await odile.waits_for("Attached to PJT-2", OPS)
    assert f"{fan.label} {FAN}, {port.label} {PORT}" in odile.sees(done)
    assert "Not found: CH-999" in odile.sees(done)
    assert attached(stage, ARCHIVE, "changes") == [FAN, PORT]


async def test_requests_are_attached(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    await say(odile, f"/sdp project attach {ARCHIVE} requests {stage.box.sdp.request(BADGE).label}")
    await confirm(odile, "Attach", await odile.waits_for("Attach 1 request to PJT-2", OPS))
    await odile.waits_for("Attached to PJT-2", OPS)
    assert attached(stage, ARCHIVE, "requests") == [AUDITORS, BADGE]


async def test_changes_are_detached_after_a_preview_that_says_what_is_open(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    await say(odile, f"/sdp project detach PJT-1 changes {stage.box.sdp.change(PORT).label}")
    preview = await odile.waits_for("Detach 1 change from PJT-1", OPS)
    assert "leave open what else a detach takes along" in odile.sees(preview)
    await confirm(odile, "Detach", preview)
    await odile.waits_for("Detached from PJT-1", OPS)
    assert attached(stage, WAREHOUSE, "changes") == []
    assert attached(stage, WAREHOUSE, "requests") == [SCANNER, BADGE]


async def test_requests_are_detached_one_of_two(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    await say(odile, f"/sdp project detach PJT-1 requests {stage.box.sdp.request(SCANNER).id}")
    await confirm(odile, "Detach", await odile.waits_for("Detach 1 request from PJT-1", OPS))
    await odile.waits_for("Detached from PJT-1", OPS)
    assert attached(stage, WAREHOUSE, "requests") == [BADGE]


async def test_a_detach_without_ids_offers_menus_and_sends_nothing(stage: Stage) -> None:
    stage.box.sdp.tenant.detach_without_ids = "all"
    odile = await begin(stage)
    await say(odile, "/sdp project detach PJT-1 requests")
    asked = await odile.waits_for("What do you want to detach from PJT-1", OPS)
    assert stage.calls("DELETE") == []
    offered = await odile.suggest("Type to search", "", in_=asked)
    assert [one["text"]["text"].partition(" ")[2] for one in offered.options] == [SCANNER, BADGE]
    assert (await odile.pick("Type to search", stage.box.sdp.request(BADGE).id, in_=asked)).ok
    await confirm(odile, "Detach", await odile.waits_for("Detach 1 request from PJT-1", OPS))
    await odile.waits_for("Detached from PJT-1", OPS)
    assert attached(stage, WAREHOUSE, "requests") == [SCANNER]


async def test_where_sdp_lists_nothing_the_result_claims_nothing(stage: Stage) -> None:
    stage.box.sdp.tenant.association_lists = False
    odile = await begin(stage)
    await say(odile, f"/sdp project attach PJT-2 changes {stage.box.sdp.change(FAN).label}")
    await confirm(odile, "Attach", await odile.waits_for("Attach 1 change to PJT-2", OPS))
    await odile.waits_for("does not show what PJT-2", OPS)
    assert attached(stage, ARCHIVE, "changes") == [FAN]


async def test_ids_that_name_nothing_are_said_so(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, "/sdp project attach PJT-2 changes CH-998 CH-999")
    await odile.waits_for("SDP has no changes called CH-998, CH-999.", OPS)


# --- files (P11) -------------------------------------------------------------------------------------------


async def test_the_shortcut_attaches_the_files_of_a_message(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    shared = (await odile.upload("plan of the hall.pdf", b"%PDF-1.7 plan", in_=OPS)).messages[0]
    outcome = await odile.shortcut("Attach to SDP project", on=shared)
    assert outcome.ok, outcome.error
    await odile.waits_for_modal("Which project?")
    assert (await odile.pick("Type to find a project", project(stage, WAREHOUSE).id)).ok
    choose = await odile.waits_for_modal("plan of the hall.pdf")
    outcome = await odile.submit(view=choose)
    assert outcome.ok, outcome.error
    told = await odile.waits_for("Attached plan of the hall.pdf to PJT-1", "bot")
    assert "13 bytes" in odile.sees(told)
    (file,) = project(stage, WAREHOUSE).attachments
    assert (file.name, file.size, file.attached) == ("plan of the hall.pdf", 13, True)


async def test_the_command_attaches_files_from_a_window(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    await say(odile, f"/sdp project upload {ARCHIVE}")
    window = await odile.waits_for_modal(ARCHIVE)
    file = odile.shares("inventory.csv", b"a,b\n1,2\n")
    outcome = await odile.submit({"Files": [file]}, window)
    assert outcome.ok, outcome.error
    await odile.waits_for("Attached inventory.csv to PJT-2", "bot")
    (kept,) = project(stage, ARCHIVE).attachments
    assert (kept.name, kept.size) == ("inventory.csv", 8)


async def test_a_large_file_shows_how_far_it_is(stage: Stage) -> None:
    odile = await begin(stage)
    stage.box.sdp.break_with("slow", path="*_uploads", seconds=4.5)
    shared = (await odile.upload("backup.zip", b"z" * BIG, in_=OPS)).messages[0]
    await odile.shortcut("Attach to SDP project", on=shared)
    await odile.waits_for_modal("Which project?")
    await odile.pick("Type to find a project", project(stage, WAREHOUSE).id)
    assert (await odile.submit(view=await odile.waits_for_modal("backup.zip"))).ok
    await odile.waits_for("% of 6 MB", "bot")
    await odile.waits_for("Attached backup.zip to PJT-1", "bot", seconds=15)
    await odile.waits_for("▓▓▓▓▓▓▓▓▓▓  100 % of 6 MB", "bot")
    assert [file.size for file in project(stage, WAREHOUSE).attachments] == [BIG]


async def test_a_program_is_not_sent_on(stage: Stage) -> None:
    odile = await begin(stage)
    shared = (await odile.upload("setup.exe", b"MZ", in_=OPS)).messages[0]
    await odile.shortcut("Attach to SDP project", on=shared)
    await odile.waits_for_modal("Which project?")
    await odile.pick("Type to find a project", project(stage, WAREHOUSE).id)
    await odile.submit(view=await odile.waits_for_modal("setup.exe"))
    await odile.waits_for("can run as programs", "bot")
    assert project(stage, WAREHOUSE).attachments == []


async def test_a_file_elsewhere_is_not_fetched_with_slacks_token(stage: Stage) -> None:
    odile = await begin(stage)
    file = odile.shares("decoy.txt", b"decoy")
    file.url_private = f"{stage.box.sdp.url}/files/decoy.txt"
    await say(odile, "/sdp project upload PJT-1")
    assert (await odile.submit({"Files": [file]}, await odile.waits_for_modal("Files"))).ok
    await odile.waits_for("does not live in Slack", "bot")
    assert [one for one in stage.box.sdp.log if "decoy" in one.path] == []
    assert project(stage, WAREHOUSE).attachments == []


async def test_somebody_elses_preview_cannot_be_confirmed(stage: Stage) -> None:
    odile, sam = await begin(stage), stage.box.people.as_("sam")
    await say(odile, "/sdp project delete PJT-3")
    preview = await odile.waits_for("Delete PJT-3", OPS)
    await sam.click("Delete project", in_=preview)
    await sam.waits_for("only they can confirm it", OPS)
    assert stage.news("project.deleted") == 0


async def test_a_message_without_files_has_nothing_to_attach(stage: Stage) -> None:
    odile = await begin(stage)
    plain = (await odile.type("no file here", in_=OPS)).messages[0]
    assert (await odile.shortcut("Attach to SDP project", on=plain)).ok
    await odile.waits_for("This message has no files", OPS)


async def test_an_upload_whose_answer_is_lost_stays_unknown_and_is_not_repeated(stage: Stage) -> None:
    odile = await begin(stage)
    stage.box.sdp.break_with("drop_after", path="*_uploads")
    await say(odile, f"/sdp project upload {ARCHIVE}")
    window = await odile.waits_for_modal(ARCHIVE)
    assert (await odile.submit({"Files": [odile.shares("once.txt", b"once")]}, window)).ok
    await odile.waits_for("will not send it a second time", "bot")
    await until(lambda: len(project(stage, ARCHIVE).attachments) == 1)
    assert len([path for path in stage.calls("POST") if path.endswith("_uploads")]) == 1
