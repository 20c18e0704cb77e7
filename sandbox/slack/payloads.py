"""What Slack sends to an app: the bodies of interactions, commands and events.

Shapes follow Slack's reference and the published types of its SDKs; keys that are always there are always there.
"""

from typing import Any

from sandbox.slack.blockstate import choice_key
from sandbox.slack.model import Channel, Json, Message, Person, View
from sandbox.slack.world import SlackWorld

_REPEATED = ("placeholder", "confirm", "min_query_length")
"""Properties of an element that Slack repeats in its action, beside the initial choices."""


def person_of(person: Person) -> Json:
    return {"id": person.id, "username": person.handle, "name": person.handle, "team_id": person.team_id}


def team_of(world: SlackWorld) -> Json:
    return {"id": world.team_id, "domain": world.team_domain}


def channel_of(channel: Channel) -> Json:
    return {"id": channel.id, "name": "privategroup" if channel.kind == "private" else channel.name}


def _common(world: SlackWorld, kind: str, person: Person) -> Json:
    return {
        "type": kind,
        "user": person_of(person),
        "api_app_id": world.app_id,
        "token": world.verification_token,
        "team": team_of(world),
        "enterprise": None,
        "is_enterprise_install": False,
    }


def action(block: Json, element: Json, choice: Any, at: str) -> Json:
    """One entry of `actions`: what was pressed or chosen, with the parts of the element Slack repeats."""
    kind = element["type"]
    made: Json = {"type": kind, "action_id": element["action_id"], "block_id": block["block_id"], "action_ts": at}
    if kind in ("button", "icon_button"):
        made |= {"text": element["text"]} | {
            name: element[name] for name in ("value", "style", "url") if name in element
        }
    elif kind == "feedback_buttons":
        made |= {"value": choice["value"], "text": choice["text"]}
    elif kind == "overflow":
        made["selected_option"] = choice
    else:
        made[choice_key(kind) or "value"] = choice
    repeated = {name: value for name, value in element.items() if name.startswith("initial_") or name in _REPEATED}
    return made | repeated


def message_container(message: Message) -> Json:
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.is_ephemeral,
    }
    return container | ({"thread_ts": message.thread_ts} if message.thread_ts else {})


def message_action_in(world: SlackWorld, person: Person, message: Message, actions: list[Json]) -> Json:
    """block_actions on a message. An ephemeral one is not repeated in the payload."""
    channel = world.conversations.channels[message.channel]
    url = world.tickets.new_response_url(
        channel.id, person.id, message_ts=message.ts, thread_ts=message.thread_ts if message.is_reply else None
    )
    payload = _common(world, "block_actions", person) | {
        "container": message_container(message),
        "trigger_id": world.tickets.new_trigger(person.id),
        "channel": channel_of(channel),
        "state": {"values": world.conversations.state_for(message, person.id)},
        "response_url": world.response_address(url),
        "actions": actions,
    }
    return payload if message.is_ephemeral else payload | {"message": message.as_api(world.team_id)}


def view_action_in(world: SlackWorld, person: Person, view: View, actions: list[Json]) -> Json:
    """block_actions in a modal or on the Home tab."""
    return _common(world, "block_actions", person) | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": world.tickets.new_trigger(person.id),
        "view": view.as_api(),
        "actions": actions,
    }


def suggestion(
    world: SlackWorld, person: Person, where: Message | View, *, block: Json, element: Json, typed: str
) -> Json:
    """block_suggestion: what somebody types into a menu with an external source."""
    payload = _common(world, "block_suggestion", person) | {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "value": typed,
    }
    if isinstance(where, View):
        return payload | {"container": {"type": "view", "view_id": where.id}, "view": where.as_api()}
    channel = world.conversations.channels[where.channel]
    return payload | {
        "container": message_container(where),
        "channel": channel_of(channel),
        "message": where.as_api(world.team_id),
    }


def submission(world: SlackWorld, person: Person, view: View) -> Json:
    return _common(world, "view_submission", person) | {
        "trigger_id": world.tickets.new_trigger(person.id),
        "view": view.as_api(),
        "response_urls": [],
    }


def closed(world: SlackWorld, person: Person, view: View, *, cleared: bool) -> Json:
    return _common(world, "view_closed", person) | {"view": view.as_api(), "is_cleared": cleared}


def global_shortcut(world: SlackWorld, person: Person, callback_id: str) -> Json:
    return _common(world, "shortcut", person) | {
        "callback_id": callback_id,
        "trigger_id": world.tickets.new_trigger(person.id),
        "action_ts": world.conversations.next_ts(),
    }


def message_shortcut(world: SlackWorld, person: Person, callback_id: str, message: Message) -> Json:
    channel = world.conversations.channels[message.channel]
    url = world.tickets.new_response_url(channel.id, person.id, thread_ts=message.thread_ts)
    return _common(world, "message_action", person) | {
        "callback_id": callback_id,
        "trigger_id": world.tickets.new_trigger(person.id),
        "action_ts": world.conversations.next_ts(),
        "response_url": world.response_address(url),
        "channel": channel_of(channel),
        "message_ts": message.ts,
        "message": message.as_api(world.team_id),
    }


def command(world: SlackWorld, person: Person, channel: Channel, name: str, *, text: str) -> dict[str, str]:
    """A slash command, the only body that is a flat form."""
    url = world.tickets.new_response_url(channel.id, person.id)
    return {
        "token": world.verification_token,
        "team_id": world.team_id,
        "team_domain": world.team_domain,
        "channel_id": channel.id,
        "channel_name": channel_of(channel)["name"],
        "user_id": person.id,
        "user_name": person.handle,
        "command": name,
        "text": text,
        "api_app_id": world.app_id,
        "is_enterprise_install": "false",
        "response_url": world.response_address(url),
        "trigger_id": world.tickets.new_trigger(person.id),
    }


def event(world: SlackWorld, inner: Json) -> Json:
    """The envelope of the Events API around an event."""
    return {
        "token": world.verification_token,
        "team_id": world.team_id,
        "context_team_id": world.team_id,
        "context_enterprise_id": None,
        "api_app_id": world.app_id,
        "event": inner,
        "type": "event_callback",
        "event_id": world.ids.make("Ev"),
        "event_time": int(world.now()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": world.team_id,
                "user_id": world.bot.id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{world.ids.word('event_context', 20)}",
    }
