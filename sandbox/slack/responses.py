"""Response URLs: an app's later answers to one interaction, without a token.

A response URL of a button may replace or delete its message; a slash command's has no message of its own, so
`replace_original` just posts again there (as several threads of the Bolt trackers report). An answer to a button that
says neither `replace_original` nor `response_type` replaces its message, as the reference has had it from the start.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.slack.content import Content, content_of
from sandbox.slack.door import Door
from sandbox.slack.errors import SlackError
from sandbox.slack.model import Channel, Json, Message
from sandbox.slack.tickets import ResponseUrl
from sandbox.slack.webapi import json_object
from sandbox.slack.world import SlackWorld

_GONE = ("used_url", "expired_url", "no_such_url")


class ResponseUrls(Door):
    """`POST /response/{team}/{token}`."""

    def name(self, request: Request) -> str:
        return "response_url"

    async def read(self, request: Request) -> bytes:
        return await request.body()

    def logged(self, given: bytes) -> str:
        return given.decode(errors="replace")

    def answer(self, request: Request, given: bytes) -> Response:
        try:
            answer = json_object(given, "invalid_payload", "invalid_payload")
            say(self._world, self._world.tickets.use_response_url(request.path_params["token"]), answer)
        except SlackError as error:
            return JSONResponse(error.as_json(), 404 if error.code in _GONE else 400)
        return PlainTextResponse("ok")


def say(world: SlackWorld, url: ResponseUrl, given: Json) -> Message | None:
    """Do what an answer asks: delete, replace, post for all, or whisper (the default). Raises Slack's codes."""
    original = _original(world, url)
    if _true(given.get("delete_original")):
        if original:
            world.conversations.delete(original)
        return None
    content = content_of(given, world.ids)
    replaces = _true(given["replace_original"]) if "replace_original" in given else "response_type" not in given
    if replaces and original:
        return world.conversations.edit(original, _whole(content), world.bot.id)
    return speak(world, world.conversations.channels[url.channel], url, given)


def speak(world: SlackWorld, channel: Channel, url: ResponseUrl, given: Json) -> Message:
    """A new message of the app, for everybody (`in_channel`) or for the asker alone."""
    content = content_of(given, world.ids)
    thread = given.get("thread_ts") or url.thread_ts
    if given.get("response_type") == "in_channel":
        return world.post_as_bot(channel, content, thread_ts=thread)
    return world.whisper_as_bot(channel, url.person, content, thread)


def _whole(content: Content) -> Content:
    """A replacement keeps nothing of what it replaces, unlike an update by chat.update."""
    return Content(
        text=content.text or "",
        blocks=content.blocks or [],
        attachments=content.attachments or [],
        metadata=content.metadata,
    )


def _original(world: SlackWorld, url: ResponseUrl) -> Message | None:
    if url.message_ts is None:
        return None
    try:
        return world.conversations.any_message(url.channel, url.message_ts)
    except SlackError:
        return None


def _true(value: object) -> bool:
    return value is True or str(value).casefold() == "true"
