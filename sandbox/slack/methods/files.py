"""files.*: the three-step upload and what is known of a file. The bytes travel by `sandbox.slack.downloads`."""

from sandbox.slack.content import Content, content_of
from sandbox.slack.errors import SlackError
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.model import Channel, File, Json
from sandbox.slack.rates import TIER_3, TIER_4


@method("files.getUploadURLExternal", scopes=("files:write",), rate=TIER_4)
def get_upload_url(call: Call) -> Json:
    world = call.world
    upload = world.files.announce(world.bot.id, call.text("filename"), call.whole("length", 0))
    return {"upload_url": f"{world.url}/upload/v1/{upload.ticket}", "file_id": upload.file.id}


@method("files.completeUploadExternal", scopes=("files:write",), rate=TIER_4)
def complete_upload(call: Call) -> Json:
    wanted = call.json("files")
    if not isinstance(wanted, list) or not wanted:
        raise SlackError("invalid_arguments", ["missing required field: files"])
    places = [_place(call, where) for where in [call.text("channel_id"), *call.words("channels")] if where]
    content = _comment(call)
    files = tuple(call.world.files.complete(str(one.get("id")), one.get("title")) for one in wanted)
    for channel in places:
        _share(call, channel, files, content)
    return {"files": [file.as_api() for file in files]}


def _place(call: Call, where: str) -> Channel:
    channel = call.world.conversations.channels.get(where)  # a channel's id only: a person's id or a name is refused
    if channel is None:
        raise SlackError("channel_not_found")
    if call.world.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _comment(call: Call) -> Content:
    arguments = {"text": call.arguments.get("initial_comment"), "blocks": call.json("blocks", "invalid_blocks_format")}
    if not any(arguments.values()):
        return Content(text="")
    return content_of(arguments, call.world.ids)


def _share(call: Call, channel: Channel, files: tuple[File, ...], content: Content) -> None:
    for file in files:
        (file.ims if channel.is_im else file.channels).append(channel.id)
    call.world.post_as_bot(channel, content, thread_ts=call.text("thread_ts") or None, files=files)


@method("files.info", scopes=("files:read",), rate=TIER_4)
def info(call: Call) -> Json:
    file = call.world.files.find(call.need("file", "file_not_found"))
    places = [call.world.conversations.channels[where] for where in [*file.channels, *file.ims]]
    bot = call.world.bot.id
    if file.user != bot and not any(bot in place.members for place in places):
        raise SlackError("file_not_found")
    return {"file": file.as_api(), "comments": [], "response_metadata": {"next_cursor": ""}}


@method("files.delete", scopes=("files:write",), rate=TIER_3)
def delete(call: Call) -> Json:
    file = call.world.files.find(call.need("file", "file_not_found"))
    if file.user != call.world.bot.id:
        raise SlackError("cant_delete_file")
    del call.world.files.files[file.id]
    return {}
