"""Projects by the API: fields, time, what is attached, files."""

import hashlib
import resource
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.sandbox.sdp.conftest import Tenant


async def ids_of(tenant: Tenant, project: str, kind: str) -> list[str]:
    answer = await tenant.caller().get(f"/projects/{project}/_{kind.removesuffix('s')}_associations")
    return [row["id"] for row in answer.body[kind]]


async def test_project_needs_a_title_only(tenant: Tenant) -> None:
    caller = tenant.caller("odile")
    refused = await caller.post("/projects", {"project": {"description": "no name"}})
    assert (refused.code, refused.named) == (4012, ["title"])
    made = (await caller.post("/projects", {"project": {"title": "Named"}})).body["project"]
    read = (await caller.get(f"/projects/{made['id']}")).body["project"]
    assert (read["title"], read["status"]["name"], read["owner"]) == ("Named", "Open", None)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("estimated_hours", "many", 4021),
        ("estimated_cost", True, 4021),
        ("scheduled_end_time", {"value": "tomorrow"}, 4021),
        ("status", {"name": "Lost"}, 4001),
        ("budget", "1", 4001),
        ("project_code", "WH-SSO", 4008),
    ],
)
async def test_input_that_makes_no_sense_is_refused(tenant: Tenant, field: str, value: Any, code: int) -> None:
    answer = await tenant.caller("sam").post("/projects", {"project": {"title": "T", field: value}})
    assert (answer.code, answer.named) == (code, [field])


async def test_edit_changes_what_is_given(tenant: Tenant) -> None:
    one = tenant.world.project("PJT-1")
    given = {"project": {"percentage_completion": 70, "owner": {"name": "Tess Harbourne"}}}
    await tenant.caller("odile").put(f"/projects/{one.id}", given)
    read = (await tenant.caller().get(f"/projects/{one.id}")).body["project"]
    assert (read["percentage_completion"], read["owner"]["email_id"]) == ("70", "tess.harbourne@example.com")
    assert read["project_code"] == "WH-SSO"


async def test_deleted_project_is_gone(tenant: Tenant) -> None:
    path = f"/projects/{tenant.world.project('PJT-1').id}"
    assert (await tenant.caller("sam").delete(path)).code == 2000
    assert (await tenant.caller("sam").get(path)).code == 4007


async def test_timesheet_adds_up_each_persons_work(tenant: Tenant) -> None:
    path = f"/projects/{tenant.world.project('PJT-1').id}/_timesheet"
    rows = (await tenant.caller().get(path)).body["timesheet"]
    arjun = next(row for row in rows if row["owner"]["name"] == "Arjun Velloor")
    assert len(rows) == 3
    assert arjun["total_time_spent"] == {"hours": "28", "minutes": "30"}
    assert (arjun["total_tech_charge"], arjun["total_other_charge"], arjun["total_amount_spent"]) == (
        "1710.00",
        "35.50",
        "1745.50",
    )
    assert set(arjun["owner"]) == {"photo-url", "name", "id", "email"}


async def test_attached_changes_can_be_read_back_and_detached(tenant: Tenant) -> None:
    project, change = tenant.world.project("PJT-3").id, tenant.world.change("CH-1").id
    caller = tenant.caller("odile")
    path = f"/projects/{project}/_change_associations"
    for _ in range(2):
        assert (await caller.post(path, {"changes": [change]})).code == 2000
    assert await ids_of(tenant, project, "changes") == [change]
    assert len(tenant.world.effects("project.changes_attached", project)) == 1
    await caller.delete(path, {"changes": [change]})
    assert await ids_of(tenant, project, "changes") == []


async def test_unknown_id_attaches_nothing_at_all(tenant: Tenant) -> None:
    project, request = tenant.world.project("PJT-3").id, next(iter(tenant.world.requests)).id
    path = f"/projects/{project}/_request_associations"
    answer = await tenant.caller("odile").post(path, {"requests": [request, "152000000000000001"]})
    assert (answer.code, answer.named) == (4001, ["requests"])
    assert await ids_of(tenant, project, "requests") == []


async def test_attaching_nothing_is_refused(tenant: Tenant) -> None:
    path = f"/projects/{tenant.world.project('PJT-3').id}/_request_associations"
    answer = await tenant.caller("odile").post(path, {"requests": []})
    assert (answer.code, answer.named) == (4012, ["requests"])


@pytest.mark.parametrize(("tenant_does", "left", "code"), [("all", 0, 2000), ("refuse", 2, 4012)])
async def test_detach_without_ids_does_what_the_tenant_does(
    tenant: Tenant, tenant_does: Any, left: int, code: int
) -> None:
    tenant.world.tenant.detach_without_ids = tenant_does
    project = tenant.world.project("PJT-1").id
    assert (await tenant.caller("odile").delete(f"/projects/{project}/_request_associations")).code == code
    assert len(await ids_of(tenant, project, "requests")) == left


async def test_tenant_without_association_lists_answers_4007(tenant: Tenant) -> None:
    tenant.world.tenant.association_lists = False
    path = f"/projects/{tenant.world.project('PJT-1').id}/_change_associations"
    assert (await tenant.caller().get(path)).code == 4007


# --- files ------------------------------------------------------------------------------------------


async def test_uploaded_file_arrives_whole(tenant: Tenant) -> None:
    content = bytes(range(256)) * 1000
    form = aiohttp.FormData({"addtoattachment": "true"}, quote_fields=False)
    form.add_field("filename", content, filename="Plan für März.pdf", content_type="application/pdf")
    project = tenant.world.project("PJT-1")
    (file,) = (await tenant.caller("sam").upload(f"/projects/{project.id}/_uploads", form)).body["files"]
    (kept,) = project.attachments
    assert file == {
        "content_type": "application/pdf",
        "size": "256000",
        "file_id": kept.file_id,
        "name": "Plan für März.pdf",
        "content_url": f"/projects/{project.id}/_uploads/{kept.file_id}",
    }
    assert (kept.sha256, kept.attached) == (hashlib.sha256(content).hexdigest(), True)


async def test_upload_without_a_file_names_the_field(tenant: Tenant) -> None:
    form = aiohttp.FormData({"addtoattachment": "true"}, default_to_multipart=True)
    path = f"/projects/{tenant.world.project('PJT-1').id}/_uploads"
    answer = await tenant.caller("sam").upload(path, form)
    assert (answer.code, answer.named) == (4012, ["filename"])


async def test_upload_that_is_not_multipart_is_refused(tenant: Tenant) -> None:
    path = f"/projects/{tenant.world.project('PJT-1').id}/_uploads"
    answer = await tenant.caller("sam").post(path, {"filename": "x"})
    assert (answer.code, answer.named) == (4001, ["filename"])


async def test_file_over_the_tenants_limit_is_refused(tenant: Tenant) -> None:
    tenant.world.tenant.max_upload = 1000
    project = tenant.world.project("PJT-1")
    form = aiohttp.FormData()
    form.add_field("filename", b"x" * 1001, filename="big.bin")
    assert (await tenant.caller("sam").upload(f"/projects/{project.id}/_uploads", form)).code == 4001
    assert project.attachments == []


async def test_large_upload_takes_no_memory(tenant: Tenant) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"\0" * (1 << 20)

    form = aiohttp.FormData()
    form.add_field("filename", stream(), filename="image.iso")
    project = tenant.world.project("PJT-1")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await tenant.caller("sam").upload(f"/projects/{project.id}/_uploads", form)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert project.attachments[0].size == 64 << 20
    assert grown_kib < 32 << 10
