"""Modals on the page: errors at fields, menus that ask the bot, a stack of three, waiting for a slow bot."""

from playwright.async_api import Page, expect

from tests.browser.conftest import Stage


async def rejecting(stage: Stage) -> Page:
    """Arjun has the modal open that asks for a reason."""
    await stage.card_for("arjun")
    page = await stage.window_of("arjun")
    await page.get_by_role("button", name="Reject…").click()
    await expect(page.get_by_role("dialog", name="Reject RLS-42")).to_be_visible()
    return page


async def test_a_modal_opens_on_its_first_field_and_gives_focus_back(stage: Stage) -> None:
    page = await rejecting(stage)
    await expect(page.get_by_label("Reason")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Reject…")).to_be_focused()
    assert stage.world.modals("arjun") == []


async def test_errors_stand_at_their_fields_and_keep_what_was_typed(stage: Stage) -> None:
    page = await rejecting(stage)
    reason, risk = page.get_by_label("Reason"), page.get_by_role("combobox", name="Risk")
    await reason.fill("Too short")
    await page.get_by_role("button", name="Reject", exact=True).click()
    await expect(risk).to_have_accessible_description("Please complete this required field.")
    await expect(risk).to_be_focused()
    await risk.click()
    await page.get_by_role("option", name="High").click()
    await page.get_by_role("button", name="Reject", exact=True).click()
    await expect(reason).to_have_accessible_description("The requester reads this. Say at least ten characters.")
    await expect(reason).to_be_focused()
    await expect(reason).to_have_value("Too short")
    await expect(risk).to_have_value("High")


async def test_a_submitted_modal_closes_and_its_answer_is_on_the_card(stage: Stage) -> None:
    page = await rejecting(stage)
    await page.get_by_label("Reason").fill("Not in *this* window & <b>never</b>")
    risk = page.get_by_role("combobox", name="Risk")
    await risk.focus()
    await page.keyboard.type("hi")
    await page.keyboard.press("Enter")
    await page.get_by_role("combobox", name="Fruit").press_sequentially("ap")
    await expect(page.get_by_role("option")).to_have_text(["Apple", "Apricot"])
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox", name="Fruit")).to_have_value("Apricot")
    await page.get_by_role("button", name="Reject", exact=True).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("log")).to_contain_text("Rejected by @Arjun Velloor")
    await expect(page.get_by_role("log")).to_contain_text("(High, apricot)")
    submitted = stage.world.log.of("view_submission")[-1].request["view"]["state"]["values"]
    assert submitted["reason"]["words"]["value"] == "Not in *this* window & <b>never</b>"


async def test_an_external_menu_says_how_much_to_type_and_when_nothing_fits(stage: Stage) -> None:
    page = await rejecting(stage)
    fruit = page.get_by_role("combobox", name="Fruit")
    await fruit.click()
    await expect(page.get_by_text("Type a letter or more")).to_be_visible()
    await fruit.press_sequentially("zz")
    await expect(page.get_by_text("No matches")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog", name="Reject RLS-42")).to_be_visible()
    await expect(fruit).to_have_value("")


async def test_three_modals_stack_and_the_first_keeps_its_words(stage: Stage) -> None:
    page = await rejecting(stage)
    await page.get_by_label("Reason").fill("Still thinking about it")
    for level in (2, 3):
        await page.get_by_role("button", name="More…").click()
        await expect(page.get_by_role("dialog", name=f"Level {level}")).to_be_visible()
    await page.get_by_role("button", name="Back").click()
    await expect(page.get_by_role("dialog", name="Level 2")).to_be_visible()
    await page.get_by_role("button", name="Back").click()
    await expect(page.get_by_label("Reason")).to_have_value("Still thinking about it")
    pressed = stage.world.log.of("block_actions")[-2].request["view"]["state"]["values"]
    assert pressed["reason"]["words"]["value"] == "Still thinking about it"


async def test_the_cross_closes_the_whole_stack(stage: Stage) -> None:
    page = await rejecting(stage)
    await page.get_by_role("button", name="More…").click()
    await expect(page.get_by_role("dialog", name="Level 2")).to_be_visible()
    await page.get_by_role("button", name="Close").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_modal_shows_that_it_waits_and_says_when_the_bot_is_gone(stage: Stage) -> None:
    page = await rejecting(stage)
    await page.get_by_label("Reason").fill("Nobody will hear this")
    await page.get_by_role("combobox", name="Risk").click()
    await page.get_by_role("option", name="Low").click()
    async with stage.slack.courier.holding() as held:
        await page.get_by_role("button", name="Reject", exact=True).click()
        await held.until(1)
        await expect(page.locator("dialog[aria-busy=true]")).to_be_visible()
        stage.world.request_url = None
    await expect(page.get_by_role("alert").filter(has_text="trouble")).to_be_visible()
    await expect(page.get_by_label("Reason")).to_have_value("Nobody will hear this")
    await expect(page.locator("dialog[aria-busy=true]")).to_have_count(0)


async def test_a_modal_that_changes_keeps_what_was_typed(stage: Stage) -> None:
    page = await rejecting(stage)
    await page.get_by_label("Reason").fill("Typed before the change")
    view = stage.world.modals("arjun")[0]
    blocks = [*view.blocks, {"type": "section", "text": {"type": "plain_text", "text": "RLS-42 just changed in SDP."}}]
    stage.world.views.replace(view, {**view.as_api(), "blocks": blocks})
    await expect(page.get_by_text("RLS-42 just changed in SDP.")).to_be_visible()
    await expect(page.get_by_label("Reason")).to_have_value("Typed before the change")
