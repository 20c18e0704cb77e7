"""What a workspace holds: people, groups, channels, messages, files, views. Records only; the rules are elsewhere."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

Json = dict[str, Any]
"""A JSON object as Slack sends and takes it."""

StateValues = dict[str, dict[str, Json]]
"""Slack's `state.values`: block id → action id → what is chosen there."""


AVATAR_SIZES = (24, 32, 48, 72, 192, 512)

UNTITLED: Json = {"type": "plain_text", "text": "View Title", "emoji": True}
"""What Slack says for the title of a Home tab, which cannot have one."""


@dataclass(slots=True, kw_only=True)
class Person:
    """A member of a workspace, a guest, a bot, or somebody of another workspace (another `team_id`)."""

    id: str
    key: str
    real_name: str
    email: str
    tz: str = "UTC"
    display_name: str = ""
    title: str = ""
    team_id: str = ""
    is_bot: bool = False
    is_admin: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    deleted: bool = False
    updated: int = 0

    @property
    def handle(self) -> str:
        """The `name` of Slack's user object: the mail address up to the @, or the key."""
        return self.email.partition("@")[0] or self.key

    def tz_offset(self, at: float) -> int:
        """Seconds east of UTC in this person's zone at a moment."""
        offset = datetime.fromtimestamp(at, ZoneInfo(self.tz)).utcoffset()
        return int(offset.total_seconds()) if offset else 0

    def profile(self, *, with_email: bool) -> Json:
        first, _, last = self.real_name.partition(" ")
        profile = {
            "title": self.title,
            "phone": "",
            "skype": "",
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.display_name,
            "display_name_normalized": self.display_name,
            "status_text": "",
            "status_text_canonical": "",
            "status_emoji": "",
            "status_emoji_display_info": [],
            "status_expiration": 0,
            "avatar_hash": f"g{self.id.casefold()}",
            "first_name": first,
            "last_name": last,
            "fields": None,
            "team": self.team_id,
        }
        profile |= {f"image_{size}": f"https://avatars.example.com/{self.id}-{size}.png" for size in AVATAR_SIZES}
        return profile | ({"email": self.email} if with_email and self.email else {})

    def as_api(self, at: float, *, with_email: bool) -> Json:
        """The user object of users.info; the address only with the scope users:read.email."""
        user: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.handle,
            "deleted": self.deleted,
            "color": "4bbe2e",
            "real_name": self.real_name,
            "profile": self.profile(with_email=with_email),
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": self.updated,
            "who_can_share_contact_card": "EVERYONE",
        }
        if self.deleted:  # Slack leaves these out for people who are gone
            return user
        return user | {
            "tz": self.tz,
            "tz_label": self.tz,
            "tz_offset": self.tz_offset(at),
            "is_admin": self.is_admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_email_confirmed": True,
        }


@dataclass(slots=True, kw_only=True)
class UserGroup:
    id: str
    handle: str
    name: str
    members: list[str] = field(default_factory=list)
    disabled: bool = False
    created: int = 0

    def as_api(self, team_id: str, *, with_users: bool) -> Json:
        group: Json = {
            "id": self.id,
            "team_id": team_id,
            "is_usergroup": True,
            "name": self.name,
            "description": "",
            "handle": self.handle,
            "is_external": False,
            "date_create": self.created,
            "date_update": self.created,
            "date_delete": self.created if self.disabled else 0,
            "user_count": len(self.members),
        }
        return group | ({"users": list(self.members)} if with_users else {})


@dataclass(slots=True, kw_only=True)
class Channel:
    """A public or private channel, or a direct message (`im`) or group message (`mpim`); members are person ids."""

    id: str
    name: str
    kind: Literal["public", "private", "im", "mpim"] = "public"
    members: list[str] = field(default_factory=list)
    created: int = 0
    topic: str = ""
    archived: bool = False

    @property
    def is_im(self) -> bool:
        return self.kind == "im"

    @property
    def is_private(self) -> bool:
        return self.kind != "public"

    def partner_of(self, person_id: str) -> str:
        """The other one in a direct message."""
        others = [member for member in self.members if member != person_id]
        return others[0] if others else person_id

    def as_api(self, viewer_id: str) -> Json:
        if self.is_im:
            partner = self.partner_of(viewer_id)
            return {
                "id": self.id,
                "created": self.created,
                "is_im": True,
                "is_org_shared": False,
                "user": partner,
                "is_archived": False,
                "is_open": True,
            }
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": self.kind == "public",
            "is_group": self.kind == "private",
            "is_im": False,
            "is_mpim": self.kind == "mpim",
            "is_private": self.is_private,
            "is_archived": self.archived,
            "is_general": self.name == "general",
            "is_member": viewer_id in self.members,
            "created": self.created,
            "num_members": len(self.members),
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }


