"""The pictures of commands: `python -m tests.browser.command_pictures docs/pictures`.

A message is cut to itself, a window to itself. Light and dark.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from bot.valkey import embedded
from sandbox.box import open_box
from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.flows.conftest import Stage

PATCH = "Patch the web servers"


@dataclass(frozen=True, slots=True)
class Picture:
    """What is cut out: the last message with these words, or, without any, the window on top."""

    name: str
    words: str = ""


async def scenes(stage: Stage) -> AsyncIterator[Picture]:
    """An operator suspends a maintenance that collides with a release, and creates another."""
    sdp = stage.box.sdp
    maintenance = sdp.maintenance(PATCH)
    assert maintenance.next_run is not None
    planned = {
        "scheduled_start_time": maintenance.next_run - timedelta(hours=1),
        "scheduled_end_time": maintenance.next_run + timedelta(hours=2),
    }
    sdp.add_release("Shop front 9", "mara", stage.levels(["tess"]), services=["Corporate Website"], **planned)
    await stage.start(OPERATORS="@operators")
    await stage.settled()
    odile = stage.box.people.as_("odile")
    await odile.type(f"/sdp maintenance suspend {maintenance.label} until the audit is over", in_="#ops")
    preview = await odile.waits_for("What will happen", "#ops")
    yield Picture("maintenance-preview", "What will happen")
    await odile.click(f"Suspend {maintenance.label}", in_=preview)
    await odile.waits_for("Enable again", "#ops")
    yield Picture("maintenance-suspended", "Suspended")
    await odile.type("/sdp mantenance shw web servers", in_="#ops")
    await odile.waits_for("Did you mean", "#ops")
    yield Picture("command-near-miss", "Did you mean")
    await odile.type("/sdp maintenance create Renew the certificates", in_="#ops")
    await odile.waits_for_modal("New maintenance")
    yield Picture("maintenance-create")


async def take_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright, AsyncExitStack() as stack:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        stack.push_async_callback(browser.close)
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sdp-bot-pictures-")))
        redis_url = await stack.enter_async_context(embedded(data))
        stage = Stage(await stack.enter_async_context(open_box("demo")), redis_url, data)
        stack.push_async_callback(stage.stop)
        async for picture in scenes(stage):
            for scheme in ("light", "dark"):
                await _take(browser, stage, picture, folder / f"{picture.name}.{scheme}.png", scheme)


async def _take(browser: Browser, stage: Stage, picture: Picture, path: Path, scheme: str) -> None:
    context = await browser.new_context(
        viewport={"width": 1100, "height": 1500},
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=2,
    )
    page = await context.new_page()
    await page.goto(f"{stage.box.slack.url}/?as=odile&channel={stage.box.slack.channel('#ops').id}")
    await page.wait_for_selector("html[data-ready]")
    shown = page.locator("article", has_text=picture.words).last if picture.words else page.get_by_role("dialog").last
    await shown.screenshot(path=path)
    await context.close()


if __name__ == "__main__":
    asyncio.run(take_all(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures")))
