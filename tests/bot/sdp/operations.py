"""The 25 documented operations as calls of the client: what the sample tests, the story and the documentation share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.models import ApprovalRef, MaintenanceDraft, Named, ProjectDraft, SdpId
from bot.sdp import Sdp
from bot.sdp.files import File

Call = Callable[[Sdp], Awaitable[Any]]

REF = ApprovalRef(SdpId("152000015307587"), SdpId("152000015311082"), SdpId("152000015311086"))
MAINTENANCE = SdpId("4291000007602026")
PROJECT = SdpId("1859579885597865")
OTHERS = (SdpId("100000000000027125"),)


@dataclass(frozen=True)
class Operation:
    """A row of the table: its number, its call as the documents write it, its sample, and how the client makes it."""

    number: str
    method: str
    path: str
    sample: str
    call: Call
    acts: bool = True


async def listed(records: AsyncIterator[Any]) -> list[Any]:
    return [record async for record in records]


def a_file(content: bytes = b"twelve bytes", name: str = "plan.txt") -> File:
    async def pieces() -> AsyncIterator[bytes]:
        yield content

    return File(name, len(content), "text/plain", pieces())


_APPROVALS = "/releases/{release}/approval_levels/{level}/approvals"
_APPROVAL = f"{_APPROVALS}/{{approval}}"
_ONE = "/change_maintenances/{id}"
_NEW = MaintenanceDraft(title="T", stage=Named(None, "Submission"), status=Named(None, "Requested"))

OPERATIONS = (
    Operation("A1", "GET", _APPROVAL, "release_approval.get", lambda sdp: sdp.approvals.get(REF), acts=False),
    Operation(
        "A2", "GET", _APPROVALS, "release_approval.list",
        lambda sdp: listed(sdp.approvals.list(REF.release, REF.level)), acts=False,
    ),
    Operation(
        "A3", "PUT", f"{_APPROVAL}/_approve", "release_approval.approve", lambda sdp: sdp.approvals.approve(REF, "Yes")
    ),
    Operation(
        "A4", "PUT", f"{_APPROVAL}/_reject", "release_approval.reject", lambda sdp: sdp.approvals.reject(REF, "No")
    ),
    Operation(
        "A5", "GET", f"{_APPROVAL}/_send_notification", "release_approval.notification_content",
        lambda sdp: sdp.approvals.preview_notification(REF), acts=False,
    ),
    Operation(
        "A6", "PUT", f"{_APPROVAL}/_send_notification", "release_approval.send_notification",
        lambda sdp: sdp.approvals.send_notification(REF),
    ),
    Operation(
        "M1", "POST", "/change_maintenances", "change_maintenance.add", lambda sdp: sdp.maintenances.add(_NEW)
    ),
    Operation(
        "M2", "PUT", _ONE, "change_maintenance.edit",
        lambda sdp: sdp.maintenances.edit(MAINTENANCE, MaintenanceDraft(title="T")),
    ),
    Operation("M3", "GET", _ONE, "change_maintenance.get", lambda sdp: sdp.maintenances.get(MAINTENANCE), acts=False),
    Operation(
        "M4", "GET", "/change_maintenances", "change_maintenance.list",
        lambda sdp: listed(sdp.maintenances.list()), acts=False,
    ),
    Operation("M5", "DELETE", _ONE, "change_maintenance.delete", lambda sdp: sdp.maintenances.delete(MAINTENANCE)),
    Operation(
        "M6", "PUT", f"{_ONE}/_enable", "change_maintenance.enable",
        lambda sdp: sdp.maintenances.enable(MAINTENANCE, "Go on"),
    ),
    Operation(
        "M7", "GET", f"{_ONE}/_execute_now", "change_maintenance.execute_now",
        lambda sdp: sdp.maintenances.execute_now(MAINTENANCE),
    ),
    Operation(
        "M8", "PUT", f"{_ONE}/_suspend", "change_maintenance.suspend",
        lambda sdp: sdp.maintenances.suspend(MAINTENANCE, "Stop"),
    ),
    Operation("P1", "POST", "/projects", "project.add", lambda sdp: sdp.projects.add(ProjectDraft(title="T"))),
    Operation(
        "P2", "PUT", "/projects/{id}", "project.edit",
        lambda sdp: sdp.projects.edit(PROJECT, ProjectDraft(title="T")),
    ),
    Operation("P3", "GET", "/projects/{id}", "project.get", lambda sdp: sdp.projects.get(PROJECT), acts=False),
    Operation("P4", "GET", "/projects", "project.list", lambda sdp: listed(sdp.projects.list()), acts=False),
    Operation("P5", "DELETE", "/projects/{id}", "project.delete", lambda sdp: sdp.projects.delete(PROJECT)),
    Operation(
        "P6", "POST", "/projects/{id}/_change_associations", "project.attach_changes",
        lambda sdp: sdp.projects.attach_changes(PROJECT, OTHERS),
    ),
    Operation(
        "P7", "DELETE", "/projects/{id}/_change_associations", "project.detach_changes",
        lambda sdp: sdp.projects.detach_changes(PROJECT, OTHERS),
    ),
    Operation(
        "P8", "POST", "/projects/{id}/_request_associations", "project.attach_requests",
        lambda sdp: sdp.projects.attach_requests(PROJECT, OTHERS),
    ),
    Operation(
        "P9", "DELETE", "/projects/{id}/_request_associations", "project.detach_requests",
        lambda sdp: sdp.projects.detach_requests(PROJECT, OTHERS),
    ),
    Operation(
        "P10", "GET", "/projects/{id}/_timesheet", "project.timesheet",
        lambda sdp: sdp.projects.timesheet(PROJECT), acts=False,
    ),
    Operation(
        "P11", "POST", "/projects/{id}/_uploads", "project.upload",
        lambda sdp: sdp.projects.upload(PROJECT, a_file()),
    ),
)  # fmt: skip
