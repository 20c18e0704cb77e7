"""Slack as the doctor asks it: does it take our token, what may we, where are we, which cards are there."""

from collections.abc import Collection, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from blocks.admin import out_of_date
from blocks.ids import CARD_EVENT, CLOSED_EVENT
from bot.card_check import CardPage, NotShown
from bot.doctor import SlackState
from bot.errors import BotError
from handlers.messenger import Messenger


class Examiner:
    """Asks; changes nothing but a card that it is told to close."""

    def __init__(self, client: AsyncWebClient, messenger: Messenger, app_token: str) -> None:
        self._client = client
        self._messenger = messenger
        self._app_token = app_token
        self._we: tuple[str, ...] = ()

    async def examine(self) -> SlackState:
        try:
            answer = await self._client.auth_test()
        except SlackApiError as error:
            return SlackState(trouble=str(error.response.get("error")))
        headers = {name.lower(): value for name, value in (answer.headers or {}).items()}
        scopes = frozenset(scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",") if scope.strip())
        date = headers.get("date")
        return SlackState(scopes, parsedate_to_datetime(date) if date else None)

    async def socket_trouble(self) -> str:
        """Asks for an address of a socket, and leaves it alone: it ends unused after a while."""
        try:
            await self._client.apps_connections_open(app_token=self._app_token)
        except SlackApiError as error:
            why = str(error.response.get("error"))
            return "" if why == "ratelimited" else why
        return ""

    async def is_in(self, channel: str) -> bool:
        try:
            answer: Any = await self._client.conversations_info(channel=channel)
        except SlackApiError as error:
            if (why := error.response.get("error")) == "channel_not_found":
                return False
            raise BotError(f"Slack does not show {channel} to the bot ({why}).") from None
        return bool(answer["channel"].get("is_member"))

    async def cards_in(self, channel: str, thread: str, since: datetime, cursor: str) -> CardPage:
        we = await self._ourselves()
        try:
            page = await self._messenger.history(channel, since, thread=thread or None, cursor=cursor)
        except SlackApiError as error:
            why = error.response.get("error")
            if why == "thread_not_found":
                return CardPage({})
            raise NotShown(f"{channel} ({why})") from None
        ours = [message for message in page["messages"] if message.get("user") in we]
        return CardPage(
            cards={message["ts"]: pointer for message in ours if (pointer := _pointer(message))},
            replies={message["ts"]: message.get("reply_count", 0) for message in ours if _is_ours_alone(message, we)},
            oldest=min((message["ts"] for message in page["messages"]), default=""),
            cursor=(page.get("response_metadata") or {}).get("next_cursor", ""),
        )

    async def close_card(self, channel: str, ts: str) -> None:
        await self._messenger.update(channel, ts, out_of_date(), {"event_type": CLOSED_EVENT, "event_payload": {}})

    async def _ourselves(self) -> tuple[str, ...]:
        """Our own ids, as a person and as a bot: another bot's messages may look like cards, too."""
        if not self._we:
            answer: Any = await self._client.auth_test()
            self._we = (answer["user_id"], answer["bot_id"])
        return self._we


def _pointer(message: Mapping[str, Any]) -> str:
    """Whose card this is, "" for other messages."""
    meta = message.get("metadata") or {}
    return str((meta.get("event_payload") or {}).get("pointer", "")) if meta.get("event_type") == CARD_EVENT else ""


def _is_ours_alone(message: Mapping[str, Any], we: Collection[str]) -> bool:
    """Whether nobody else has written into the thread under a message."""
    return not message.get("reply_count") or set(message.get("reply_users", ["?"])) <= set(we)
