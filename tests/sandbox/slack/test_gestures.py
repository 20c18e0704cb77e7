"""What people do reaches the app, and what the app answers reaches people, over both transports."""

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people import Slack
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import Transport, actions, button, field, modal, over_http, section


async def card_for(client: AsyncWebClient, world: SlackWorld, who: str, *blocks: dict[str, Any]) -> Any:
    return await client.chat_postMessage(channel=world.person(who).id, text="A card", blocks=list(blocks))


async def test_click_reaches_the_app_and_the_card_changes(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, bolt: AsyncApp, transport: Transport
) -> None:
    @bolt.action("approve")
    async def approve(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text="done", blocks=[section("Approved")]
        )
        await ack()

    await card_for(client, world, "arjun", section("RLS-1"), actions(button("Approve", "approve", value="r1")))
    arjun = slack.as_("arjun")
    async with transport(world, bolt):
        outcome = await arjun.click("Approve")
    assert outcome.ok, outcome.error
    assert arjun.sees() == "Approved"


async def test_modal_opens_takes_errors_and_closes(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, bolt: AsyncApp, transport: Transport
) -> None:
    reason = field("Reason", {"type": "plain_text_input", "action_id": "text"}, block_id="why")
    view = modal("Reject", reason, callback_id="reason")

    @bolt.action("reject")
    async def reject(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=view)
        await ack()

    @bolt.view("reason")
    async def given(ack: AsyncAck, view: dict[str, Any]) -> None:
        words = view["state"]["values"]["why"]["text"]["value"]
        await (ack(response_action="errors", errors={"why": "Say more."}) if len(words) < 5 else ack())

    await card_for(client, world, "tess", actions(button("Reject…", "reject")))
    tess = slack.as_("tess")
    async with transport(world, bolt):
        opened = await tess.click("Reject…")
        assert opened.modal is not None
        empty = await tess.submit()
        short = await tess.submit({"Reason": "no"})
        right = await tess.submit({"Reason": "The window is too short."})
    assert (empty.ok, empty.answers) == (False, [])
    assert short.field_errors == {"why": "Say more."}
    assert right.ok
    assert tess.modal() is None


async def test_command_is_answered_for_the_asker_only(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, transport: Transport
) -> None:
    @bolt.command("/sdp")
    async def sdp(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack(f"You said: {command['text']}")

    arjun, tess = slack.as_("arjun"), slack.as_("tess")
    async with transport(world, bolt):
        outcome = await arjun.type("/sdp help  me", in_="#release-approvals")
    assert [message.is_ephemeral for message in outcome.messages] == [True]
    assert arjun.sees("#release-approvals") == "You said: help  me"
    assert tess.sees("#release-approvals") == ""


async def test_silent_app_leaves_an_error_on_the_screen(world: SlackWorld, slack: Slack, bolt: AsyncApp) -> None:
    @bolt.command("/sdp")
    async def never(ack: AsyncAck) -> None:
        await asyncio.sleep(1)

    world.switches.ack_seconds = 0.1
    arjun = slack.as_("arjun")
    async with over_http(world, bolt):
        outcome = await arjun.type("/sdp help")
    assert outcome.error == '/sdp failed with the error "operation_timeout"'
    assert world.errors("arjun") == [outcome.error]
