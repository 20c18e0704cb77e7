"""conversations.*: opening, listing, reading."""

from sandbox.slack.errors import SlackError
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.model import Channel, Json, Message
from sandbox.slack.rates import TIER_2, TIER_3, TIER_4

_KINDS = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}


def readable(call: Call, verb: str) -> Channel:
    """The channel to look at, by id alone; raises `channel_not_found`, `missing_scope`."""
    where = call.need("channel", "channel_not_found")
    channel = call.world.conversations.channels.get(where)
    if channel is None or (channel.is_private and call.world.bot.id not in channel.members):
        raise SlackError("channel_not_found")
    call.need_scope_for(channel.kind, verb)
    return channel


@method("conversations.open", scopes=("im:write",), rate=TIER_3)
def open_conversation(call: Call) -> Json:
    world = call.world
    users, before = call.words("users"), len(world.conversations.channels)
    if call.text("channel"):
        channel = world.place_for_bot(call.text("channel"))
    elif len(users) == 1:
        channel = world.dm_with(users[0])
    else:
        raise SlackError("users_list_not_supplied" if not users else "not_enough_users")
    if call.flag("return_im"):
        return {"channel": channel.as_api(world.bot.id)}
    was_open = len(world.conversations.channels) == before
    return {"channel": {"id": channel.id}, **({"no_op": True, "already_open": True} if was_open else {})}


@method("conversations.list", rate=TIER_2)
def list_conversations(call: Call) -> Json:
    world = call.world
    kinds = [_kind(name) for name in call.words("types") or ["public_channel"]]
    for kind in kinds:
        call.need_scope_for(kind, "read")
    listed = [
        channel.as_api(world.bot.id)
        for channel in world.conversations.channels.values()
        if channel.kind in kinds
        and (not channel.is_private or world.bot.id in channel.members)
        and not (channel.archived and call.flag("exclude_archived"))
    ]
    page, cursor = call.page(listed, limit=call.whole("limit", 100), most=1000)
    return {"channels": page, "response_metadata": {"next_cursor": cursor}}


def _kind(name: str) -> str:
    if name not in _KINDS:
        raise SlackError("invalid_types")
    return _KINDS[name]


@method("conversations.info", rate=TIER_3)
def info(call: Call) -> Json:
    return {"channel": readable(call, "read").as_api(call.world.bot.id)}


@method("conversations.members", rate=TIER_4)
def members(call: Call) -> Json:
    channel = readable(call, "read")
    page, cursor = call.page(channel.members, limit=call.whole("limit", 100), most=1000)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


@method("conversations.join", scopes=("channels:join",), rate=TIER_3)
def join(call: Call) -> Json:
    world = call.world
    channel = world.place_for_bot(call.need("channel", "channel_not_found"))
    if channel.kind != "public":
        raise SlackError("method_not_supported_for_channel_type")
    world.conversations.join(channel, world.bot)
    return {"channel": channel.as_api(world.bot.id)}


@method("conversations.history", rate=TIER_3)
def history(call: Call) -> Json:
    channel = readable(call, "history")
    _bot_is_in(call, channel)
    call.world.post_due()
    said = [m for m in reversed(call.world.conversations.messages[channel.id]) if not m.is_reply or m.broadcast]
    page, cursor = call.page(_between(call, said), limit=call.whole("limit", 100), most=999)
    return {
        "messages": [_shown(call, message) for message in page],
        "has_more": bool(cursor),
        "pin_count": 0,
        "response_metadata": {"next_cursor": cursor},
    }


@method("conversations.replies", rate=TIER_3)
def replies(call: Call) -> Json:
    channel = readable(call, "history")
    _bot_is_in(call, channel)
    thread = call.need("ts", "thread_not_found")
    said = [m for m in call.world.conversations.messages[channel.id] if thread in (m.ts, m.thread_ts)]
    if not said:
        raise SlackError("thread_not_found")
    page, cursor = call.page(_between(call, said), limit=call.whole("limit", 1000), most=1000)
    return {
        "messages": [_shown(call, message) for message in page],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def _bot_is_in(call: Call, channel: Channel) -> None:
    if call.world.bot.id not in channel.members:
        raise SlackError("not_in_channel")


def _shown(call: Call, message: Message) -> Json:
    return message.as_api(call.world.team_id, with_metadata=call.flag("include_all_metadata"))


def _between(call: Call, said: list[Message]) -> list[Message]:
    """Only what lies between `oldest` and `latest`; the ends belong to it with `inclusive`."""
    oldest, latest, inclusive = call.text("oldest", "0"), call.text("latest"), call.flag("inclusive")

    def lies_between(message: Message) -> bool:
        at_an_end = inclusive and message.ts in (oldest, latest)
        return at_an_end or (float(message.ts) > float(oldest) and (not latest or float(message.ts) < float(latest)))

    try:
        return [message for message in said if lies_between(message)]
    except ValueError as error:
        raise SlackError("invalid_ts_latest" if latest else "invalid_ts_oldest") from error
