"""`manifest.json` is one that Slack takes, and asks for what the code uses: no scope, event or entry more or less."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blocks import ids
from sandbox.box import manifest

HANDLERS = Path(__file__).parent.parent / "handlers"


# --- what Slack takes ---------------------------------------------------------------------------------------

RULES: dict[str, dict[str, tuple[type, int] | type]] = {
    "": {"display_information": dict, "features": dict, "oauth_config": dict, "settings": dict},
    "display_information": {"name": (str, 35), "description": (str, 140), "background_color": (str, 7)},
    "features": {"app_home": dict, "bot_user": dict, "shortcuts": (list, 10), "slash_commands": (list, 50)},
    "features.app_home": {
        "home_tab_enabled": bool,
        "messages_tab_enabled": bool,
        "messages_tab_read_only_enabled": bool,
    },
    "features.bot_user": {"display_name": (str, 80), "always_online": bool},
    "features.shortcuts": {
        "name": (str, 24),
        "type": (str, 7),
        "callback_id": (str, 255),
        "description": (str, 150),
    },
    "features.slash_commands": {
        "command": (str, 32),
        "description": (str, 2000),
        "usage_hint": (str, 1000),
        "should_escape": bool,
    },
    "oauth_config": {"scopes": dict},
    "oauth_config.scopes": {"bot": (list, 255)},
    "settings": {
        "event_subscriptions": dict,
        "interactivity": dict,
        "org_deploy_enabled": bool,
        "socket_mode_enabled": bool,
        "token_rotation_enabled": bool,
    },
    "settings.event_subscriptions": {"bot_events": (list, 100)},
    "settings.interactivity": {"is_enabled": bool},
}
"""Of what Slack's published schema allows (manifest.schema.1.0.0.json in github.com/slackapi/manifest-schema), the part
that ours has: each object's keys with their type and greatest length. An unknown key is refused there."""


def test_slack_takes_the_manifest() -> None:
    assert list(_broken(manifest())) == []


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        (("display_information",), "name", "x" * 36),
        (("features", "bot_user"), "display_name", ""),
        (("settings",), "request_url", "https://example.com"),
        (("settings", "interactivity"), "is_enabled", "yes"),
    ],
)
def test_a_manifest_slack_would_refuse_is_seen(where: tuple[str, ...], key: str, value: object) -> None:
    broken = target = manifest()
    for name in where:
        target = target[name]
    target[key] = value
    assert list(_broken(broken)) == [".".join((*where, key))]


def _broken(value: Any, path: str = "") -> Iterator[str]:
    """Where it breaks a rule."""
    if isinstance(value, list):
        for one in value:
            yield from _broken(one, path) if isinstance(one, dict) else ()
        return
    for key, one in value.items():
        where = f"{path}.{key}".lstrip(".")
        rule = RULES.get(path, {}).get(key)
        kind, most = rule if isinstance(rule, tuple) else (rule, None)
        if kind is None or not isinstance(one, kind) or (most and not 1 <= len(one) <= most):
            yield where
        elif isinstance(one, dict | list):
            yield from _broken(one, where)


# --- what the code uses -------------------------------------------------------------------------------------

ANY_CHANNEL = ("channels:read", "groups:read")
HISTORY = ("im:history", "channels:history", "groups:history")
SCOPES = {
    "auth.test": (),
    "apps.connections.open": (),  # with the app-level token
    "bots.info": ("users:read",),
    "chat.getPermalink": (),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.history": HISTORY,
    "conversations.info": ANY_CHANNEL,
    "conversations.list": ANY_CHANNEL,
    "conversations.members": ANY_CHANNEL,
    "conversations.open": ("im:write",),
    "conversations.replies": HISTORY,
    "files.completeUploadExternal": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "usergroups.list": ("usergroups:read",),
    "usergroups.users.list": ("usergroups:read",),
    "users.info": ("users:read", "users:read.email"),
    "users.list": ("users:read", "users:read.email"),
    "views.open": (),
    "views.publish": (),
    "views.update": (),
}
"""Slack's methods the bot calls, with the scopes their pages name (docs.slack.dev/reference/methods)."""
WITHOUT_A_CALL = {"commands": "/sdp and the shortcut", "files:read": "a message's files are fetched by their address"}

_NAMES = r"apps|auth|bots|chat|conversations|files|reactions|team|usergroups|users|views"
_BY_NAME = re.compile(rf'"((?:{_NAMES})\.[A-Za-z.]+)"')
_BY_CLIENT = re.compile(rf"_client\.((?:{_NAMES})_\w+)\(")


def source() -> str:
    return "\n".join(path.read_text() for path in sorted(HANDLERS.glob("*.py")))


def test_the_scopes_are_those_of_the_methods_the_code_calls() -> None:
    text = source()
    called = {*_BY_NAME.findall(text), *(name.replace("_", ".") for name in _BY_CLIENT.findall(text))}
    assert called == set(SCOPES)
    needed = {scope for scopes in SCOPES.values() for scope in scopes} | set(WITHOUT_A_CALL)
    assert needed == set(manifest()["oauth_config"]["scopes"]["bot"])


def test_every_event_has_a_listener_and_every_listener_its_event() -> None:
    heard = set(re.findall(r'listen\.event\("(\w+)"', source()))
    assert heard == set(manifest()["settings"]["event_subscriptions"]["bot_events"])


def test_the_command_and_the_shortcut_are_those_that_are_listened_to() -> None:
    features = manifest()["features"]
    assert [one["command"] for one in features["slash_commands"]] == re.findall(r'listen\.command\("([^"]+)"', source())
    assert [one["callback_id"] for one in features["shortcuts"]] == [ids.PROJECT_SHORTCUT]
