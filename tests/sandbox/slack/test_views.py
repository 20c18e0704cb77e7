"""Modals and the Home tab: triggers, hashes, the stack of three, what is kept over an update, what closes what."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from freezegun import freeze_time
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people import Slack
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import actions, button, field, modal, over_http, plain, section

Json = dict[str, Any]
TEXT = {"type": "plain_text_input", "action_id": "text"}


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


@pytest.fixture
async def listening(world: SlackWorld, bolt: AsyncApp) -> AsyncIterator[None]:
    """The app is served; register listeners before gestures, they are looked up at each delivery."""
    async with over_http(world, bolt):
        yield


def trigger(world: SlackWorld, who: str = "arjun") -> str:
    return world.tickets.new_trigger(world.person(who).id)


async def test_trigger_opens_one_modal_within_three_seconds(world: SlackWorld, client: AsyncWebClient) -> None:
    with freeze_time("2026-03-02 09:00:00", real_asyncio=True) as clock:
        good, late = trigger(world), trigger(world)
        opened = await client.views_open(trigger_id=good, view=modal("One"))
        assert [view.id for view in world.modals("arjun")] == [opened["view"]["id"]]
        assert await error_of(client.views_open(trigger_id=good, view=modal("Two"))) == "exchanged_trigger_id"
        clock.tick(3.1)
        assert await error_of(client.views_open(trigger_id=late, view=modal("Late"))) == "expired_trigger_id"
        assert await error_of(client.views_open(trigger_id="1.2.3", view=modal("None"))) == "invalid_trigger_id"
        assert world.modals("tess") == []


async def test_update_keeps_the_id_changes_the_hash_and_refuses_an_old_one(
    world: SlackWorld, client: AsyncWebClient
) -> None:
    first = (await client.views_open(trigger_id=trigger(world), view=modal("One")))["view"]
    second = (await client.views_update(view_id=first["id"], hash=first["hash"], view=modal("Two")))["view"]
    assert (second["id"], second["title"]["text"]) == (first["id"], "Two")
    assert second["hash"] != first["hash"]
    old = client.views_update(view_id=first["id"], hash=first["hash"], view=modal("Three"))
    assert await error_of(old) == "hash_conflict"
    assert world.modals("arjun")[0].title == plain("Two")


async def test_update_finds_a_view_by_its_external_id(world: SlackWorld, client: AsyncWebClient) -> None:
    await client.views_open(trigger_id=trigger(world), view=modal("One", external_id="ours"))
    await client.views_update(external_id="ours", view=modal("Two", external_id="ours"))
    assert world.modals("arjun")[0].title == plain("Two")
    assert await error_of(client.views_update(view_id="V0", view=modal("x"))) == "not_found"
    nameless = client.api_call("views.update", json={"view": modal("x")})
    assert await error_of(nameless) == "invalid_arguments"


async def test_typed_words_outlive_an_update_of_the_same_field(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    fields = [field("Title", TEXT, block_id="title"), field("Why", TEXT, block_id="why")]
    opened = (await client.views_open(trigger_id=trigger(world), view=modal("One", *fields)))["view"]
    await slack.as_("arjun").fill({"Title": "typed", "Why": "because"})
    changed = [fields[0], field("Why", TEXT | {"initial_value": "fresh"}, block_id="other")]
    view = (await client.views_update(view_id=opened["id"], view=modal("Two", *changed)))["view"]
    assert view["state"]["values"] == {
        "title": {"text": {"type": "plain_text_input", "value": "typed"}},
        "other": {"text": {"type": "plain_text_input", "value": "fresh"}},
    }


async def test_fourth_modal_does_not_fit_on_the_stack(world: SlackWorld, client: AsyncWebClient) -> None:
    assert await error_of(client.views_push(trigger_id=trigger(world), view=modal("x"))) == "not_found"
    root = (await client.views_open(trigger_id=trigger(world), view=modal("1")))["view"]
    second = (await client.views_push(trigger_id=trigger(world), view=modal("2")))["view"]
    third = (await client.views_push(trigger_id=trigger(world), view=modal("3")))["view"]
    assert (second["previous_view_id"], third["previous_view_id"]) == (root["id"], second["id"])
    assert {second["root_view_id"], third["root_view_id"], root["root_view_id"]} == {root["id"]}
    assert await error_of(client.views_push(trigger_id=trigger(world), view=modal("4"))) == "push_limit_reached"


async def test_refused_view_is_told_with_pointers(world: SlackWorld, client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.views_open(trigger_id=trigger(world), view=modal("x" * 25))
    said = refused.value.response["response_metadata"]["messages"]
    assert refused.value.response["error"] == "invalid_arguments"
    assert said == ["[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"]
    assert world.modals("arjun") == []


async def test_view_of_a_quarter_megabyte_is_too_large(world: SlackWorld, client: AsyncWebClient) -> None:
    options = [{"text": plain("o" * 75), "value": f"{n:0150}"} for n in range(100)]
    menus = [section("x", accessory={"type": "static_select", "options": options}) for _ in range(9)]
    assert await error_of(client.views_open(trigger_id=trigger(world), view=modal("x", *menus))) == "view_too_large"


async def test_home_tab_is_each_persons_own(world: SlackWorld, slack: Slack, client: AsyncWebClient) -> None:
    home = {"type": "home", "blocks": [section("Hello Arjun")]}
    arjun = world.person("arjun").id
    first = (await client.views_publish(user_id=arjun, view=home))["view"]
    again = (await client.views_publish(user_id=arjun, view=home, hash=first["hash"]))["view"]
    assert (again["id"], again["hash"] != first["hash"]) == (first["id"], True)
    assert await error_of(client.views_publish(user_id=arjun, view=home, hash=first["hash"])) == "hash_conflict"
    assert await error_of(client.views_publish(user_id=arjun, view=modal("x"))) == "invalid_arguments"
    assert (slack.as_("arjun").sees("home"), slack.as_("tess").sees("home")) == ("Hello Arjun", "")


async def test_home_tab_can_be_switched_off(world: SlackWorld, client: AsyncWebClient) -> None:
    world.app.home_tab = False
    home = {"type": "home", "blocks": []}
    assert await error_of(client.views_publish(user_id=world.person("arjun").id, view=home)) == "not_enabled"


# What an app's answer to a submission does


@pytest.mark.parametrize(
    ("answer", "titles"),
    [
        ({}, ["Under"]),
        ({"response_action": "clear"}, []),
        ({"response_action": "update", "view": modal("Changed")}, ["Under", "Changed"]),
        ({"response_action": "push", "view": modal("Third")}, ["Under", "Form", "Third"]),
    ],
    ids=["close", "clear", "update", "push"],
)
async def test_submit_does_what_the_app_answers(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, listening: None, answer: Json, titles: list[str]
) -> None:
    @bolt.view("form")
    async def submitted(ack: AsyncAck) -> None:
        await ack(**answer)

    person = world.person("arjun").id
    world.views.open(person, modal("Under"))
    form = world.views.push(person, modal("Form", field("Why", TEXT), callback_id="form"))
    outcome = await slack.as_("arjun").submit({"Why": "x"})
    assert outcome.ok, outcome.error
    assert [view.title and view.title["text"] for view in world.modals("arjun")] == titles
    if answer.get("response_action") == "update":
        assert world.modals("arjun")[-1].id == form.id


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"no_such_block": "x"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "explode"},
        {"response_action": "update", "view": {"type": "modal", "blocks": []}},
    ],
    ids=["unknown block", "no errors", "unknown action", "bad view"],
)
async def test_senseless_answer_to_a_submission_is_an_error_on_the_screen(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, listening: None, answer: Json
) -> None:
    @bolt.view("form")
    async def submitted(ack: AsyncAck) -> None:
        await ack(answer)

    world.views.open(world.person("arjun").id, modal("Form", field("Why", TEXT), callback_id="form"))
    outcome = await slack.as_("arjun").submit({"Why": "x"})
    assert not outcome.ok
    assert outcome.error.startswith("We had some trouble connecting.")
    assert len(world.modals("arjun")) == 1
    assert world.errors("arjun") == [outcome.error]


async def test_submission_carries_the_whole_view(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, listening: None
) -> None:
    heard: list[Json] = []

    @bolt.view("form")
    async def submitted(ack: AsyncAck, body: Json) -> None:
        heard.append(body)
        await ack()

    shown = modal("Form", field("Why", TEXT, block_id="why"), callback_id="form", private_metadata="RLS-1")
    view = world.views.open(world.person("arjun").id, shown)
    await slack.as_("arjun").submit({"Why": "because"})
    [body] = heard
    assert body["user"]["id"] == world.person("arjun").id
    assert (body["view"]["id"], body["view"]["private_metadata"]) == (view.id, "RLS-1")
    assert body["view"]["state"] == {"values": {"why": {"text": {"type": "plain_text_input", "value": "because"}}}}


@pytest.mark.parametrize(
    ("element", "value", "words"),
    [
        (TEXT, "", "Please complete this required field."),
        (TEXT | {"min_length": 3}, "ab", "Please enter at least 3 characters."),
        (TEXT | {"max_length": 3}, "abcd", "Please enter at most 3 characters."),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "Please enter a whole number."),
        ({"type": "number_input", "is_decimal_allowed": True}, "many", "Please enter a number."),
        ({"type": "number_input", "is_decimal_allowed": True, "max_value": "8"}, "9", "at most 8."),
        ({"type": "number_input", "is_decimal_allowed": True, "min_value": "8"}, "7", "at least 8."),
        ({"type": "email_text_input"}, "nobody", "Please enter a valid email address."),
        ({"type": "url_text_input"}, "example", "Please enter a valid URL."),
        ({"type": "multi_users_select", "max_selected_items": 1}, ["arjun", "tess"], "at most 1 items."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_client_refuses_a_wrong_field_before_sending(
    world: SlackWorld, slack: Slack, element: Json, value: Any, words: str
) -> None:
    world.views.open(world.person("arjun").id, modal("Form", field("Field", element, block_id="f")))
    outcome = await slack.as_("arjun").submit({"Field": value})
    assert words in outcome.field_errors["f"]
    assert world.log.of("view_submission") == []


async def test_closing_tells_the_app_where_it_asked_for_it(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, listening: None
) -> None:
    heard: list[tuple[str, bool]] = []

    @bolt.view_closed("form")
    async def closed(ack: AsyncAck, body: Json) -> None:
        heard.append((body["view"]["private_metadata"], body["is_cleared"]))
        await ack()

    person = world.person("arjun").id
    arjun = slack.as_("arjun")
    world.views.open(person, modal("A", callback_id="form", notify_on_close=True, private_metadata="a"))
    world.views.push(person, modal("B", callback_id="form", notify_on_close=True, private_metadata="b"))
    world.views.push(person, modal("C", callback_id="form"))
    await arjun.close_modal()
    assert heard == []
    await arjun.close_modal(all=True)
    assert heard == [("b", True), ("a", True)]
    assert arjun.modal() is None


async def test_modal_that_clears_on_close_takes_the_others_with_it(world: SlackWorld, slack: Slack) -> None:
    person = world.person("arjun").id
    world.views.open(person, modal("A"))
    world.views.push(person, modal("B", clear_on_close=True))
    await slack.as_("arjun").close_modal()
    assert world.modals("arjun") == []


async def test_modal_can_be_changed_while_it_is_being_sent(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, client: AsyncWebClient, listening: None
) -> None:
    @bolt.view("form")
    async def submitted(ack: AsyncAck, view: Json) -> None:
        assert world.modals("arjun")[0].loading
        await ack(response_action="update", view=modal("Saving…"))

    world.views.open(world.person("arjun").id, modal("Form", field("Why", TEXT), callback_id="form"))
    arjun = slack.as_("arjun")
    saving = (await arjun.submit({"Why": "x"})).modal
    assert saving is not None
    await client.views_update(view_id=saving.id, view=modal("Saved"))
    assert arjun.sees("modal") == "Saved"


async def test_buttons_in_modals_and_on_the_home_tab_work(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, client: AsyncWebClient, listening: None
) -> None:
    heard: list[Json] = []

    @bolt.action("go")
    async def go(ack: AsyncAck, body: Json) -> None:
        heard.append(body)
        await ack()

    arjun = slack.as_("arjun")
    user_id = world.person("arjun").id
    await client.views_publish(user_id=user_id, view={"type": "home", "blocks": [actions(button("Go", "go"))]})
    await arjun.click("Go", "home")
    world.views.open(user_id, modal("Form", field("Why", TEXT, block_id="why"), actions(button("Go", "go"))))
    await arjun.click("Go")
    on_home, in_modal = heard
    assert (on_home["container"]["type"], on_home["view"]["type"]) == ("view", "home")
    assert in_modal["view"]["state"]["values"]["why"]["text"] == {"type": "plain_text_input", "value": None}
    assert "response_url" not in in_modal
