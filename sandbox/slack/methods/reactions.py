"""reactions.*"""

from sandbox.slack.errors import SlackError
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.model import Json, Message
from sandbox.slack.rates import TIER_2, TIER_3


def message_meant(call: Call) -> Message:
    channel = call.world.place_for_bot(call.need("channel", "channel_not_found"))
    return call.world.conversations.message(channel.id, call.need("timestamp", "bad_timestamp"))


def reaction_name(call: Call) -> str:
    name = call.need("name", "invalid_name")
    if ":" in name or not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
        raise SlackError("invalid_name")
    return name


@method("reactions.add", scopes=("reactions:write",), rate=TIER_3)
def add(call: Call) -> Json:
    call.world.conversations.react(message_meant(call), reaction_name(call), call.world.bot.id)
    return {}


@method("reactions.remove", scopes=("reactions:write",), rate=TIER_2)
def remove(call: Call) -> Json:
    call.world.conversations.unreact(message_meant(call), reaction_name(call), call.world.bot.id)
    return {}


@method("reactions.get", scopes=("reactions:read",), rate=TIER_3)
def get(call: Call) -> Json:
    message = message_meant(call)
    return {
        "type": "message",
        "channel": message.channel,
        "message": message.as_api(call.world.team_id),
    }
