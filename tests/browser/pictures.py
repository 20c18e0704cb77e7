"""The pictures of the documentation, taken from the sandbox: `python -m tests.browser.pictures docs/pictures`.

Each picture is a row of the table below: whose screen, where, how large, and what that person does before it is taken.
They are taken in this order, in one world, so a picture may build on the one before.
Every one is taken in light and in dark (`approval.light.png`, `approval.dark.png`).
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from bot.valkey import embedded
from sandbox.box import open_box
from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"
SWITCH = "Core switch firmware"
DESK = (1180, 760)
PHONE = (390, 780)


async def nothing(page: Page) -> None:
    """The screen as it opens."""


async def rejecting(page: Page) -> None:
    await _card(page, SWITCH).get_by_role("button", name="Reject…").click()
    await page.get_by_label("Reason").fill("The back-out plan takes longer than the window.")


async def approved(page: Page) -> None:
    await _card(page, PAYMENT).get_by_role("button", name="Approve", exact=True).click()
    await expect(_card(page, PAYMENT)).to_contain_text("Approved by Arjun Velloor", timeout=20_000)


async def looking_at_requests(page: Page) -> None:
    await expect(page.locator(".line").first).to_be_visible()


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    path: str
    size: tuple[int, int] = DESK
    steps: Callable[[Page], Awaitable[None]] = nothing


PICTURES = (
    Picture("approval", "/?as=arjun"),
    Picture("approval-phone", "/?as=arjun", PHONE),
    Picture("approved", "/?as=arjun", DESK, approved),
    Picture("panel", "/panel", DESK, looking_at_requests),
    Picture("reject", "/?as=arjun", DESK, rejecting),
)


async def take_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        for scheme in ("light", "dark"):
            await _take(browser, folder, scheme)
        await browser.close()


async def _take(browser: Browser, folder: Path, scheme: str) -> None:
    """One round on a world of its own, so that both rounds show the same."""
    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sdp-bot-pictures-")))
        redis_url = await stack.enter_async_context(embedded(data))
        stage = Stage(await stack.enter_async_context(open_box("demo")), redis_url, data)
        stack.push_async_callback(stage.stop)
        await stage.start()
        await stage.box.people.as_("arjun").waits_for(PAYMENT)
        await stage.settled()
        for picture in PICTURES:
            await _take_one(browser, stage.box.slack.url, picture, folder / f"{picture.name}.{scheme}.png", scheme)


async def _take_one(browser: Browser, url: str, picture: Picture, path: Path, scheme: str) -> None:
    width, height = picture.size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=2,
    )
    page = await context.new_page()
    await page.goto(url + picture.path)
    await page.wait_for_selector("html[data-ready]")
    await picture.steps(page)
    await page.screenshot(path=path)
    await context.close()


def _card(page: Page, title: str) -> Locator:
    return page.locator("article", has_text=title).last


if __name__ == "__main__":
    asyncio.run(take_all(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures")))
