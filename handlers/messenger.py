"""The door to Slack's Web API: the few things this bot says and asks, with its troubles put into our words.

A call is made once: repeating one whose answer was lost would post twice (slack-sdk's own retry on connection
errors has done that). A job that fails here is simply woken again, and looks first.
"""

import contextlib
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import structlog
from redis.exceptions import RedisError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from blocks.kit import Block, Message
from bot import metrics
from bot.errors import BotError
from bot.jobs import TryAgain
from bot.linking import Workspace
from bot.models import Place, SlackPerson
from bot.store import Memory

DM_KEPT = timedelta(days=7)
PAGE = 200
PEOPLE_PAGE = 1000
"""The most `users.list` gives at once; it may be asked twenty times a minute, and people are re-read as they change."""
HISTORY_PAGES = 5

UNCLEAR = "Slack gave no clear answer. Please look whether it worked before you try again."

NOBODY_THERE = frozenset(
    {"user_not_found", "user_disabled", "user_not_visible", "users_not_found", "cannot_dm_bot", "channel_not_found"}
)
"""Answers after which somebody cannot be told anything at all: deactivated, a bot, of another workspace."""

GONE = frozenset({"message_not_found", "channel_not_found", "is_archived", "cant_update_message", "not_in_channel"})
"""Answers to an update after which the message is lost to us."""

log = structlog.get_logger()


class MessageGone(BotError):
    """The message to be changed is not there any more."""


class BlocksRefused(BotError):
    """This workspace does not take these blocks; a plainer form may be."""


class SlackTrouble(BotError):
    """Slack's own no where it was not expected, such as to our token; or Slack could not be reached."""


class SlackUnclear(BotError):
    """Slack may or may not have done what was asked: its answer was no answer. Whoever comes back looks first."""


class FileNotTaken(BotError):
    """Slack did not take a file of ours."""


class ChannelName(NamedTuple):
    """A channel by its id, and as people call it."""

    id: str
    name: str