@dataclass(slots=True, kw_only=True)
class Reaction:
    name: str
    users: list[str] = field(default_factory=list)

    def as_api(self) -> Json:
        return {"name": self.name, "users": list(self.users), "count": len(self.users)}


@dataclass(slots=True, kw_only=True)
class Message:
    """A message or, with `ephemeral_for`, a note that only one person sees and that history never shows."""

    ts: str
    channel: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: Json | None = None
    files: list["File"] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    edited: Json | None = None
    ephemeral_for: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    replies: list[str] = field(default_factory=list)
    reply_users: list[str] = field(default_factory=list)
    broadcast: bool = False
    state: dict[str, StateValues] = field(default_factory=dict)

    @property
    def is_ephemeral(self) -> bool:
        return self.ephemeral_for is not None

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def reply_count(self) -> int:
        return len(self.replies)

    def as_api(self, team_id: str, *, with_metadata: bool = False) -> Json:
        """The message object of conversations.history and of payloads."""
        message: Json = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text, "team": team_id}
        if self.bot_id:
            message |= {"bot_id": self.bot_id, "app_id": self.app_id}
        if self.blocks:
            message["blocks"] = self.blocks
        if self.attachments:
            message["attachments"] = self.attachments
        if self.thread_ts:
            message["thread_ts"] = self.thread_ts
        if self.broadcast:
            message["subtype"] = "thread_broadcast"
        if self.replies:
            message |= {
                "thread_ts": self.ts,
                "reply_count": len(self.replies),
                "reply_users": list(self.reply_users),
                "reply_users_count": len(self.reply_users),
                "latest_reply": self.replies[-1],
            }
        if self.edited:
            message["edited"] = self.edited
        if self.reactions:
            message["reactions"] = [reaction.as_api() for reaction in self.reactions]
        if self.files:
            message |= {"files": [file.as_api() for file in self.files], "upload": False}
        if with_metadata and self.metadata:
            message["metadata"] = self.metadata
        return message


def safe_name(name: str) -> str:
    """Letters, digits, dots, dashes and underscores; anything else becomes an underscore."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)


@dataclass(slots=True, kw_only=True)
class File:
    """A shared file; `content` stays in memory, `url_private` needs a token with files:read."""

    id: str
    name: str
    title: str
    user: str
    mimetype: str
    url_private: str
    permalink: str
    created: int
    team_id: str = ""
    content: bytes = b""
    channels: list[str] = field(default_factory=list)
    ims: list[str] = field(default_factory=list)

    @property
    def filetype(self) -> str:
        return self.name.rpartition(".")[2].lower() if "." in self.name else "text"

    @property
    def safe_name(self) -> str:
        """The name with nothing in it that an address or a header could trip over."""
        return safe_name(self.name)

    def as_api(self) -> Json:
        return {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title,
            "mimetype": self.mimetype,
            "filetype": self.filetype,
            "pretty_type": self.filetype.upper(),
            "user": self.user,
            "user_team": self.team_id,
            "editable": False,
            "size": len(self.content),
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": bool(self.channels),
            "public_url_shared": False,
            "url_private": self.url_private,
            "url_private_download": self.url_private + "?download=1",
            "permalink": self.permalink,
            "channels": list(self.channels),
            "groups": [],
            "ims": list(self.ims),
            "comments_count": 0,
            "file_access": "visible",
        }


@dataclass(slots=True, kw_only=True)
class View:
    """A modal or a Home tab as one person has it open. The id stays over updates, the hash changes."""

    id: str
    person: str
    team_id: str
    app_id: str
    bot_id: str
    type: Literal["modal", "home"]
    hash: str
    blocks: list[Json]
    title: Json | None = None
    submit: Json | None = None
    close: Json | None = None
    callback_id: str = ""
    private_metadata: str = ""
    external_id: str = ""
    clear_on_close: bool = False
    notify_on_close: bool = False
    submit_disabled: bool = False
    previous_view_id: str | None = None
    root_view_id: str = ""
    state: StateValues = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    loading: bool = False

    def as_api(self) -> Json:
        """The view object of answers and payloads."""
        return {
            "id": self.id,
            "team_id": self.team_id,
            "type": self.type,
            "blocks": self.blocks,
            "private_metadata": self.private_metadata,
            "callback_id": self.callback_id,
            "state": {"values": self.state},
            "hash": self.hash,
            "title": self.title or UNTITLED,
            "clear_on_close": self.clear_on_close,
            "notify_on_close": self.notify_on_close,
            "close": self.close,
            "submit": self.submit,
            "previous_view_id": self.previous_view_id,
            "root_view_id": self.root_view_id or self.id,
            "app_id": self.app_id,
            "external_id": self.external_id,
            "app_installed_team_id": self.team_id,
            "bot_id": self.bot_id,
        }
