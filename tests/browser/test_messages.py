"""Reading and answering messages on the page, as a person does it."""

import asyncio

from playwright.async_api import Route, expect

from sandbox.slack.content import Content
from sandbox.slack.page import Hint
from tests.browser.conftest import Stage

CARD = "RLS-42 Payment gateway 4.2"


async def test_the_page_opens_on_the_first_waiting_card(stage: Stage) -> None:
    await stage.card_for("tess")
    page = await stage.window("/")
    await expect(page.get_by_role("button", name="You are Tess Harbourne")).to_be_visible()
    await expect(page.get_by_role("heading", name=CARD)).to_be_visible()


async def test_the_page_scrolls_to_the_card_that_waits(stage: Stage) -> None:
    await stage.card_for("tess")
    for number in range(40):
        await stage.as_("tess").type(f"note {number}")
    page = await stage.window("/")
    await expect(page.get_by_role("button", name="Approve", exact=True)).to_be_in_viewport()


async def test_a_page_without_cards_shows_the_first_one_that_comes(stage: Stage) -> None:
    page = await stage.window_of("arjun")
    await expect(page.get_by_text("Nothing has been said here yet.")).to_be_visible()
    await stage.card_for("arjun")
    await expect(page.get_by_role("button", name="Approve", exact=True)).to_be_visible()


async def test_a_confirmed_click_changes_the_card_in_place(stage: Stage) -> None:
    await stage.card_for("arjun")
    page = await stage.window_of("arjun")
    card = page.locator("article", has_text=CARD)
    mark = await card.evaluate("element => element.mark = 'same element'")
    await page.get_by_role("button", name="Approve", exact=True).click()
    dialog = page.get_by_role("alertdialog", name="Approve RLS-42?")
    await expect(dialog.get_by_role("button", name="Not yet")).to_be_focused()
    await dialog.get_by_role("button", name="Approve").click()
    await expect(card).to_contain_text("Approved by @Arjun Velloor")
    await expect(card).to_contain_text("(edited)")
    await expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    assert await card.evaluate("element => element.mark") == mark


async def test_a_dismissed_confirm_dialog_sends_nothing(stage: Stage) -> None:
    await stage.card_for("arjun")
    page = await stage.window_of("arjun")
    await page.get_by_role("button", name="Approve", exact=True).click()
    await page.get_by_role("button", name="Not yet").click()
    await page.get_by_role("button", name="Approve", exact=True).click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("alertdialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Approve", exact=True)).to_be_focused()
    assert not stage.world.log.of("block_actions")


async def test_a_change_leaves_typed_words_focus_and_cursor_alone(stage: Stage) -> None:
    await stage.card_for("arjun")
    page = await stage.window_of("arjun")
    box = page.get_by_role("combobox", name="Message SDP")
    await box.press_sequentially("half a sentence")
    await page.keyboard.press("ArrowLeft")
    await stage.as_("arjun").click("Approve")
    await expect(page.locator("article", has_text=CARD)).to_contain_text("Approved by")
    await expect(box).to_be_focused()
    await page.keyboard.type("…")
    await expect(box).to_have_value("half a sentenc…e")


async def test_an_ephemeral_note_is_only_there_for_its_person(stage: Stage) -> None:
    await stage.card_for("arjun")
    page = await stage.window_of("arjun")
    await page.get_by_role("button", name="Ask privately").click()
    note = page.locator("article.ephemeral")
    await expect(note).to_contain_text("Only visible to you")
    await expect(note).to_contain_text("Mara's decision, not yours.")
    await note.get_by_role("button", name="Dismiss").click()
    await expect(note).to_have_count(0)


async def test_a_menu_behind_a_button_works_by_keyboard(stage: Stage) -> None:
    await stage.card_for("arjun")
    page = await stage.window_of("arjun")
    opener = page.locator(".block").get_by_role("button", name="More actions")
    await opener.focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem", name="Remind me in an hour")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(opener).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("article.ephemeral")).to_contain_text("You chose why.")


