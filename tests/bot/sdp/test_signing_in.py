"""Connecting an account: out to Zoho's consent, back with a code, and only to servers that are Zoho's."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from bot.errors import BadInput, SdpSignInFailed, SdpUnreachable
from bot.sdp import Sdp, SdpSettings
from bot.sdp.datacentres import DATA_CENTRES, accounts_server, is_accounts_server, service_address
from bot.sdp.http import Http, origin
from sandbox.sdp.world import SdpWorld
from tests.bot.sdp.conftest import Clients, Parrot
from tests.bot.sdp.operations import listed

REDIRECT = "https://bot.example.com/sdp/oauth/callback"
SCOPES = ["SDPOnDemand.releases.ALL", "SDPOnDemand.users.READ"]


async def consent(url: str, who: str) -> dict[str, str]:
    """Press Accept on the consent page as that person; what the callback would get."""
    fields = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    target = urlsplit(url)._replace(query="").geturl()
    headers = {"Origin": f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"}
    form = {**fields, "person": who, "answer": "accept"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(target, data=form, headers=headers, allow_redirects=False) as response,
    ):
        assert response.status == 302, await response.text()
        query = urlsplit(response.headers["Location"]).query
        return {name: values[0] for name, values in parse_qs(query).items()}


async def test_a_person_connects_and_acts_as_themselves(sdp: Sdp, world: SdpWorld) -> None:
    url = sdp.sign_in.authorization_url(SCOPES, REDIRECT, "state-1")
    back = await consent(url, "arjun")
    assert back["state"] == "state-1"
    grant = await sdp.sign_in.exchange(back["code"], REDIRECT, back["accounts-server"])
    assert grant.refresh_token in world.accounts.grants
    assert grant.scopes == tuple(SCOPES)
    arjun = sdp.acting_as(sdp.tokens_of(grant.refresh_token, grant.accounts_url))
    await listed(arjun.releases.list())
    assert world.log[-1].who == "Arjun Velloor"
    for secret in (grant.refresh_token, grant.access_token.value):
        assert secret not in repr(grant)


async def test_a_code_works_once(sdp: Sdp) -> None:
    back = await consent(sdp.sign_in.authorization_url(SCOPES, REDIRECT, "s"), "arjun")
    await sdp.sign_in.exchange(back["code"], REDIRECT)
    with pytest.raises(SdpSignInFailed, match="connect"):
        await sdp.sign_in.exchange(back["code"], REDIRECT)


async def test_a_code_for_another_address_is_refused(sdp: Sdp) -> None:
    back = await consent(sdp.sign_in.authorization_url(SCOPES, REDIRECT, "s"), "arjun")
    with pytest.raises(SdpSignInFailed):
        await sdp.sign_in.exchange(back["code"], "https://bot.example.com/elsewhere")


@pytest.mark.parametrize(
    "server",
    [
        "https://accounts.zoho.example.com",
        "https://accounts.zoho.com.evil.example",
        "http://accounts.zoho.com",
        "https://accounts.zoho.com@evil.example",
        "https://accounts.zoho.com:8443",
        "javascript:alert(1)",
        "",
        "//accounts.zoho.com",
    ],
)
async def test_secrets_go_to_no_server_that_is_not_allowed(sdp: Sdp, world: SdpWorld, server: str) -> None:
    with pytest.raises(BadInput, match="not Zoho's"):
        sdp.sign_in.allowed(server)
    if server:
        with pytest.raises(BadInput):
            await sdp.sign_in.exchange("code", REDIRECT, server)
    assert not world.log


async def test_revoking_ends_the_connection(sdp: Sdp, world: SdpWorld) -> None:
    token = world.accounts.grant("arjun")
    await sdp.sign_in.revoke(token)
    assert token not in world.accounts.grants
    await sdp.sign_in.revoke(token)  # what Zoho does not know is as good as revoked


async def test_a_revocation_that_cannot_be_made_sure_of_says_so(sdp: Sdp, world: SdpWorld) -> None:
    world.break_with("error_503", "/oauth/v2/token/revoke")
    with pytest.raises(SdpUnreachable, match="try again"):
        await sdp.sign_in.revoke(world.accounts.grant("arjun"))


async def test_a_connection_without_a_refresh_token_is_no_connection(told: Sdp, parrot: Parrot) -> None:
    with pytest.raises(SdpSignInFailed, match="only for an hour"):
        await told.sign_in.exchange("code", REDIRECT)


# --- addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://sdpondemand.manageengine.eu/app/itdesk", "https://sdpondemand.manageengine.eu/app/itdesk"),
        ("https://help.example.com/app/itdesk/", "https://help.example.com/app/itdesk"),
        (" https://help.example.com/app/itdesk/api/v3/ ", "https://help.example.com/app/itdesk"),
        ("http://127.0.0.1:8080/app/itdesk", "http://127.0.0.1:8080/app/itdesk"),
    ],
)
def test_the_service_address_ends_with_the_portal(given: str, address: str) -> None:
    assert service_address(given) == address


@pytest.mark.parametrize(
    "given",
    [
        "https://sdpondemand.manageengine.com",
        "https://sdpondemand.manageengine.com/app/",
        "https://help.example.com/app/itdesk?x=1",
        "https://user:word@help.example.com/app/itdesk",
        "http://help.example.com/app/itdesk",
        "ftp://help.example.com/app/itdesk",
        "help.example.com/app/itdesk",
        "",
    ],
)
def test_an_address_that_cannot_be_right_is_refused_with_words(given: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        service_address(given)


@pytest.mark.parametrize(("domain", "accounts"), DATA_CENTRES.items())
def test_every_data_centre_knows_its_accounts_server(domain: str, accounts: str) -> None:
    assert accounts_server(f"https://{domain}/app/itdesk") == accounts
    assert is_accounts_server(accounts, DATA_CENTRES, configured="https://accounts.zoho.com")


def test_a_custom_domain_needs_its_accounts_server_named() -> None:
    with pytest.raises(ValueError, match="SDP_ACCOUNTS_URL"):
        accounts_server("https://help.example.com/app/itdesk")
    with pytest.raises(ValueError, match="SDP_ACCOUNTS_URL"):
        accounts_server("https://evilservicedeskplus.cn/app/itdesk")


def test_the_table_can_be_overridden() -> None:
    table = {**DATA_CENTRES, "desk.example.com": "https://accounts.example.com"}
    assert accounts_server("https://desk.example.com/app/itdesk", table) == "https://accounts.example.com"
    assert is_accounts_server("https://accounts.example.com", table, configured="https://accounts.zoho.com")
    assert not is_accounts_server("https://accounts.example.com", DATA_CENTRES, configured="https://accounts.zoho.com")


async def test_no_other_host_is_ever_asked(clients: Clients, parrot: Parrot, world: SdpWorld) -> None:
    http = Http(["https://accounts.zoho.com"])
    for url in (world.url, "https://accounts.zoho.com.evil.example/x", "https://evil.example/accounts.zoho.com"):
        with pytest.raises(SdpUnreachable, match="configured"):
            await http.exchange("GET", url)
    with pytest.raises(ValueError, match="https://"):
        origin("http://accounts.zoho.com")
    await http.aclose()
    assert not world.log


async def test_a_redirect_is_not_followed(told: Sdp, parrot: Parrot) -> None:
    parrot.say(b"", 302, location="https://evil.example/")
    with pytest.raises(Exception, match="another address"):
        await listed(told.people.technicians())
    assert len(parrot.heard) == 1


def test_settings_do_not_show_their_secrets() -> None:
    settings = SdpSettings(
        url="https://help.example.com/app/x", client_id="1", client_secret="planted-1", refresh_token="planted-2"
    )
    assert "planted" not in repr(settings)


@pytest.mark.parametrize(
    ("ahead", "date"),
    [(timedelta(minutes=5), None), (timedelta(minutes=-90), None), (None, "yesterday"), (None, "")],
)
async def test_clocks_can_be_compared(ahead: timedelta | None, date: str | None, stack: AsyncExitStack) -> None:
    said = date if ahead is None else format_datetime(datetime.now(UTC) + ahead, usegmt=True)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\ndate: {said}\r\ncontent-length: 2\r\n\r\n{{}}".encode())

    server = await stack.enter_async_context(await asyncio.start_server(answer, "127.0.0.1"))
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    http = Http([url])
    stack.push_async_callback(http.aclose)
    assert http.clock_skew(url) is None
    await http.exchange("GET", url)
    skew = http.clock_skew(url)
    if ahead is None:
        assert skew is None
    else:
        assert skew is not None
        assert abs(skew - ahead) < timedelta(seconds=5)
