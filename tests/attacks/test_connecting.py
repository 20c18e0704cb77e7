"""Connecting an SDP account: the way there, what waited, and every way to bind the wrong one."""

import asyncio
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from bot.errors import NotAllowed, NotLinked
from sandbox.sdp.accounts import CLIENT_ID
from tests.attacks.browser import Browser
from tests.attacks.conftest import PORTAL, Street
from tests.conftest import until

# --- the way there ------------------------------------------------------------------------------------


async def test_a_click_asks_to_connect_and_is_offered_again_after_but_never_sent_by_itself(street: Street) -> None:
    await street.people_act()
    arjun = street.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for(PORTAL))
    asked = await arjun.waits_for("Connect your own SDP account")
    async with Browser() as browser:
        page = await browser.open(street.button_link(asked))
        assert "Arjun Velloor (arjun.velloor@example.com)" in page.text
        assert "Example Works" in page.text
        await browser.press()
        await street.consent(browser, "arjun")
        assert "Connected" in browser.page.text
    offered = await arjun.waits_for("You pressed Approve on")
    await street.settled()
    assert not street.decided()
    await arjun.click("people.resume", in_=offered)
    await arjun.waits_for("Approved by Arjun Velloor")
    assert [effect.by for effect in street.decided()] == [street.box.sdp.person("arjun").id]


async def test_a_rejections_reason_is_kept_while_its_person_connects(street: Street) -> None:
    await street.people_act()
    arjun = street.box.people.as_("arjun")
    await arjun.click("Reject…", in_=await arjun.waits_for(PORTAL))
    await arjun.submit({"Reason": "The rollback plan is missing"})
    await arjun.waits_for("Connect your own SDP account")
    await street.connects("arjun")
    await arjun.click("people.resume", in_=await arjun.waits_for("The rollback plan is missing"))
    await arjun.waits_for("Rejected by Arjun Velloor")
    assert street.said(PORTAL) == "The rollback plan is missing"


async def test_with_an_own_account_the_comment_is_as_it_was_written(street: Street) -> None:
    await street.people_act()
    await street.connects("arjun")
    arjun = street.box.people.as_("arjun")
    await arjun.click("Approve with comment…", in_=await arjun.waits_for(PORTAL))
    await arjun.submit({"Comment": "Go ahead"})
    await arjun.waits_for("Approved by Arjun Velloor")
    assert street.said(PORTAL) == "Go ahead"


async def test_disconnecting_revokes_at_zoho_and_forgets(street: Street) -> None:
    await street.people_act()
    await street.connects("arjun")
    assert await street.bot.linking.unlink(street.id("arjun"))
    assert await street.linked("arjun") is None
    assert street.box.sdp.effects("grant.revoked", by="arjun")
    await street.noted("unlinked", person=street.id("arjun"))


async def test_disconnecting_while_zoho_is_away_forgets_nothing(street: Street) -> None:
    await street.people_act()
    await street.connects("arjun")
    street.box.sdp.break_with("error_503", "*/token/revoke", times=None)
    with pytest.raises(Exception, match="could not disconnect"):
        await street.bot.linking.unlink(street.id("arjun"))
    assert await street.linked("arjun") == "Arjun Velloor"


async def test_connecting_again_revokes_the_token_before(street: Street) -> None:
    await street.people_act()
    await street.connects("arjun")
    await street.connects("arjun")
    assert await street.linked("arjun") == "Arjun Velloor"
    assert len(street.box.sdp.effects("grant.revoked", by="arjun")) == 1


async def test_a_revoked_token_asks_to_connect_again_and_keeps_the_click(street: Street) -> None:
    await street.people_act()
    await street.connects("arjun")
    arjun = street.box.people.as_("arjun")
    card = await arjun.waits_for(PORTAL)
    street.box.sdp.accounts.revoke_all("arjun")
    await street.bot.store.redis.delete(*[key async for key in street.bot.store.redis.scan_iter("sdp-bot:token:*")])
    await street.stop()
    await street.people_act()
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Zoho no longer accepts your connection")
    assert not street.decided()
    await street.connects("arjun")
    await arjun.click("people.resume", in_=await arjun.waits_for("You pressed Approve on"))
    await arjun.waits_for("Approved by Arjun Velloor")


