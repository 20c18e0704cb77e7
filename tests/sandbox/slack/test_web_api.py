"""The Web API's door: how arguments travel, who may call what, and how Slack says no."""

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.appconfig import from_manifest
from sandbox.slack.people import Slack
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import client_for

Json = dict[str, Any]


async def post(world: SlackWorld, method: str, *, http: str = "POST", headers: Json | None = None, **more: Any) -> Json:
    """A bare request, as other clients than the SDK's send them."""
    headers = {"Authorization": f"Bearer {world.bot_token}"} if headers is None else headers
    async with (
        aiohttp.ClientSession() as session,
        session.request(http, f"{world.url}/api/{method}", headers=headers, **more) as response,
    ):
        answer: Json = await response.json(content_type=None)
        return answer | {"status": response.status}


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


@pytest.mark.parametrize("way", ["query", "form", "json", "multipart", "get"])
async def test_arguments_arrive_in_every_encoding(world: SlackWorld, way: str) -> None:
    arguments = {"channel": world.person("arjun").id, "text": "hello", "blocks": json.dumps([{"type": "divider"}])}
    match way:
        case "query":
            answer = await post(world, "chat.postMessage", params=arguments)
        case "get":
            answer = await post(world, "chat.postMessage", http="GET", params=arguments)
        case "form":
            answer = await post(world, "chat.postMessage", data=arguments)
        case "json":
            answer = await post(world, "chat.postMessage", json=arguments | {"blocks": [{"type": "divider"}]})
        case _:
            parts = aiohttp.FormData(default_to_multipart=True)
            for name, value in arguments.items():
                parts.add_field(name, value)
            answer = await post(world, "chat.postMessage", data=parts)
    assert answer["ok"], answer
    assert answer["message"]["text"] == "hello"
    assert [block["type"] for block in answer["message"]["blocks"]] == ["divider"]


async def test_token_may_come_as_an_argument(world: SlackWorld) -> None:
    assert (await post(world, "auth.test", headers={}, data={"token": world.bot_token}))["ok"]


async def test_wrong_tokens_are_told_apart(world: SlackWorld) -> None:
    world.revoke(world.app_token)
    assert await error_of(client_for(world, None).auth_test()) == "not_authed"
    assert await error_of(client_for(world, "xoxb-fake-other").auth_test()) == "invalid_auth"
    assert await error_of(client_for(world, world.app_token).auth_test()) == "token_revoked"
    bot = client_for(world, world.bot_token)
    assert await error_of(bot.apps_connections_open(app_token=world.bot_token)) == "not_allowed_token_type"


async def test_missing_scope_names_what_is_needed_and_what_is_there(world: SlackWorld, client: AsyncWebClient) -> None:
    world.app.scopes.remove("users:read.email")
    with pytest.raises(SlackApiError) as refused:
        await client.users_lookupByEmail(email="arjun.velloor@example.com")
    answer = refused.value.response
    assert (answer["error"], answer["needed"]) == ("missing_scope", "users:read.email")
    assert "users:read" in answer["provided"].split(",")


async def test_every_answer_tells_the_scopes_of_the_token(world: SlackWorld, client: AsyncWebClient) -> None:
    answer = await client.auth_test()
    assert set(answer.headers["x-oauth-scopes"].split(",")) == world.app.scopes
    assert (answer["user_id"], answer["team_id"], answer["bot_id"]) == (world.bot.id, world.team_id, world.bot_id)


async def test_unknown_method_is_said_to_be_unknown(world: SlackWorld, client: AsyncWebClient) -> None:
    assert await error_of(client.api_call("chat.shout")) == "unknown_method"


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        ("{", "application/json", "invalid_json"),
        ("[]", "application/json", "json_not_object"),
        ("text", "text/plain", "invalid_post_type"),
    ],
)
async def test_unreadable_body_is_refused(world: SlackWorld, body: str, kind: str, error: str) -> None:
    headers = {"Authorization": f"Bearer {world.bot_token}", "Content-Type": kind}
    assert (await post(world, "chat.postMessage", headers=headers, data=body))["error"] == error


async def test_api_test_gives_back_what_it_got(client: AsyncWebClient) -> None:
    assert (await client.api_test(foo="bar"))["args"] == {"foo": "bar"}
    assert await error_of(client.api_test(error="my_error")) == "my_error"


# People


async def test_person_is_found_by_mail_in_any_case(world: SlackWorld, client: AsyncWebClient) -> None:
    found = await client.users_lookupByEmail(email="Arjun.VELLOOR@example.com")
    assert found["user"]["id"] == world.person("arjun").id
    assert (found["user"]["tz"], found["user"]["tz_offset"]) == ("Asia/Kolkata", 19800)


