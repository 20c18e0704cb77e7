"""Whatever is sent, the stand-in answers with its own words: never a 500, never a change that was not asked for."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.sdp.api.maintenances import KEYS as MAINTENANCE_KEYS
from sandbox.sdp.api.projects import KEYS as PROJECT_KEYS
from sandbox.sdp.approvals import Plan
from sandbox.sdp.wire.schedules import KEYS as SCHEDULE_KEYS
from tests.sandbox.sdp.conftest import Caller, Tenant, path_of

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "value", "role", "user", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
Json = dict[str, Any]
schedules = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(["Daily", "Weekly", "Monthly", 1, [1], "Monday", {"value": 1772460000000}]) | anything
        for name in sorted(SCHEDULE_KEYS)
    },
)
wild_schedules = st.fixed_dictionaries({"maintenance": st.fixed_dictionaries({"repetitive_schedule": schedules})})


def with_flaws(valid: Json, keys: Iterable[str]) -> st.SearchStrategy[Json]:
    """What would be taken, but for up to three fields."""
    return st.dictionaries(st.sampled_from(sorted(keys)), anything, max_size=3).map(lambda flaws: {**valid, **flaws})


MINIMAL = {"title": "T", "stage": {"name": "Submission"}, "status": {"name": "Requested"}}
maintenances = with_flaws(MINIMAL, MAINTENANCE_KEYS) | wild_schedules.map(lambda flaws: {**MINIMAL, **flaws})
projects = with_flaws({"title": "T"}, PROJECT_KEYS)
criteria = st.fixed_dictionaries(
    {"field": anything | st.sampled_from(["title", "created_time", "display_id.value"])},
    optional={
        "condition": anything | st.sampled_from(["is", "between", "greater than", "contains"]),
        "value": anything,
        "values": anything,
        "logical_operator": anything,
        "children": anything,
    },
)
list_infos = st.fixed_dictionaries(
    {},
    optional={
        "row_count": anything | st.integers(1, 100),
        "start_index": anything | st.integers(1, 10),
        "page": anything,
        "sort_field": anything | st.just("title"),
        "sort_order": anything,
        "fields_required": anything,
        "get_total_count": anything,
        "search_criteria": anything | criteria | st.lists(criteria, max_size=2),
    },
)
many = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
KNOWN = {2000, 4001, 4007, 4008, 4009, 4012, 4021}


ODD: tuple[Any, ...] = (None, True, -1, 1.5, "", "x" * 300, "\0", [], [5], [None], [[]], {}, {"id": []}, {"value": {}})


async def refused_or_taken(caller: Caller, path: str, entity: str, bodies: Iterable[Json]) -> None:
    for body in bodies:
        answer = await caller.post(path, {entity: body})
        assert answer.code in KNOWN, body


async def test_every_field_with_every_odd_value(tenant: Tenant) -> None:
    caller = tenant.caller("sam")
    flawed = ({**MINIMAL, key: odd} for key in MAINTENANCE_KEYS for odd in ODD)
    await refused_or_taken(caller, "/change_maintenances", "change_maintenance", flawed)
    flawed = ({"title": "T", key: odd} for key in PROJECT_KEYS for odd in ODD)
    await refused_or_taken(caller, "/projects", "project", flawed)


async def test_every_part_of_a_schedule_with_every_odd_value(tenant: Tenant) -> None:
    plan = {"frequency": "Monthly", "start_time": {"value": 1772460000000}, "is_advanced": True}
    flawed = [{"repetitive_schedule": {**plan, key: odd}} for key in SCHEDULE_KEYS for odd in ODD]
    flawed += [{kind: odd} for kind in ("repetitive_schedule", "one_time_schedule") for odd in ODD]
    flawed += [{"one_time_schedule": {"start_time": odd}} for odd in ODD]
    bodies = ({**MINIMAL, "maintenance": one} for one in flawed)
    await refused_or_taken(tenant.caller("sam"), "/change_maintenances", "change_maintenance", bodies)


@many
@given(given_=anything | maintenances)
async def test_any_maintenance(tenant: Tenant, given_: Any) -> None:
    caller = tenant.caller("sam")
    added = await caller.post("/change_maintenances", {"change_maintenance": given_})
    assert added.code in KNOWN
    path = f"/change_maintenances/{tenant.world.maintenance('CHM-1').id}"
    assert (await caller.put(path, {"change_maintenance": given_})).code in KNOWN
    assert (await caller.get(path)).code == 2000


@many
@given(given_=anything | projects)
async def test_any_project(tenant: Tenant, given_: Any) -> None:
    caller = tenant.caller("sam")
    assert (await caller.post("/projects", {"project": given_})).code in KNOWN
    path = f"/projects/{tenant.world.project('PJT-1').id}"
    assert (await caller.put(path, {"project": given_})).code in KNOWN
    assert (await caller.get(path)).code == 2000


@many
@given(info=anything | list_infos, kind=st.sampled_from(["releases", "change_maintenances", "projects", "users"]))
async def test_any_list_info(tenant: Tenant, info: Any, kind: str) -> None:
    assert (await tenant.caller().get(f"/{kind}", {"list_info": info})).code in KNOWN


@many
@given(given_=anything)
@pytest.mark.parametrize("verb", ["_approve", "_reject"])
async def test_any_decision(tenant: Tenant, verb: str, given_: Any) -> None:
    approval = tenant.world.approval(
        tenant.world.add_release("Any", "mara", [Plan(["arjun"], "anyone")]).levels[0].approvals[0]
    )
    answer = await tenant.caller("arjun").put(f"{path_of(approval)}/{verb}", {"approval": given_})
    assert answer.code in KNOWN
    assert (answer.code == 2000) is not approval.waits


@many
@given(given_=anything, kind=st.sampled_from(["changes", "requests"]))
async def test_any_attachment(tenant: Tenant, given_: Any, kind: str) -> None:
    path = f"/projects/{tenant.world.project('PJT-3').id}/_{kind.removesuffix('s')}_associations"
    for method in ("POST", "DELETE"):
        assert (await tenant.caller("sam").call(method, path, {kind: given_})).code in KNOWN
    assert not tenant.world.project("PJT-3").attached(kind)  # type: ignore[arg-type]


@many
@given(path=st.text(st.characters(codec="utf-8", exclude_characters="?#"), max_size=30))
async def test_any_path(tenant: Tenant, path: str) -> None:
    caller = tenant.caller()
    url = f"{tenant.url}/app/itdesk/api/v3/releases/{path}"
    async with tenant.session.get(url, headers=caller.headers) as response:
        assert response.status < 500
