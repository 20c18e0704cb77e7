"""The pictures of the documentation, taken from the sandbox: `make pictures`, or some of them by name.

Each scene below is a picture: it plays in a world of its own, at the same moment of the same Monday, and answers what
is to be seen: a window, or one thing in it. It is taken in light (`waiting.png`) and in dark (`waiting.dark.png`).
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography.fernet import Fernet
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from playwright.async_api import Browser, FloatRect, Locator, Page, async_playwright, expect

from bot.valkey import embedded
from sandbox.box import Box, open_box
from sandbox.controls import Levers
from sandbox.processes import BotProcesses
from sandbox.sdp import seed_releases
from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.flows.conftest import Stage

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
DESK = (1120, 760)
TALL = (980, 1900)
PHONE = (390, 780)
PATIENCE_MS = 20_000
LARGEST = 150_000
MARGIN = 16
SCHEMES: tuple[tuple[Literal["light", "dark"], str], ...] = (("light", ".png"), ("dark", ".dark.png"))

SETTINGS = {
    "OPERATORS": "@operators",
    "ADMINS": "sam.okonjoru@example.com",
    "PUBLIC_URL": "http://127.0.0.1:3000",
    "TOKEN_KEYS": Fernet.generate_key().decode(),
}

PAYMENT = "Payment gateway 4.2"
EMERGENCY = "Emergency patch of the payment database"

Scene = Callable[["Studio"], Awaitable[Page | Locator]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A scene with the world it plays in: the scenario, the bot's settings, the window's size and sharpness."""

    scene: Scene
    scenario: str
    settings: dict[str, str]
    size: tuple[int, int]
    scale: float

    @property
    def name(self) -> str:
        return self.scene.__name__.replace("_", "-")


PICTURES: list[Picture] = []


def picture(
    scenario: str = "quiet-day", *, size: tuple[int, int] = TALL, scale: float = 1.4, **settings: str
) -> Callable[[Scene], Scene]:
    """This function is a scene."""

    def remember(scene: Scene) -> Scene:
        PICTURES.append(Picture(scene, scenario, settings, size, scale))
        return scene

    return remember


@dataclass
class Studio:
    """What a scene plays with: the stage of the flows, a window, the clock."""

    stage: Stage
    page: Page
    clock: FrozenDateTimeFactory

    @property
    def box(self) -> Box:
        return self.stage.box

    async def look(self, who: str, place: str = "bot") -> Page:
        """Open somebody's messages with the bot, a channel or `home` in the window."""
        channel = self.box.slack.dm(who) if place in ("bot", "home") else self.box.slack.channel(place)
        assert channel is not None
        await self.page.goto(f"{self.box.slack.url}/?as={who}&channel={channel.id}{'&tab=home' * (place == 'home')}")
        await self.page.wait_for_selector("html[data-ready]")
        return self.page

    async def card(self, title: str = PAYMENT, who: str = "arjun") -> Locator:
        """The card of a release in somebody's window, once the bot has done all there is to do."""
        await self.box.people.as_(who).waits_for(title)
        await self.stage.settled()
        await self.look(who)
        return self.article(title)

    def article(self, words: str) -> Locator:
        return self.page.locator("article", has_text=words).last

    async def press(self, button: str, within: Locator | None = None) -> None:
        await (within or self.page).get_by_role("button", name=button, exact=True).click()

    async def say(self, words: str, who: str = "odile", place: str = "bot") -> None:
        outcome = await self.box.people.as_(who).type(words, "bot" if place == "bot" else place)
        assert outcome.ok, outcome.error

    async def shows(self, words: str) -> Locator:
        """The newest message with these words, as soon as it is there."""
        await expect(self.article(words)).to_be_visible()
        return self.article(words)


# --- an approval, state by state -----------------------------------------------------------------------