class Messenger:
    """Posts, changes, whispers, opens; also the directory of people (`bot.people.Directory`)."""

    def __init__(self, client: AsyncWebClient, memory: Memory) -> None:
        self._client = client
        self._memory = memory
        self._workspace: Workspace | None = None
        self._home_address = ""

    async def everyone(self) -> AsyncIterator[SlackPerson]:
        cursor = ""
        while True:
            page = await self._call("users.list", limit=PEOPLE_PAGE, cursor=cursor)
            for member in page["members"]:
                yield person_of(member)
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return

    async def one(self, slack_id: str) -> SlackPerson | None:
        """One account, also of another workspace; None when Slack shows none by this id."""
        try:
            return person_of((await self._call("users.info", user=slack_id))["user"])
        except SlackApiError as error:
            if error.response.get("error") in ("user_not_found", "user_not_visible"):
                return None
            raise

    async def group_ids(self) -> dict[str, str]:
        page = await self._call("usergroups.list")
        return {group["handle"]: group["id"] for group in page["usergroups"]}

    async def group_members(self, group: str) -> list[str]:
        try:
            page = await self._call("usergroups.users.list", usergroup=group)
        except SlackApiError as error:
            if error.response.get("error") in ("no_such_subteam", "subteam_disabled", "subteam_not_found"):
                return []
            raise
        return list(page["users"])

    @property
    def known_workspace(self) -> Workspace | None:
        """Which workspace this is, if it was asked already."""
        return self._workspace

    async def workspace(self) -> Workspace:
        """Which workspace this is; asked once."""
        if self._workspace is None:
            me = await self._call("auth.test")
            self._workspace = Workspace(me["team_id"], me["team"], me.get("url", "").rstrip("/"))
        return self._workspace

    async def home_address(self) -> str:
        """Opens the app's Home tab (https://docs.slack.dev/interactivity/deep-linking).

        "" while Slack does not say which app this is: whatever leads there can do without.
        """
        if not self._home_address:
            try:
                me = await self._call("auth.test")
                app = (await self._call("bots.info", bot=me["bot_id"]))["bot"]["app_id"]
            except SlackApiError as error:
                log.warning("slack.home_unknown", error=error.response.get("error"))
                return ""
            self._home_address = f"slack://app?team={me['team_id']}&id={app}&tab=home"
        return self._home_address

    async def channel(self, called: str) -> ChannelName | None:
        """A channel by its id or its name, if the bot sees it and is in it."""
        id_ = called if re.fullmatch(r"[CG][A-Z0-9]{6,}", called) else await self._channel_called(called.lower())
        if id_ is None:
            return None
        try:
            channel = (await self._call("conversations.info", channel=id_))["channel"]
        except SlackApiError as error:
            if error.response.get("error") == "channel_not_found":
                return None
            raise
        return ChannelName(channel["id"], channel["name"]) if channel.get("is_member") else None

    async def _channel_called(self, name: str) -> str | None:
        cursor = ""
        while True:
            page = await self._call(
                "conversations.list",
                types="public_channel,private_channel",
                exclude_archived="true",
                limit=PEOPLE_PAGE,
                cursor=cursor,
            )
            for channel in page["channels"]:
                if channel["name"] == name:
                    id_: str = channel["id"]
                    return id_
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return None

    async def publish(self, person: str, view: Block) -> None:
        """Put `view` onto somebody's Home tab."""
        await self._call("views.publish", user_id=person, view=view)

    async def post(
        self, channel: str, message: Message, metadata: Block | None = None, *, thread: str | None = None
    ) -> tuple[str, str]:
        """Post; answers the channel's id and the message's ts, which are what later changes need."""
        extra = {**({"metadata": metadata} if metadata else {}), **({"thread_ts": thread} if thread else {})}
        posted = await self._call("chat.postMessage", channel=channel, unfurl_links=False, **message, **extra)
        return posted["channel"], posted["ts"]

    async def update(self, channel: str, ts: str, message: Message, metadata: Block | None = None) -> None:
        """Put `message` in place of what is there. Raises MessageGone."""
        extra = {"metadata": metadata} if metadata else {}
        try:
            await self._call("chat.update", channel=channel, ts=ts, **message, **extra)
        except SlackApiError as error:
            if error.response.get("error") in GONE:
                raise MessageGone(str(error.response.get("error"))) from None
            raise

    async def permalink(self, channel: str, ts: str) -> str | None:
        """The address of a message, None when Slack has it no more."""
        try:
            answer = await self._call("chat.getPermalink", channel=channel, message_ts=ts)
        except SlackApiError:
            return None
        link: str = answer["permalink"]
        return link

    async def dm(self, person: str) -> str:
        """The direct-message channel with somebody."""
        with contextlib.suppress(RedisError):  # who is told of an outage is told during one
            if (known := await self._memory.recall("dm", person)) is not None:
                return known
        opened = await self._call("conversations.open", users=person)
        channel: str = opened["channel"]["id"]
        with contextlib.suppress(RedisError):
            await self._memory.keep("dm", person, channel, DM_KEPT)
        return channel

    async def whisper(self, person: str, place: Place | None, text: str) -> None:
        """Tell one person, where they are if possible, else in their direct messages."""
        if place is not None:
            try:
                await self._call("chat.postEphemeral", channel=place.channel, user=person, text=text)
            except SlackApiError as error:
                log.info("slack.whisper_elsewhere", error=error.response.get("error"))
            else:
                return
        try:
            await self._call("chat.postMessage", channel=await self.dm(person), text=text)
        except SlackApiError as error:
            if error.response.get("error") not in NOBODY_THERE:
                raise
            log.info("slack.nobody_to_tell", error=error.response.get("error"))

    async def find(
        self, channel: str, event_type: str, pointer: str, since: datetime, *, thread: str | None = None
    ) -> str | None:
        """The ts of a message of ours whose metadata has this type and `pointer`, if there is one.

        Looked for among the newest of `channel`, or of `thread` in it.
        """
        cursor = ""
        for _ in range(HISTORY_PAGES):
            page = await self.history(channel, since - timedelta(minutes=1), thread=thread, cursor=cursor)
            for message in page["messages"]:
                if _carries(message, event_type, pointer):
                    found: str = message["ts"]
                    return found
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                break
        return None

    async def history(self, channel: str, since: datetime, *, thread: str | None = None, cursor: str = "") -> Any:
        """A page of what was said in `channel`, newest first, or in `thread` in it, oldest first; with metadata."""
        method, where = ("conversations.replies", {"ts": thread}) if thread else ("conversations.history", {})
        asked = {"channel": channel, "include_all_metadata": True, "oldest": f"{since.timestamp():.6f}", "limit": PAGE}
        return await self._call(method, **asked, **where, cursor=cursor)

    async def open_view(self, trigger_id: str, view: Block) -> str:
        """Open a modal; the trigger works once, for three seconds. Answers the view's id, which changes need."""
        opened = await self._call("views.open", trigger_id=trigger_id, view=view)
        id_: str = opened["view"]["id"]
        return id_

    async def update_view(self, view_id: str, view: Block) -> None:
        """Put `view` in place of what is in an open modal. Raises MessageGone when it was closed."""
        try:
            await self._call("views.update", view_id=view_id, view=view)
        except SlackApiError as error:
            if error.response.get("error") in ("not_found", "view_not_found", "no_such_view"):
                raise MessageGone(str(error.response.get("error"))) from None
            raise

    async def respond(self, url: str, message: Message, *, replace: bool = False, share: bool = False) -> bool:
        """Answer a command or a press through its response URL; False when it takes no more answers.

        Raises BlocksRefused.
        """
        if not self._is_slacks(url):
            return False
        kind = "in_channel" if share else "ephemeral"
        hook = AsyncWebhookClient(url, session=self._client.session, retry_handlers=[])
        answer = await hook.send_dict({**message, "replace_original": replace, "response_type": kind})
        if "invalid_blocks" in answer.body:  # whatever the status: Slack documents none
            raise BlocksRefused(answer.body[:200])
        if answer.status_code == 200:
            return True
        log.info("slack.response_url_refused", status=answer.status_code, said=answer.body[:200])
        return False

    def _is_slacks(self, url: str) -> bool:
        """A response URL comes in a signed payload; still, nothing of ours goes to anybody but Slack."""
        host = urlsplit(url).hostname or ""
        return host == urlsplit(self._client.base_url).hostname or host.endswith((".slack.com", ".slack-gov.com"))

    async def tell(self, person: str, channel: str, message: Message) -> None:
        """Show a whole message to one person: in `channel` if the bot is there, else in their direct messages."""
        if channel:
            try:
                await self._call("chat.postEphemeral", channel=channel, user=person, **message)
            except SlackApiError as error:
                log.info("slack.told_elsewhere", error=error.response.get("error"))
            else:
                return
        await self._call("chat.postMessage", channel=await self.dm(person), **message)

    async def members(self, channel: str) -> list[str] | None:
        """Slack ids of everybody in a channel, ours among them; None where the bot cannot see who is there."""
        found: list[str] = []
        cursor = ""
        try:
            while True:
                page = await self._call("conversations.members", channel=channel, limit=PAGE, cursor=cursor)
                found += page["members"]
                cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
                if not cursor:
                    return found
        except SlackApiError as error:
            log.info("slack.members_unseen", error=error.response.get("error"))
            return None

    async def send_file(self, person: str, name: str, content: bytes, comment: str) -> None:
        """Put a file into somebody's direct messages: announced, uploaded, completed, the way Slack has had it since
        2024. Raises FileNotTaken.
        """
        try:
            given = await self._call("files.getUploadURLExternal", filename=name, length=len(content))
            await self._upload(given["upload_url"], content)
            await self._call(
                "files.completeUploadExternal",
                files=[{"id": given["file_id"], "title": name}],
                channel_id=await self.dm(person),
                initial_comment=comment,
            )
        except SlackApiError as error:
            why = error.response.get("error")
            raise FileNotTaken(f"Slack did not take the file ({why}). The app needs the scope files:write.") from None

    async def _upload(self, url: str, content: bytes) -> None:
        if not self._is_slacks(url):
            raise FileNotTaken("Slack named another host to send the file to, so it was not sent.")
        session = self._client.session
        assert session is not None  # noqa: S101  # the client is always made with one, see `bot.app`
        async with session.post(url, data=content) as answer:
            if answer.status != 200:
                raise FileNotTaken("Slack did not take the file. Please try again in a moment.")

    async def _call(self, method: str, **arguments: Any) -> Any:
        sent = {name: _encoded(value) for name, value in arguments.items() if value != ""}
        with metrics.slack_call(method):
            return await self._sent(method, sent)

    async def _sent(self, method: str, sent: dict[str, Any]) -> Any:
        try:
            return await self._client.api_call(method, json=sent) if method in JSON else await self._form(method, sent)
        except AttributeError:
            # slack-sdk 3.47 stumbles over an answer of plain text.
            raise SlackUnclear(UNCLEAR) from None
        except SlackApiError as error:
            # … and hands out aiohttp's response, not its own, where it expected JSON and got none.
            if not isinstance(error.response, AsyncSlackResponse) or error.response.status_code >= 500:
                raise SlackUnclear(UNCLEAR) from None
            if error.response.status_code == 429:
                patience = timedelta(seconds=float(error.response.headers.get("Retry-After", 1)))
                raise TryAgain(datetime.now(UTC) + patience) from None
            if error.response.get("error") == "invalid_blocks":
                raise BlocksRefused(str(error.response.get("response_metadata", ""))[:200]) from None
            raise

    async def _form(self, method: str, arguments: dict[str, Any]) -> Any:
        return await self._client.api_call(method, params=arguments)


