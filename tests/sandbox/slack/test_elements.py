"""Buttons, menus and fields: what a choice looks like in `actions`, in `state.values`, and on the screen."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people import Slack
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import actions, button, field, modal, over_http, plain, section

Json = dict[str, Any]
OPTIONS = [{"text": plain(word), "value": word.lower()} for word in ("One", "Two", "Three")]
CONFIRM = {"title": plain("Sure?"), "text": plain("Really"), "confirm": plain("Yes"), "deny": plain("No")}


class Ear:
    """Hears every block action and acknowledges it."""

    def __init__(self, app: AsyncApp) -> None:
        self.bodies: list[Json] = []
        app.action({"type": "block_actions", "action_id": "x"})(self._hear)

    async def _hear(self, ack: AsyncAck, body: Json) -> None:
        self.bodies.append(body)
        await ack()

    @property
    def actions(self) -> list[Json]:
        return [body["actions"][0] for body in self.bodies]


@pytest.fixture
async def ear(world: SlackWorld, bolt: AsyncApp) -> AsyncIterator[Ear]:
    hearing = Ear(bolt)
    async with over_http(world, bolt):
        yield hearing


def element(kind: str, **more: Any) -> Json:
    return {"type": kind, "action_id": "x", **more}


async def post(client: AsyncWebClient, world: SlackWorld, *blocks: Json) -> None:
    await client.chat_postMessage(channel=world.person("arjun").id, text="card", blocks=list(blocks))


MENUS: list[tuple[Json, Any, str, Any]] = [
    (element("static_select", options=OPTIONS), "Two", "selected_option", OPTIONS[1]),
    (element("multi_static_select", options=OPTIONS), ["one", "Three"], "selected_options", [OPTIONS[0], OPTIONS[2]]),
    (element("radio_buttons", options=OPTIONS), "one", "selected_option", OPTIONS[0]),
    (element("checkboxes", options=OPTIONS), ["One"], "selected_options", OPTIONS[:1]),
    (element("users_select"), "tess", "selected_user", "person:tess"),
    (element("multi_users_select"), ["tess", "sam"], "selected_users", ["person:tess", "person:sam"]),
    (element("channels_select"), "#ops", "selected_channel", "channel:ops"),
    (element("multi_conversations_select"), ["ops"], "selected_conversations", ["channel:ops"]),
    (element("datepicker"), "2026-03-31", "selected_date", "2026-03-31"),
    (element("timepicker"), "09:30", "selected_time", "09:30"),
    (element("datetimepicker"), 1772442000, "selected_date_time", 1772442000),
]
EMPTY: dict[str, Json] = {
    "static_select": {"selected_option": None},
    "multi_static_select": {"selected_options": []},
    "radio_buttons": {"selected_option": None},
    "checkboxes": {"selected_options": []},
    "users_select": {"selected_user": None},
    "multi_users_select": {"selected_users": []},
    "channels_select": {"selected_channel": None},
    "multi_conversations_select": {"selected_conversations": []},
    "datepicker": {"selected_date": None},
    "timepicker": {"selected_time": None},
    "datetimepicker": {"selected_date_time": None},
}


def named(world: SlackWorld, value: Any) -> Any:
    """`person:tess` and `channel:ops` as ids."""
    if isinstance(value, list):
        return [named(world, one) for one in value]
    if isinstance(value, str) and ":" in value and not value[0].isdigit():
        kind, _, name = value.partition(":")
        return world.person(name).id if kind == "person" else world.channel(name).id
    return value


@pytest.mark.parametrize(("menu", "wanted", "key", "chosen"), MENUS, ids=[case[0]["type"] for case in MENUS])
async def test_choice_in_a_message_is_an_action_and_a_state(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, ear: Ear, *, menu: Json, wanted: Any, key: str, chosen: Any
) -> None:
    other = menu | {"action_id": "untouched"}
    await post(client, world, actions(menu, block_id="b"), actions(other, block_id="c"))
    outcome = await slack.as_("arjun").pick("x", wanted)
    assert outcome.ok, outcome.error
    [action] = ear.actions
    assert (action["type"], action["block_id"], action[key]) == (menu["type"], "b", named(world, chosen))
    state = ear.bodies[0]["state"]["values"]
    assert state["b"]["x"] == {"type": menu["type"], key: named(world, chosen)}
    assert state["c"]["untouched"] == {"type": menu["type"]} | EMPTY[menu["type"]]


async def test_each_person_has_their_own_choice_in_a_message(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, ear: Ear
) -> None:
    blocks = [actions(element("static_select", options=OPTIONS), block_id="b")]
    await client.chat_postMessage(channel="#ops", text="x", blocks=blocks)
    await slack.as_("odile").pick("x", "One")
    await slack.as_("sam").pick("x", "Two")
    chosen = [body["state"]["values"]["b"]["x"]["selected_option"]["value"] for body in ear.bodies]
    assert chosen == ["one", "two"]


async def test_overflow_menu_acts_and_keeps_nothing(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, ear: Ear
) -> None:
    await post(client, world, section("card", accessory=element("overflow", options=OPTIONS)))
    await slack.as_("arjun").pick("x", "Three")
    assert ear.actions[0]["selected_option"] == OPTIONS[2]
    assert ear.bodies[0]["state"]["values"] == {}


async def test_unknown_option_is_named_with_what_is_offered(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, ear: Ear
) -> None:
    await post(client, world, actions(element("static_select", options=OPTIONS)))
    with pytest.raises(LookupError, match="no option 'Four'; offered: 'One', 'Two', 'Three'"):
        await slack.as_("arjun").pick("x", "Four")
    assert ear.bodies == []


async def test_confirm_dialog_is_asked_and_can_be_declined(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, ear: Ear
) -> None:
    await post(client, world, actions(button("Delete", "x", confirm=CONFIRM)))
    declined = await slack.as_("arjun").click("Delete", confirm=False)
    assert (declined.ok, declined.confirm, ear.bodies) == (False, CONFIRM, [])
    confirmed = await slack.as_("arjun").click("Delete")
    assert (confirmed.ok, confirmed.confirm, len(ear.bodies)) == (True, CONFIRM, 1)


async def test_link_button_opens_its_address_and_tells_the_app(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, ear: Ear
) -> None:
    await post(client, world, actions(button("Open", "x", url="https://sdp.example.com/1")))
    assert (await slack.as_("arjun").click("Open")).url == "https://sdp.example.com/1"
    assert len(ear.bodies) == 1


async def test_click_carries_the_message_as_it_is_now(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, ear: Ear
) -> None:
    await post(client, world, section("before"), actions(button("Go", "x", value="old")))
    arjun = slack.as_("arjun")
    late = arjun.remembers(arjun.messages()[0])
    await client.chat_update(
        channel=late.channel,
        ts=late.ts,
        text="card",
        blocks=[section("after"), actions(button("Go", "x", value="new"))],
    )
    await arjun.click("Go", late)
    [body] = ear.bodies
    assert body["actions"][0]["value"] == "old"
    assert body["message"]["blocks"][0]["text"]["text"] == "after"
    assert body["container"] == {
        "type": "message",
        "message_ts": late.ts,
        "channel_id": late.channel,
        "is_ephemeral": False,
    }


async def test_click_on_a_message_that_is_gone_stays_on_the_screen(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, ear: Ear
) -> None:
    await post(client, world, actions(button("Go", "x")))
    arjun = slack.as_("arjun")
    late = arjun.remembers(arjun.messages()[0])
    await client.chat_delete(channel=late.channel, ts=late.ts)
    assert (await arjun.click("Go", late)).error == "This message is no longer here."
    assert ear.bodies == []


async def test_click_on_an_ephemeral_note_has_no_message_but_a_response_url(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, ear: Ear
) -> None:
    await client.chat_postEphemeral(
        channel="#ops", user=world.person("odile").id, text="note", blocks=[actions(button("Go", "x"))]
    )
    await slack.as_("odile").click("Go")
    [body] = ear.bodies
    assert ("message" in body, body["container"]["is_ephemeral"]) == (False, True)
    assert body["response_url"].startswith(world.url)


async def test_button_that_is_not_there_is_named_with_those_that_are(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    await post(client, world, actions(button("Approve", "a"), button("Reject…", "b")))
    with pytest.raises(LookupError, match="no button 'Undo' here; there are: 'Approve', 'Reject…'"):
        await slack.as_("arjun").click("Undo")


async def test_button_in_a_thread_is_found(world: SlackWorld, slack: Slack, client: AsyncWebClient, ear: Ear) -> None:
    parent = await client.chat_postMessage(channel="#ops", text="card")
    await client.chat_postMessage(
        channel="#ops", text="reply", blocks=[actions(button("Go", "x"))], thread_ts=parent["ts"]
    )
    await slack.as_("odile").click("Go")
    assert ear.bodies[0]["container"]["thread_ts"] == parent["ts"]


# Menus that ask the app


async def test_external_menu_offers_what_the_app_suggests(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, bolt: AsyncApp, ear: Ear
) -> None:
    heard: list[Json] = []

    @bolt.options("x")
    async def options(ack: AsyncAck, body: Json) -> None:
        heard.append(body)
        await ack(options=[option for option in OPTIONS if body["value"].lower() in option["value"]])

    await post(client, world, actions(element("external_select", min_query_length=1)))
    arjun = slack.as_("arjun")
    assert [option["value"] for option in (await arjun.suggest("x", "o")).options] == ["one", "two"]
    await arjun.pick("x", "Three")
    assert (heard[0]["type"], heard[0]["value"], heard[0]["action_id"]) == ("block_suggestion", "o", "x")
    assert ear.actions[0]["selected_option"] == OPTIONS[2]


async def test_option_that_was_offered_is_taken_as_it_is(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, ear: Ear
) -> None:
    await post(client, world, actions(element("external_select")))
    await slack.as_("arjun").pick("x", OPTIONS[1])
    assert ear.actions[0]["selected_option"] == OPTIONS[1]
    assert world.log.of("block_suggestion") == []


async def test_external_menu_waits_for_enough_letters(world: SlackWorld, slack: Slack, client: AsyncWebClient) -> None:
    await post(client, world, actions(element("external_select")))
    assert (await slack.as_("arjun").suggest("x", "ab")).error == "Type at least 3 characters."
    assert world.log.of("block_suggestion") == []


async def test_too_many_suggestions_are_not_shown(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, bolt: AsyncApp, ear: Ear
) -> None:
    @bolt.options("x")
    async def options(ack: AsyncAck) -> None:
        await ack(options=[{"text": plain(str(n)), "value": str(n)} for n in range(101)])

    await post(client, world, actions(element("external_select", min_query_length=0)))
    outcome = await slack.as_("arjun").suggest("x", "")
    assert (outcome.ok, "no more than 100 items allowed" in outcome.error) == (False, True)


async def test_grouped_suggestions_in_a_modal_are_offered(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, ear: Ear
) -> None:
    @bolt.options("x")
    async def options(ack: AsyncAck, body: Json) -> None:
        assert body["container"]["type"] == "view"
        await ack(option_groups=[{"label": plain("All"), "options": OPTIONS}])

    many = element("multi_external_select", min_query_length=0)
    view = world.views.open(world.person("arjun").id, modal("Form", field("Which", many, block_id="b")))
    await slack.as_("arjun").fill({"Which": ["One", "Two"]})
    assert view.state["b"]["x"] == {"type": "multi_external_select", "selected_options": OPTIONS[:2]}


# Fields of modals


async def test_fields_of_a_modal_keep_quiet_unless_they_dispatch(world: SlackWorld, slack: Slack, ear: Ear) -> None:
    text = element("plain_text_input")
    quiet, loud = field("Quiet", text, block_id="q"), field("Loud", text, block_id="l", dispatch_action=True)
    view = world.views.open(world.person("arjun").id, modal("Form", quiet, loud))
    arjun = slack.as_("arjun")
    await arjun.fill({"Quiet": "psst"})
    assert ear.bodies == []
    await arjun.fill({"Loud": "hey"})
    assert ear.actions[0]["value"] == "hey"
    assert ear.bodies[0]["view"]["state"]["values"]["q"]["x"]["value"] == "psst"
    assert view.state["l"]["x"]["value"] == "hey"


async def test_emptied_field_is_null_again(world: SlackWorld, slack: Slack) -> None:
    text = element("plain_text_input", initial_value="words")
    view = world.views.open(world.person("arjun").id, modal("Form", field("Why", text, block_id="w")))
    assert view.state["w"]["x"]["value"] == "words"
    await slack.as_("arjun").fill({"Why": ""})
    assert view.state["w"]["x"]["value"] is None


async def test_file_field_holds_the_files_of_the_person(world: SlackWorld, slack: Slack) -> None:
    files = field("Plan", element("file_input"), block_id="f")
    view = world.views.open(world.person("arjun").id, modal("Form", files))
    arjun = slack.as_("arjun")
    await arjun.fill({"Plan": arjun.shares("plan.txt", b"the plan")})
    assert [file["name"] for file in view.state["f"]["x"]["files"]] == ["plan.txt"]


async def test_rich_text_field_has_no_value_until_something_is_typed(world: SlackWorld, slack: Slack) -> None:
    words = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}
    view = world.views.open(
        world.person("arjun").id, modal("Form", field("Why", element("rich_text_input"), block_id="w"))
    )
    assert view.state["w"]["x"] == {"type": "rich_text_input"}
    await slack.as_("arjun").fill({"Why": words})
    assert view.state["w"]["x"] == {"type": "rich_text_input", "rich_text_value": words}


async def test_feedback_buttons_send_the_side_that_was_pressed(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, ear: Ear
) -> None:
    sides = {f"{side}_button": {"text": plain(side), "value": side} for side in ("positive", "negative")}
    await post(client, world, {"type": "context_actions", "elements": [element("feedback_buttons", **sides)]})
    await slack.as_("arjun").click("x", choice="negative")
    assert ear.actions[0]["value"] == "negative"
