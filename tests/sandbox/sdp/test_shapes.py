"""Every sample of the vendor's documents against what the stand-in answers: same keys, same kinds, same spelling."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.sdp.approvals import Plan
from tests.sandbox.sdp.conftest import Answer, Tenant, path_of

SAMPLES = Path(__file__).parents[2] / "samples"

OPEN = {"udf_fields"}
"""Objects whose keys are the tenant's own."""

PERSONAL = {"phone", "mobile", "sms_mail", "last_name", "employee_id", "job_title", "department", "comments"}
"""Fields that are null for some people in the samples as well."""


def differences(sample: Any, answer: Any, path: str = "") -> list[str]:
    """Where the answer's shape is not the sample's. A null of the sample's fits everything; list entries are all like
    the first; what only some people have may be missing."""
    if sample is None or (answer is None and path.rsplit(".", 1)[-1] in PERSONAL):
        return []
    if type(sample) is not type(answer):
        return [f"{path}: {type(sample).__name__} in the sample, {type(answer).__name__} in the answer"]
    if isinstance(sample, dict):
        return _keys(sample, answer, path)
    if isinstance(sample, list):
        return [found for one in answer[:1] for found in differences(sample[0], one, f"{path}[]")] if sample else []
    if isinstance(sample, str) and sample.replace(".", "").isdigit() != answer.replace(".", "").isdigit():
        return [f"{path}: {sample!r} in the sample, {answer!r} in the answer"] if _is_number(path) else []
    return []


def _is_number(path: str) -> bool:
    return path.rsplit(".", 1)[-1] not in (
        "name",
        "title",
        "comments",
        "phone",
        "mobile",
        "description",
        "project_code",
    )


def _keys(sample: dict[str, Any], answer: dict[str, Any], path: str) -> list[str]:
    if path.rsplit(".", 1)[-1] in OPEN:
        return []
    odd = [f"{path}.{key}: only in the {where}" for key, where in _odd(sample, answer)]
    shared = sample.keys() & answer.keys()
    return odd + [found for key in sorted(shared) for found in differences(sample[key], answer[key], f"{path}.{key}")]


def _odd(sample: dict[str, Any], answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key, "sample") for key in sample.keys() - answer.keys()] + [
        (key, "answer") for key in answer.keys() - sample.keys()
    ]


FULL_MAINTENANCE = {
    "title": "Title for Change Maintenance",
    "stage": {"name": "Submission"},
    "status": {"name": "Requested"},
    "comment": "Set when the change is made",
    "retrospective": "false",
    "description": "<div>Described here<br></div>",
    "change_requester": {"name": "Mara Vossberg"},
    "workflow": {"name": "General Change Workflow"},
    "template": {"name": "General Template"},
    "change_type": {"name": "Major"},
    "site": {"name": "Base Site"},
    "group": {"name": "Hardware Problems"},
    "impact": {"name": "1. Urgent"},
    "urgency": {"name": "High"},
    "priority": {"name": "Normal"},
    "risk": {"name": "Low"},
    "category": {"name": "General"},
    "subcategory": {"name": "Seating location"},
    "item": {"name": "New hire"},
    "reason_for_change": {"name": "New services"},
    "services": [{"name": "Corporate Website"}, {"name": "Email"}],
    "assets": [{"name": "mail-01"}],
    "impact_details": {},
    "roll_out_plan": {},
    "back_out_plan": {},
    "checklist": {},
    "release_details": {},
    "udf_fields": {},
    "attachments": [],
    "roles": [{"role": {"name": "Change Approver"}, "user": {"name": "Sam Okonjoru"}}],
    "maintenance": {
        "repetitive_schedule": {
            "start_time": {"value": 2027406600000, "display_value": "Mar 31, 2034 02:00 pm"},
            "frequency": "Daily",
            "is_advanced": True,
            "skip_frequency": 0,
            "exclude_weekends": False,
            "is_first_day_of_month": False,
        }
    },
}
FULL_PROJECT = {
    "title": "test-title",
    "project_template": {"name": "Default"},
    "percentage_completion": "50",
    "description": "test-description",
    "actual_hours": "15",
    "actual_end_time": {"value": "1512974940000"},
    "actual_start_time": {"value": "1421988300000"},
    "department": {"name": "Administration"},
    "owner": {"name": "Arjun Velloor"},
    "project_type": {"name": "Business"},
    "project_code": "test-project_code",
    "priority": {"name": "High"},
    "scheduled_end_time": {"value": "1512974940000"},
    "site": {"name": "Base Site"},
    "actual_cost": "1343434.43",
    "estimated_cost": "12345.65",
    "project_requester": {"name": "Mara Vossberg"},
    "estimated_hours": "18",
    "udf_fields": {"udf_date1": {"value": "1478758440000"}, "udf_char1": "test"},
    "projected_end": {"value": "1512974940000"},
    "scheduled_start_time": {"value": "1421988300000"},
    "status": {"name": "Open"},
}


async def _approval(tenant: Tenant, verb: str = "", method: str = "GET") -> Answer:
    (level,) = tenant.world.add_release("Shaped", "mara", [Plan(["arjun"])]).levels
    data = {"approval": {"comments": "words"}} if verb in ("/_approve", "/_reject") else None
    return await tenant.caller("arjun").call(method, path_of(level.approvals[0]) + verb, data)


async def _decided(tenant: Tenant) -> Answer:
    (level,) = tenant.world.add_release("Shaped", "mara", [Plan(["arjun"])]).levels
    approval = tenant.world.decide(level.approvals[0], "approve", by="arjun", comments="fine")
    return await tenant.caller().get(path_of(approval))


