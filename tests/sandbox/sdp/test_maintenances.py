"""Change maintenances by the API: making, changing, switching, running."""

from datetime import timedelta
from typing import Any

import pytest

from sandbox.sdp.wire.basics import millis
from tests.sandbox.sdp.conftest import Tenant

MINIMAL: dict[str, Any] = {"title": "Wipe the boards", "stage": {"name": "Submission"}, "status": {"name": "Requested"}}


async def test_added_maintenance_can_be_read_and_knows_its_next_run(tenant: Tenant) -> None:
    start = tenant.world.now() + timedelta(hours=3)
    schedule = {"repetitive_schedule": {"start_time": {"value": millis(start)}, "frequency": "Daily"}}
    caller = tenant.caller("odile")
    added = await caller.post("/change_maintenances", {"change_maintenance": {**MINIMAL, "maintenance": schedule}})
    record = added.body["change_maintenance"]
    read = (await caller.get(f"/change_maintenances/{record['id']}")).body["change_maintenance"]
    assert read["title"] == "Wipe the boards"
    assert read["maintenance_details"]["next_schedule"]["value"] == str(millis(start))
    assert read["maintenance_details"]["created_by"]["name"] == "Odile Marchetty"


async def test_missing_mandatory_fields_are_all_named(tenant: Tenant) -> None:
    answer = await tenant.caller("sam").post("/change_maintenances", {"change_maintenance": {"title": " "}})
    assert (answer.status, answer.code, answer.named) == (400, 4012, ["title", "stage", "status"])


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("colour", "red", 4001),
        ("risk", {"name": "Extreme"}, 4001),
        ("risk", {"id": "152000000000000001"}, 4001),
        ("risk", "High", 4021),
        ("title", "two\nlines", 4001),
        ("title", "x" * 251, 4001),
        ("services", {"name": "Email"}, 4021),
        ("emergency", "perhaps", 4021),
        ("change_owner", {"name": "Nobody"}, 4007),
    ],
)
async def test_input_that_makes_no_sense_is_refused(tenant: Tenant, field: str, value: Any, code: int) -> None:
    given = {"change_maintenance": {**MINIMAL, field: value}}
    answer = await tenant.caller("sam").post("/change_maintenances", given)
    assert answer.code == code
    assert {effect.via for effect in tenant.world.effects("maintenance.added")} == {"seed"}


async def test_edit_changes_what_is_given_and_nothing_else(tenant: Tenant) -> None:
    one = tenant.world.maintenance("CHM-2")
    given = {"change_maintenance": {"risk": {"name": "High"}, "services": [{"name": "Email"}]}}
    await tenant.caller("odile").put(f"/change_maintenances/{one.id}", given)
    read = (await tenant.caller().get(f"/change_maintenances/{one.id}")).body["change_maintenance"]
    assert read["risk"]["name"] == "High"
    assert [service["name"] for service in read["services"]] == ["Email"]
    assert (read["title"], read["impact"]["name"]) == ("Patch the web servers", "Affects Business")


async def test_deleted_maintenance_is_gone(tenant: Tenant) -> None:
    path = f"/change_maintenances/{tenant.world.maintenance('CHM-1').id}"
    caller = tenant.caller("sam")
    assert (await caller.delete(path)).code == 2000
    assert (await caller.get(path)).status == 404
    assert (await caller.delete(path)).code == 4007


async def test_execute_creates_a_change_each_time(tenant: Tenant) -> None:
    one = tenant.world.maintenance("CHM-1")
    path = f"/change_maintenances/{one.id}/_execute_now"
    labels = [(await tenant.caller("odile").get(path)).body["maintenance"]["display_id"] for _ in range(2)]
    newest = {"sort_field": "display_id", "sort_order": "desc", "row_count": 2}
    rows = (await tenant.caller().get("/changes", {"list_info": newest})).body["changes"]
    assert [row["display_id"] for row in rows] == labels[::-1]
    assert {row["maintenanceid"] for row in rows} == {one.id}
    assert {row["title"] for row in rows} == {one.title}
    read = (await tenant.caller().get(f"/change_maintenances/{one.id}")).body["change_maintenance"]
    assert read["maintenance_details"]["repetitive_schedule"]["last_execution_time"]
    assert len(tenant.world.effects("maintenance.executed", one.id, by="odile")) == 2


