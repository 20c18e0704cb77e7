"""Light and dark, phone width, keyboard and screen reader."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Stage

PHONE: dict[str, Any] = {"width": 390, "height": 780}
JUDGE = Path(__file__).parent / "judge"
INSTALL = ("install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--fetch-retries=0")
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


async def test_the_page_is_dark_where_the_system_is(stage: Stage) -> None:
    light = await stage.window_of("arjun", color_scheme="light")
    dark = await stage.window_of("arjun", color_scheme="dark")
    assert await light.evaluate(BACKGROUND) == "rgb(255, 255, 255)"
    assert await dark.evaluate(BACKGROUND) == "rgb(23, 29, 32)"


async def test_a_chosen_theme_outlives_a_reload(stage: Stage) -> None:
    page = await stage.window_of("arjun", color_scheme="light")
    await page.get_by_role("button", name="Switch between light and dark").click()
    assert await page.evaluate(BACKGROUND) == "rgb(23, 29, 32)"
    await page.reload()
    assert await page.evaluate(BACKGROUND) == "rgb(23, 29, 32)"


async def test_nothing_is_wider_than_a_phone(stage: Stage) -> None:
    await stage.card_for("arjun")
    await stage.as_("arjun").type("/sdp table")
    page = await stage.window_of("arjun", **PHONE)
    await expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    assert await page.locator("#scroll").evaluate("box => box.scrollWidth <= box.clientWidth")


async def test_on_a_phone_conversations_slide_in_and_a_modal_fills_the_screen(stage: Stage) -> None:
    await stage.card_for("arjun")
    page = await stage.window_of("arjun", **PHONE)
    link = page.get_by_role("link", name="general")
    await expect(link).not_to_be_visible()
    await page.get_by_role("button", name="Conversations").click()
    await link.click()
    await expect(page.get_by_role("heading", name="general")).to_be_visible()
    await expect(link).not_to_be_visible()
    await page.go_back()
    await page.get_by_role("button", name="Reject…").click()
    box = await page.get_by_role("dialog", name="Reject RLS-42").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 780}


async def test_everything_on_a_card_is_reached_by_tab(stage: Stage) -> None:
    await stage.card_for("arjun")
    page = await stage.window_of("arjun")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the conversation")).to_be_focused()
    await page.keyboard.press("Enter")
    reached = []
    for _ in range(14):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.innerText"))
    first = reached.index("Approve")
    assert reached[first : first + 4] == ["Approve", "Reject…", "Ask privately", "More actions"]
    assert "Reply in thread" in reached[first:]


async def test_axe_finds_nothing_serious(stage: Stage) -> None:
    """Every surface, in light and dark, on a desk and on a phone."""
    axe = axe_source()
    await stage.card_for("arjun")
    await stage.as_("arjun").type("/sdp table")
    await stage.as_("arjun").click("Ask privately")
    await stage.as_("arjun").open_home()
    for options in ({"color_scheme": "light"}, {"color_scheme": "dark"}, {**PHONE, "color_scheme": "light"}):
        page = await stage.window_of("arjun", **options)
        await stage.as_("arjun").click("Reject…")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.get_by_role("button", name="Reject", exact=True).click()
        await expect(page.get_by_text("Please complete this required field.").first).to_be_visible()
        assert await judged(page, axe) == []
        await page.get_by_role("combobox", name="Risk").click()
        assert await judged(page, axe) == []
        await page.keyboard.press("Escape")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        assert await judged(page, axe) == []
        await page.get_by_role("button", name="You are Arjun Velloor").click()
        assert await judged(page, axe) == []
        assert await judged(await stage.window_of("arjun", "home", **options), axe) == []
        assert await judged(await stage.window("/panel", **options), axe) == []


def axe_source() -> str:
    """axe-core is a development tool and not part of the project: fetched once by npm, or found where AXE_CORE says."""
    path = Path(os.environ.get("AXE_CORE") or JUDGE / "node_modules" / "axe-core" / "axe.min.js")
    if not path.is_file():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("no npm here to fetch axe-core (apt-get install npm, or set AXE_CORE to axe.min.js)")
        said = fetched(npm)
        if not path.is_file():
            pytest.skip(f"axe-core could not be fetched with npm: {said}")
    return path.read_text()


def fetched(npm: str) -> str:
    """Have npm fetch what `judge/package.json` names; answers what npm said."""
    try:
        done = subprocess.run([npm, *INSTALL], cwd=JUDGE, capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return "it took longer than a minute"
    return done.stderr.strip() or done.stdout.strip()


async def judged(page: Page, axe: str) -> list[str]:
    """What axe calls serious or critical on the page as it stands now."""
    await page.evaluate(axe)
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