async def test_a_thread_opens_beside_and_takes_a_reply(stage: Stage) -> None:
    await stage.card_for("arjun")
    page = await stage.window_of("arjun")
    await stage.as_("arjun").click("Approve")
    await page.get_by_role("link", name="1 reply").click()
    thread = page.get_by_role("complementary", name="Thread")
    await expect(thread).to_contain_text("SDP confirms: Approved.")
    await thread.get_by_role("combobox", name="Reply in the thread").fill("Thank you")
    await page.keyboard.press("Enter")
    await expect(thread.get_by_role("log")).to_contain_text("Thank you")
    await expect(page.get_by_role("link", name="2 replies")).to_be_visible()
    await thread.get_by_role("link", name="Close the thread").click()
    await expect(thread).to_have_count(0)


async def test_a_redraw_under_way_does_not_bring_back_who_has_gone_elsewhere(stage: Stage) -> None:
    page = await stage.window_of("arjun")
    came, may_go_on = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        if route.request.resource_type == "fetch" and not came.is_set():
            came.set()
            await may_go_on.wait()
        await route.continue_()

    await page.route(f"{stage.world.url}/?*", hold)
    await stage.as_("arjun").type("One more line")
    await came.wait()
    await page.get_by_role("link", name="general").click()
    may_go_on.set()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("general")
    assert stage.world.channel("general").id in page.url


async def test_the_composer_completes_commands_and_sends_them(stage: Stage) -> None:
    stage.app.state.hints = [Hint("/sdp approvals [all]", "what waits for me"), Hint("/sdp help", "what I can do")]
    page = await stage.window_of("odile")
    box = page.get_by_role("combobox", name="Message SDP")
    await box.press_sequentially("/sdp a")
    await expect(page.get_by_role("listbox", name="Commands").get_by_role("option")).to_have_text(
        ["/sdp approvals [all]what waits for me"]
    )
    await page.keyboard.press("Tab")
    await expect(box).to_have_value("/sdp approvals ")
    await page.keyboard.press("Enter")
    await expect(page.locator("article.ephemeral")).to_contain_text("You typed approvals.")
    await expect(box).to_have_value("")


async def test_a_refused_command_is_said_and_given_back(stage: Stage) -> None:
    page = await stage.window_of("odile")
    box = page.get_by_role("combobox", name="Message SDP")
    await box.fill("/nonsense now")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("/nonsense is not a valid command.")
    await expect(box).to_have_value("/nonsense now")


async def test_people_write_to_each_other_and_unread_marks_follow(stage: Stage) -> None:
    mara = await stage.window_of("mara", "general")
    await mara.get_by_role("link", name="Tess Harbourne").click()
    tess = await stage.window_of("tess", "general")
    await mara.get_by_role("combobox", name="Message Tess Harbourne").fill("Can you look at *RLS-42*?")
    await mara.keyboard.press("Enter")
    await expect(mara.get_by_role("log")).to_contain_text("Can you look at RLS-42?")
    entry = tess.get_by_role("navigation").get_by_role("link", name="Mara Vossberg")
    await expect(entry).to_contain_text("1 unread")
    await entry.click()
    await expect(tess.get_by_role("log")).to_contain_text("Can you look at RLS-42?")
    await expect(entry).not_to_contain_text("unread")


async def test_one_page_plays_everybody(stage: Stage) -> None:
    await stage.card_for("tess")
    page = await stage.window_of("arjun")
    await page.get_by_role("button", name="You are Arjun Velloor").click()
    await page.get_by_role("menuitem", name="Tess Harbourne").click()
    await expect(page.get_by_role("button", name="You are Tess Harbourne")).to_be_visible()
    await expect(page.get_by_role("heading", name=CARD)).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("button", name="You are Arjun Velloor")).to_be_visible()


