"""Slack's own TypeScript types judge what the stand-in sends: every payload and every answer of the Web API.

The types come from npm (`types/package.json`), once; where Node or npm's packages cannot be had the test says so.
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.appconfig import Shortcut
from sandbox.slack.people import Slack
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import actions, button, client_for, field, modal, over_http, plain, section

Json = dict[str, Any]
TYPES = Path(__file__).parent / "types"
INSTALL = ("install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--fetch-retries=0")
OPTIONS = [{"text": plain(word), "value": word.lower()} for word in ("One", "Two")]

JUDGE = """\
import type * as bolt from '@slack/bolt';
import type * as types from '@slack/types';
import type * as api from '@slack/web-api';

// What Slack documents must have its documented type; what it sends besides is none of the types' business.
// Slack says null where the types know only absence, and its enums are plain strings on the wire.
type Loose<T> = T extends string ? `${T}`
  : T extends (infer Item)[] ? Loose<Item>[]
  : T extends object ? { [Key in keyof T]: Loose<T[Key]> | Null<T[Key]> } & { [more: string]: any }
  : T;
type Null<T> = undefined extends T ? null : never;
// The types want a response_url in every block action; Slack sends none from views.
type ViewAction = Omit<bolt.BlockAction, 'response_url'>;
"""

ANSWERS = {
    "api.test": "ApiTest",
    "apps.connections.open": "AppsConnectionsOpen",
    "auth.test": "AuthTest",
    "bots.info": "BotsInfo",
    "chat.delete": "ChatDelete",
    "chat.getPermalink": "ChatGetPermalink",
    "chat.postEphemeral": "ChatPostEphemeral",
    "chat.postMessage": "ChatPostMessage",
    "chat.scheduleMessage": "ChatScheduleMessage",
    "chat.scheduledMessages.list": "ChatScheduledMessagesList",
    "chat.update": "ChatUpdate",
    "conversations.history": "ConversationsHistory",
    "conversations.info": "ConversationsInfo",
    "conversations.join": "ConversationsJoin",
    "conversations.list": "ConversationsList",
    "conversations.members": "ConversationsMembers",
    "conversations.open": "ConversationsOpen",
    "conversations.replies": "ConversationsReplies",
    "dnd.info": "DndInfo",
    "files.completeUploadExternal": "FilesCompleteUploadExternal",
    "files.getUploadURLExternal": "FilesGetUploadURLExternal",
    "files.info": "FilesInfo",
    "reactions.add": "ReactionsAdd",
    "reactions.get": "ReactionsGet",
    "team.info": "TeamInfo",
    "usergroups.list": "UsergroupsList",
    "usergroups.users.list": "UsergroupsUsersList",
    "users.info": "UsersInfo",
    "users.list": "UsersList",
    "users.lookupByEmail": "UsersLookupByEmail",
    "users.profile.get": "UsersProfileGet",
    "views.open": "ViewsOpen",
    "views.publish": "ViewsPublish",
    "views.push": "ViewsPush",
    "views.update": "ViewsUpdate",
}
EVENTS = {
    "app_home_opened": "AppHomeOpenedEvent",
    "app_uninstalled": "AppUninstalledEvent",
    "file_shared": "FileSharedEvent",
    "reaction_added": "ReactionAddedEvent",
    "subteam_members_changed": "SubteamMembersChangedEvent",
    "tokens_revoked": "TokensRevokedEvent",
    "user_change": "UserChangeEvent",
}
PAYLOADS = {
    "view_submission": "bolt.ViewSubmitAction",
    "view_closed": "bolt.ViewClosedAction",
    "block_suggestion": "bolt.BlockSuggestion",
    "message_action": "bolt.MessageShortcut",
    "shortcut": "bolt.GlobalShortcut",
}


async def run(*command: str, seconds: float) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=TYPES, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        return 1, f"{command[0]} took longer than {seconds} s"
    return process.returncode or 0, output.decode()


@pytest.fixture
async def compiler() -> Path:
    """TypeScript's compiler, beside Slack's types."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("no Node here (apt-get install nodejs npm)")
    path = TYPES / "node_modules" / ".bin" / "tsc"
    if not path.exists():
        status, words = await run(npm, *INSTALL, seconds=60)
        if status:
            pytest.skip(f"Slack's types could not be fetched with npm: {words.strip().splitlines()[-1]}")
    return path


