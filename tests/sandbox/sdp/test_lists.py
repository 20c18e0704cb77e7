"""Paging, sorting and searching, on people and releases and maintenances alike."""

from typing import Any

import pytest

from sandbox.sdp.seeds import seed
from sandbox.sdp.wire.lists import Listing, page
from sandbox.sdp.world import SdpWorld
from tests.sandbox.sdp.conftest import Answer, Caller, Tenant


async def rows(caller: Caller, path: str = "/releases", **info: Any) -> Any:
    answer = await caller.get(path, {"list_info": info})
    assert answer.code == 2000, answer.body
    return answer.body[path.removeprefix("/")]


async def asked(tenant: Tenant, **info: Any) -> Answer:
    return await tenant.caller().get("/releases", {"list_info": info})


async def test_pages_follow_one_another_and_end(tenant: Tenant) -> None:
    caller = tenant.caller()
    everything = [row["id"] for row in await rows(caller, row_count=100)]
    walked, start, more = [], 1, True
    while more:
        body = (await caller.get("/releases", {"list_info": {"row_count": 3, "start_index": start}})).body
        walked += [row["id"] for row in body["releases"]]
        more, start = body["list_info"]["has_more_rows"], start + 3
    assert walked == everything
    assert len(walked) == 8


async def test_total_count_comes_when_asked(tenant: Tenant) -> None:
    info = (await asked(tenant, row_count=2, get_total_count=True)).body["list_info"]
    assert (info["row_count"], info["total_count"], info["has_more_rows"]) == (2, 8, True)
    assert "total_count" not in (await asked(tenant, row_count=2)).body["list_info"]


@pytest.mark.parametrize(
    ("info", "named"),
    [
        ({"row_count": 101}, "row_count"),
        ({"row_count": 0}, "row_count"),
        ({"start_index": "first"}, "start_index"),
        ({"rows": 5}, "rows"),
        ({"sort_field": "colour"}, "colour"),
        ({"sort_field": "title", "sort_order": "up"}, "sort_order"),
        ({"search_criteria": {"field": "udf_fields.x", "condition": "is", "value": 1}}, "udf_fields.x"),
        ({"search_criteria": {"field": "title", "condition": "resembles", "value": 1}}, "condition"),
        ({"search_criteria": {"field": "title", "is": 1}}, "search_criteria"),
        ({"filter_by": "my_mood"}, "filter_by"),
        ({"filter_by": "open", "search_criteria": {"field": "title", "condition": "is", "value": 1}}, "filter_by"),
    ],
)
async def test_list_info_that_makes_no_sense_is_refused(tenant: Tenant, info: dict[str, Any], named: str) -> None:
    answer = await asked(tenant, **info)
    assert (answer.status, answer.code, answer.named) == (400, 4001, [named])


@pytest.mark.parametrize(
    ("condition", "value", "found"),
    [
        ("is", "Email", {"Email"}),
        ("is", "eMAIL", {"Email"}),
        ("is not", "Email", {"Payments", "Core Network", "Identity"}),
        ("starts with", "co", {"Core Network"}),
        ("ends with", "S", {"Payments"}),
        ("contains", "e", {"Email", "Payments", "Core Network", "Identity"}),
        ("not contains", "m", {"Core Network", "Identity"}),
    ],
)
async def test_text_conditions(tenant: Tenant, condition: str, value: str, found: set[str]) -> None:
    criterion = {"field": "name", "condition": condition, "value": value}
    narrow = {
        "field": "name",
        "condition": "is",
        "values": ["Email", "Payments", "Core Network", "Identity"],
        "logical_operator": "AND",
    }
    listed = await rows(tenant.caller(), "/services", search_criteria=[criterion, narrow])
    assert {row["name"] for row in listed} == found


@pytest.mark.parametrize(
    ("condition", "value", "found"),
    [
        ("greater than", 6, [7, 8]),
        ("greater or equal", "6", [6, 7, 8]),
        ("lesser than", 3, [1, 2]),
        ("lesser or equal", 3, [1, 2, 3]),
        ("is", "4", [4]),
    ],
)
async def test_number_conditions(tenant: Tenant, condition: str, value: Any, found: list[int]) -> None:
    criterion = {"field": "display_id.value", "condition": condition, "value": value}
    listed = await rows(tenant.caller(), search_criteria=criterion)
    assert [int(row["display_id"]["value"]) for row in listed] == found


async def test_between_takes_both_ends(tenant: Tenant) -> None:
    criterion = {"field": "display_id.value", "condition": "between", "values": [2, 4]}
    assert len(await rows(tenant.caller(), search_criteria=criterion)) == 3