async def test_a_mistyped_client_secret_breaks_nobodys_connection(street: Street) -> None:
    await street.people_act()
    await street.connects("arjun")
    arjun = street.box.people.as_("arjun")
    card = await arjun.waits_for(PORTAL)
    client = street.box.sdp.accounts.clients[CLIENT_ID]
    right, client.secret = client.secret, "another"
    await street.bot.store.redis.delete(*[key async for key in street.bot.store.redis.scan_iter("sdp-bot:token:*")])
    await street.stop()
    await street.people_act()
    await arjun.type("/sdp approvals")
    await arjun.waits_for("Zoho does not accept the bot itself")
    client.secret = right
    await street.stop()
    await street.people_act()
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Approved by Arjun Velloor")


async def test_a_token_revoked_between_check_and_call_sends_nothing_and_asks_again(street: Street) -> None:
    await street.people_act()
    await street.connects("arjun")
    arjun = street.box.people.as_("arjun")
    card = await arjun.waits_for(PORTAL)
    street.box.sdp.accounts.revoke_all("arjun")
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Zoho no longer accepts your connection")
    assert not street.decided()


# --- a link binds nobody else -----------------------------------------------------------------------------


async def test_a_forwarded_link_does_not_bind_the_one_who_opens_it(street: Street) -> None:
    """Mara sends her link to Arjun, who takes every step as himself: his token must not become hers."""
    await street.people_act()
    browser = await street.connects("mara", as_="arjun")
    assert browser.page.status == 409
    assert "made for Mara Vossberg" in browser.page.text
    assert await street.linked("mara") is None
    assert street.box.sdp.effects("grant.revoked", by="arjun")
    await street.noted("link refused", person=street.id("mara"))


async def test_a_link_works_once(street: Street) -> None:
    await street.people_act()
    link = await street.link_for("arjun")
    async with Browser() as first, Browser() as second:
        await first.open(link)
        await second.open(link)
        await first.press()
        page = await second.press()
    assert page.status == 410
    assert "Ask for a new one" in page.text


async def test_two_tabs_of_one_link_leave_for_zoho_once(street: Street) -> None:
    await street.people_act()
    link = await street.link_for("arjun")
    async with Browser() as one:
        await one.open(link)
        pressed = await asyncio.gather(one.leave(), one.leave())
    assert sorted(bool(where) for where in pressed) == [False, True]


async def test_looking_at_a_link_uses_nothing_up(street: Street, browser: Browser) -> None:
    await street.people_act()
    link = await street.link_for("arjun")
    for _ in range(3):
        assert (await browser.open(link)).status == 200
    await browser.press()
    await street.consent(browser, "arjun")
    assert await street.linked("arjun") == "Arjun Velloor"