class Samples:
    """Collects what was sent, as constants of a TypeScript file with the type each has to have."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self._lines: list[str] = []

    def add(self, kind: str, type_: str, value: Any) -> None:
        self.kinds.add(kind)
        name = f"sample{len(self._lines)}"
        self._lines.append(f"// {kind}\nexport const {name}: Loose<{type_}> = {json.dumps(value)};")

    def payload(self, body: Json) -> Json:
        """A payload on its way to the app, unchanged."""
        if "command" in body:
            self.add("command", "bolt.SlashCommand", body)
        elif body["type"] == "event_callback":
            kind = body["event"]["type"]
            type_ = "any" if kind == "message" else f"types.{EVENTS[kind]}"
            self.add(kind, f"bolt.EnvelopedEvent<{type_}>", body)
        elif body["type"] == "block_actions":
            kind = body["actions"][0]["type"]
            self.add(kind, "ViewAction" if "view" in body else "bolt.BlockAction", body)
        else:
            self.add(body["type"], PAYLOADS[body["type"]], body)
        return body

    def answer(self, method: str, data: Any) -> None:
        self.add(method, f"api.{ANSWERS[method]}Response", data)

    def text(self) -> str:
        return "\n".join([JUDGE, *self._lines, ""])


@pytest.fixture
async def samples(world: SlackWorld, slack: Slack, bolt: AsyncApp) -> AsyncIterator[Samples]:
    """Everything that goes to a listening app from here on."""
    collected = Samples()
    world.mail.rewrite = collected.payload
    suggested = OPTIONS

    @bolt.options("x")
    async def options(ack: AsyncAck) -> None:
        await ack(options=suggested)

    @bolt.middleware
    async def everything(ack: AsyncAck, body: Json, next_: Any) -> Any:
        return await (next_() if body.get("type") == "block_suggestion" else ack())

    async with over_http(world, bolt):
        yield collected


def menus() -> list[Json]:
    kinds: dict[str, Json] = {
        "static_select": {"options": OPTIONS},
        "multi_static_select": {"options": OPTIONS},
        "external_select": {"min_query_length": 0},
        "multi_external_select": {"min_query_length": 0},
        "radio_buttons": {"options": OPTIONS},
        "checkboxes": {"options": OPTIONS},
        "overflow": {"options": OPTIONS},
        "users_select": {"initial_user": "U1"},
        "multi_users_select": {},
        "channels_select": {},
        "multi_channels_select": {},
        "conversations_select": {},
        "multi_conversations_select": {},
        "datepicker": {"placeholder": plain("When")},
        "timepicker": {},
    }
    return [{"type": kind, "action_id": "x"} | more for kind, more in kinds.items()]


def chosen_in(kind: str) -> Any:
    wanted: Any = {
        "users": "tess",
        "channels": "ops",
        "conversations": "ops",
        "datepicker": "2026-03-31",
        "timepicker": "09:30",
    }.get(kind.removeprefix("multi_").removesuffix("_select"), "One")
    return [wanted] if kind.startswith("multi_") or kind == "checkboxes" else wanted


async def walk_people(world: SlackWorld, slack: Slack, client: AsyncWebClient) -> None:
    """Every gesture that sends something to the app."""
    world.app.shortcuts.append(Shortcut("Everywhere", "everywhere", on_messages=False))
    world.app.events |= {"message.im", "file_shared", "reaction_added"}
    arjun = slack.as_("arjun")
    for menu in menus():
        posted = await client.chat_postMessage(channel=arjun.person.id, text="x", blocks=[actions(menu)])
        message = world.conversations.message(posted["channel"], posted["ts"])
        assert (await arjun.pick("x", chosen_in(menu["type"]), message)).ok
    await client.chat_postMessage(channel=arjun.person.id, text="x", blocks=[actions(button("Go", "go", value="v"))])
    await arjun.click("Go")
    await client.chat_postEphemeral(
        channel="#ops", user=world.person("sam").id, text="x", blocks=[actions(button("Psst", "psst"))]
    )
    await slack.as_("sam").click("Psst")
    text = field("Text", {"type": "plain_text_input", "action_id": "t"}, dispatch_action=True)
    choices = [field(menu["type"], menu) for menu in menus() if menu["type"] != "overflow"]
    form = modal("Form", text, *choices, callback_id="form", notify_on_close=True)
    world.views.open(arjun.person.id, form)
    await arjun.fill({"Text": "words"})
    await arjun.submit({menu["type"]: chosen_in(menu["type"]) for menu in menus() if menu["type"] != "overflow"})
    world.views.open(arjun.person.id, form)
    await arjun.close_modal()
    home = {"type": "home", "blocks": [section("Hello"), actions(button("Home", "home"))]}
    await client.views_publish(user_id=arjun.person.id, view=home)
    await arjun.open_home()
    await arjun.click("Home", "home")
    said = (await arjun.upload("plan.txt", b"the plan")).messages[0]
    await arjun.react("eyes", said)
    await arjun.shortcut("Attach to SDP project", on=said)
    await arjun.shortcut("Everywhere")
    await arjun.type("/sdp help")
    await slack.change_person("tess", display_name="Tessa")
    await slack.change_group("operators", ["sam"])


async def walk_methods(world: SlackWorld, slack: Slack, client: AsyncWebClient, samples: Samples) -> None:
    """Every method, once."""
    world.app.scopes |= {"channels:join", "reactions:write", "reactions:read", "team:read", "dnd:read"}
    world.app.scopes |= {"users.profile:read", "mpim:read", "im:read"}
    arjun, ops = world.person("arjun"), world.channel("ops").id

    async def call(method: str, **arguments: Any) -> Any:
        data: Any = (await client.api_call(method, json=arguments)).data
        samples.answer(method, data)
        return data

    for method in ("api.test", "auth.test", "bots.info", "team.info", "users.list", "usergroups.list", "dnd.info"):
        await call(method)
    group = (await call("usergroups.list", include_users=True))["usergroups"][0]["id"]
    await call("usergroups.users.list", usergroup=group)
    await call("users.info", user=arjun.id)
    await call("users.profile.get", user=arjun.id)
    await call("users.lookupByEmail", email=arjun.email)
    await call("conversations.open", users=arjun.id, return_im=True)
    await call("conversations.list", types="public_channel,im")
    await call("conversations.info", channel=ops)
    await call("conversations.members", channel=ops)
    await call("conversations.join", channel=world.channel("general").id)
    metadata = {"event_type": "card", "event_payload": {"id": "1"}}
    card = await call(
        "chat.postMessage", channel=ops, text="x", blocks=[section("x"), actions(*menus()[:1])], metadata=metadata
    )
    where = {"channel": ops, "ts": card["ts"]}
    await call("chat.postMessage", channel=ops, text="reply", thread_ts=card["ts"])
    await call("chat.update", **where, text="y")
    await call("chat.getPermalink", channel=ops, message_ts=card["ts"])
    await call("chat.postEphemeral", channel=ops, user=world.person("sam").id, text="x")
    await call("chat.scheduleMessage", channel=ops, text="x", post_at=int(world.now()) + 600)
    await call("chat.scheduledMessages.list")
    await call("reactions.add", channel=ops, timestamp=card["ts"], name="eyes")
    await call("reactions.get", channel=ops, timestamp=card["ts"])
    await slack.as_("odile").upload("plan.txt", b"the plan", in_="#ops")
    await call("conversations.history", channel=ops, include_all_metadata=True)
    await call("conversations.replies", **where)
    await call("chat.delete", **where)
    step = await call("files.getUploadURLExternal", filename="a.txt", length=1)
    world.files.receive(step["upload_url"].rpartition("/")[2], b"x")
    files = [{"id": step["file_id"], "title": "a"}]
    await call("files.completeUploadExternal", files=files, channel_id=ops)
    await call("files.info", file=step["file_id"])
    await call("views.publish", user_id=arjun.id, view={"type": "home", "blocks": []})
    form = modal("Form", field("Text", {"type": "plain_text_input"}))
    opened = await call("views.open", trigger_id=world.tickets.new_trigger(arjun.id), view=form)
    await call("views.push", trigger_id=world.tickets.new_trigger(arjun.id), view=form)
    await call("views.update", view_id=opened["view"]["id"], view=form)
    connection = await client_for(world, world.app_token).api_call("apps.connections.open")
    samples.answer("apps.connections.open", connection.data)


async def test_all_that_is_sent_has_slacks_published_types(
    world: SlackWorld, slack: Slack, client: AsyncWebClient, samples: Samples, compiler: Path
) -> None:
    await walk_people(world, slack, client)
    await walk_methods(world, slack, client, samples)
    await slack.uninstall()
    expected = {*EVENTS, *PAYLOADS, *ANSWERS, "command", "message", "button", *(menu["type"] for menu in menus())}
    assert expected <= samples.kinds
    source = TYPES / "samples.ts"
    source.write_text(samples.text())
    strict = ("--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext")
    status, words = await run(str(compiler), *strict, "--types", "node", source.name, seconds=60)
    assert status == 0, words
    source.unlink()
