"""The accounts server: tokens, their limits, and what Zoho answers."""

from datetime import timedelta
from typing import Any

import pytest

from sandbox.sdp.accounts import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from tests.sandbox.sdp.conftest import Caller, Tenant, path_of


async def ask(tenant: Tenant, path: str = "/oauth/v2/token", **fields: str) -> tuple[int, Any]:
    given = {
        "grant_type": "refresh_token",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        **fields,
    }
    async with tenant.session.post(tenant.url + path, data=given) as response:
        return response.status, await response.json()


def with_token(tenant: Tenant, token: str) -> Caller:
    return Caller(tenant.session, f"{tenant.url}/app/itdesk/api/v3", token)


async def test_refresh_token_buys_an_access_token_that_reads(tenant: Tenant) -> None:
    status, body = await ask(tenant)
    assert (status, body["expires_in"], body["token_type"]) == (200, 3600, "Bearer")
    assert (await with_token(tenant, body["access_token"]).get("/releases")).code == 2000


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("refresh_token", "1000.nobody", "invalid_code"),
        ("client_id", "1000.NOBODY", "invalid_client"),
        ("client_secret", "guess", "invalid_client_secret"),
        ("grant_type", "password", "unsupported_grant_type"),
    ],
)
async def test_wrong_credentials_are_an_error_with_http_200(tenant: Tenant, field: str, value: str, error: str) -> None:
    assert await ask(tenant, **{field: value}) == (200, {"error": error})


async def test_eleventh_token_in_ten_minutes_is_denied_until_they_are_over(tenant: Tenant) -> None:
    for _ in range(10):
        assert "access_token" in (await ask(tenant))[1]
    status, body = await ask(tenant)
    assert (status, body["error"], body["status"]) == (400, "Access Denied", "failure")
    tenant.world.advance(timedelta(minutes=9, seconds=50))
    assert (await ask(tenant))[1]["error"] == "Access Denied"
    tenant.world.advance(timedelta(seconds=11))
    assert "access_token" in (await ask(tenant))[1]


async def test_throttled_person_waits_and_others_do_not(tenant: Tenant) -> None:
    refresh = tenant.world.accounts.grant("arjun")
    tenant.world.accounts.throttle("service")
    assert (await ask(tenant))[1]["error"] == "Access Denied"
    assert "access_token" in (await ask(tenant, refresh_token=refresh))[1]


async def test_sixteenth_live_token_kills_the_first(tenant: Tenant) -> None:
    tokens = [(await ask(tenant))[1]["access_token"] for _ in range(10)]
    tenant.world.advance(timedelta(minutes=10))
    tokens += [(await ask(tenant))[1]["access_token"] for _ in range(6)]
    first = await with_token(tenant, tokens[0]).get("/releases")
    assert (first.status, first.code) == (401, 4022)
    assert (await with_token(tenant, tokens[1]).get("/releases")).code == 2000


async def test_twenty_first_refresh_token_kills_the_oldest(tenant: Tenant) -> None:
    tokens = [tenant.world.accounts.grant("arjun") for _ in range(21)]
    assert (await ask(tenant, refresh_token=tokens[0]))[1] == {"error": "invalid_code"}
    assert "access_token" in (await ask(tenant, refresh_token=tokens[1]))[1]


async def test_access_token_lives_an_hour(tenant: Tenant) -> None:
    caller = tenant.caller("arjun")
    tenant.world.advance(timedelta(minutes=59))
    assert (await caller.get("/releases")).code == 2000
    tenant.world.advance(timedelta(minutes=1))
    late = await caller.get("/releases")
    assert (late.status, late.code) == (401, 4022)


async def test_revoked_refresh_token_takes_its_access_tokens_along(tenant: Tenant) -> None:
    refresh = tenant.world.accounts.grant("arjun")
    access = (await ask(tenant, refresh_token=refresh))[1]["access_token"]
    assert await ask(tenant, "/oauth/v2/token/revoke", token=refresh) == (200, {"status": "success"})
    assert (await with_token(tenant, access).get("/releases")).status == 401
    assert (await ask(tenant, refresh_token=refresh))[1] == {"error": "invalid_code"}


@pytest.mark.parametrize(("form", "status"), [("401", 401), ("403", 403)])
async def test_missing_scope_is_named(tenant: Tenant, form: Any, status: int) -> None:
    tenant.world.tenant.scope_answer = form
    approval = tenant.world.waiting("arjun")[0]
    reader = tenant.caller("arjun", scopes=["SDPOnDemand.releases.READ"])
    assert (await reader.get(path_of(approval))).code == 2000
    refused = await reader.put(path_of(approval) + "/_approve")
    assert refused.status == status
    assert refused.body["response_status"]["messages"][0]["message"] == "OAUTH_SCOPE_MISMATCH"
    assert approval.waits


@pytest.mark.parametrize("header", ["Bearer x", "Zoho-oauthtoken", "Zoho-oauthtoken 1000.made.up", ""])
async def test_bad_authorization_is_401(tenant: Tenant, header: str) -> None:
    caller = tenant.caller()
    caller.headers["Authorization"] = header
    answer = await caller.get("/releases")
    assert (answer.status, answer.code) == (401, 4022)


@pytest.mark.parametrize(
    ("who", "scopes", "status", "tells"),
    [
        ("arjun", ["AaaServer.profile.READ"], 200, {"Email": "arjun.velloor@example.com"}),
        ("ines", ["AaaServer.profile.READ"], 200, {"Display_Name": "Ines Quillane"}),
        ("arjun", ["SDPOnDemand.releases.ALL"], 401, {"error": "INVALID_OAUTHSCOPE"}),
    ],
)
async def test_accounts_server_says_whose_token_it_is(
    tenant: Tenant, who: str, scopes: list[str], status: int, tells: dict[str, str]
) -> None:
    headers = tenant.caller(who, scopes=scopes).headers
    async with tenant.session.get(f"{tenant.url}/oauth/user/info", headers=headers) as response:
        told = await response.json()
        assert response.status == status
    assert tells.items() <= told.items()
    assert ("Email" in told) is bool(status == 200 and tenant.world.person(who).email)


async def test_call_without_the_documented_accept_header_is_refused(tenant: Tenant) -> None:
    caller = tenant.caller()
    caller.headers["Accept"] = "application/json"
    assert (await caller.get("/releases")).code == 4001


async def test_calls_beyond_the_minute_are_429(tenant: Tenant) -> None:
    tenant.world.tenant.calls_per_minute = 3
    caller = tenant.caller()
    codes = [(await caller.get("/users")).code for _ in range(5)]
    assert 4015 in codes
    assert codes[:2] == [2000, 2000]


async def test_log_shows_no_token(tenant: Tenant) -> None:
    _, body = await ask(tenant)
    await with_token(tenant, body["access_token"]).get("/releases")
    told = repr(list(tenant.world.log))
    assert "/oauth/v2/token" in told
    assert "SDP Bot" in told
    for secret in (body["access_token"], REFRESH_TOKEN, CLIENT_SECRET):
        assert secret not in told
