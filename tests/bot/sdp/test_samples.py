"""Every sample of the vendor's documents, as it is and spoilt in every small way, through the client over a socket."""

import asyncio
import copy
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import OutcomeUnknown, SdpError, SdpGarbled
from bot.models import (
    Approval,
    ApprovalState,
    Attachment,
    Executed,
    Frequency,
    Maintenance,
    MaintenanceState,
    NotificationPreview,
    Project,
    TimesheetRow,
)
from bot.sdp import Sdp
from sandbox.serve import serve
from tests.bot.sdp.conftest import Clients, Parrot, sample
from tests.bot.sdp.operations import MAINTENANCE, OPERATIONS, PROJECT, REF, Operation

BY_SAMPLE = {operation.sample: operation for operation in OPERATIONS}


class Reader:
    """A client of a parrot, kept over many examples; `read` has the parrot say a body and reads it by an operation."""

    def __init__(self, runner: asyncio.Runner, parrot: Parrot, sdp: Sdp) -> None:
        self._runner, self._parrot, self._sdp = runner, parrot, sdp

    def read(self, operation: Operation, body: Any) -> Any:
        self._parrot.say(body)
        return self._runner.run(_within(operation.call(self._sdp)))


async def _within(call: Any) -> Any:
    return await asyncio.wait_for(call, 10)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    parrot, stack = Parrot(), AsyncExitStack()

    async def start() -> Sdp:
        url = await stack.enter_async_context(serve(parrot.app()))
        return await Clients(url, stack).new()

    with asyncio.Runner() as runner:
        yield Reader(runner, parrot, runner.run(start()))
        runner.run(stack.aclose())


# --- as they are -----------------------------------------------------------------------------


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.number)
def test_every_sample_is_read(reader: Reader, operation: Operation) -> None:
    found = reader.read(operation, sample(operation.sample))
    for value in leaves(found):
        assert_clean(value)


def test_an_approval_is_read_whole(reader: Reader) -> None:
    approval: Approval = reader.read(BY_SAMPLE["release_approval.get"], sample("release_approval.get"))
    assert approval.ref == REF
    assert (approval.approver.id, approval.approver.name, approval.approver.email) == (
        "152000000031041",
        "Test Technician",
        None,
    )
    assert approval.state is ApprovalState.APPROVED
    assert approval.sent_on == datetime(2021, 12, 29, 10, 17, 42, 574000, tzinfo=UTC)
    assert approval.decided_on == datetime(2021, 12, 30, 12, 9, 32, 122000, tzinfo=UTC)
    assert approval.level_number == 1


def test_the_approvals_of_a_level_are_read_whole(reader: Reader) -> None:
    approvals: list[Approval] = reader.read(BY_SAMPLE["release_approval.list"], sample("release_approval.list"))
    assert [approval.comments for approval in approvals] == [None, "Approve", "Approved"]
    assert [approval.ref.approval for approval in approvals] == [
        "152000015270029",
        "152000015270047",
        "152000015270065",
    ]


def test_a_notification_is_read_whole(reader: Reader) -> None:
    name = "release_approval.notification_content"
    preview: NotificationPreview = reader.read(BY_SAMPLE[name], sample(name))
    assert preview.subject == "Recommendation required for a Release"
    assert preview.body.startswith("${submitter} has requested your recommendations for this Release - ${title}.")


@pytest.mark.parametrize("name", ["add", "edit", "get", "list"])
def test_a_maintenance_is_read_whole(reader: Reader, name: str) -> None:
    found = reader.read(BY_SAMPLE[f"change_maintenance.{name}"], sample(f"change_maintenance.{name}"))
    one: Maintenance = found[0] if name == "list" else found
    assert (one.id, one.label, one.state) == (MAINTENANCE, "CHM-17", MaintenanceState.ENABLED)
    assert one.title.startswith("Title for Change Maintenance")
    assert one.description == "Descriprtion here"
    assert one.schedule is not None
    assert (one.schedule.frequency, one.schedule.start) == (Frequency.DAILY, datetime(2034, 3, 31, 8, 30, tzinfo=UTC))
    assert one.next_run == one.schedule.start
    assert [service.name for service in one.services] == ["Email", "Corporate Website"]
    assert [holder.role for holder in one.roles][:2] == ["Change Approver", "Reviewer"]
    assert one.requester is not None
    assert one.requester.email == "test@example.com"