async def test_a_link_ends_after_ten_minutes(street: Street, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    await street.people_act()
    link = await street.link_for("arjun")
    monkeypatch.setattr("bot.linking.time.time", lambda: 4_000_000_000.0)
    assert (await browser.open(link)).status == 410


@pytest.mark.parametrize("where", ["id", "time", "signature", "all"])
async def test_a_link_with_one_letter_changed_is_nobodys(street: Street, browser: Browser, where: str) -> None:
    await street.people_act()
    base, _, token = (await street.link_for("arjun")).partition("?t=")
    id_, ends, signature = token.split(".")
    changed = {
        "id": f"{id_[:-1]}{'a' if id_[-1] != 'a' else 'b'}.{ends}.{signature}",
        "time": f"{id_}.{int(ends) + 600}.{signature}",
        "signature": f"{id_}.{ends}.{'0' * len(signature)}",
        "all": "x",
    }
    assert (await browser.open(f"{base}?t={changed[where]}")).status == 410


async def test_a_stolen_state_is_worth_nothing_in_another_browser(street: Street) -> None:
    """Arjun's way back from Zoho, state and code and all, is opened by somebody else first."""
    await street.people_act()
    async with Browser() as arjun, Browser() as thief:
        await arjun.open(await street.link_for("arjun"))
        await arjun.press()
        back = await arjun.leave(person=street.box.sdp.person("arjun").id, answer="accept")
        assert (await thief.open(back)).status == 410
        assert (await arjun.open(back)).status == 410
    assert await street.linked("arjun") is None


async def test_a_way_back_works_once(street: Street, browser: Browser) -> None:
    await street.people_act()
    await browser.open(await street.link_for("arjun"))
    await browser.press()
    back = await browser.leave(person=street.box.sdp.person("arjun").id, answer="accept")
    assert (await browser.open(back)).status == 200
    assert (await browser.open(back)).status == 410


async def test_a_made_up_state_is_nobodys(street: Street, browser: Browser) -> None:
    house = await street.people_act()
    query = urlencode({"state": "made-up", "code": "1000.x.y"})
    page = await browser.open(f"{house.settings.public_url}/sdp/oauth/callback?{query}")
    assert page.status == 410


async def test_somebody_elses_code_does_not_get_in(street: Street) -> None:
    """The thief starts for himself and puts Arjun's code into his own way back."""
    await street.people_act()
    async with Browser() as arjun, Browser() as thief:
        await arjun.open(await street.link_for("arjun"))
        await arjun.press()
        theirs = await arjun.leave(person=street.box.sdp.person("arjun").id, answer="accept")
        await thief.open(await street.link_for("mara"))
        await thief.press()
        own = await thief.leave(person=street.box.sdp.person("mara").id, answer="accept")
        code = parse_qs(urlsplit(theirs).query)["code"][0]
        page = await thief.open(re.sub(r"code=[^&]*", f"code={code}", own))
    assert page.status == 409
    assert await street.linked("mara") is None


async def test_secrets_go_to_no_server_the_callback_names(street: Street, browser: Browser) -> None:
    await street.people_act()
    await browser.open(await street.link_for("arjun"))
    await browser.press()
    back = await browser.leave(person=street.box.sdp.person("arjun").id, answer="accept")
    evil = re.sub(r"accounts-server=[^&]*", "accounts-server=https%3A%2F%2Faccounts.zoho.com.example.com", back)
    page = await browser.open(evil)
    assert page.status == 409
    assert "not Zoho" in page.text
    assert not street.box.sdp.effects("grant.given", by="arjun")


async def test_saying_no_at_zoho_connects_nothing(street: Street, browser: Browser) -> None:
    await street.people_act()
    await browser.open(await street.link_for("arjun"))
    await browser.press()
    await street.consent(browser, "arjun", answer="reject")
    assert browser.page.status == 409
    assert await street.linked("arjun") is None


async def test_an_account_is_connected_to_one_person_only(street: Street) -> None:
    """An administrator's map moves on; the link that exists still holds its account."""
    house = await street.people_act()
    await street.connects("arjun")
    await house.people.say_who(street.id("tess"), street.box.sdp.person("arjun").id, "Arjun Velloor")
    browser = await street.connects("tess", as_="arjun")
    assert browser.page.status == 409
    assert await street.linked("arjun") == "Arjun Velloor"
    assert await street.linked("tess") is None


async def test_a_guest_gets_no_link(street: Street) -> None:
    await street.people_act()
    with pytest.raises(NotAllowed):
        await street.link_for("gil")


async def test_who_is_deactivated_on_the_way_is_not_bound(street: Street, browser: Browser) -> None:
    house = await street.people_act()
    await browser.open(await street.link_for("arjun"))
    await browser.press()
    street.box.slack.person("arjun").deleted = True
    await house.people.forget()
    await street.consent(browser, "arjun")
    assert browser.page.status == 409
    assert await street.linked("arjun") is None


async def test_a_form_sent_by_another_site_is_refused(street: Street, browser: Browser) -> None:
    await street.people_act()
    page = await browser.open(await street.link_for("arjun"))
    _, fields = page.form()
    async with Browser() as victim:
        await victim.open(page.url)
        answer = await victim._ask(
            "POST", page.url.partition("?")[0], data=fields, headers={"Sec-Fetch-Site": "cross-site"}
        )
    assert answer.status == 403


async def test_the_pages_load_nothing_frame_nowhere_and_tell_nobody_where_they_were(
    street: Street, browser: Browser
) -> None:
    await street.people_act()
    page = await browser.open(await street.link_for("arjun"))
    assert page.headers is not None
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text


async def test_a_name_full_of_html_stays_a_name(street: Street, browser: Browser) -> None:
    street.box.slack.person("arjun").real_name = '<img src=x onerror=alert(1)>"&'
    await street.people_act()
    page = await browser.open(await street.link_for("arjun"))
    assert "<img" not in page.text
    assert "&lt;img src=x" in page.text


async def test_the_callback_sends_nobody_anywhere(street: Street, browser: Browser) -> None:
    house = await street.people_act()
    for name in ("next", "redirect", "redirect_uri", "return_to", "url"):
        page = await browser.open(f"{house.settings.public_url}/sdp/oauth/callback?{name}=https://evil.example.com/")
        assert page.status == 410
        assert "evil.example.com" not in page.text


# --- half set up ---------------------------------------------------------------------------------------------


async def test_without_a_public_address_cards_have_no_buttons_that_cannot_work(street: Street) -> None:
    await street.people_act(PUBLIC_URL="")
    arjun = street.box.people.as_("arjun")
    await arjun.waits_for(PORTAL)
    assert street.buttons("arjun", PORTAL) == ["Open in SDP"]
    with pytest.raises(NotLinked, match="not set up"):
        await street.link_for("arjun")


async def test_with_a_shared_redis_and_no_keys_nobody_can_connect(street: Street) -> None:
    await street.people_act(TOKEN_KEYS="")
    with pytest.raises(NotLinked, match="not set up"):
        await street.link_for("arjun")


async def test_tokens_at_rest_open_with_the_new_key_after_a_rotation_and_not_without_it(street: Street) -> None:
    house = await street.people_act()
    await street.connects("arjun")
    sealed = (await house.links.of(street.id("arjun"))).sealed  # type: ignore[union-attr]
    assert "1000." not in sealed
    old, street.key = street.key, f"{Street.__dataclass_fields__['key'].default_factory()},{street.key}"  # type: ignore[misc]
    await street.stop()
    house = await street.people_act()
    assert await house.links.rotate() == (1, 0)
    street.key = street.key.partition(",")[0]
    await street.stop()
    house = await street.people_act()
    assert await house.accounts.is_connected(street.id("arjun"))
    street.key = old
    await street.stop()
    house = await street.people_act()
    assert not await house.accounts.is_connected(street.id("arjun"))


async def test_the_invitation_is_seen_by_its_person_alone(street: Street) -> None:
    await street.people_act()
    arjun = street.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for(PORTAL))
    asked = await arjun.waits_for("Connect your own SDP account")
    await until(lambda: asked.is_ephemeral)
    assert asked.ephemeral_for == street.id("arjun")


