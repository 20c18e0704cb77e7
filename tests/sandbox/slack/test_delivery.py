"""How payloads reach the app: signed, once or fifty times, late, out of order, again – and what people see."""

import asyncio
import json
import time
from typing import Any
from urllib.parse import parse_qs

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.serve import serve
from sandbox.slack.courier import signature_headers
from sandbox.slack.people import Slack
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import Transport, actions, button, modal, over_http, section

Json = dict[str, Any]


class Listener:
    """A request URL that keeps what it gets and answers with the statuses it was given, then 200."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.requests: list[tuple[dict[str, str], str]] = []

    async def __call__(self, request: Request) -> Response:
        self.requests.append((dict(request.headers), (await request.body()).decode()))
        return PlainTextResponse("", self.statuses.pop(0) if self.statuses else 200)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/slack/events", self.__call__, methods=["POST"])])


async def card(client: AsyncWebClient, world: SlackWorld, *elements: Json) -> None:
    blocks = [section("card"), actions(*elements)]
    await client.chat_postMessage(channel=world.person("arjun").id, text="card", blocks=blocks)


async def test_requests_are_signed_for_slacks_own_verifier(world: SlackWorld, slack: Slack) -> None:
    listener = Listener()
    verifier = SignatureVerifier(world.signing_secret)
    async with serve(listener.app) as url:
        world.request_url = f"{url}/slack/events"
        await slack.as_("arjun").type("/sdp help")
        await slack.as_("arjun").open_home()
    assert len(listener.requests) == 2
    for headers, body in listener.requests:
        assert verifier.is_valid_request(body, headers)
        assert not verifier.is_valid_request(body + " ", headers)
        assert headers["user-agent"].startswith("Slackbot 1.0")


async def test_command_is_a_flat_form(world: SlackWorld, slack: Slack) -> None:
    listener = Listener()
    async with serve(listener.app) as url:
        world.request_url = f"{url}/slack/events"
        await slack.as_("arjun").type("/sdp  approve <RLS-1> & go ", in_="#release-approvals")
    form = {name: value[0] for name, value in parse_qs(listener.requests[0][1]).items()}
    assert (form["command"], form["text"]) == ("/sdp", "approve &lt;RLS-1&gt; &amp; go")
    assert (form["user_id"], form["channel_name"]) == (world.person("arjun").id, "release-approvals")
    assert form["response_url"].startswith(f"{world.url}/response/")
    assert form["trigger_id"]


async def test_command_mentions_people_by_id_where_it_asks_for_that(world: SlackWorld, slack: Slack) -> None:
    world.app.escaped_commands.add("/sdp")
    listener = Listener()
    async with serve(listener.app) as url:
        world.request_url = f"{url}/slack/events"
        await slack.as_("arjun").type("/sdp ask @tess")
    assert parse_qs(listener.requests[0][1])["text"] == [f"ask <@{world.person('tess').id}>"]


async def test_forged_signature_is_for_the_app_to_refuse(world: SlackWorld, slack: Slack, bolt: AsyncApp) -> None:
    body = "payload=%7B%7D"
    async with over_http(world, bolt):
        forged = await slack.courier.post_raw(body, signature_headers("another secret", body, world.now()))
        stale = await slack.courier.post_raw(body, signature_headers(world.signing_secret, body, world.now() - 600))
    assert (forged.status, stale.status) == (401, 401)


async def test_same_click_can_arrive_fifty_times(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, client: AsyncWebClient, transport: Transport
) -> None:
    heard: list[tuple[str, str]] = []

    @bolt.action("approve")
    async def approve(ack: AsyncAck, body: Json) -> None:
        heard.append((body["trigger_id"], body["actions"][0]["action_ts"]))
        await ack()

    await card(client, world, button("Approve", "approve"))
    async with transport(world, bolt):
        outcome = await slack.as_("arjun").click("Approve", times=50)
    assert (outcome.ok, len(outcome.answers)) == (True, 50)
    assert (len(heard), len(set(heard))) == (50, 1)


async def test_two_clicks_can_arrive_in_the_wrong_order(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, client: AsyncWebClient
) -> None:
    heard: list[str] = []

    @bolt.action("choose")
    async def choose(ack: AsyncAck, action: Json) -> None:
        heard.append(action["value"])
        await ack()

    blocks = [actions(button("One", "choose", value="1")), actions(button("Two", "choose", value="2"))]
    await client.chat_postMessage(channel=world.person("arjun").id, text="card", blocks=blocks)
    arjun = slack.as_("arjun")
    async with over_http(world, bolt), slack.courier.holding() as held:
        first = asyncio.create_task(arjun.click("One"))
        await held.until(1)
        second = asyncio.create_task(arjun.click("Two"))
        await held.until(2)
        assert heard == []
        held.release(1)
        await second
        held.release(0)
        await first
    assert heard == ["2", "1"]


@pytest.mark.parametrize(
    ("status", "words"),
    [(500, "The app answered with an error."), (404, "The app answered with an error.")],
)
async def test_refused_click_is_an_error_on_the_screen(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, status: int, words: str
) -> None:
    await card(client, world, button("Approve", "approve"))
    async with serve(Listener(status).app) as url:
        world.request_url = f"{url}/slack/events"
        outcome = await slack.as_("arjun").click("Approve")
    assert (outcome.ok, outcome.status) == (False, status)
    assert outcome.error.startswith(words)
    assert world.errors("arjun") == [outcome.error]


async def test_app_that_is_away_is_an_error_on_the_screen(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    await card(client, world, button("Approve", "approve"))
    world.request_url = "http://127.0.0.1:9/slack/events"
    arjun = slack.as_("arjun")
    assert (await arjun.click("Approve")).error.startswith("The app could not be reached.")
    assert (await arjun.type("/sdp")).error == '/sdp failed with the error "dispatch_failed"'


async def test_app_that_is_slow_is_an_error_after_three_seconds(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, client: AsyncWebClient
) -> None:
    @bolt.action("approve")
    async def approve(ack: AsyncAck) -> None:
        await asyncio.sleep(0.5)
        await ack()

    assert world.switches.ack_seconds == 3.0
    world.switches.ack_seconds = 0.1
    await card(client, world, button("Approve", "approve"))
    started = time.monotonic()
    async with over_http(world, bolt):
        outcome = await slack.as_("arjun").click("Approve")
        waited = time.monotonic() - started
    assert outcome.error.startswith("The app did not respond in time.")
    assert waited < 0.4


async def test_failed_event_is_sent_again_three_times_at_most(world: SlackWorld, slack: Slack) -> None:
    listener = Listener(500, 500, 500, 500)
    async with serve(listener.app) as url:
        world.request_url = f"{url}/slack/events"
        await slack.as_("arjun").open_home()
        for _ in range(5):
            await slack.courier.retry_events()
    numbers = [headers.get("x-slack-retry-num") for headers, _ in listener.requests]
    reasons = {headers.get("x-slack-retry-reason") for headers, _ in listener.requests[1:]}
    event_ids = {json.loads(body)["event_id"] for _, body in listener.requests}
    assert numbers == [None, "1", "2", "3"]
    assert (reasons, len(event_ids)) == ({"http_error"}, 1)


async def test_failed_event_is_not_sent_again_once_it_was_taken(world: SlackWorld, slack: Slack) -> None:
    listener = Listener(500)
    async with serve(listener.app) as url:
        world.request_url = f"{url}/slack/events"
        await slack.as_("arjun").open_home()
        assert [answer.ok for answer in await slack.courier.retry_events()] == [True]
        assert await slack.courier.retry_events() == []


async def test_failed_event_comes_again_by_itself_with_the_switch_on(world: SlackWorld, slack: Slack) -> None:
    world.switches.retry_events, world.switches.retry_after = True, (0.0, 0.01, 0.02)
    listener = Listener(500, 500)
    async with serve(listener.app) as url:
        world.request_url = f"{url}/slack/events"
        await slack.as_("arjun").open_home()
        async with asyncio.timeout(5):
            while len(listener.requests) < 3:
                await asyncio.sleep(0.01)
        await slack.courier.settled()
    assert [headers.get("x-slack-retry-num") for headers, _ in listener.requests] == [None, "1", "2"]


async def test_app_hears_only_the_events_it_subscribed_to(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, transport: Transport
) -> None:
    heard: list[str] = []

    @bolt.event("message")
    async def message(event: Json) -> None:
        heard.append(event["text"])

    arjun = slack.as_("arjun")
    async with transport(world, bolt):
        await arjun.type("one")
        world.app.events.add("message.im")
        await arjun.type("two")
        await arjun.type("three", in_="#release-approvals")
    assert heard == ["two"]


async def test_changes_of_people_and_groups_are_events(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, transport: Transport
) -> None:
    heard: list[Json] = []

    @bolt.event("user_change")
    @bolt.event("subteam_members_changed")
    async def changed(event: Json) -> None:
        heard.append(event)

    async with transport(world, bolt):
        await slack.change_person("tess", deleted=True)
        await slack.change_group("operators", ["odile", "sam"])
    person, group = heard
    assert (person["user"]["id"], person["user"]["deleted"]) == (world.person("tess").id, True)
    assert group["added_users"] == [world.person("sam").id]


async def test_uninstalled_app_is_told_and_its_token_is_dead(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    listener = Listener()
    async with serve(listener.app) as url:
        world.request_url = f"{url}/slack/events"
        await slack.uninstall()
    assert [json.loads(body)["event"]["type"] for _, body in listener.requests] == ["tokens_revoked", "app_uninstalled"]
    assert (await client.api_call("api.test"))["ok"]
    with pytest.raises(Exception, match="token_revoked"):
        await client.auth_test()


async def test_shortcuts_carry_their_message(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, client: AsyncWebClient, transport: Transport
) -> None:
    heard: list[Json] = []

    @bolt.shortcut("projects.attach_message")
    async def attach(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        heard.append(body)
        await client.views_open(trigger_id=body["trigger_id"], view=modal("Attach"))
        await ack()

    arjun = slack.as_("arjun")
    shared = (await arjun.upload("plan.txt", b"the plan", in_="#release-approvals", text="look")).messages[0]
    async with transport(world, bolt):
        outcome = await arjun.shortcut("Attach to SDP project", on=shared)
    [body] = heard
    assert (body["type"], body["message_ts"], body["message"]["files"][0]["name"]) == (
        "message_action",
        shared.ts,
        "plan.txt",
    )
    assert outcome.modal is not None
    with pytest.raises(LookupError, match="no shortcut 'Unknown'"):
        await arjun.shortcut("Unknown")


async def test_commands_are_refused_where_slack_refuses_them(world: SlackWorld, slack: Slack) -> None:
    arjun = slack.as_("arjun")
    said = (await arjun.type("hello")).messages[0]
    assert (await arjun.type("/nope")).error == "/nope is not a valid command."
    assert (await arjun.type("/sdp", thread=said.ts)).error == "/sdp is not supported in threads. Sorry!"
    with pytest.raises(LookupError, match="gil is not in #ops"):
        await slack.as_("gil").type("hi", in_="#ops")


async def test_payload_can_be_tampered_with_on_its_way(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, client: AsyncWebClient, transport: Transport
) -> None:
    heard: list[str] = []

    @bolt.action("approve")
    async def approve(ack: AsyncAck, action: Json) -> None:
        heard.append(action["value"])
        await ack()

    def forge(payload: Json) -> Json:
        return payload | {"actions": [payload["actions"][0] | {"value": "forged"}]}

    await card(client, world, button("Approve", "approve", value="true"))
    world.mail.rewrite = forge
    async with transport(world, bolt):
        await slack.as_("arjun").click("Approve")
    assert heard == ["forged"]


async def test_log_has_both_directions_and_no_secret(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, client: AsyncWebClient
) -> None:
    @bolt.command("/sdp")
    async def sdp(ack: AsyncAck) -> None:
        await ack("hello")

    async with over_http(world, bolt):
        await slack.as_("arjun").type("/sdp")
    await client.api_call("auth.test", params={"token": world.bot_token})
    written = json.dumps([entry.as_json() for entry in world.log.entries])
    assert {entry.direction for entry in world.log.entries} == {"in", "out"}
    assert world.log.of("/sdp")[0].answer == "hello"
    for secret in (world.bot_token, world.app_token, world.signing_secret, world.verification_token):
        assert secret not in written
