"""Socket Mode with the SDK's own client: tickets, hello, turns, acknowledgements, refreshes, lost connections."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people import Slack
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import client_for, over_socket

Json = dict[str, Any]


async def opened(world: SlackWorld) -> str:
    answer = await client_for(world, world.app_token).apps_connections_open(app_token=world.app_token)
    url: str = answer["url"]
    return url


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


async def test_hello_tells_the_number_of_connections(world: SlackWorld) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(await opened(world)) as first:
        hello = await first.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        assert hello["connection_info"] == {"app_id": world.app_id}
        async with session.ws_connect(await opened(world)) as second:
            assert (await second.receive_json())["num_connections"] == 2
            await second.ping()
    await until(lambda: not world.sockets.connected)


async def test_ticket_works_once(world: SlackWorld) -> None:
    url = await opened(world)
    async with aiohttp.ClientSession() as session, session.ws_connect(url):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_bad_ticket_is_refused_until_a_new_one_is_fetched(world: SlackWorld) -> None:
    world.sockets.bad_tickets = 1
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(await opened(world))
        async with session.ws_connect(await opened(world)) as socket:
            assert (await socket.receive_json())["type"] == "hello"


async def test_eleventh_connection_is_refused(world: SlackWorld) -> None:
    async with aiohttp.ClientSession() as session:
        sockets = [await session.ws_connect(await opened(world)) for _ in range(10)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(await opened(world))
        assert refused.value.status == 409
        for socket in sockets:
            await socket.close()


async def test_each_envelope_goes_to_one_connection_in_turn(world: SlackWorld, slack: Slack) -> None:
    heard: dict[int, list[str]] = {0: [], 1: []}

    async def listen(number: int, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            envelope = frame.json()
            if "envelope_id" in envelope:
                heard[number].append(envelope["type"])
                await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": str(number)}})

    async with aiohttp.ClientSession() as session:
        sockets = [await session.ws_connect(await opened(world)) for _ in range(2)]
        listening = [asyncio.create_task(listen(number, socket)) for number, socket in enumerate(sockets)]
        for _ in range(4):
            assert (await slack.as_("arjun").type("/sdp")).ok
        for socket in sockets:
            await socket.close()
        await asyncio.gather(*listening)
    assert heard == {0: ["slash_commands"] * 2, 1: ["slash_commands"] * 2}


async def test_envelope_of_an_event_tells_how_often_it_was_tried(world: SlackWorld, slack: Slack) -> None:
    world.switches.ack_seconds = 0.05
    tries: list[tuple[int, str]] = []
    async with aiohttp.ClientSession() as session, session.ws_connect(await opened(world)) as socket:
        await socket.receive_json()
        await slack.as_("arjun").open_home()
        await slack.courier.retry_events()
        for _ in range(2):
            envelope = await socket.receive_json()
            tries.append((envelope["retry_attempt"], envelope["retry_reason"]))
            assert envelope["accepts_response_payload"] is False
    assert tries == [(0, ""), (1, "http_timeout")]


async def test_click_without_an_acknowledgement_is_an_error(world: SlackWorld, slack: Slack) -> None:
    world.switches.ack_seconds = 0.05
    async with aiohttp.ClientSession() as session, session.ws_connect(await opened(world)):
        outcome = await slack.as_("arjun").type("/sdp")
    assert outcome.error == '/sdp failed with the error "operation_timeout"'


async def test_lost_connection_ends_the_wait_at_once(world: SlackWorld, slack: Slack) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(await opened(world)) as socket:
        typing = asyncio.create_task(slack.as_("arjun").type("/sdp"))
        await socket.receive_json()
        await socket.receive_json()
        assert await world.sockets.drop_all() == 1
        async with asyncio.timeout(1):
            outcome = await typing
    assert not outcome.ok


async def test_bolt_reconnects_after_a_dropped_socket(world: SlackWorld, slack: Slack, bolt: AsyncApp) -> None:
    @bolt.command("/sdp")
    async def sdp(ack: AsyncAck) -> None:
        await ack("still here")

    async with over_socket(world, bolt):
        await until(lambda: world.sockets.connected)
        assert await world.sockets.drop_all() == 1
        await until(lambda: world.sockets.connected)
        assert (await slack.as_("arjun").type("/sdp")).ok
    assert slack.as_("arjun").sees() == "still here"


async def test_client_asked_to_refresh_connects_anew(world: SlackWorld) -> None:
    client = SocketModeClient(app_token=world.app_token, web_client=client_for(world, world.app_token))
    await client.connect()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
    await until(lambda: world.sockets.connected)
    before = world.sockets.connections[0].number
    assert await world.sockets.refresh_all() == 1
    await until(lambda: any(connection.number > before for connection in world.sockets.connections))
    await client.close()  # type: ignore[no-untyped-call]


async def test_connections_are_refreshed_by_themselves_with_the_switch_on(world: SlackWorld) -> None:
    world.switches.refresh_sockets = 0.02
    async with aiohttp.ClientSession() as session, session.ws_connect(await opened(world)) as socket:
        kinds = [(await socket.receive_json()).get("reason", "hello") for _ in range(3)]
    assert kinds == ["hello", "warning", "refresh_requested"]


async def test_only_an_app_token_opens_connections(world: SlackWorld, client: AsyncWebClient) -> None:
    with pytest.raises(Exception, match="not_allowed_token_type"):
        await client.apps_connections_open(app_token=world.bot_token)