def test_an_execution_names_its_change(reader: Reader) -> None:
    name = "change_maintenance.execute_now"
    executed: Executed = reader.read(BY_SAMPLE[name], sample(name))
    assert executed.change is not None
    assert (executed.change.text, executed.change.number, executed.message) == ("CH-2", "2", "New Change Created")


def test_a_project_is_read_whole(reader: Reader) -> None:
    project: Project = reader.read(BY_SAMPLE["project.get"], sample("project.get"))
    assert (project.id, project.label, project.code) == (PROJECT, "PJT-173", "test-project_code")
    assert (project.percent_complete, project.estimated_hours, project.actual_hours) == (50, 18, 15)
    assert (project.estimated_cost, project.actual_cost) == (Decimal("12345.65"), Decimal("1343434.43"))
    assert project.owner is not None
    assert project.owner.email == "lincoln@example.com"
    assert project.scheduled_start == datetime(2015, 1, 23, 4, 45, tzinfo=UTC)


def test_a_timesheet_is_read_whole(reader: Reader) -> None:
    (row,) = reader.read(BY_SAMPLE["project.timesheet"], sample("project.timesheet"))
    assert isinstance(row, TimesheetRow)
    assert row.owner is not None
    assert (row.owner.email, row.owner_name) == ("charles@example.com", "Charles")
    assert row.spent == timedelta(hours=2, minutes=20)
    assert (row.tech_charge, row.other_charge, row.amount) == (Decimal("10.00"), Decimal("3.00"), Decimal("18.23"))


def test_an_upload_is_read_whole(reader: Reader) -> None:
    attachment = reader.read(BY_SAMPLE["project.upload"], sample("project.upload"))
    assert attachment == Attachment("4001", "test_file.txt", 36171, "application/zip")


# --- spoilt ----------------------------------------------------------------------------------

Path = tuple[str | int, ...]


def paths_in(node: Any, so_far: Path = ()) -> Iterator[Path]:
    """Where everything below `node` is."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield (*so_far, key)
        yield from paths_in(child, (*so_far, key))


def respelt(value: Any) -> Any:
    """The same in JSON's other spelling."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "value"]), inner),
    max_leaves=6,
)

Spoil = Callable[[Any, Any], None]


def spoil(body: Any, path: Path, way: str, junk: Any) -> Any:
    """A copy of `body`, spoilt at `path` in one of four ways."""
    spoilt = copy.deepcopy(body)
    holder = spoilt
    for key in path[:-1]:
        holder = holder[key]
    match way:
        case "removed":
            del holder[path[-1]]
        case "null":
            holder[path[-1]] = None
        case "respelt":
            holder[path[-1]] = respelt(holder[path[-1]])
        case "junk":
            holder[path[-1]] = junk
    return spoilt


def may_fail(path: Path, way: str, operation: Operation) -> bool:
    """Only the envelope, the record as a whole, and the id of what was just added may be missed; spelling never."""
    if way == "respelt":
        return False
    added = operation.number in ("M1", "P1") and path[1:] == ("id",)
    return path[0] == "response_status" or len(path) == 1 or added


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.number)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_spoilt_field_stops_the_rest(reader: Reader, operation: Operation, data: st.DataObject) -> None:
    body = sample(operation.sample)
    path = data.draw(st.sampled_from(sorted(paths_in(body), key=str)), label="path")
    way = data.draw(st.sampled_from(["removed", "null", "respelt", "junk"]), label="way")
    try:
        found = reader.read(operation, spoil(body, path, way, data.draw(_JUNK, label="junk")))
    except SdpError:
        assert may_fail(path, way, operation)
    else:
        for value in leaves(found):
            assert_clean(value)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.number)
def test_extra_fields_change_nothing(reader: Reader, operation: Operation) -> None:
    body = sample(operation.sample)
    more = copy.deepcopy(body)
    for path in sorted(paths_in(body), key=str):
        node = more
        for key in path:
            node = node[key]
        if isinstance(node, dict):
            node["a_field_of_tomorrow"] = {"id": "1", "name": "x"}
    assert reader.read(operation, more) == reader.read(operation, body)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.number)
