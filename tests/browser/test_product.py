"""The whole product in a browser: both stand-ins, the real bot between them, a person in front."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from bot.store import Store, connect
from sandbox.box import open_box
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"


@dataclass
class Desk:
    """The stage of the flows, and a window on it."""

    stage: Stage
    browser: Browser
    closing: AsyncExitStack

    async def window_of(self, who: str) -> Page:
        """What one person sees of their messages with the bot, once it has something to say to them."""
        await self.stage.box.people.as_(who).waits_for(PAYMENT)
        channel = self.stage.box.slack.dm(who)
        assert channel is not None
        page = await self.browser.new_page(viewport={"width": 1280, "height": 900})
        self.closing.push_async_callback(page.close)
        await page.goto(f"{self.stage.box.slack.url}/?as={who}&channel={channel.id}")
        await page.wait_for_selector("html[data-ready]")
        return page


@pytest_asyncio.fixture(loop_scope="session")
async def desk(chromium: Browser, valkey_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as closing:
        store = Store(connect(valkey_url))
        closing.push_async_callback(store.aclose)
        await store.redis.flushall()
        stage = Stage(await closing.enter_async_context(open_box("demo")), valkey_url, tmp_path)
        closing.push_async_callback(stage.stop)
        yield Desk(stage, chromium, closing)


def card(page: Page) -> Locator:
    return page.locator("article", has_text=PAYMENT).last


async def test_a_person_approves(desk: Desk) -> None:
    await desk.stage.start()
    page = await desk.window_of("arjun")
    await card(page).get_by_role("button", name="Approve", exact=True).click()
    await expect(card(page)).to_contain_text("Approved by Arjun Velloor")
    await expect(card(page).get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    assert desk.stage.news("approval.approved") == 1


async def test_a_person_rejects_with_a_reason(desk: Desk) -> None:
    await desk.stage.start()
    page = await desk.window_of("arjun")
    await card(page).get_by_role("button", name="Reject…").click()
    await page.get_by_label("Reason").fill("The back-out plan is too slow")
    await page.get_by_role("dialog").get_by_role("button", name="Reject").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(card(page)).to_contain_text("Rejected by Arjun Velloor")
    assert desk.stage.said(PAYMENT).startswith("The back-out plan is too slow")


async def test_a_person_undoes_in_time(desk: Desk) -> None:
    await desk.stage.start(UNDO_SECONDS="60")
    page = await desk.window_of("arjun")
    await card(page).get_by_role("button", name="Approve", exact=True).click()
    await card(page).get_by_role("button", name="Undo").click()
    await expect(card(page).get_by_role("button", name="Approve", exact=True)).to_be_visible()
    assert desk.stage.news("approval.approved") == 0


async def test_a_decision_in_sdp_changes_the_card(desk: Desk) -> None:
    await desk.stage.start()
    page = await desk.window_of("arjun")
    approval = desk.stage.approval(PAYMENT, "arjun")
    desk.stage.box.sdp.decide(approval, "reject", by="arjun", comments="No window left")
    await desk.stage.hint(desk.stage.box.sdp.release(PAYMENT).id)
    await expect(card(page)).to_contain_text("Rejected by Arjun Velloor")
    await expect(card(page)).to_contain_text("No window left")


async def test_a_silent_sdp_is_said_and_settles(desk: Desk) -> None:
    await desk.stage.start()
    page = await desk.window_of("arjun")
    desk.stage.box.sdp.break_with("drop_after", path="*/_approve")
    await card(page).get_by_role("button", name="Approve", exact=True).click()
    await expect(card(page)).to_contain_text("Approved by Arjun Velloor", timeout=30_000)
    assert desk.stage.news("approval.approved") == 1