async def test_by_command_somebody_connects_learns_who_they_are_and_disconnects(street: Street) -> None:
    await street.people_act(OPERATORS="@operators")
    odile = street.box.people.as_("odile")
    await odile.type("/sdp whoami")
    await odile.waits_for("It is not known who you are in SDP")
    await odile.type("/sdp link")
    asked = await odile.waits_for("Connect your own SDP account.")
    async with Browser() as browser:
        await browser.open(street.button_link(asked))
        await browser.press()
        await street.consent(browser, "odile")
    await odile.waits_for("You act in SDP as Odile Marchetty now")
    await odile.type("/sdp whoami")
    await odile.waits_for("Here you are an operator and a reader")
    await odile.type("/sdp unlink")
    await odile.waits_for("Disconnected")
    assert await street.linked("odile") is None


async def test_a_maintenance_is_changed_with_the_persons_own_token(street: Street) -> None:
    """No OPERATORS at all: SDP decides, and its records name the person."""
    await street.people_act()
    await street.connects("odile")
    odile = street.box.people.as_("odile")
    running = next(one for one in street.box.sdp.maintenances if not one.suspended)
    await odile.type(f"/sdp maintenance suspend {running.label}")
    preview = await odile.waits_for("Suspend")
    await odile.click("operation.confirm", in_=preview)
    await until(lambda: street.box.sdp.effects("maintenance.suspended", by="odile"))
