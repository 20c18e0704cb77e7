"""SDP's own pages and the consent page, as a browser without scripts uses them."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from sandbox.sdp.accounts import CLIENT_ID, CLIENT_SECRET
from tests.sandbox.sdp.conftest import ACCEPT, Tenant

BACK = "http://127.0.0.1:9/sdp/oauth/callback"


async def look(tenant: Tenant, path: str, **params: str) -> tuple[int, str, str]:
    """Status, text and Content-Security-Policy of a page."""
    async with tenant.session.get(tenant.url + path, params=params) as response:
        return response.status, unescape(await response.text()), response.headers["Content-Security-Policy"]


async def press(tenant: Tenant, path: str, **fields: str) -> aiohttp.ClientResponse:
    async with tenant.session.post(tenant.url + path, data=fields, allow_redirects=False) as response:
        await response.read()
        return response


# --- records ------------------------------------------------------------------------------------


async def test_front_page_shows_who_is_waited_for(tenant: Tenant) -> None:
    status, page, _ = await look(tenant, "/")
    assert status == 200
    assert "Payment gateway 4.2" in page
    assert "Arjun Velloor" in page


@pytest.mark.parametrize("kind", ["releases", "maintenances", "projects", "changes", "requests"])
async def test_every_record_has_a_page(tenant: Tenant, kind: str) -> None:
    tenant.world.maintenances.execute("CHM-1", by="odile")
    for record in getattr(tenant.world, kind):
        status, page, _ = await look(tenant, f"/app/itdesk/ui/{kind}/{record.id}/details")
        assert status == 200
        assert record.title in page


async def test_outside_words_stay_words(tenant: Tenant) -> None:
    release = tenant.world.release("RLS-8")
    async with tenant.session.get(f"{tenant.url}/app/itdesk/ui/releases/{release.id}/details") as response:
        page = await response.text()
    assert "&lt;!channel&gt;" in page
    assert "alert(" not in page
    assert "<script" not in page


async def test_pages_allow_no_script_and_no_other_site(tenant: Tenant) -> None:
    _, page, policy = await look(tenant, "/")
    assert policy.startswith("default-src 'none'; style-src 'self'; ")
    assert policy.endswith("form-action 'self'")
    assert not re.search(r"<script|style=|\son\w+=\"", page)


async def test_button_decides_as_the_approver(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    here = f"/app/itdesk/ui/releases/{approval.level.release.id}/details"
    answer = await press(tenant, f"/app/itdesk/ui/do/reject/{approval.id}", comments="Not this week", back=here)
    assert (answer.status, answer.headers["Location"]) == (303, here)
    assert (approval.status.name, approval.comments) == ("Rejected", "Not this week")
    (effect,) = tenant.world.effects("approval.rejected", approval.id)
    assert (effect.via, effect.by) == ("page", tenant.world.person("arjun").id)
    assert "Not this week" in (await look(tenant, here))[1]


async def test_second_press_says_what_is_the_case(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    await press(tenant, f"/app/itdesk/ui/do/approve/{approval.id}")
    again = await press(tenant, f"/app/itdesk/ui/do/reject/{approval.id}")
    assert again.status == 400
    assert len(tenant.world.effects("approval.", approval.id)) == 1


async def test_other_buttons_do_what_they_say(tenant: Tenant) -> None:
    world = tenant.world
    first, second, third = world.waiting("arjun")[:3]
    tess = world.person("tess")
    await press(tenant, f"/app/itdesk/ui/do/delegate/{first.id}", person=tess.id)
    assert first.approver is tess
    await press(tenant, f"/app/itdesk/ui/do/clarify/{second.id}")
    assert second.status.name == "Pending Clarification"
    await press(tenant, f"/app/itdesk/ui/do/rename/{third.level.release.id}", title="Renamed")
    assert third.level.release.title == "Renamed"
    await press(tenant, f"/app/itdesk/ui/do/cancel/{third.level.release.id}")
    assert third.level.release.status.name == "Cancelled"
    chm = world.maintenance("CHM-1")
    await press(tenant, f"/app/itdesk/ui/do/execute/{chm.id}", person="odile")
    await press(tenant, f"/app/itdesk/ui/do/suspend/{chm.id}", person="odile")
    assert chm.suspended
    assert world.change("CH-3").maintenance == chm.id


async def test_other_sites_form_is_refused(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    url = f"{tenant.url}/app/itdesk/ui/do/approve/{approval.id}"
    async with tenant.session.post(url, headers={"Sec-Fetch-Site": "cross-site"}) as response:
        assert response.status == 403
    assert approval.waits


@pytest.mark.parametrize("back", ["https://evil.example.com/", "//evil.example.com", "/oauth/v2/auth"])
async def test_button_leads_back_to_our_pages_only(tenant: Tenant, back: str) -> None:
    approval = tenant.world.waiting("arjun")[0]
    answer = await press(tenant, f"/app/itdesk/ui/do/approve/{approval.id}", back=back)
    assert answer.headers["Location"] == "/"


async def test_unknown_record_is_a_page_that_says_so(tenant: Tenant) -> None:
    status, page, _ = await look(tenant, "/app/itdesk/ui/releases/1/details")
    assert status == 404
    assert "No such release" in page


async def test_long_list_has_pages(tenant: Tenant) -> None:
    for number in range(60):
        tenant.world.changes.add(f"Change number {number}", "mara")
    _, first, _ = await look(tenant, "/app/itdesk/ui/changes")
    _, second, _ = await look(tenant, "/app/itdesk/ui/changes", page="2")
    assert "Change number 59" in first
    assert "Change number 0<" in second
    assert "Older" in first
    assert "Newer" in second


# --- consent --------------------------------------------------------------------------------------

ASKED = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "scope": "SDPOnDemand.releases.ALL,SDPOnDemand.changes.READ",
    "redirect_uri": BACK,
    "access_type": "offline",
    "prompt": "consent",
    "state": "a&b=c",
}


async def consent(tenant: Tenant, who: str, answer: str = "accept", **changed: str) -> dict[str, str]:
    """Press Accept as somebody; what the way back carries."""
    person = tenant.world.person(who).id
    pressed = await press(tenant, "/oauth/v2/auth", **{**ASKED, **changed}, person=person, answer=answer)
    assert pressed.status == 302
    location = urlsplit(pressed.headers["Location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == BACK
    return {name: values[0] for name, values in parse_qs(location.query).items()}


async def redeem(tenant: Tenant, code: str, **changed: str) -> dict[str, str]:
    given = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": BACK,
        "code": code,
        **changed,
    }
    async with tenant.session.post(f"{tenant.url}/oauth/v2/token", data=given) as response:
        return dict(await response.json())


async def test_consent_page_names_the_client_the_scopes_and_the_people(tenant: Tenant) -> None:
    status, page, policy = await look(tenant, "/oauth/v2/auth", **ASKED, login_hint="tess.harbourne@example.com")
    assert status == 200
    for words in ("SDP bot", "SDPOnDemand.releases.ALL", "SDPOnDemand.changes.READ", "Arjun Velloor"):
        assert words in page
    assert re.search(r"selected>Tess Harbourne", page)
    assert policy.endswith("form-action 'self' http://127.0.0.1:9")


async def test_accepting_leads_to_a_token_of_that_person(tenant: Tenant) -> None:
    back = await consent(tenant, "arjun")
    assert (back["state"], back["location"], back["accounts-server"]) == ("a&b=c", "us", tenant.url)
    tokens = await redeem(tenant, back["code"])
    grant = tenant.world.accounts.holder(tokens["access_token"])
    assert (grant.person.key, grant.token) == ("arjun", tokens["refresh_token"])
    headers = {"Accept": ACCEPT, "Authorization": f"Zoho-oauthtoken {tokens['access_token']}"}
    async with tenant.session.get(f"{tenant.url}/app/itdesk/api/v3/releases", headers=headers) as response:
        assert response.status == 200


async def test_rejecting_brings_back_no_code(tenant: Tenant) -> None:
    back = await consent(tenant, "arjun", "reject")
    assert back == {"error": "access_denied", "state": "a&b=c"}


async def test_code_works_once_and_only_with_its_own_address(tenant: Tenant) -> None:
    code = (await consent(tenant, "arjun"))["code"]
    assert "access_token" in await redeem(tenant, code)
    assert await redeem(tenant, code) == {"error": "invalid_code"}
    other = (await consent(tenant, "arjun"))["code"]
    assert await redeem(tenant, other, redirect_uri="http://127.0.0.1:9/else") == {"error": "invalid_code"}


async def test_without_offline_there_is_no_refresh_token(tenant: Tenant) -> None:
    code = (await consent(tenant, "arjun", access_type="online"))["code"]
    assert "refresh_token" not in await redeem(tenant, code)


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("client_id", "1000.NOBODY", "invalid_client"),
        ("redirect_uri", "javascript:alert(1)", "invalid_redirect_uri"),
        ("response_type", "token", "invalid_response_type"),
        ("scope", "", "invalid_scope"),
    ],
)
async def test_request_that_cannot_be_served_goes_nowhere(tenant: Tenant, field: str, value: str, error: str) -> None:
    status, page, _ = await look(tenant, "/oauth/v2/auth", **{**ASKED, field: value})
    assert status == 400
    assert error in page


async def test_registered_address_is_the_only_one(tenant: Tenant) -> None:
    tenant.world.accounts.clients[CLIENT_ID].redirects = [BACK]
    assert (await look(tenant, "/oauth/v2/auth", **ASKED))[0] == 200
    assert (await look(tenant, "/oauth/v2/auth", **{**ASKED, "redirect_uri": BACK + "/x"}))[0] == 400
