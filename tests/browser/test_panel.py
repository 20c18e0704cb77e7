"""The control panel: the log of requests, faults of Slack's side, and what the demo lends it."""

from playwright.async_api import expect

from sandbox.slack.page import Controls, FaultSwitch
from tests.browser.conftest import Stage


async def test_requests_appear_as_they_happen_without_secrets(stage: Stage) -> None:
    page = await stage.window("/panel")
    await stage.card_for("arjun")
    line = page.locator(".line", has_text="chat.postMessage")
    await expect(line).to_contain_text("Bot → Slack")
    await line.locator("summary").click()
    await expect(line).to_contain_text("RLS-42 Payment gateway 4.2")
    words = await page.locator("#lines").inner_text()
    assert stage.world.bot_token not in words
    assert stage.world.signing_secret not in words


async def test_the_log_can_be_filtered_paused_and_cleared(stage: Stage) -> None:
    page = await stage.window("/panel")
    await stage.card_for("arjun")
    await expect(page.locator(".line")).to_have_count(3)
    await page.get_by_role("searchbox").fill("postmessage")
    await expect(page.locator(".line:visible")).to_have_count(1)
    await page.get_by_role("checkbox", name="Pause").check()
    await page.get_by_role("button", name="Clear").click()
    await stage.card_for("tess")
    await page.get_by_role("checkbox", name="Pause").uncheck()
    await expect(page.locator(".line:visible", has_text="chat.postMessage")).to_have_count(1)


async def test_a_fault_strikes_and_is_mended(stage: Stage) -> None:
    await stage.card_for("tess")
    page = await stage.window("/panel")
    await page.get_by_role("button", name="Server error").click()
    await expect(page.get_by_role("list", name="Faults that are set")).to_contain_text("3 of 3 left")
    outcome = await stage.as_("arjun").type("/sdp card")
    assert not outcome.ok
    await expect(page.locator(".line .wrong").first).to_be_visible()
    await expect(page.get_by_text("What people were told")).to_be_visible()
    await page.get_by_role("button", name="Make Slack well again").click()
    await expect(page.get_by_role("list", name="Faults that are set")).to_have_count(0)
    await stage.card_for("arjun")


async def test_a_switch_is_turned(stage: Stage) -> None:
    page = await stage.window("/panel")
    await page.get_by_role("switch", name="Strict rates").check()
    await expect(page.get_by_text("Strict rates: on.")).to_be_visible()
    assert stage.world.switches.strict_rates


async def test_what_the_demo_does_not_lend_is_not_shown(stage: Stage) -> None:
    page = await stage.window("/panel")
    await expect(page.get_by_role("heading", name="Slack misbehaves")).to_be_visible()
    await expect(page.get_by_role("heading", name="SDP misbehaves")).to_have_count(0)
    await expect(page.get_by_role("button", name="Kill the worker")).to_have_count(0)
    await expect(page.get_by_role("link", name="Open SDP")).to_have_count(0)


async def test_the_levers_of_the_demo_are_pulled_with_what_was_typed(stage: Stage) -> None:
    pulled: list[tuple[object, ...]] = []

    async def pull(*given: object) -> str:
        pulled.append(given)
        return f"Done: {given}."

    switches = [FaultSwitch("silent", "Silent after acting", "acts, then drops the answer")]
    stage.app.state.controls = Controls(
        sdp_url="http://127.0.0.1:9/",
        faults=lambda: switches,
        set_fault=pull,
        jump_time=pull,
        kill_worker=pull,
        load=pull,
    )
    page = await stage.window("/panel")
    await page.get_by_role("button", name="Tomorrow 09:00").click()
    await expect(page.get_by_text("Done: ('tomorrow 09:00',).")).to_be_visible()
    await page.get_by_label("Jump to").fill("+2 hours")
    await page.get_by_role("button", name="Jump", exact=True).click()
    await page.get_by_label("New approvals at once").fill("30")
    await page.get_by_role("button", name="Make them").click()
    await page.get_by_role("switch", name="Silent after acting").check()
    await page.get_by_role("button", name="Kill the worker").click()
    await expect(page.get_by_text("Done: ().")).to_be_visible()
    assert pulled == [("tomorrow 09:00",), ("+2 hours",), (30,), ("silent", True), ()]
    await expect(page.get_by_role("link", name="Open SDP")).to_have_attribute("href", "http://127.0.0.1:9/")
