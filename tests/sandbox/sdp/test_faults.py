"""What breaks: what the caller sees, and what has happened all the same."""

import aiohttp
import pytest

from tests.sandbox.sdp.conftest import Tenant, path_of


@pytest.mark.parametrize(("kind", "happened"), [("drop_before", False), ("drop_after", True)])
async def test_dropped_connection_leaves_the_caller_without_an_answer(
    tenant: Tenant, kind: str, happened: bool
) -> None:
    approval = tenant.world.waiting("arjun")[0]
    # More than once: aiohttp repeats a PUT by itself when the connection goes away.
    tenant.world.break_with(kind, "*/_approve", "PUT", times=None)
    with pytest.raises(aiohttp.ClientConnectionError):
        await tenant.caller("arjun").put(path_of(approval) + "/_approve")
    assert bool(tenant.world.effects("approval.approved", approval.id)) is happened
    assert (tenant.world.log[-1].status, tenant.world.log[-1].fault) == (0, kind)


@pytest.mark.parametrize(
    ("kind", "status", "shows"),
    [
        ("error_500", 500, '"status_code": 4004'),
        ("error_503", 503, "unavailable"),
        ("rate_limited", 429, '"status_code": 4015'),
        ("throttled", 400, "Try again after 22 minutes"),
        ("html", 400, "<!DOCTYPE html>"),
        ("garbage", 200, "not json"),
        ("truncated", 200, '{"response_status"'),
        ("empty", 200, ""),
    ],
)
async def test_spoilt_answer(tenant: Tenant, kind: str, status: int, shows: str) -> None:
    tenant.world.break_with(kind, "*/releases")
    caller = tenant.caller()
    url = f"{tenant.url}/app/itdesk/api/v3/releases"
    async with tenant.session.get(url, headers=caller.headers) as response:
        text = await response.text()
    assert response.status == status
    assert shows in text
    assert (text == "") == (kind == "empty")
    assert (await caller.get("/releases")).code == 2000


@pytest.mark.parametrize("acts", [True, False])
async def test_error_can_come_before_or_after_the_deed(tenant: Tenant, acts: bool) -> None:
    approval = tenant.world.waiting("arjun")[0]
    tenant.world.break_with("error_500", "*/_approve", acts=acts)
    answer = await tenant.caller("arjun").put(path_of(approval) + "/_approve")
    assert answer.status == 500
    assert approval.waits is not acts


@pytest.mark.parametrize(("kind", "at_once"), [("slow", False), ("late", True)])
async def test_waiting_comes_before_or_after_the_deed(tenant: Tenant, kind: str, at_once: bool) -> None:
    approval = tenant.world.waiting("arjun")[0]
    tenant.world.break_with(kind, "*/_approve", times=None, seconds=30)
    caller = tenant.caller("arjun")
    with pytest.raises(TimeoutError):
        await caller.call("PUT", path_of(approval) + "/_approve", timeout=aiohttp.ClientTimeout(total=0.3))
    assert bool(tenant.world.effects("approval.approved", approval.id)) is at_once


async def test_waiting_over_the_true_answer_comes(tenant: Tenant) -> None:
    tenant.world.break_with("slow", "*/users", seconds=0.05)
    tenant.world.break_with("late", "*/users", seconds=0.05)
    caller = tenant.caller()
    assert [(await caller.get("/users")).code for _ in range(2)] == [2000, 2000]
    assert [one.fault for one in tenant.world.log] == ["slow", "late"]
    assert all(one.ms >= 50 for one in tenant.world.log)


async def test_answer_cut_in_the_middle(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    tenant.world.break_with("cut", "*/_approve", times=None)
    with pytest.raises(aiohttp.ClientPayloadError):
        await tenant.caller("arjun").put(path_of(approval) + "/_approve")
    assert len(tenant.world.effects("approval.approved", approval.id)) == 1


async def test_pages_for_people_are_never_broken(tenant: Tenant) -> None:
    tenant.world.break_with("error_500", times=None)
    async with tenant.session.get(tenant.url) as response:
        assert response.status == 200
    assert (await tenant.caller().get("/users")).status == 500


async def test_fault_strikes_as_often_as_told_and_only_where(tenant: Tenant) -> None:
    tenant.world.break_with("error_503", "*/technicians", "get", times=2, skip=1)
    caller = tenant.caller()
    statuses = []
    for path in ("/technicians", "/requesters", "/technicians", "/technicians", "/technicians"):
        url = f"{tenant.url}/app/itdesk/api/v3{path}"
        async with tenant.session.get(url, headers=caller.headers) as response:
            statuses.append(response.status)
    assert statuses == [200, 200, 503, 503, 200]


async def test_lasting_fault_ends_when_mended(tenant: Tenant) -> None:
    fault = tenant.world.break_with("rate_limited", times=None, retry_after=7)
    caller = tenant.caller()
    url = f"{tenant.url}/app/itdesk/api/v3/users"
    async with tenant.session.get(url, headers=caller.headers) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "7")
    tenant.world.mend(fault)
    assert (await caller.get("/users")).code == 2000


async def test_refusals_can_travel_with_http_200(tenant: Tenant) -> None:
    tenant.world.tenant.refusals_as_200 = True
    answer = await tenant.caller().get("/releases/152000000000000001")
    assert (answer.status, answer.code) == (200, 4007)


def test_unknown_fault_is_refused_with_the_ones_there_are(tenant: Tenant) -> None:
    with pytest.raises(ValueError, match="drop_after"):
        tenant.world.break_with("explode")