@picture(size=(1120, 880), scale=1)
async def first_card(studio: Studio) -> Page:
    seed_releases.tell(studio.box.sdp, seed_releases.HIGH_RISK_SOON)
    await studio.card(PAYMENT)
    await studio.stage.hint(studio.box.sdp.release(EMERGENCY).id)
    await studio.press("Approve", await studio.card(PAYMENT))
    await studio.shows("Approved by Arjun Velloor")
    await studio.shows(EMERGENCY)
    return studio.page


@picture()
async def waiting(studio: Studio) -> Locator:
    return await studio.card()


@picture(size=PHONE)
async def waiting_on_a_phone(studio: Studio) -> Page:
    await (await studio.card()).scroll_into_view_if_needed()
    return studio.page


@picture()
async def reject(studio: Studio) -> Locator:
    await studio.press("Reject…", await studio.card())
    await studio.page.get_by_label("Reason").fill("The back-out plan takes longer than the window.")
    return studio.page.get_by_role("dialog")


@picture()
async def checking(studio: Studio) -> Locator:
    card = await studio.card()
    studio.box.sdp.break_with("rate_limited", times=None)
    await studio.press("Approve", card)
    return await studio.shows("nothing is sent yet")


@picture(UNDO_SECONDS="60")
async def undo(studio: Studio) -> Locator:
    await studio.press("Approve", await studio.card())
    return await studio.shows("Approving as Arjun Velloor")


@picture()
async def sending(studio: Studio) -> Locator:
    card = await studio.card()
    studio.box.sdp.break_with("slow", path="*/_approve", seconds=15)
    await studio.press("Approve", card)
    return await studio.shows("Approving…")


@picture()
async def not_confirmed(studio: Studio) -> Locator:
    card = await studio.card()
    studio.box.sdp.break_with("error_503", path="*/approvals/*", method="GET", times=None)
    studio.box.sdp.break_with("drop_after", path="*/_approve")
    await studio.press("Approve", card)
    return await studio.shows("Sent, not yet confirmed")


@picture()
async def decided(studio: Studio) -> Locator:
    await studio.press("Approve", await studio.card())
    return await studio.shows("Approved by Arjun Velloor")


@picture()
async def rejected(studio: Studio) -> Locator:
    await studio.press("Reject…", await studio.card())
    await studio.page.get_by_label("Reason").fill("The back-out plan takes longer than the window.")
    await studio.press("Reject", studio.page.get_by_role("dialog"))
    return await studio.shows("Rejected by Arjun Velloor")


@picture("demo")
async def closed(studio: Studio) -> Locator:
    await studio.card(EMERGENCY)
    sdp = studio.box.sdp
    sdp.decide(studio.stage.approval(EMERGENCY, "wiremu"), "approve", by="wiremu", comments="Go, the standby is ready.")
    await studio.stage.hint(sdp.release(EMERGENCY).id)
    return await studio.shows("No decision needed any more")


@picture()
async def changed(studio: Studio) -> Locator:
    card = await studio.card()
    release = studio.box.sdp.release(PAYMENT)
    start = release.scheduled_start_time
    assert start is not None
    moved = {
        "scheduled_start_time": start + timedelta(days=1),
        "scheduled_end_time": start + timedelta(days=1, hours=3),
    }
    studio.box.sdp.releases.edit(release, risk="High", **moved)
    await studio.press("Approve", card)
    await expect(studio.article(PAYMENT)).to_contain_text("changed")
    return studio.article(PAYMENT)


@picture()
async def own_release(studio: Studio) -> Locator:
    studio.box.sdp.add_release(
        "Certificates of the payment servers",
        "arjun",
        studio.stage.levels(["arjun"], ["tess"]),
        stage="UAT",
        priority="Normal",
        risk="Low",
        services=["Payments"],
        scheduled_start_time=MONDAY + timedelta(days=2),
        scheduled_end_time=MONDAY + timedelta(days=2, hours=1),
    )
    await studio.stage.bot.jobs.wake("poll")
    return await studio.card("Certificates of the payment servers")


