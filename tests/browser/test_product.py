"""The whole product in a browser: both stand-ins, the real bot between them, a person in front."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio
from cryptography.fernet import Fernet
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from bot.sockets import listening_socket
from bot.store import Store, connect
from sandbox.box import Box, open_box
from sandbox.demo import set_up
from tests.browser.test_looks import axe_source, judged
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"


async def look_in(context: BrowserContext, box: Box, who: str, place: str = "bot") -> Page:
    """What one person sees of a conversation (`bot`, a channel's name) or of `home`."""
    channel = box.slack.dm(who) if place in ("bot", "home") else box.slack.channel(place)
    assert channel is not None
    page = await context.new_page()
    await page.goto(f"{box.slack.url}/?as={who}&channel={channel.id}{'&tab=home' if place == 'home' else ''}")
    await page.wait_for_selector("html[data-ready]")
    return page


@dataclass
class Desk:
    """The stage of the flows, and windows on it."""

    stage: Stage
    context: BrowserContext

    async def start(self, **options: str) -> None:
        """The bot, reachable for people's browsers; Odile operates, Sam administers."""
        with listening_socket("127.0.0.1", 0) as door:
            port = door.getsockname()[1]
        own = {
            "PORT": str(port),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "TOKEN_KEYS": Fernet.generate_key().decode(),
            "OPERATORS": "@operators",
            "ADMINS": "sam.okonjoru@example.com",
        }
        await self.stage.start(**own, **options)

    async def window_of(self, who: str, place: str = "bot") -> Page:
        return await look_in(self.context, self.stage.box, who, place)

    async def card_of(self, who: str) -> tuple[Page, Locator]:
        """Somebody's window on their messages with the bot, and the card in it, once it has come."""
        await self.stage.box.people.as_(who).waits_for(PAYMENT)
        page = await self.window_of(who)
        return page, page.locator("article", has_text=PAYMENT).last


OpenDesk = Callable[[str], Awaitable[Desk]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_desk(chromium: Browser, valkey_url: str, tmp_path: Path) -> AsyncIterator[OpenDesk]:
    """Opens a desk on a scenario, with the bot not started yet."""
    async with AsyncExitStack() as closing:

        async def open_(scenario: str) -> Desk:
            store = Store(connect(valkey_url))
            closing.push_async_callback(store.aclose)
            await store.redis.flushall()
            stage = Stage(await closing.enter_async_context(open_box(scenario)), valkey_url, tmp_path)
            closing.push_async_callback(stage.stop)
            context = await chromium.new_context(viewport={"width": 1280, "height": 900})
            closing.push_async_callback(context.close)
            return Desk(stage, context)

        yield open_


@pytest_asyncio.fixture(loop_scope="session")
async def desk(open_desk: OpenDesk) -> Desk:
    return await open_desk("demo")


def button(within: Page | Locator, name: str) -> Locator:
    return within.get_by_role("button", name=name, exact=True)


async def say(page: Page, words: str) -> None:
    """Type into the message box and send."""
    box = page.get_by_role("combobox", name="Message SDP")
    await box.fill(words)
    await box.press("Escape")  # away with the completion, so that Enter sends
    await box.press("Enter")


# --- decisions ------------------------------------------------------------------------------------------


async def test_a_person_approves(desk: Desk) -> None:
    await desk.start()
    _, card = await desk.card_of("arjun")
    await button(card, "Approve").click()
    await expect(card).to_contain_text("Approved by Arjun Velloor")
    await expect(button(card, "Approve")).to_have_count(0)
    assert desk.stage.news("approval.approved") == 1


async def test_a_person_rejects_with_a_reason(desk: Desk) -> None:
    await desk.start()
    page, card = await desk.card_of("arjun")
    await button(card, "Reject…").click()
    await page.get_by_label("Reason").fill("The back-out plan is too slow")
    await button(page.get_by_role("dialog"), "Reject").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(card).to_contain_text("Rejected by Arjun Velloor")
    assert desk.stage.said(PAYMENT).startswith("The back-out plan is too slow")


async def test_a_person_undoes_in_time(desk: Desk) -> None:
    await desk.start(UNDO_SECONDS="60")
    _, card = await desk.card_of("arjun")
    await button(card, "Approve").click()
    await button(card, "Undo").click()
    await expect(button(card, "Approve")).to_be_visible()
    assert desk.stage.news("approval.approved") == 0


async def test_a_decision_in_sdp_changes_the_card(desk: Desk) -> None:
    await desk.start()
    _, card = await desk.card_of("arjun")
    sdp = await desk.context.new_page()
    await sdp.goto(f"{desk.stage.box.sdp.url}/app/itdesk/ui/releases/{desk.stage.box.sdp.release(PAYMENT).id}/details")
    await sdp.get_by_label("Comment").first.fill("No window left")
    await sdp.get_by_role("button", name="Reject").first.click()
    await desk.stage.hint(desk.stage.box.sdp.release(PAYMENT).id)
    await expect(card).to_contain_text("Rejected by Arjun Velloor")
    await expect(card).to_contain_text("No window left")


async def test_a_silent_sdp_is_said_on_the_way_and_settles(desk: Desk) -> None:
    await desk.start()
    _, card = await desk.card_of("arjun")
    sdp = desk.stage.box.sdp
    silence = sdp.break_with("error_503", path="*/approvals/*", method="GET", times=None)
    sdp.break_with("drop_after", path="*/_approve")
    await button(card, "Approve").click()
    await expect(card).to_contain_text("Sent, not yet confirmed")
    await expect(card).not_to_contain_text("Approved by")
    sdp.mend(silence)
    await expect(card).to_contain_text("Approved by Arjun Velloor", timeout=30_000)
    assert desk.stage.news("approval.approved") == 1


async def test_a_newcomer_connects_and_then_decides(open_desk: OpenDesk) -> None:
    desk = await open_desk("newcomer")
    await desk.start()
    page, card = await desk.card_of("arjun")
    await button(card, "Approve").click()
    async with desk.context.expect_page() as opened:
        await page.get_by_role("link", name="Connect").or_(button(page, "Connect")).click()
    connecting = await opened.value
    await expect(connecting.get_by_text("Arjun Velloor")).to_be_visible()
    await connecting.get_by_role("button", name="That is me").click()
    await connecting.get_by_label("You are").select_option("Arjun Velloor")
    await button(connecting, "Accept").click()
    await expect(connecting.get_by_role("heading")).to_have_text("Connected")
    assert desk.stage.news("approval.approved") == 0
    await button(page.locator("article", has_text="Connected."), f"Approve RLS-1 {PAYMENT}").click()
    await expect(page.locator("article", has_text="Approved by Arjun Velloor").last).to_be_visible()
    [approved] = [one for one in desk.stage.box.sdp.effects("approval.approved") if one.via == "api"]
    assert approved.by == desk.stage.box.sdp.person("arjun").id


# --- maintenances, projects, the Home tab, the digest ------------------------------------------------------


async def test_an_operator_executes_a_maintenance_after_its_preview(desk: Desk) -> None:
    await desk.start()
    page = await desk.window_of("odile")
    await say(page, "/sdp maintenance execute CHM-1")
    await expect(page.get_by_text("SDP cannot take that back.")).to_be_visible()
    assert desk.stage.news("maintenance.executed") == 0
    await button(page, "Execute CHM-1").click()
    await expect(page.get_by_role("log")).to_contain_text("Executed")
    change = next(reversed(list(desk.stage.box.sdp.changes)))
    await expect(page.get_by_role("log")).to_contain_text(change.label)
    assert desk.stage.news("maintenance.executed") == 1


async def test_a_timesheet_is_a_table_to_sort_and_a_chart(desk: Desk) -> None:
    await desk.start()
    page = await desk.window_of("odile")
    await say(page, "/sdp project timesheet PJT-1")
    sheet = page.get_by_role("table").first
    await expect(sheet.get_by_role("row").nth(1)).to_contain_text("Tess Harbourne")
    await sheet.get_by_role("button", name="Person").click()
    await expect(sheet.get_by_role("row").nth(1)).to_contain_text("Arjun Velloor")
    await expect(page.get_by_role("img", name="hours by person")).to_be_visible()


async def test_a_person_changes_settings_on_the_home_tab(desk: Desk) -> None:
    await desk.start()
    await desk.stage.box.people.as_("arjun").waits_for(PAYMENT)
    page = await desk.window_of("arjun", "home")
    await expect(page.get_by_text("As of")).to_be_visible()
    await page.get_by_label("The digest comes at").fill("08:30")
    await expect(page.get_by_text("Your next digest comes")).to_contain_text("at 08:30")
    await page.get_by_label("Send me the daily digest").uncheck()
    await expect(page.get_by_text("Your next digest comes")).to_have_count(0)


async def test_a_jump_to_the_next_working_morning_brings_the_digest(chromium: Browser, tmp_path: Path) -> None:
    context = await chromium.new_context(viewport={"width": 1280, "height": 900})
    async with set_up(tmp_path, scenario="quiet-day") as (box, bot):
        await bot.ready()
        await box.people.as_("arjun").waits_for(PAYMENT, seconds=20)
        panel = await context.new_page()
        await panel.goto(f"{box.slack.url}/panel")
        await panel.wait_for_selector("html[data-ready]")
        await panel.get_by_label("Jump to").fill("monday 09:00")
        await button(panel, "Jump").click()
        await expect(panel.get_by_text("09:00 for Arjun").first).to_be_visible(timeout=30_000)
        page = await look_in(context, box, "arjun")
        await expect(page.get_by_role("log")).to_contain_text("1 release waits for a decision of yours", timeout=30_000)
        await context.close()


async def test_axe_finds_nothing_serious_in_what_the_bot_says(desk: Desk) -> None:
    axe = axe_source()
    await desk.start()
    page, card = await desk.card_of("arjun")
    assert await judged(page, axe) == []
    await button(card, "Reject…").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await judged(page, axe) == []
    assert await judged(await desk.window_of("arjun", "home"), axe) == []
    odile = await desk.window_of("odile")
    await say(odile, "/sdp project timesheet PJT-1")
    await expect(odile.get_by_role("table").first).to_be_visible()
    await say(odile, "/sdp maintenance create")
    await expect(odile.get_by_role("dialog").get_by_label("Title")).to_be_visible()
    assert await judged(odile, axe) == []