def test_everything_spelt_the_other_way_means_the_same(reader: Reader, operation: Operation) -> None:
    body = sample(operation.sample)
    other = copy.deepcopy(body)
    for path in sorted(paths_in(body), key=str):
        other = spoil(other, path, "respelt", None)
    assert reader.read(operation, other) == reader.read(operation, body)


LISTS = {
    "release_approval.list": "approvals",
    "change_maintenance.list": "change_maintenances",
    "project.list": "projects",
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("lost", ["removed", "null", "junk"])
def test_a_record_without_its_id_is_left_out_alone(reader: Reader, name: str, lost: str) -> None:
    body = sample(name)
    rows = body[LISTS[name]]
    rows.append({**rows[0], "id": "4291000009999999"})
    found = reader.read(BY_SAMPLE[name], spoil(body, (LISTS[name], 0, "id"), lost, "no id"))
    assert len(found) == len(rows) - 1


_GARBLED = [b"<html>oops</html>", b"", b"{}", b'{"response_status": {"status_', b"[]"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.number)
@pytest.mark.parametrize("body", _GARBLED)
def test_what_is_no_answer_is_garbled_for_a_read_and_unknown_for_an_act(
    reader: Reader, operation: Operation, body: bytes
) -> None:
    with pytest.raises(OutcomeUnknown if operation.acts else SdpGarbled):
        reader.read(operation, body)


# --- approval states -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Approved", ApprovalState.APPROVED),
        ("aPPROVED", ApprovalState.APPROVED),
        ("Rejected", ApprovalState.REJECTED),
        ("DENIED", ApprovalState.REJECTED),
        ("Pending Approval", ApprovalState.PENDING),
        ("pending  clarification", ApprovalState.CLARIFICATION),
        ("To Be Sent", ApprovalState.TO_BE_SENT),
        ("Nearly approved", ApprovalState.UNKNOWN),
        ("approved?", ApprovalState.UNKNOWN),
        ("", ApprovalState.UNKNOWN),
        (None, ApprovalState.UNKNOWN),
        (1, ApprovalState.UNKNOWN),
        (True, ApprovalState.UNKNOWN),
    ],
)
def test_a_status_is_what_it_says_and_never_more(reader: Reader, status: Any, state: ApprovalState) -> None:
    body = sample("release_approval.get")
    body["approval"]["status"] = {"name": status, "id": "1"}
    assert reader.read(BY_SAMPLE["release_approval.get"], body).state is state


@given(st.text())
def test_no_other_name_is_ever_approved(reader: Reader, name: str) -> None:
    body = sample("release_approval.get")
    body["approval"]["status"] = {"name": name}
    approved = " ".join(name.lower().split()) == "approved"
    state = reader.read(BY_SAMPLE["release_approval.get"], body).state
    assert (state is ApprovalState.APPROVED) == approved


def test_what_was_sent_and_not_acted_on_is_pending_under_any_name(reader: Reader) -> None:
    body = sample("release_approval.get")
    body["approval"] |= {"status": {"name": "En attente"}, "action_taken_on": None}
    assert reader.read(BY_SAMPLE["release_approval.get"], body).state is ApprovalState.PENDING


# --- looking into results --------------------------------------------------------------------


def leaves(found: Any) -> Iterator[Any]:
    """Every value in our types."""
    if dataclasses.is_dataclass(found):
        for entry in dataclasses.fields(found):
            yield from leaves((entry.name, getattr(found, entry.name)))
    elif isinstance(found, list | tuple) and not (len(found) == 2 and isinstance(found[0], str)):
        for item in found:
            yield from leaves(item)
    elif isinstance(found, tuple) and (dataclasses.is_dataclass(found[1]) or isinstance(found[1], list | tuple)):
        yield from leaves(found[1])
    else:
        yield found


def assert_clean(value: Any) -> None:
    """Ids are digits in a string, times are aware and in UTC, and no number is a float."""
    name, held = value if isinstance(value, tuple) else ("", value)
    if name in ("id", "release", "level", "approval", "role_id") and held is not None:
        assert isinstance(held, str)
        assert held.isdigit()
    if isinstance(held, datetime):
        assert held.utcoffset() == timedelta()
    assert not isinstance(held, float | dict)
