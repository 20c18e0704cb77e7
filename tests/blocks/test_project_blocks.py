"""Everything the project cards, tables and forms can say is taken by Block Kit, whatever SDP puts into them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks import project_forms, projects, timesheets
from blocks.kit import Message, actions, button
from blocks.projects import ProjectView
from bot.models import (
    Associations,
    DisplayId,
    Mrkdwn,
    Named,
    Person,
    Project,
    SdpId,
    Ticket,
    TimesheetRow,
    sdp_id,
)
from bot.project_form import FIELDS, values_of
from bot.timesheets import Timesheet
from sandbox.slack.blockkit import refusals_of_blocks, refusals_of_options, refusals_of_view

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOSTILE = "<!channel> *bold* <https://example.com|click> & \u202e `code` " + "x" * 3000
LINK = "https://example.com/app/itdesk/ui/projects/1/details"

WAREHOUSE = Project(
    id=sdp_id("100000000000001"),
    title="Warehouse on one sign-in",
    display_id=DisplayId("PJT-1", "1"),
    code="WH-SSO",
    status=Named(sdp_id("5"), "In Progress"),
    priority=Named(sdp_id("6"), "High"),
    project_type=Named(sdp_id("7"), "Infrastructure"),
    owner=Person(sdp_id("8"), "Arjun Velloor", "arjun.velloor@example.com"),
    requester=Person(sdp_id("9"), "Mara Vossberg"),
    percent_complete=Decimal(65),
    description=Mrkdwn("Scanners, gates and desks."),
    estimated_hours=Decimal(120),
    actual_hours=Decimal("77.75"),
    estimated_cost=Decimal("9000.00"),
    actual_cost=Decimal("9940.50"),
    scheduled_start=NOW - timedelta(days=40),
    scheduled_end=NOW - timedelta(days=3),
    actual_start=NOW - timedelta(days=39),
)
BARE = Project(id=sdp_id("2"), title="")


def person_row(name: str, hours: float, **money: str) -> TimesheetRow:
    amounts = {key: Decimal(value) for key, value in money.items()}
    return TimesheetRow(
        owner=None,
        owner_name=name,
        spent=timedelta(hours=hours),
        tech_charge=amounts.get("tech"),
        other_charge=amounts.get("other"),
        amount=amounts.get("amount"),
    )


SHEET = Timesheet.of(
    WAREHOUSE,
    [
        person_row("Odile Marchetty", 18.25, tech="1095", other="0", amount="1095"),
        person_row("Arjun Velloor", 28.5, tech="1710", other="35.50", amount="1745.50"),
        person_row("Tess Harbourne", 31, tech="1860", other="240", amount="2100"),
    ],
)


def accepted(message: Message) -> Message:
    assert refusals_of_blocks(message["blocks"], "message") == []
    assert 0 < len(message["text"]) <= 4000
    return message


def words(message: Message) -> str:
    return str(message["blocks"])


# --- timesheet ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", timesheets.FORMS, ids=lambda form: form.name)
def test_every_form_of_a_timesheet_has_everybody_and_the_total(form: timesheets.Form) -> None:
    message = accepted(timesheets.answer(SHEET, form, LINK))
    for shown in (words(message), message["text"]):
        assert "Tess Harbourne" in shown
        assert "31 h 00 min" in shown
        assert "77 h 45 min" in shown
        assert "of 120 h estimated (65 %)" in shown
        assert "4,940.50" in shown


def test_most_hours_come_first_and_are_sorted_by_number() -> None:
    message = timesheets.answer(SHEET, timesheets.FORMS[0], LINK)
    table = next(block for block in message["blocks"] if block["type"] == "data_table")
    assert [row[0]["text"] for row in table["rows"][1:]] == ["Tess Harbourne", "Arjun Velloor", "Odile Marchetty"]
    assert [row[1]["value"] for row in table["rows"][1:]] == [31.0, 28.5, 18.25]


def test_the_plain_table_can_be_read_in_columns() -> None:
    message = timesheets.answer(SHEET, timesheets.FORMS[-1], LINK)
    lines = words(message).split("\\n")
    assert len({line.index("min") for line in lines if "Harbourne" in line or "Velloor" in line}) == 1


def test_two_people_of_one_name_have_two_bars() -> None:
    twins = Timesheet.of(WAREHOUSE, [person_row("Tess Harbourne", hours) for hours in (3, 2, 1)])
    message = accepted(timesheets.answer(twins, timesheets.FORMS[0], LINK))
    chart = next(block for block in message["blocks"] if block["type"] == "data_visualization")["chart"]
    assert chart["axis_config"]["categories"] == ["Tess Harbourne", "Tess Harbourne (2)", "Tess Harbourne (3)"]


@pytest.mark.parametrize("form", timesheets.FORMS, ids=lambda form: form.name)
def test_three_hundred_people_with_long_names_still_fit(form: timesheets.Form) -> None:
    crowd = [person_row(f"{number} {HOSTILE}", number, tech="123456789.25", amount="1") for number in range(300)]
    message = accepted(
        timesheets.answer(Timesheet.of(WAREHOUSE, crowd), form, LINK, "The picture is in your messages.")
    )
    assert "others" in words(message)


def test_nobody_has_worked_yet() -> None:
    message = accepted(timesheets.answer(Timesheet.of(WAREHOUSE, []), timesheets.FORMS[0], LINK))
    assert "no time has been logged yet" in message["text"]


def test_charges_sdp_did_not_give_are_dashes_not_zeros() -> None:
    message = accepted(timesheets.answer(Timesheet.of(BARE, [person_row("Sam", 1)]), timesheets.FORMS[0], LINK))
    assert "0.00" not in words(message)
    assert "no estimate" in words(message)


def test_csv_has_plain_numbers_and_no_formulas() -> None:
    sheet = Timesheet.of(
        WAREHOUSE, [person_row('=HYPERLINK("https://example.com")', 1.5, tech="1710", amount="1745.50")]
    )
    lines = sheet.to_csv().decode("utf-8-sig").splitlines()
    assert lines[0] == "Project,Person,Hours,Technician charge,Other charge,Amount"
    assert lines[1].startswith("PJT-1,\"'=HYPERLINK")
    assert lines[1].endswith(",1.50,1710,,1745.50")
    assert lines[2] == "PJT-1,Total,1.50,1710,,1745.50"


# --- cards -------------------------------------------------------------------------------------------------


def view(project: Project, **more: object) -> ProjectView:
    return ProjectView(project, LINK, NOW, **more)  # type: ignore[arg-type]


def test_a_project_shows_progress_dates_cost_owner_and_status() -> None:
    message = accepted(projects.shown(view(WAREHOUSE, costs=True, changeable=True, changes=["1"], requests=["2", "3"])))
    for shown in (
        "▓▓▓▓▓▓░░░░",
        "65 %",
        "In Progress",
        "Arjun Velloor",
        "3 days late",
        "77.75 of 120.00 estimated (65 %)",
    ):
        assert shown in words(message)
    assert "9,940.50 of 9,000.00 estimated (110 %)" in words(message)
    assert "940.50 over the estimate" in words(message)
    assert "1 change, 2 requests" in words(message)
    assert "65 % done" in message["text"]


def test_without_the_right_there_is_no_money_anywhere() -> None:
    message = accepted(projects.shown(view(WAREHOUSE)))
    assert "9,940" not in words(message) + message["text"]
    assert "Timesheet" not in words(message)
    assert "Delete" not in words(message)


@pytest.mark.parametrize(
    ("percent", "cells"), [("0", 0), ("0.4", 1), ("50", 5), ("99.9", 9), ("100", 10), ("250", 10), ("-5", 0)]
)
def test_a_bar_is_full_only_when_all_is_done(percent: str, cells: int) -> None:
    assert projects.bar(Decimal(percent)) == "▓" * cells + "░" * (10 - cells)


def test_a_finished_project_is_not_late() -> None:
    done = Project(id=sdp_id("3"), title="Done", percent_complete=Decimal(100), scheduled_end=NOW - timedelta(days=9))
    assert "late" not in projects.shown(view(done))["text"]


def test_a_list_has_a_button_for_each_and_goes_on() -> None:
    message = accepted(projects.listed([WAREHOUSE, BARE] * 5, "sign-in", NOW, more=True))
    assert words(message).count("'Show'") == 10
    assert "project list sign-in page 2" in words(message)


def test_a_search_without_result_says_so() -> None:
    assert "No project has “blockchain”" in accepted(projects.listed([], "blockchain", NOW))["text"]


FAN = Ticket(sdp_id("11"), "Replace the fan", DisplayId("CH-2", "2"))
PORT = Ticket(sdp_id("12"), "Open port 8443", DisplayId("CH-3", "3"))
TICKETS = {one.id: one for one in (FAN, PORT)}


def test_attaching_says_what_is_and_what_is_not() -> None:
    done = Associations(asked=(FAN.id, PORT.id), there=(FAN.id,))
    message = accepted(projects.associated("PJT-1 Warehouse", "changes", done, TICKETS, ["CH-99"], attach=True))
    assert message["text"] == "Attached to PJT-1 Warehouse: CH-2 Replace the fan."
    assert "Not attached: " in words(message)
    assert "CH-3 Open port 8443" in words(message)
    assert "CH-99" in words(message)


def test_detaching_tells_what_else_went() -> None:
    done = Associations(asked=(FAN.id,), there=(), before=(FAN.id, PORT.id))
    message = accepted(projects.associated("PJT-1 Warehouse", "changes", done, TICKETS, attach=False))
    assert message["text"] == "Detached from PJT-1 Warehouse: CH-2 Replace the fan."
    assert "Also gone: " in words(message)


def test_what_was_so_before_is_not_claimed() -> None:
    again = Associations(asked=(FAN.id, PORT.id), there=(FAN.id, PORT.id), before=(PORT.id,))
    message = accepted(projects.associated("PJT-1 Warehouse", "changes", again, TICKETS, attach=True))
    assert message["text"] == "Attached to PJT-1 Warehouse: CH-2 Replace the fan."
    assert "'Was attached already: '" in words(message)
    never = Associations(asked=(FAN.id,), there=(PORT.id,), before=(PORT.id,))
    message = accepted(projects.associated("PJT-1 Warehouse", "changes", never, TICKETS, attach=False))
    assert message["text"] == "Detached from PJT-1 Warehouse: nothing."
    assert "'Was not attached: '" in words(message)


def test_what_sdp_does_not_show_is_not_claimed() -> None:
    done = Associations(asked=(FAN.id,), there=None)
    message = accepted(projects.associated("PJT-1 Warehouse", "changes", done, TICKETS, attach=True))
    assert "does not show" in message["text"]


BUTTONS = actions("confirm", button("Do it", "x", "1"))
ANY_TEXT = st.text(max_size=400) | st.just(HOSTILE)
ANY_NUMBER = st.none() | st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**12, places=2
)
ANY_NAMED = st.none() | st.builds(Named, st.none(), ANY_TEXT)
ANY_MOMENT = st.none() | st.datetimes(timezones=st.just(UTC), min_value=datetime(1990, 1, 1))
ANY_PROJECT = st.builds(
    Project,
    id=st.just(sdp_id("7")),
    title=ANY_TEXT,
    display_id=st.none() | st.just(DisplayId("PJT-7", "7")),
    code=st.none() | ANY_TEXT,
    status=ANY_NAMED,
    priority=ANY_NAMED,
    project_type=ANY_NAMED,
    template=ANY_NAMED,
    owner=st.none() | st.builds(Person, st.just(sdp_id("8")), ANY_TEXT),
    requester=st.none() | st.builds(Person, st.just(sdp_id("8")), ANY_TEXT),
    percent_complete=ANY_NUMBER,
    description=st.just(Mrkdwn("")) | st.just(Mrkdwn("*all* " * 900)),
    estimated_hours=ANY_NUMBER,
    actual_hours=ANY_NUMBER,
    estimated_cost=ANY_NUMBER,
    actual_cost=ANY_NUMBER,
    scheduled_start=ANY_MOMENT,
    scheduled_end=ANY_MOMENT,
    actual_start=ANY_MOMENT,
    actual_end=ANY_MOMENT,
    projected_end=ANY_MOMENT,
    created_on=ANY_MOMENT,
)


@settings(max_examples=120, deadline=None)
@given(project=ANY_PROJECT, note=ANY_TEXT)
def test_any_project_makes_cards_slack_takes(project: Project, note: str) -> None:
    seen = view(project, costs=True, changeable=True, changes=[SdpId("1")], requests=[])
    ticket = Ticket(SdpId("1"), note, None)
    done = Associations(asked=(SdpId("1"), SdpId("2")), there=(SdpId("2"),), before=(SdpId("3"),))
    for message in (
        projects.shown(seen, note),
        projects.listed([project] * 10, note, NOW, more=True),
        projects.to_delete(seen, BUTTONS),
        projects.to_attach(project, "changes", [ticket] * 30, [note] * 30, BUTTONS),
        projects.to_detach(project, "requests", [ticket] * 30, [note] * 30, BUTTONS),
        projects.which_tickets(project, "attach", ["changes", "requests"]),
        projects.saved("Saved", note, note, "7", LINK, note),
        projects.associated(note, "changes", done, {ticket.id: ticket}, [note], attach=True),
        projects.deleted(note, note),
        projects.uploading(note, 5, 10),
        projects.uploaded(note, 9),
        projects.said(note or "Done."),
        timesheets.answer(Timesheet.of(project, [person_row(note, 1)]), timesheets.FORMS[0], LINK, note),
    ):
        accepted(message)


# --- windows -----------------------------------------------------------------------------------------------

CHOICES = frozenset(field.name for field in FIELDS if field.lookup)


@settings(max_examples=80, deadline=None)
@given(project=ANY_PROJECT, offered=st.sampled_from([CHOICES, frozenset[str]()]), trouble=ANY_TEXT)
def test_any_project_makes_a_form_slack_opens(project: Project, offered: frozenset[str], trouble: str) -> None:
    troubles = {field.name: trouble for field in FIELDS} | {"": trouble}
    for label in (None, "PJT-1234567890123456789"):
        form = project_forms.form(
            label=label,
            values=values_of(project, "U0ARJUN"),
            offered=offered,
            troubles=troubles,
        )
        assert refusals_of_view(form) == []


def test_windows_for_files_are_taken() -> None:
    files = [(f"F{number}", HOSTILE, 10**number) for number in range(1, 13)]
    for window in (
        project_forms.choose_files("PJT-1", HOSTILE, files),
        project_forms.choose_files("PJT-1", HOSTILE),
        project_forms.notice("Saving", HOSTILE, wait=True),
        project_forms.notice("Saved", HOSTILE),
    ):
        assert refusals_of_view(window) == []
    assert "2 more files" in str(project_forms.choose_files("PJT-1", "Warehouse", files))


def test_suggestions_are_taken() -> None:
    assert refusals_of_options({"options": [project_forms.suggestion(HOSTILE, HOSTILE)]}) == []
