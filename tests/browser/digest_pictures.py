"""The pictures of digests and of the Home tab: `python -m tests.browser.digest_pictures docs/pictures`.

Each is cut to what it shows: one message, or the tab. Light and dark.
"""

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from bot.schedule import EVERY_DAY
from bot.store import TeamDigest
from bot.valkey import embedded
from sandbox.box import open_box
from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.flows.conftest import Stage


@dataclass(frozen=True, slots=True)
class Picture:
    """`where` is the part of the address that leads there, `words` are in the message that is cut out; "": the tab."""

    name: str
    where: str
    words: str = ""
    width: int = 820


async def prepare(stage: Stage) -> list[Picture]:
    """A full day for Wiremu, a small one for Sam, a channel's, and the operator's Home tab."""
    sdp = stage.box.sdp
    midnight = sdp.now().replace(hour=0, minute=0, second=0, microsecond=0)
    schedule = sdp.maintenances.every("Daily", midnight.replace(hour=21))
    parts = (("Implementer", "wiremu"),)
    sdp.maintenances.add("Renew the test certificates", "sam", schedule=schedule, roles=parts, owner="wiremu")
    sdp.add_release("Badge readers at gate 3", "sam", stage.levels(["sam"]), scheduled_start_time=midnight)
    house = await stage.start(OPERATORS="odile.marchetty@example.com", DIGESTS_PER_SECOND="50")
    await stage.settled()
    for who in ("wiremu", "sam"):
        await house.jobs.wake("digest_now", f"{stage.box.slack.person(who).id}|picture")
    ops, odile = stage.box.slack.channel("ops"), stage.box.people.as_("odile")
    await house.digests.keep_team(TeamDigest(ops.id, "ops", time(0, 0), EVERY_DAY, "UTC", odile.person.id))
    await house.digests.plan(ops.id, datetime.now(UTC))
    await house.jobs.wake("digest")
    await odile.waits_for("wait for a decision", "#ops")
    for who in ("wiremu", "sam"):
        await stage.box.people.as_(who).waits_for("for a decision of yours")
    await odile.open_home()
    await odile.waits_for_home("My settings")
    arjun = stage.box.people.as_("arjun")
    await arjun.open_home()
    await arjun.waits_for_home("My settings")
    await stage.settled()
    return [
        Picture("digest-full", "/?as=wiremu", "for a decision of yours"),
        Picture("digest-small", "/?as=sam", "for a decision of yours"),
        Picture("digest-channel", f"/?as=odile&channel={ops.id}", "wait for a decision"),
        Picture("home", "/?as=arjun&tab=home"),
        Picture("home-operator", "/?as=odile&tab=home"),
        Picture("home-phone", "/?as=arjun&tab=home", width=390),
    ]


async def take_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright, AsyncExitStack() as stack:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        stack.push_async_callback(browser.close)
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sdp-bot-pictures-")))
        redis_url = await stack.enter_async_context(embedded(data))
        stage = Stage(await stack.enter_async_context(open_box("demo")), redis_url, data)
        stack.push_async_callback(stage.stop)
        for picture in await prepare(stage):
            for scheme in ("light", "dark"):
                await _take(browser, stage.box.slack.url, picture, folder / f"{picture.name}.{scheme}.png", scheme)


async def _take(browser: Browser, url: str, picture: Picture, path: Path, scheme: str) -> None:
    context = await browser.new_context(
        viewport={"width": picture.width + 360 if picture.width > 400 else picture.width, "height": 2400},
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=2,
    )
    page = await context.new_page()
    await page.goto(url + picture.where)
    await page.wait_for_selector("html[data-ready]")
    if picture.words:
        await page.locator("article", has_text=picture.words).last.screenshot(path=path)
    else:
        await page.locator(".home-body").screenshot(path=path)
    await context.close()


if __name__ == "__main__":
    asyncio.run(take_all(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures")))