async def _approvals(tenant: Tenant) -> Answer:
    level = tenant.world.release("Single sign-on for the warehouse").levels[0]
    return await tenant.caller().get(f"/releases/{level.release.id}/approval_levels/{level.id}/approvals")


async def _maintenance(tenant: Tenant, method: str, tail: str = "", data: Any = None) -> Answer:
    caller = tenant.caller("sam")
    added = await caller.post("/change_maintenances", {"change_maintenance": FULL_MAINTENANCE})
    if method == "POST":
        return added
    path = f"/change_maintenances/{added.body['change_maintenance']['id']}"
    if tail == "/_enable":
        await caller.put(f"{path}/_suspend", {"comments": "first"})
    return await caller.call(method, path + tail, data)


async def _maintenances(tenant: Tenant) -> Answer:
    caller = tenant.caller("sam")
    await caller.post("/change_maintenances", {"change_maintenance": FULL_MAINTENANCE})
    criteria = [{"field": "title", "condition": "is", "value": FULL_MAINTENANCE["title"]}]
    return await caller.get("/change_maintenances", {"list_info": {"search_criteria": criteria}})


async def _project(tenant: Tenant, method: str, tail: str = "", data: Any = None) -> Answer:
    caller = tenant.caller("sam")
    added = await caller.post("/projects", {"project": FULL_PROJECT})
    if method == "POST" and not tail:
        return added
    return await caller.call(method, f"/projects/{added.body['project']['id']}{tail}", data)


async def _projects(tenant: Tenant) -> Answer:
    await _project(tenant, "POST")
    criteria = {"field": "title", "condition": "is", "value": "test-title"}
    answer = await tenant.caller().get("/projects", {"list_info": {"search_criteria": criteria}})
    del answer.body["list_info"]["search_criteria"]
    return answer


async def _timesheet(tenant: Tenant) -> Answer:
    return await tenant.caller().get(f"/projects/{tenant.world.project('PJT-1').id}/_timesheet")


async def _upload(tenant: Tenant) -> Answer:
    form = aiohttp.FormData({"addtoattachment": "true"})
    form.add_field("filename", b"PK\x03\x04", filename="plan.zip", content_type="application/zip")
    project = tenant.world.project("PJT-1")
    return await tenant.caller("sam").upload(f"/projects/{project.id}/_uploads", form)


async def _associate(tenant: Tenant, method: str, kind: str) -> Answer:
    path = {"changes": "_change_associations", "requests": "_request_associations"}[kind]
    record = tenant.world.change("CH-1") if kind == "changes" else next(iter(tenant.world.requests))
    return await _project(tenant, method, f"/{path}", {kind: [record.id]})


ASK: dict[str, Callable[[Tenant], Awaitable[Answer]]] = {
    "release_approval.get": _decided,
    "release_approval.list": _approvals,
    "release_approval.approve": lambda tenant: _approval(tenant, "/_approve", "PUT"),
    "release_approval.reject": lambda tenant: _approval(tenant, "/_reject", "PUT"),
    "release_approval.notification_content": lambda tenant: _approval(tenant, "/_send_notification"),
    "release_approval.send_notification": lambda tenant: _approval(tenant, "/_send_notification", "PUT"),
    "change_maintenance.add": lambda tenant: _maintenance(tenant, "POST"),
    "change_maintenance.edit": lambda tenant: _maintenance(
        tenant, "PUT", data={"change_maintenance": {"title": "Edited", "risk": {"name": "Medium"}}}
    ),
    "change_maintenance.get": lambda tenant: _maintenance(tenant, "GET"),
    "change_maintenance.list": _maintenances,
    "change_maintenance.delete": lambda tenant: _maintenance(tenant, "DELETE"),
    "change_maintenance.enable": lambda tenant: _maintenance(tenant, "PUT", "/_enable", {"comments": "on"}),
    "change_maintenance.suspend": lambda tenant: _maintenance(tenant, "PUT", "/_suspend", {"comments": "off"}),
    "change_maintenance.execute_now": lambda tenant: _maintenance(tenant, "GET", "/_execute_now"),
    "project.add": lambda tenant: _project(tenant, "POST"),
    "project.edit": lambda tenant: _project(tenant, "PUT", data={"project": {"title": "Edited"}}),
    "project.get": lambda tenant: _project(tenant, "GET"),
    "project.list": _projects,
    "project.delete": lambda tenant: _project(tenant, "DELETE"),
    "project.attach_changes": lambda tenant: _associate(tenant, "POST", "changes"),
    "project.detach_changes": lambda tenant: _associate(tenant, "DELETE", "changes"),
    "project.attach_requests": lambda tenant: _associate(tenant, "POST", "requests"),
    "project.detach_requests": lambda tenant: _associate(tenant, "DELETE", "requests"),
    "project.timesheet": _timesheet,
    "project.upload": _upload,
}


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.json")))
async def test_answer_has_the_shape_of_the_sample(tenant: Tenant, name: str) -> None:
    sample = json.loads((SAMPLES / f"{name}.json").read_text())
    answer = await ASK[name](tenant)
    assert answer.status == 200, answer.body
    assert differences(sample, answer.body) == []


def test_every_documented_operation_has_a_sample() -> None:
    assert len(ASK) == 25
    assert ASK.keys() == {path.stem for path in SAMPLES.glob("*.json")}


def test_differences_are_seen() -> None:
    assert differences({"a": "1"}, {"a": 1}) == [".a: str in the sample, int in the answer"]
    assert differences({"a": "1"}, {"a": "one"}) == [".a: '1' in the sample, 'one' in the answer"]
    assert differences({"a": [{"b": 1}]}, {"a": [{"c": 1}]}) == [
        ".a[].b: only in the sample",
        ".a[].c: only in the answer",
    ]