async def test_a_message_shortcut_and_reactions_act_on_their_message(stage: Stage) -> None:
    await stage.as_("mara").type("The plan is here", "general")
    page = await stage.window_of("odile", "general")
    message = page.locator("article", has_text="The plan is here")
    await message.hover()
    await message.get_by_role("button", name="React with eyes").click()
    await expect(message.get_by_role("button", name="eyes, 1")).to_have_attribute("aria-pressed", "true")
    await message.get_by_role("button", name="eyes, 1").click()
    await expect(message.locator(".reaction")).to_have_count(0)
    await message.hover()
    await message.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Attach to SDP project").click()
    await expect(page.locator("article.ephemeral")).to_contain_text("Attached “The plan is here”.")


async def test_the_home_tab_is_asked_for_and_its_menu_acts(stage: Stage) -> None:
    page = await stage.window_of("arjun")
    await page.get_by_role("link", name="Home", exact=True).click()
    await expect(page.get_by_role("heading", name="What waits for you")).to_be_visible()
    await page.get_by_role("combobox", name="Digest at 09:00").click()
    await page.get_by_role("option", name="10:00").click()
    await expect(page.get_by_text("Digest at 10:00")).to_be_visible()


async def test_a_table_sorts_by_its_heads_and_pages(stage: Stage) -> None:
    await stage.as_("odile").type("/sdp table")
    page = await stage.window_of("odile")
    table = page.get_by_role("table", name="Hours by person")
    names = table.locator("tbody tr:visible th")
    await expect(names).to_have_text(["Odile", "Sam", "Mara", "Tess"])
    await table.get_by_role("button", name="Hours").click()
    await expect(names).to_have_text(["Tess", "Arjun", "Sam", "Odile"])
    await table.get_by_role("button", name="Hours").click()
    await expect(table.get_by_role("columnheader", name="Hours")).to_have_attribute("aria-sort", "descending")
    await page.get_by_role("button", name="Next").click()
    await expect(names).to_have_text(["Arjun", "Tess"])
    await stage.as_("odile").type("something else")
    await expect(page.get_by_role("log")).to_contain_text("something else")
    await expect(names).to_have_text(["Arjun", "Tess"])


async def test_a_chart_is_a_named_picture_with_its_numbers(stage: Stage) -> None:
    await stage.as_("odile").type("/sdp table")
    page = await stage.window_of("odile")
    await expect(page.get_by_role("img", name="Hours against estimate")).to_be_visible()
    await page.get_by_text("Show the numbers").click()
    await expect(page.get_by_role("row", name="Mara 31 15")).to_be_visible()


async def test_a_shared_file_can_be_downloaded_by_those_who_see_it(stage: Stage) -> None:
    page = await stage.window_of("mara", "general")
    await page.locator("input[data-do=upload]").set_input_files(
        {"name": "plan.html", "mimeType": "text/html", "buffer": b"<script>alert(1)</script>"}
    )
    async with page.expect_download() as download:
        await page.get_by_role("link", name="plan.html").click()
    assert (await download.value).suggested_filename == "plan.html"


async def test_earlier_messages_come_when_asked_for(stage: Stage) -> None:
    world, channel = stage.world, stage.world.channel("general")
    for number in range(70):
        world.conversations.post(channel, world.person("sam").id, Content(text=f"note {number:03}"))
    page = await stage.window_of("mara", "general")
    await expect(page.get_by_text("note 069")).to_be_in_viewport()
    await expect(page.get_by_text("note 005")).to_have_count(0)
    await page.get_by_role("link", name="Show earlier messages").click()
    await expect(page.get_by_text("note 005")).to_have_count(1)


async def test_reading_further_up_is_not_interrupted_by_new_messages(stage: Stage) -> None:
    for number in range(40):
        await stage.as_("sam").type(f"note {number:03}", "general")
    page = await stage.window_of("mara", "general")
    scroller = page.locator("#scroll")
    await scroller.evaluate("box => box.scrollTop = 100")
    await stage.as_("sam").type("the newest", "general")
    await expect(page.get_by_text("the newest")).to_have_count(1)
    assert await scroller.evaluate("box => box.scrollTop") == 100