async def test_times_are_compared_in_milliseconds(tenant: Tenant) -> None:
    listed = await rows(tenant.caller(), sort_field="scheduled_start_time")
    soonest = listed[0]["scheduled_start_time"]
    criterion = {"field": "scheduled_start_time", "condition": "lesser or equal", "value": soonest}
    assert [row["title"] for row in await rows(tenant.caller(), search_criteria=criterion)] == [
        "Emergency patch of the payment database"
    ]


async def test_children_are_a_group_of_their_own(tenant: Tenant) -> None:
    criteria = [
        {"field": "status.name", "condition": "is", "value": "Approval Pending"},
        {
            "field": "risk.name",
            "condition": "is",
            "value": "High",
            "logical_operator": "AND",
            "children": [{"field": "risk.name", "condition": "is", "value": "Low", "logical_operator": "OR"}],
        },
    ]
    listed = await rows(tenant.caller(), search_criteria=criteria)
    assert {row["risk"]["name"] for row in listed} == {"High", "Low"}
    assert {row["status"]["name"] for row in listed} == {"Approval Pending"}


async def test_or_takes_either(tenant: Tenant) -> None:
    criteria = [
        {"field": "status.name", "condition": "is", "value": "Approved"},
        {"field": "status.name", "condition": "is", "value": "Rejected", "logical_operator": "OR"},
    ]
    assert len(await rows(tenant.caller(), search_criteria=criteria)) == 2


async def test_named_filter(tenant: Tenant) -> None:
    listed = await rows(tenant.caller(), filter_by={"name": "closed"})
    assert [row["title"] for row in listed] == ["Remove the old VPN"]


async def test_sorting_both_ways(tenant: Tenant) -> None:
    up = [row["title"] for row in await rows(tenant.caller(), sort_field="title")]
    down = [row["title"] for row in await rows(tenant.caller(), sort_field="title", sort_order="desc")]
    assert up == sorted(up, key=str.casefold)
    assert down == up[::-1]


async def test_only_the_fields_asked_for_and_the_id(tenant: Tenant) -> None:
    listed = await rows(tenant.caller(), fields_required=["title", "stage"])
    assert {frozenset(row) for row in listed} == {frozenset({"id", "title", "stage"})}


async def test_people_are_found_by_address_in_any_case(tenant: Tenant) -> None:
    criterion = {"field": "email_id", "condition": "is", "value": "ARJUN.velloor@example.com"}
    (found,) = await rows(tenant.caller(), "/technicians", search_criteria=criterion)
    assert (found["name"], found["is_technician"]) == ("Arjun Velloor", True)
    assert await rows(tenant.caller(), "/requesters", search_criteria=criterion) == []


async def test_tenant_without_lookup_lists_answers_4007(tenant: Tenant) -> None:
    assert len(await rows(tenant.caller(), "/change_templates")) == 3
    tenant.world.tenant.lookups = False
    assert (await tenant.caller().get("/change_templates")).code == 4007


@pytest.mark.parametrize("path", ["/nothing", "/releases/1/approvals", "/projects/1/_clone"])
async def test_url_that_does_not_exist_is_4007(tenant: Tenant, path: str) -> None:
    assert (await tenant.caller().get(path)).code == 4007


async def test_portal_that_does_not_exist_is_a_page(tenant: Tenant) -> None:
    caller = tenant.caller()
    async with tenant.session.get(f"{tenant.url}/app/hrdesk/api/v3/releases", headers=caller.headers) as response:
        assert (response.status, response.content_type) == (400, "text/html")


@pytest.mark.parametrize("raw", ["{", "[]", '"text"', "null"])
async def test_input_that_is_no_object_is_refused(tenant: Tenant, raw: str) -> None:
    caller = tenant.caller()
    url = f"{tenant.url}/app/itdesk/api/v3/releases"
    async with tenant.session.get(url, headers=caller.headers, params={"input_data": raw}) as response:
        assert response.status == 400


def test_a_page_of_a_long_list_looks_no_further_than_it_must() -> None:
    records = iter(range(10_000))
    shown = page(records, Listing({}), {"row_count": 100, "start_index": 201})
    assert (shown.rows, shown.info["has_more_rows"]) == (list(range(200, 300)), True)
    assert next(records) == 301  # one more was looked at to tell that there are more


def test_same_seed_gives_the_same_ids() -> None:
    def ids(seed_number: int) -> list[str]:
        world = seed(SdpWorld(seed=seed_number))
        return [record.id for shelf in (world.releases, world.maintenances, world.projects) for record in shelf]

    assert ids(3) == ids(3)
    assert ids(3) != ids(4)
    assert all(int(one) > 2**53 for one in ids(3))
