"""The JSON doors: every gesture and switch for other processes, and the stream of changes."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.control import GESTURES
from sandbox.slack.people import Actor
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import actions, button, field, modal, over_http, section

Json = dict[str, Any]


class Remote:
    """The stand-in from another process."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def ask(self, http: str, path: str, **body: Any) -> tuple[int, Json]:
        async with self._session.request(http, f"{self._url}/sandbox/{path}", json=body or None) as response:
            return response.status, await response.json()

    async def get(self, path: str) -> Json:
        return (await self.ask("GET", path))[1]

    async def do(self, who: str, gesture: str, **body: Any) -> Json:
        return (await self.ask("POST", f"people/{who}/{gesture}", **body))[1]


@pytest.fixture
async def remote(world: SlackWorld) -> AsyncIterator[Remote]:
    async with aiohttp.ClientSession() as session:
        yield Remote(session, world.url)


@pytest.fixture
async def listening(world: SlackWorld, bolt: AsyncApp) -> AsyncIterator[None]:
    reason = modal("Reject", field("Reason", {"type": "plain_text_input"}, block_id="why"), callback_id="reason")

    @bolt.action("approve")
    async def approve(ack: AsyncAck) -> None:
        await ack()

    @bolt.action("reject")
    async def reject(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=reason)
        await ack()

    @bolt.view("reason")
    async def given(ack: AsyncAck) -> None:
        await ack(response_action="errors", errors={"why": "Say more."})

    @bolt.command("/sdp")
    async def sdp(ack: AsyncAck, command: Json) -> None:
        await ack(f"You said {command['text']}")

    async with over_http(world, bolt):
        yield


async def test_state_shows_what_one_person_sees(world: SlackWorld, remote: Remote, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="#ops", text="for all")
    await client.chat_postEphemeral(channel="#ops", user=world.person("sam").id, text="for sam")
    texts = {}
    for who in ("odile", "sam"):
        seen = {one.get("name"): one for one in (await remote.get(f"state?viewer={who}"))["conversations"]}
        texts[who] = [(message["text"], message["is_ephemeral"]) for message in seen["ops"]["messages"]]
    assert texts == {"odile": [("for all", False)], "sam": [("for all", False), ("for sam", True)]}
    everyone = (await remote.get("state"))["people"]
    assert {"key": "arjun", "tz": "Asia/Kolkata"}.items() <= next(p for p in everyone if p["key"] == "arjun").items()


async def test_card_is_rejected_from_another_process(
    world: SlackWorld, remote: Remote, client: AsyncWebClient, listening: None
) -> None:
    arjun = world.person("arjun").id
    posted = await client.chat_postMessage(
        channel=arjun, text="card", blocks=[actions(button("Approve", "approve"), button("Reject…", "reject"))]
    )
    card = {"channel": posted["channel"], "ts": posted["ts"]}
    assert (await remote.do("arjun", "click", button="Approve", **{"in": card}, times=3))["deliveries"] == 3
    opened = (await remote.do("arjun", "click", button="Reject…", **{"in": card}))["modal"]
    assert opened["title"]["text"] == "Reject"
    empty = await remote.do("arjun", "submit", values={}, **{"in": {"view": opened["id"]}})
    assert (empty["ok"], empty["field_errors"]) == (False, {"why": "Please complete this required field."})
    short = await remote.do("arjun", "submit", values={"Reason": "no"})
    assert short["field_errors"] == {"why": "Say more."}
    assert (await remote.get("state?viewer=arjun"))["modals"][0]["errors"] == {"why": "Say more."}
    await remote.do("arjun", "close_modal")
    assert (await remote.get("state?viewer=arjun"))["modals"] == []


async def test_command_is_typed_from_another_process(world: SlackWorld, remote: Remote, listening: None) -> None:
    outcome = await remote.do("odile", "type", text="/sdp help", **{"in": "#ops"})
    assert [message["text"] for message in outcome["messages"]] == ["You said help"]
    assert outcome["ms"] > 0


async def test_unknown_names_are_answered_with_what_there_is(world: SlackWorld, remote: Remote) -> None:
    for path, words in [
        ("people/nobody/click", "nobody is called 'nobody' here; there are bot, mara"),
        ("people/arjun/jump", "no gesture 'jump'; there are click"),
        ("people/arjun/click", "no button 'Go' here; there are: none"),
    ]:
        status, body = await remote.ask("POST", path, button="Go")
        assert (status, words in body["error"]) == (404, True), body
    assert (await remote.ask("POST", "people/arjun/click", knob="Go"))[0] == 400