async def test_people_who_left_or_are_of_elsewhere_are_not_found_by_mail(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    await slack.change_person("arjun", deleted=True)
    world.directory.add("stranger", "Stan Ranger", "stan@example.com", team_id="T0ELSEWHERE")
    for mail in ("arjun.velloor@example.com", "stan@example.com", "nobody@example.com"):
        assert await error_of(client.users_lookupByEmail(email=mail)) == "users_not_found"
    stranger = (await client.users_info(user=world.person("stranger").id))["user"]
    assert (stranger["is_stranger"], stranger["team_id"]) == (True, "T0ELSEWHERE")
    assert (await client.users_info(user=world.person("arjun").id))["user"]["deleted"] is True


async def test_guests_and_bots_are_marked(world: SlackWorld, client: AsyncWebClient) -> None:
    members = {member["id"]: member for member in (await client.users_list())["members"]}
    assert members[world.person("gil").id]["is_restricted"] is True
    assert members[world.bot.id]["is_bot"] is True
    assert members[world.person("sam").id]["is_admin"] is True


async def test_people_come_in_pages(world: SlackWorld, client: AsyncWebClient) -> None:
    seen: list[str] = []
    async for page in await client.users_list(limit=3):
        assert len(page["members"]) <= 3
        seen += [member["id"] for member in page["members"]]
    assert sorted(seen) == sorted(person.id for person in world.people())
    assert await error_of(client.users_list(cursor="nonsense")) == "invalid_cursor"


async def test_mail_is_hidden_without_its_scope(world: SlackWorld, client: AsyncWebClient) -> None:
    world.app.scopes.remove("users:read.email")
    assert "email" not in (await client.users_info(user=world.person("arjun").id))["user"]["profile"]


async def test_user_groups_are_listed_with_their_people(world: SlackWorld, client: AsyncWebClient) -> None:
    groups = {group["handle"]: group for group in (await client.usergroups_list(include_users=True))["usergroups"]}
    odile = world.person("odile").id
    assert groups["operators"]["users"] == [odile]
    assert (await client.usergroups_users_list(usergroup=groups["operators"]["id"]))["users"] == [odile]
    assert await error_of(client.usergroups_users_list(usergroup="S0")) == "no_such_subteam"


# Places


async def test_direct_message_is_opened_once(world: SlackWorld, client: AsyncWebClient) -> None:
    newcomer = world.directory.add("newcomer", "Nell Comer", "nell@example.com")
    first = await client.conversations_open(users=newcomer.id)
    second = await client.conversations_open(users=[newcomer.id])
    assert first["channel"]["id"] == second["channel"]["id"]
    assert ("already_open" in first.data, second["already_open"]) == (False, True)


async def test_direct_message_with_nobody_somebody_gone_or_a_bot_is_refused(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    await slack.change_person("gil", deleted=True)
    assert await error_of(client.conversations_open(users="U0")) == "user_not_found"
    assert await error_of(client.conversations_open(users=world.person("gil").id)) == "user_disabled"
    assert await error_of(client.conversations_open(users=world.bot.id)) == "cannot_dm_bot"


async def test_channels_are_listed_by_kind_and_scope(world: SlackWorld, client: AsyncWebClient) -> None:
    world.conversations.add_channel("secret", [world.person("sam")], private=True)
    listed = await client.conversations_list(types="public_channel,private_channel")
    assert [(one["name"], one["is_member"]) for one in listed["channels"]] == [
        ("release-approvals", True),
        ("ops", True),
        ("general", False),
    ]
    assert await error_of(client.conversations_list(types="im")) == "missing_scope"
    assert await error_of(client.conversations_list(types="rooms")) == "invalid_types"


async def test_members_of_a_channel_are_told(world: SlackWorld, client: AsyncWebClient) -> None:
    members = (await client.conversations_members(channel=world.channel("ops").id))["members"]
    assert set(members) == {world.person("odile").id, world.person("sam").id, world.bot.id}


async def test_private_channel_is_hidden_from_who_is_not_in_it(world: SlackWorld, client: AsyncWebClient) -> None:
    secret = world.conversations.add_channel("secret", [world.person("sam")], private=True)
    assert await error_of(client.conversations_info(channel=secret.id)) == "channel_not_found"
    assert await error_of(client.chat_postMessage(channel=secret.id, text="x")) == "channel_not_found"


async def test_app_joins_a_public_channel_only_with_the_scope(world: SlackWorld, client: AsyncWebClient) -> None:
    general = world.channel("general")
    assert await error_of(client.conversations_join(channel=general.id)) == "missing_scope"
    world.app.scopes.add("channels:join")
    await client.conversations_join(channel=general.id)
    assert world.bot.id in general.members


async def test_workspace_and_app_describe_themselves(world: SlackWorld, client: AsyncWebClient) -> None:
    world.app.scopes |= {"team:read", "dnd:read"}
    assert (await client.team_info())["team"]["domain"] == world.team_domain
    assert (await client.bots_info(bot=world.bot_id))["bot"]["user_id"] == world.bot.id
    assert (await client.dnd_info(user=world.person("arjun").id))["dnd_enabled"] is False


def test_manifest_decides_what_the_app_may_and_hears() -> None:
    app = from_manifest(
        {
            "display_information": {"name": "Approver"},
            "features": {
                "app_home": {"home_tab_enabled": True},
                "slash_commands": [{"command": "/sdp", "usage_hint": "help", "should_escape": True}],
                "shortcuts": [{"name": "Attach", "type": "message", "callback_id": "attach"}],
            },
            "oauth_config": {"scopes": {"bot": ["chat:write"]}},
            "settings": {"event_subscriptions": {"bot_events": ["user_change"]}},
        }
    )
    assert (app.name, app.scopes, app.events, app.home_tab) == ("Approver", {"chat:write"}, {"user_change"}, True)
    assert (app.commands, app.escaped_commands) == ({"/sdp": "help"}, {"/sdp"})
    assert [(shortcut.callback_id, shortcut.on_messages) for shortcut in app.shortcuts] == [("attach", True)]
