"""A real Chromium on the served workspace, with a real Bolt app behind it.

One browser for the whole run; each test has its own workspace, its own app and its own windows. Without Chromium or
Playwright's driver the tests are skipped, saying so.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright, expect
from starlette.applications import Starlette

from sandbox.serve import serve
from sandbox.slack.app import create_app
from sandbox.slack.people import Actor, Slack
from sandbox.slack.seeds import seed
from sandbox.slack.world import SlackWorld
from tests.browser.counterpart import build
from tests.sandbox.slack.counterpart import over_http

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these share one browser and one event loop, and go to one worker."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def chromium_path() -> str | None:
    """Debian's Chromium, or the one `CHROMIUM` names."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium, or set CHROMIUM to its path)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@dataclass
class Stage:
    """A served workspace with people in it, the app that answers, and windows to look through."""

    world: SlackWorld
    slack: Slack
    app: Starlette
    browser: Browser
    closing: AsyncExitStack
    complaints: list[str] = field(default_factory=list)

    def as_(self, who: str) -> Actor:
        return self.slack.as_(who)

    async def card_for(self, who: str) -> None:
        """The app sends somebody a card that waits."""
        outcome = await self.as_(who).type("/sdp card")
        assert outcome.ok, outcome.error

    async def window(self, path: str = "/", *, width: int = 1280, height: int = 860, **options: Any) -> Page:
        """Open a page in a window of its own, ready to be used."""
        context = await self.browser.new_context(viewport={"width": width, "height": height}, **options)
        self.closing.push_async_callback(context.close)
        page = await context.new_page()
        page.on("console", self._hear)
        page.on("request", self._watch)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(self.world.url + path)
        await page.wait_for_selector("html[data-ready]")
        return page

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self.world.url, "blob:", "data:")):
            self.complaints.append(f"the page asked somebody else: {request.url}")

    def _hear(self, said: ConsoleMessage) -> None:
        # The browser complains of every answer that is not 2xx; those are said on the page.
        if said.type == "error" and "Failed to load resource" not in said.text:
            self.complaints.append(said.text)

    async def window_of(self, who: str, place: str = "bot", **options: Any) -> Page:
        """What one person sees of a conversation (`bot`, a channel's name) or of `home`."""
        if place == "home":
            return await self.window(f"/?as={who}&tab=home", **options)
        channel = self.world.dm(who) if place == "bot" else self.world.channel(place)
        assert channel is not None
        return await self.window(f"/?as={who}&channel={channel.id}", **options)


@pytest_asyncio.fixture(loop_scope="session")
async def stage(chromium: Browser) -> AsyncIterator[Stage]:
    """A stage whose pages never complained: not about a script, and not about the page's own policy."""
    world = SlackWorld(seed=3)
    seed(world)
    app = create_app(world)
    async with AsyncExitStack() as closing:
        world.url = await closing.enter_async_context(serve(app))
        await closing.enter_async_context(over_http(world, build(world)))
        stage = Stage(world, app.state.slack, app, chromium, closing)
        yield stage
    assert not stage.complaints