async def test_every_gesture_of_a_person_has_a_door() -> None:
    looking = {"messages", "modal", "sees", "channel", "remembers", "until", "shares"}
    waiting = {"waits_for", "waits_for_modal", "waits_for_home"}
    verbs = {name for name in dir(Actor) if not name.startswith("_")}
    assert verbs - looking - waiting == set(GESTURES)


async def test_people_and_groups_change_by_json(world: SlackWorld, remote: Remote) -> None:
    status, person = await remote.ask("PATCH", "people/tess", deleted=True)
    assert (status, person["deleted"], world.person("tess").deleted) == (200, True, True)
    _, group = await remote.ask("PATCH", "groups/operators", members=["sam"])
    assert group["users"] == [world.person("sam").id]
    status, refusal = await remote.ask("PATCH", "people/tess", height=2)
    assert (status, refusal["error"]) == (404, "a person has no height")


async def test_faults_switches_and_sockets_are_set_by_json(
    world: SlackWorld, remote: Remote, client: AsyncWebClient
) -> None:
    await remote.ask("POST", "faults", kind="error", method="auth.test", code="fatal_error")
    with pytest.raises(Exception, match="fatal_error"):
        await client.auth_test()
    assert (await remote.get("faults"))["faults"][0]["struck"] == 1
    assert (await remote.ask("DELETE", "faults"))[1] == {"faults": []}
    assert (await remote.ask("POST", "switches", strict_rates=True))[1]["strict_rates"] is True
    assert (await remote.ask("POST", "switches", loud=True))[0] == 404
    assert (await remote.ask("POST", "sockets", do="bad_tickets", count=2))[1] == {"bad_tickets": 2}
    assert (await remote.ask("POST", "sockets", do="drop"))[1] == {"dropped": 0}


async def test_deliveries_are_held_and_let_go_in_any_order_by_json(
    world: SlackWorld, remote: Remote, listening: None
) -> None:
    await remote.ask("POST", "deliveries", hold=True)
    typing = []
    for number in range(2):
        typing.append(asyncio.create_task(remote.do("odile", "type", text=f"/sdp {number}", **{"in": "#ops"})))
        async with asyncio.timeout(5):
            while (await remote.get("deliveries"))["held"] <= number:
                await asyncio.sleep(0.01)
    for position in (1, 0):
        await remote.ask("POST", "deliveries", release=[position])
        await typing[position]
    await remote.ask("POST", "deliveries", hold=False)
    assert [note.text for note in world.messages("#ops", "odile")] == ["You said 1", "You said 0"]
    assert await remote.get("deliveries") == {"holding": False, "held": 0, "failed_events": 0}


async def test_events_are_sent_by_json(world: SlackWorld, remote: Remote, listening: None) -> None:
    _, unheard = await remote.ask("POST", "events", type="channel_created", channel={"id": "C1"})
    _, heard = await remote.ask("POST", "events", type="user_change", user={"id": "U1"})
    assert (unheard["subscribed"], heard["subscribed"]) == (False, True)
    sent = [entry["what"] for entry in (await remote.get("log"))["entries"] if entry["direction"] == "out"]
    assert sent == ["user_change"]


async def test_log_is_read_from_where_one_left_off(remote: Remote, client: AsyncWebClient) -> None:
    await client.auth_test()
    first = (await remote.get("log"))["entries"]
    await client.api_test()
    later = (await remote.get(f"log?since={first[-1]['number']}"))["entries"]
    assert [entry["what"] for entry in later] == ["api.test"]


async def test_shared_file_is_kept_without_a_token_and_never_shown(world: SlackWorld, remote: Remote) -> None:
    content = base64.b64encode(b"the plan").decode()
    outcome = await remote.do("odile", "upload", name="plan.html", base64=content, **{"in": "#ops"})
    file = outcome["messages"][0]["files"][0]["id"]
    async with aiohttp.ClientSession() as session, session.get(f"{world.url}/sandbox/files/{file}") as response:
        assert (response.headers["x-content-type-options"], await response.read()) == ("nosniff", b"the plan")
        assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''plan.html"
        assert response.content_type == "application/octet-stream"


async def test_changes_are_streamed_as_they_happen(world: SlackWorld, remote: Remote, client: AsyncWebClient) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{world.url}/sandbox/changes") as stream:
        assert stream.content_type == "text/event-stream"
        assert await stream.content.readline() == b": listening\n"
        posted = await client.chat_postMessage(channel="#ops", text=section("x")["type"])
        lines = [(await stream.content.readline()).decode().strip() for _ in range(3)]
    kind, data = lines[1].removeprefix("event: "), json.loads(lines[2].removeprefix("data: "))
    assert (kind, data["where"], data["ts"]) == ("message", posted["channel"], posted["ts"])