JSON = frozenset(
    {
        "chat.postMessage",
        "chat.update",
        "chat.postEphemeral",
        "files.completeUploadExternal",
        "views.open",
        "views.publish",
        "views.update",
    }
)
"""Methods with blocks travel as JSON; reads do not take it."""


def _carries(message: dict[str, Any], event_type: str, pointer: str) -> bool:
    meta = message.get("metadata") or {}
    payload = meta.get("event_payload") or {}
    return bool(meta.get("event_type") == event_type and payload.get("pointer") == pointer)


def _encoded(value: Any) -> Any:
    return value if isinstance(value, (str, int, dict, list)) else json.dumps(value)


def person_of(member: dict[str, Any]) -> SlackPerson:
    profile = member.get("profile") or {}
    confirmed = member.get("is_email_confirmed", True)
    email = (profile.get("email") or "").strip().lower() if confirmed else ""
    return SlackPerson(
        id=member["id"],
        name=profile.get("real_name") or member.get("real_name") or member.get("name") or member["id"],
        email=email or None,
        tz=member.get("tz") or "UTC",
        is_bot=bool(member.get("is_bot")) or member["id"] == "USLACKBOT",
        is_guest=bool(member.get("is_restricted") or member.get("is_ultra_restricted")),
        deleted=bool(member.get("deleted")),
        is_external=bool(member.get("is_stranger")),
    )
