"""The pages in a real Chromium: the policy lets through what it must, and complains about nothing."""

import os
import shutil
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Page, async_playwright
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from sandbox.sdp.accounts import CLIENT_ID
from sandbox.serve import serve
from tests.sandbox.sdp.conftest import Tenant

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium, or set CHROMIUM to its path)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        await browser.close()
    assert complaints == []


async def test_person_decides_on_the_release_page(tenant: Tenant, page: Page) -> None:
    approval = tenant.world.waiting("arjun")[0]
    await page.goto(tenant.url)
    await page.get_by_role("link", name=approval.level.release.label, exact=True).click()
    await page.get_by_label("Comment").first.fill("Go ahead")
    await page.get_by_role("button", name="Approve as Arjun").click()
    await page.get_by_text("Go ahead").wait_for()
    assert (approval.status.name, approval.comments) == ("Approved", "Go ahead")


async def test_consent_leads_back_to_the_client(tenant: Tenant, page: Page) -> None:
    async def landed(_request: object) -> HTMLResponse:
        return HTMLResponse('<link rel="icon" href="data:,"><p>Welcome back</p>')

    async with serve(Starlette(routes=[Route("/callback", landed)])) as client:
        asked = f"response_type=code&client_id={CLIENT_ID}&scope=SDPOnDemand.releases.ALL&state=s1&access_type=offline"
        await page.goto(f"{tenant.url}/oauth/v2/auth?{asked}&redirect_uri={client}/callback")
        await page.get_by_label("You are").select_option(label="Tess Harbourne")
        await page.get_by_role("button", name="Accept").click()
        await page.get_by_text("Welcome back").wait_for()
        query = parse_qs(urlsplit(page.url).query)
    assert query["state"] == ["s1"]
    assert tenant.world.accounts.codes[query["code"][0]].person.key == "tess"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_words_are_readable_on_their_ground(tenant: Tenant, page: Page, scheme: str) -> None:
    """Contrast of at least 4.5 for every piece of text, as WCAG AA asks."""
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    await page.goto(f"{tenant.url}/app/itdesk/ui/releases/{tenant.world.release('RLS-3').id}/details")
    poor = await page.evaluate(CONTRAST)
    assert poor == []


@pytest.mark.parametrize("kind", ["releases", "maintenances", "projects", "changes", "requests"])
async def test_phone_width_does_not_scroll_sideways(tenant: Tenant, page: Page, kind: str) -> None:
    await page.set_viewport_size({"width": 360, "height": 700})
    record = next(iter(getattr(tenant.world, kind)))
    for path in (f"/app/itdesk/ui/{kind}", f"/app/itdesk/ui/{kind}/{record.id}/details"):
        await page.goto(tenant.url + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path


CONTRAST = """() => {
  const parse = colour => colour.match(/[\\d.]+/g).map(Number)
  const linear = part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  const light = colour => {
    const [red, green, blue] = parse(colour).map(part => linear(part / 255))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const ground = element => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor
      if (parse(colour)[3] !== 0) return colour
    }
    return 'rgb(255, 255, 255)'
  }
  const hasWords = element => [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())
  const contrast = element => {
    const [more, less] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a)
    return (more + 0.05) / (less + 0.05)
  }
  return [...document.querySelectorAll('body *')]
    .filter(element => hasWords(element) && contrast(element) < 4.5)
    .map(element => element.textContent.trim().slice(0, 40))
}"""
