"""The one place that tells people what went wrong, and what to do next."""

import contextlib
import functools
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import structlog
from redis.exceptions import RedisError
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError

from blocks.kit import escape
from bot.errors import BadInput, BotError, MaybeRecorded, NotConnected, NothingRecorded, Refused, TooFast
from bot.jobs import Job
from bot.ledger import Ledger
from bot.models import LedgerEvent
from bot.store import AnswerLost, Memory
from handlers.listeners import Listeners
from handlers.messenger import Messenger, SlackTrouble
from handlers.payloads import place_of, who
from handlers.people import Welcome

NOTED_AGAIN = timedelta(minutes=1)

log = structlog.get_logger()


def register(listen: Listeners) -> None:
    """Every listener's trouble ends here."""
    listen.error(speak)


async def speak(
    error: Exception, body: dict[str, Any], messenger: Messenger, welcome: Welcome, ledger: Ledger, memory: Memory
) -> BoltResponse:
    """Tell the person; answer 200, so that Slack shows our words instead of its own warning."""
    words, person = _words(error), who(body)
    typo = error.field if isinstance(error, BadInput) else None
    if typo is None:
        await _note(error, person, ledger, memory)
    if body.get("type") == "view_submission":
        return _modal_error(typo or _first_input(body), words)
    if "command" in body:
        return _answer(words)
    if not person:
        # An event: nobody to tell, and Slack sends it again.
        return BoltResponse(status=500, body="")
    if isinstance(error, NotConnected):
        place = place_of(body)
        await welcome.invite(person, place.channel if place else body.get("channel_id", ""), words)
    else:
        await messenger.whisper(person, place_of(body), escape(words))
    return BoltResponse(status=200, body="")


def in_a_line(job: Job) -> Job:
    """The job with Slack's noes and silences as SlackTrouble, which the log has in one line: a wrong token would fill
    it with tracebacks."""

    @functools.wraps(job)
    async def told(key: str) -> datetime | None:
        try:
            return await job(key)
        except SlackApiError as error:
            said = error.response.get("error")
            raise SlackTrouble(f"Slack says {said} to {error.response.api_url}. sdp-bot doctor tells more.") from None
        except aiohttp.ClientError as error:
            raise SlackTrouble(f"Slack cannot be reached ({type(error).__name__}).") from None

    return told


async def _note(error: Exception, person: str, ledger: Ledger, memory: Memory) -> None:
    """A refused attempt belongs into the ledger; a flood of them once a minute, a typing error not at all."""
    if not isinstance(error, Refused) or isinstance(error, NotConnected) or not person:
        return
    details = {"person": person, "rule": error.rule, "note": str(error)}
    with contextlib.suppress(RedisError):  # the person hears it all the same
        if not isinstance(error, TooFast) or await memory.first("too_fast", person, NOTED_AGAIN):
            await ledger.write(LedgerEvent(secrets.token_hex(8), datetime.now(UTC), "refused", details))


def _words(error: Exception) -> str:
    if isinstance(error, RedisError):
        log.warning("slack.redis_away", error=type(error).__name__)
        return str(MaybeRecorded() if isinstance(error, AnswerLost) else NothingRecorded())
    if isinstance(error, BotError):
        return str(error)
    reference = secrets.token_hex(3)
    log.error("handler.failed", reference=reference, exc_info=error)
    return f"Something went wrong here, and nothing was sent to SDP. Reference {reference}."


def _answer(words: str) -> BoltResponse:
    """To a slash command, in the acknowledgement itself: nothing else need work for the person to read it."""
    return _json({"response_type": "ephemeral", "text": escape(words)})


def _modal_error(field: str | None, words: str) -> BoltResponse:
    """Under the input, with everything typed still there."""
    if field is None:
        return BoltResponse(status=200, body="")
    return _json({"response_action": "errors", "errors": {field: words}})


def _json(answer: dict[str, Any]) -> BoltResponse:
    return BoltResponse(status=200, body=json.dumps(answer), headers={"content-type": ["application/json"]})


def _first_input(body: dict[str, Any]) -> str | None:
    blocks = (body.get("view") or {}).get("blocks") or []
    return next((block["block_id"] for block in blocks if block.get("type") == "input"), None)