async def test_head_does_not_execute(tenant: Tenant) -> None:
    one = tenant.world.maintenance("CHM-1")
    caller = tenant.caller("odile")
    url = f"{tenant.url}/app/itdesk/api/v3/change_maintenances/{one.id}/_execute_now"
    async with tenant.session.head(url, headers=caller.headers) as response:
        assert response.status != 200
    assert not tenant.world.effects("maintenance.executed")


async def test_suspended_maintenance_does_not_run_until_enabled(tenant: Tenant) -> None:
    one = tenant.world.maintenance("CHM-1")
    path = f"/change_maintenances/{one.id}"
    caller = tenant.caller("odile")
    await caller.put(f"{path}/_suspend", {"comments": "wait"})
    read = (await caller.get(path)).body["change_maintenance"]["maintenance_details"]
    assert (read["maintenancestate"], read["next_schedule"]) == (2, None)
    tenant.world.advance(timedelta(days=3))
    assert not tenant.world.effects("maintenance.ran", one.id)
    enabled = (await tenant.caller("odile").put(f"{path}/_enable", {"comments": "go"})).body["enable"]
    assert enabled == {"id": one.id, "message": "Maintenance enabled successfully"}
    tenant.world.advance(timedelta(days=1))
    assert len(tenant.world.effects("maintenance.ran", one.id)) == 1


async def test_suspending_twice_is_refused(tenant: Tenant) -> None:
    path = f"/change_maintenances/{tenant.world.maintenance('CHM-1').id}/_suspend"
    caller = tenant.caller("odile")
    await caller.put(path, {"comments": "one"})
    assert (await caller.put(path, {"comments": "two"})).code == 4009
    assert len(tenant.world.effects("maintenance.suspended", tenant.world.maintenance("CHM-1").id)) == 1


async def test_passing_time_creates_what_has_become_due(tenant: Tenant) -> None:
    before = len(list(tenant.world.changes))
    tenant.world.advance(timedelta(days=7))
    ran = tenant.world.effects("maintenance.ran")
    daily = [effect for effect in ran if effect.record == tenant.world.maintenance("CHM-1").id]
    once = [effect for effect in ran if effect.record == tenant.world.maintenance("CHM-4").id]
    assert (len(daily), len(once)) == (7, 1)
    assert len(list(tenant.world.changes)) == before + len(ran)
    assert {effect.via for effect in ran} == {"schedule"}
    assert tenant.world.maintenance("CHM-4").next_run is None


@pytest.mark.parametrize("who", ["arjun", "tess"])
async def test_reading_is_not_executing(tenant: Tenant, who: str) -> None:
    path = f"/change_maintenances/{tenant.world.maintenance('CHM-1').id}"
    assert (await tenant.caller(who).get(path)).code == 2000
    for method, tail in (("GET", "/_execute_now"), ("PUT", "/_suspend"), ("PUT", "/_enable"), ("DELETE", "")):
        answer = await tenant.caller(who).call(method, path + tail)
        assert (answer.status, answer.code) == (403, 4002), tail
    assert not tenant.world.effects("maintenance.executed")


async def test_enable_takes_no_wrapper(tenant: Tenant) -> None:
    path = f"/change_maintenances/{tenant.world.maintenance('CHM-5').id}/_enable"
    wrapped = await tenant.caller("odile").put(path, {"change_maintenance": {"comments": "go"}})
    assert (wrapped.code, wrapped.named) == (4001, ["change_maintenance"])