@picture("release-day", size=DESK)
async def summary(studio: Studio) -> Locator:
    await studio.box.people.as_("arjun").waits_for("approvals wait for your decision")
    await studio.stage.settled()
    await studio.look("arjun")
    return studio.article("approvals wait for your decision")


@picture("demo", size=DESK, scale=1.2)
async def trail(studio: Studio) -> Locator:
    title = "Core switch firmware 17.9"
    card = await studio.card(title, who="tess")
    await card.locator("a.replies").click()
    return studio.page.get_by_role("complementary").or_(studio.page.locator("#thread")).first


@picture("newcomer")
async def connect(studio: Studio) -> Locator:
    await studio.press("Approve", await studio.card())
    return await studio.shows("Connect your own SDP account")


# --- commands, maintenances, projects ---------------------------------------------------------------------


@picture("demo")
async def command_near_miss(studio: Studio) -> Locator:
    await studio.look("odile")
    await studio.say("/sdp mantenance shw web servers")
    return await studio.shows("Did you mean")


@picture("demo")
async def maintenance_preview(studio: Studio) -> Locator:
    return await _about_to_suspend(studio)


@picture("demo")
async def maintenance_suspended(studio: Studio) -> Locator:
    preview = await _about_to_suspend(studio)
    await preview.get_by_role("button", name="Suspend").click()
    return await studio.shows("Enable again")


async def _about_to_suspend(studio: Studio) -> Locator:
    """The preview of a suspension, with a release that is planned for the same hours."""
    maintenance = studio.box.sdp.maintenance("Patch the web servers")
    assert maintenance.next_run is not None
    window = {
        "scheduled_start_time": maintenance.next_run - timedelta(hours=1),
        "scheduled_end_time": maintenance.next_run + timedelta(hours=2),
    }
    levels = studio.stage.levels(["tess"])
    studio.box.sdp.add_release("Shop front 9", "mara", levels, services=["Corporate Website"], **window)
    await studio.stage.bot.jobs.wake("poll")
    await studio.card("Shop front 9", who="tess")
    await studio.look("odile")
    await studio.say(f"/sdp maintenance suspend {maintenance.label} until the audit is over")
    return await studio.shows("What will happen")


@picture("demo")
async def maintenance_executed(studio: Studio) -> Locator:
    await studio.look("odile")
    await studio.say("/sdp maintenance execute CHM-1")
    await studio.shows("What will happen")
    await studio.press("Execute CHM-1")
    return await studio.shows("Executed")


@picture("demo", size=(980, 1500))
async def maintenance_create(studio: Studio) -> Locator:
    await studio.look("odile")
    await studio.say("/sdp maintenance create Renew the certificates")
    form = studio.page.get_by_role("dialog")
    await expect(form.get_by_label("Title")).to_have_value("Renew the certificates")
    return form


@picture("demo")
async def timesheet(studio: Studio) -> Locator:
    await studio.look("odile")
    await studio.say("/sdp project timesheet PJT-1")
    return await studio.shows("Timesheet:")


@picture("demo")
async def project(studio: Studio) -> Locator:
    await studio.look("odile")
    await studio.say("/sdp project show PJT-1")
    return await studio.shows("Warehouse on one sign-in")


# --- digests, the Home tab, the sandbox itself -------------------------------------------------------------


@picture("demo", scale=1)
async def digest_full(studio: Studio) -> Locator:
    maintenances = studio.box.sdp.maintenances
    tonight = maintenances.every("Daily", MONDAY.replace(hour=21))
    maintenances.add(
        "Renew the test certificates", "sam", schedule=tonight, roles=[("Implementer", "wiremu")], owner="wiremu"
    )
    await studio.card(EMERGENCY, who="wiremu")
    await studio.say("/sdp digest now", who="wiremu")
    return await studio.shows("wait for a decision of yours")


@picture()
async def digest_small(studio: Studio) -> Locator:
    await studio.card()
    await studio.say("/sdp digest now", who="arjun")
    return await studio.shows("1 release waits for a decision of yours")


