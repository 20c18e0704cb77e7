"""chat.*: posting, changing, deleting, whispering, scheduling."""

from typing import Any

from sandbox.slack.content import Content, content_of
from sandbox.slack.errors import RateLimited, SlackError
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.model import Channel, Json, Message
from sandbox.slack.rates import BURST, POSTING_AT_ALL, POSTING_TO_CHANNEL, TIER_3, TIER_4, UNLIMITED

WRITE = ("chat:write",)


def given_content(call: Call, *, updating: bool = False) -> Content:
    arguments: dict[str, Any] = {
        "text": call.arguments.get("text"),
        "blocks": call.json("blocks", "invalid_blocks_format"),
        "attachments": call.json("attachments", "invalid_attachments"),
        "metadata": call.json("metadata", "invalid_metadata_format"),
    }
    return content_of(arguments, call.world.ids, updating=updating)


def writable(call: Call) -> Channel:
    """The channel to post to; raises `channel_not_found`, `is_archived`, `not_in_channel`."""
    world = call.world
    channel = world.place_for_bot(call.need("channel", "channel_not_found"))
    if channel.archived:
        raise SlackError("is_archived")
    open_to_all = channel.kind == "public" and "chat:write.public" in call.grant.scopes
    if world.bot.id not in channel.members and not open_to_all:
        raise SlackError("not_in_channel")
    return channel


def own_message(call: Call, refusal: str) -> Message:
    """A message of the bot; raises `message_not_found`, or `refusal` for somebody else's."""
    channel = call.world.place_for_bot(call.need("channel", "channel_not_found"))
    message = call.world.conversations.message(channel.id, call.need("ts", "message_not_found"))
    if message.user != call.world.bot.id:
        raise SlackError(refusal)
    return message


def posting_rate(call: Call, channel: Channel) -> None:
    """About one message a second and channel, and some hundreds a minute for the workspace."""
    rates, name = call.world.rates, call.method
    wait = max(
        rates.wait_for(name, f"post {channel.id}", POSTING_TO_CHANNEL, burst=BURST),
        rates.wait_for(name, "post", POSTING_AT_ALL),
    )
    if wait and call.world.switches.strict_rates:
        raise RateLimited(wait)


def shown(call: Call, message: Message) -> Json:
    return message.as_api(call.world.team_id, with_metadata=True)


@method("chat.postMessage", scopes=WRITE, rate=UNLIMITED)
def post_message(call: Call) -> Json:
    channel = writable(call)
    content = given_content(call)
    posting_rate(call, channel)
    message = call.world.post_as_bot(
        channel, content, thread_ts=call.text("thread_ts") or None, broadcast=call.flag("reply_broadcast")
    )
    return {"channel": channel.id, "ts": message.ts, "message": shown(call, message)}


@method("chat.update", scopes=WRITE, rate=TIER_3)
def update(call: Call) -> Json:
    if not call.text("channel").startswith(("C", "D", "G")):
        raise SlackError("channel_not_found")  # unlike chat.postMessage, neither a person's id nor a name will do
    message = own_message(call, "cant_update_message")
    content = given_content(call, updating=True)
    call.world.conversations.edit(message, content, call.world.bot.id)
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": shown(call, message)}


@method("chat.delete", scopes=WRITE, rate=TIER_3)
def delete(call: Call) -> Json:
    message = own_message(call, "cant_delete_message")
    call.world.conversations.delete(message)
    return {"channel": message.channel, "ts": message.ts}


@method("chat.postEphemeral", scopes=WRITE, rate=TIER_4)
def post_ephemeral(call: Call) -> Json:
    channel = writable(call)
    person = call.need("user", "invalid_arguments")
    if person not in channel.members:
        raise SlackError("user_not_in_channel")
    note = call.world.whisper_as_bot(channel, person, given_content(call), call.text("thread_ts") or None)
    return {"message_ts": note.ts}


@method("chat.getPermalink", rate=UNLIMITED)
def get_permalink(call: Call) -> Json:
    channel = call.world.place_for_bot(call.need("channel", "channel_not_found"))
    message = call.world.conversations.message(channel.id, call.need("message_ts", "message_not_found"))
    return {"channel": channel.id, "permalink": call.world.permalink(message)}


@method("chat.scheduleMessage", scopes=WRITE, rate=TIER_3)
def schedule_message(call: Call) -> Json:
    channel = writable(call)
    content = given_content(call)
    post_at = call.whole("post_at", 0)
    scheduled = call.world.schedule.add(channel, content, post_at, call.text("thread_ts") or None)
    return {
        "channel": channel.id,
        "scheduled_message_id": scheduled.id,
        "post_at": post_at,
        "message": {"text": content.text or "", "type": "delayed_message", "user": call.world.bot.id},
    }


@method("chat.deleteScheduledMessage", scopes=WRITE, rate=TIER_3)
def delete_scheduled_message(call: Call) -> Json:
    call.world.place_for_bot(call.need("channel", "channel_not_found"))
    call.world.schedule.cancel(call.need("scheduled_message_id", "invalid_scheduled_message_id"))
    return {}


@method("chat.scheduledMessages.list", rate=TIER_3)
def list_scheduled_messages(call: Call) -> Json:
    wanted = call.text("channel")
    waiting = [one.as_api() for one in call.world.schedule.waiting() if wanted in ("", one.channel.id)]
    page, cursor = call.page(waiting, limit=call.whole("limit", 100), most=1000)
    return {"scheduled_messages": page, "response_metadata": {"next_cursor": cursor}}
