"""The installed app as Slack knows it: scopes, events it hears, commands, shortcuts – what a manifest says."""

from dataclasses import dataclass, field
from typing import Any

SCOPES = (
    "chat:write",
    "im:write",
    "im:history",
    "commands",
    "users:read",
    "users:read.email",
    "files:read",
    "files:write",
    "usergroups:read",
    "channels:read",
    "groups:read",
    "channels:history",
    "groups:history",
)
EVENTS = ("app_home_opened", "app_uninstalled", "tokens_revoked", "user_change", "subteam_members_changed")


@dataclass(slots=True)
class Shortcut:
    """A shortcut of the app; `on_messages` ones stand in a message's menu, the others in the composer."""

    name: str
    callback_id: str
    on_messages: bool


@dataclass(slots=True)
class AppConfig:
    """What the app may and hears. Commands are names with their slash → the usage hint of the composer."""

    name: str = "SDP"
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    events: set[str] = field(default_factory=lambda: set(EVENTS))
    commands: dict[str, str] = field(default_factory=lambda: {"/sdp": "help"})
    escaped_commands: set[str] = field(default_factory=set)
    shortcuts: list[Shortcut] = field(
        default_factory=lambda: [Shortcut("Attach to SDP project", "projects.attach_message", on_messages=True)]
    )
    home_tab: bool = True


def from_manifest(manifest: dict[str, Any]) -> AppConfig:
    """The app a manifest describes (docs.slack.dev, app manifest reference); absent parts mean none."""
    features, settings = manifest.get("features", {}), manifest.get("settings", {})
    commands = features.get("slash_commands", [])
    return AppConfig(
        name=features.get("bot_user", {}).get("display_name") or manifest["display_information"]["name"],
        scopes=set(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", [])),
        events=set(settings.get("event_subscriptions", {}).get("bot_events", [])),
        commands={command["command"]: command.get("usage_hint", "") for command in commands},
        escaped_commands={command["command"] for command in commands if command.get("should_escape")},
        shortcuts=[
            Shortcut(shortcut["name"], shortcut["callback_id"], shortcut["type"] == "message")
            for shortcut in features.get("shortcuts", [])
        ],
        home_tab=bool(features.get("app_home", {}).get("home_tab_enabled")),
    )