@picture("demo", scale=1)
async def digest_channel(studio: Studio) -> Locator:
    await studio.card()
    await studio.say("/sdp digest channel #ops 08:30 mon-fri", place="#ops")
    await studio.box.people.as_("odile").waits_for("#ops gets its digest", "#ops")
    await studio.stage.settled()
    studio.clock.tick(timedelta(minutes=31))
    await studio.box.people.as_("odile").waits_for("Mon 23 Nov", "#ops", seconds=30)
    await studio.look("odile", "#ops")
    return studio.article("Mon 23 Nov")


@picture("demo", scale=1)
async def home(studio: Studio) -> Locator:
    return await _home_of(studio, "arjun")


@picture("demo", scale=1)
async def home_operator(studio: Studio) -> Locator:
    return await _home_of(studio, "odile")


@picture("demo", size=PHONE, scale=1.5)
async def home_on_a_phone(studio: Studio) -> Page:
    await _home_of(studio, "arjun")
    return studio.page


async def _home_of(studio: Studio, who: str) -> Locator:
    await studio.card()
    page = await studio.look(who, "home")
    await expect(page.get_by_text("As of")).to_be_visible()
    await studio.stage.settled()
    return page.locator(".home-body")


@picture("demo", size=(1000, 640), scale=1)
async def control_panel(studio: Studio) -> Page:
    page = studio.page
    levers = Levers(studio.box, BotProcesses(studio.stage.data_dir, {}))
    studio.box.page.state.controls = levers.controls()
    await studio.card()
    await page.goto(f"{studio.box.slack.url}/panel")
    await expect(page.locator(".line").first).to_be_visible()
    await page.wait_for_selector("html[data-ready]")
    return page


# --- taking them ---------------------------------------------------------------------------------------------


async def take(names: list[str], folder: Path = FOLDER) -> None:
    """Take the pictures of these names, or all of them; a picture that is larger than it should be is named."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [one for one in PICTURES if not names or one.name in names]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        for one in wanted:
            for path in await _take(browser, one, folder):
                size = path.stat().st_size
                print(f"{path.name:32} {size / 1000:5.0f} kB{'  too large' * (size > LARGEST)}", flush=True)
        await browser.close()


async def _take(browser: Browser, one: Picture, folder: Path) -> list[Path]:
    async with AsyncExitStack() as stack:
        clock = stack.enter_context(freeze_time(MONDAY, tick=True, real_asyncio=True))
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sdp-bot-pictures-")))
        redis_url = await stack.enter_async_context(embedded(data))
        box = await stack.enter_async_context(open_box(one.scenario))
        stage = Stage(box, redis_url, data)
        stack.push_async_callback(stage.stop)
        await stage.start(**SETTINGS, **one.settings)
        width, height = one.size
        page = await browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=one.scale)
        stack.push_async_callback(page.close)
        page.set_default_timeout(PATIENCE_MS)
        return await _shoot(await one.scene(Studio(stage, page, clock)), page, folder / one.name)


async def _shoot(seen: Page | Locator, page: Page, path: Path) -> list[Path]:
    taken = []
    await page.mouse.move(0, 0)
    for scheme, suffix in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        taken.append(path.with_name(path.name + suffix))
        await page.screenshot(path=taken[-1], animations="disabled", caret="hide", clip=await _frame(seen))
    return taken


async def _frame(seen: Page | Locator) -> FloatRect | None:
    """Where on the page a thing is, the Home tab with a margin around it; None for the whole window."""
    if isinstance(seen, Page):
        return None
    await seen.scroll_into_view_if_needed()
    box = await seen.bounding_box()
    assert box is not None, "it is not on the page any more"
    margin = MARGIN if await seen.evaluate("it => it.matches('.home-body')") else 0
    return {
        "x": box["x"] - margin,
        "y": box["y"] - margin,
        "width": box["width"] + 2 * margin,
        "height": box["height"] + 2 * margin,
    }


if __name__ == "__main__":
    expect.set_options(timeout=PATIENCE_MS)
    asyncio.run(take(sys.argv[1:]))
