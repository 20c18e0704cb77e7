"""Slack as the doctor asks it: does it take our token, what may we, where are we, is a message still there."""

from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor import SlackState
from bot.errors import BotError


class Examiner:
    """Asks, and changes nothing."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def examine(self) -> SlackState:
        try:
            answer = await self._client.auth_test()
        except SlackApiError as error:
            return SlackState(trouble=str(error.response.get("error")))
        headers = {name.lower(): value for name, value in (answer.headers or {}).items()}
        scopes = frozenset(scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",") if scope.strip())
        date = headers.get("date")
        return SlackState(scopes, parsedate_to_datetime(date) if date else None)

    async def is_in(self, channel: str) -> bool:
        try:
            answer: Any = await self._client.conversations_info(channel=channel)
        except SlackApiError as error:
            raise BotError(
                f"Slack does not show APPROVALS_CHANNEL to the bot ({error.response.get('error')})."
            ) from None
        return bool(answer["channel"].get("is_member"))

    async def is_there(self, channel: str, ts: str) -> bool:
        answer: Any = await self._client.conversations_history(
            channel=channel, latest=ts, oldest=ts, inclusive=True, limit=1
        )
        return any(message["ts"] == ts for message in answer["messages"])
