"""The one place that tells people what went wrong, and what to do next."""

import json
import secrets
from typing import Any

import structlog
from redis.exceptions import RedisError
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from blocks.kit import escape
from bot.errors import BadInput, BotError, NotConnected, NothingRecorded
from handlers.messenger import Messenger
from handlers.payloads import place_of, who
from handlers.people import Welcome

log = structlog.get_logger()


def register(app: AsyncApp) -> None:
    """Every listener's trouble ends here."""
    app.error(speak)


async def speak(error: Exception, body: dict[str, Any], messenger: Messenger, welcome: Welcome) -> BoltResponse:
    """Tell the person; answer 200, so that Slack shows our words instead of its own warning."""
    words = _words(error)
    if body.get("type") == "view_submission":
        field = error.field if isinstance(error, BadInput) and error.field else _first_input(body)
        return _modal_error(field, words)
    person = who(body)
    if not person:
        # An event: nobody to tell, and Slack sends it again.
        return BoltResponse(status=500, body="")
    if isinstance(error, NotConnected):
        place = place_of(body)
        await welcome.invite(person, place.channel if place else body.get("channel_id", ""), words)
    else:
        await messenger.whisper(person, place_of(body), escape(words))
    return BoltResponse(status=200, body="")


def _words(error: Exception) -> str:
    if isinstance(error, RedisError):
        return str(NothingRecorded())
    if isinstance(error, BotError):
        return str(error)
    reference = secrets.token_hex(3)
    log.error("handler.failed", reference=reference, exc_info=error)
    return f"Something went wrong here, and nothing was sent to SDP. Reference {reference}."


def _modal_error(field: str | None, words: str) -> BoltResponse:
    """Under the input, with everything typed still there."""
    if field is None:
        return BoltResponse(status=200, body="")
    answer = {"response_action": "errors", "errors": {field: words}}
    return BoltResponse(status=200, body=json.dumps(answer), headers={"content-type": ["application/json"]})


def _first_input(body: dict[str, Any]) -> str | None:
    blocks = (body.get("view") or {}).get("blocks") or []
    return next((block["block_id"] for block in blocks if block.get("type") == "input"), None)
