"""Response URLs: five uses, thirty minutes, replace, delete, whisper, for all."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from freezegun import freeze_time
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people import Slack
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import actions, button, over_http, section


@pytest.fixture
async def listening(world: SlackWorld, bolt: AsyncApp) -> AsyncIterator[None]:
    async with over_http(world, bolt):
        yield


async def card(client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="#ops", text="card", blocks=[section("card"), actions(button("Go", "go"))])


@pytest.mark.parametrize(
    ("answer", "asker_sees", "other_sees"),
    [
        ({"text": "new", "replace_original": True}, "new", "new"),
        ({"text": "new"}, "new", "new"),
        ({"delete_original": True}, "", ""),
        ({"text": "new", "replace_original": False}, "card\n[Go]\nnew", "card\n[Go]"),
        ({"text": "new", "response_type": "ephemeral"}, "card\n[Go]\nnew", "card\n[Go]"),
        ({"text": "new", "response_type": "in_channel"}, "card\n[Go]\nnew", "card\n[Go]\nnew"),
    ],
    ids=["replace", "default", "delete", "no replacement", "ephemeral", "in channel"],
)
async def test_answer_to_a_button_goes_where_it_says(
    world: SlackWorld,
    slack: Slack,
    client: AsyncWebClient,
    bolt: AsyncApp,
    listening: None,
    *,
    answer: dict[str, Any],
    asker_sees: str,
    other_sees: str,
) -> None:
    @bolt.action("go")
    async def go(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(**answer)

    await card(client)
    await slack.as_("odile").click("Go")
    assert slack.as_("odile").sees("ops") == asker_sees
    assert slack.as_("sam").sees("ops") == other_sees


async def test_ephemeral_note_can_be_replaced_by_its_own_button(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, bolt: AsyncApp, listening: None
) -> None:
    @bolt.action("go")
    async def go(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(text="changed", replace_original=True)

    note = [actions(button("Go", "go"))]
    await client.chat_postEphemeral(channel="#ops", user=world.person("odile").id, text="note", blocks=note)
    await slack.as_("odile").click("Go")
    assert slack.as_("odile").sees("ops") == "changed"


async def test_command_has_no_message_to_replace(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, listening: None
) -> None:
    @bolt.command("/sdp")
    async def sdp(ack: AsyncAck, respond: AsyncRespond) -> None:
        await respond(text="looking")
        await respond(text="found", replace_original=True)
        await ack()

    await slack.as_("odile").type("/sdp", in_="#ops")
    assert slack.as_("odile").sees("ops") == "looking\nfound"


async def post(url: str, **body: Any) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        return response.status, await response.text()


async def test_sixth_use_is_refused(world: SlackWorld, slack: Slack) -> None:
    ops = world.channel("ops").id
    url = world.response_address(world.tickets.new_response_url(ops, world.person("odile").id))
    answers = [await post(url, text=str(number)) for number in range(6)]
    assert answers[:5] == [(200, "ok")] * 5
    assert (answers[5][0], "used_url" in answers[5][1]) == (404, True)
    assert slack.as_("odile").sees("ops") == "0\n1\n2\n3\n4"


async def test_address_is_dead_after_half_an_hour(world: SlackWorld) -> None:
    with freeze_time("2026-03-02 09:00:00", real_asyncio=True) as clock:
        ops = world.channel("ops").id
        url = world.response_address(world.tickets.new_response_url(ops, world.person("odile").id))
        clock.tick(30 * 60)
        assert await post(url, text="just in time") == (200, "ok")
        clock.tick(1)
        status, words = await post(url, text="late")
        assert (status, "expired_url" in words) == (404, True)


async def test_bad_blocks_are_refused_there_too(world: SlackWorld, slack: Slack) -> None:
    ops = world.channel("ops").id
    url = world.response_address(world.tickets.new_response_url(ops, world.person("odile").id))
    status, words = await post(url, text="x", blocks=[{"type": "card"}])
    assert (status, "invalid_blocks" in words) == (400, True)
    assert (await post(f"{world.url}/response/T0/unknown", text="x"))[0] == 404
    assert slack.as_("odile").sees("ops") == ""
