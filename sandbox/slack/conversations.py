"""Channels, direct messages and what is said in them: messages, threads, ephemeral notes, reactions, unread marks."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import takewhile

from sandbox.slack import blockstate
from sandbox.slack.blockkit import interactive_elements
from sandbox.slack.changes import Change, Feed
from sandbox.slack.content import Content
from sandbox.slack.errors import NoSuchThing, SlackError
from sandbox.slack.ids import IdMaker
from sandbox.slack.model import Channel, File, Json, Message, Person, Reaction, StateValues


@dataclass(slots=True)
class Conversations:
    """All that is said in a workspace. Ephemeral notes live apart, so that history can never show one."""

    ids: IdMaker
    now: Callable[[], float]
    feed: Feed
    channels: dict[str, Channel] = field(default_factory=dict)
    messages: dict[str, list[Message]] = field(default_factory=dict)
    ephemerals: dict[str, list[Message]] = field(default_factory=dict)
    read_up_to: dict[tuple[str, str], str] = field(default_factory=dict)
    _last_ts: int = 0
    _by_ts: dict[tuple[str, str], Message] = field(default_factory=dict)

    # Places

    def add_channel(self, name: str, members: Iterable[Person], *, private: bool = False) -> Channel:
        channel = Channel(
            id=self.ids.make("C"),
            name=name,
            kind="private" if private else "public",
            members=[person.id for person in members],
            created=int(self.now()),
        )
        return self._keep(channel)

    def open_dm(self, one: str, other: str) -> Channel:
        """The direct message between two people, made when it is not there yet."""
        for channel in self.channels.values():
            if channel.is_im and set(channel.members) == {one, other}:
                return channel
        return self._keep(
            Channel(
                id=self.ids.make("D"), name="directmessage", kind="im", members=[one, other], created=int(self.now())
            )
        )

    def _keep(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        self.messages[channel.id] = []
        self.ephemerals[channel.id] = []
        self.feed.tell(Change("channel", channel.id))
        return channel

    def find(self, where: "str | Channel") -> Channel:
        """A channel by id or name; raises NoSuchThing naming the channels there are."""
        if isinstance(where, Channel):
            return where
        name = where.removeprefix("#")
        for channel in self.channels.values():
            if channel.id == where or (not channel.is_im and channel.name == name):
                return channel
        names = ", ".join(f"#{channel.name}" for channel in self.channels.values() if not channel.is_im)
        raise NoSuchThing(f"there is no channel {where!r}; there are {names}")

    def of(self, person: Person) -> list[Channel]:
        """What a person has in the side bar: their channels by name, then their direct messages."""
        mine = [channel for channel in self.channels.values() if person.id in channel.members]
        return sorted(mine, key=lambda channel: (channel.is_im, channel.name, channel.created))

    def join(self, channel: Channel, person: Person) -> None:
        if person.id not in channel.members:
            channel.members.append(person.id)
            self.feed.tell(Change("channel", channel.id))

    # Saying things

    @property
    def last_ts(self) -> str:
        """The newest time stamp given out."""
        return _ts(self._last_ts)

    def next_ts(self) -> str:
        """A time stamp that no message has: now, or a microsecond after the last one."""
        self._last_ts = max(self._last_ts + 1, int(self.now() * 1_000_000))
        return _ts(self._last_ts)

    def post(
        self,
        channel: Channel,
        author: str,
        content: Content,
        *,
        thread_ts: str | None = None,
        broadcast: bool = False,
        bot: tuple[str, str] | None = None,
        files: Iterable[File] = (),
    ) -> Message:
        """Post a message; `bot` is (bot id, app id) of the app that writes. Raises `thread_not_found`."""
        parent = self._thread_parent(channel, thread_ts)
        message = self._message(channel, author, content, bot)
        message.thread_ts = parent.ts if parent else None
        message.broadcast = broadcast and parent is not None
        message.files = list(files)
        self._remember(self.messages, message)
        if parent:
            parent.replies.append(message.ts)
            if author not in parent.reply_users:
                parent.reply_users.append(author)
        self.feed.tell(Change("message", channel.id, data={"ts": message.ts, "thread_ts": message.thread_ts}))
        self.mark_read(author, channel.id)
        return message

    def whisper(
        self,
        channel: Channel,
        author: str,
        only: str,
        content: Content,
        *,
        thread_ts: str | None = None,
        bot: tuple[str, str] | None = None,
    ) -> Message:
        """An ephemeral note that only one person sees."""
        note = self._message(channel, author, content, bot)
        note.ephemeral_for, note.thread_ts = only, thread_ts
        self._remember(self.ephemerals, note)
        self.feed.tell(Change("ephemeral", channel.id, who=only, data={"ts": note.ts}))
        return note

    def edit(self, message: Message, content: Content, editor: str) -> Message:
        """Change a message in place; what the content leaves out stays as it is."""
        message.text = message.text if content.text is None else content.text
        message.metadata = message.metadata if content.metadata is None else content.metadata
        if content.blocks is not None:
            message.blocks = content.blocks
            message.state = {who: blockstate.values(message.blocks, state) for who, state in message.state.items()}
        if content.attachments is not None:
            message.attachments = content.attachments
        if not message.is_ephemeral:
            message.edited = {"user": editor, "ts": f"{int(self.now())}.000000"}
        self._tell_of(message)
        return message

    def delete(self, message: Message) -> None:
        kept = self.ephemerals if message.is_ephemeral else self.messages
        kept[message.channel] = [other for other in kept[message.channel] if other.ts != message.ts]
        del self._by_ts[message.channel, message.ts]
        parent = self._by_ts.get((message.channel, message.thread_ts or ""))
        if parent and message.ts in parent.replies:
            parent.replies.remove(message.ts)
        self.feed.tell(Change("message_deleted", message.channel, message.ephemeral_for, {"ts": message.ts}))

    def react(self, message: Message, name: str, person: str) -> None:
        """Add a reaction; raises `already_reacted`."""
        reaction = next((one for one in message.reactions if one.name == name), None)
        if reaction is None:
            reaction = Reaction(name=name)
            message.reactions.append(reaction)
        if person in reaction.users:
            raise SlackError("already_reacted")
        reaction.users.append(person)
        self._tell_of(message)

    def unreact(self, message: Message, name: str, person: str) -> None:
        """Take a reaction back; raises `no_reaction`."""
        reaction = next((one for one in message.reactions if one.name == name and person in one.users), None)
        if reaction is None:
            raise SlackError("no_reaction")
        reaction.users.remove(person)
        message.reactions = [one for one in message.reactions if one.users]
        self._tell_of(message)

    # Looking

    def message(self, channel_id: str, ts: str) -> Message:
        """A message that is not ephemeral; raises `message_not_found`."""
        message = self.any_message(channel_id, ts)
        if message.is_ephemeral:
            raise SlackError("message_not_found")
        return message

    def any_message(self, channel_id: str, ts: str) -> Message:
        """A message or an ephemeral note; raises `message_not_found`."""
        message = self._by_ts.get((channel_id, ts))
        if message is None:
            raise SlackError("message_not_found")
        return message

    def seen_by(self, channel: Channel, viewer: Person, thread: str | None = None) -> list[Message]:
        """What a person sees in a channel, or in one of its threads, oldest first."""
        return [message for message in self.all_seen_by(channel, viewer) if _belongs(message, thread)]

    def all_seen_by(self, channel: Channel, viewer: Person) -> list[Message]:
        """Everything a person can see in a channel, replies in their place by time."""
        if viewer.id not in channel.members and channel.is_private:
            return []
        notes = [note for note in self.ephemerals[channel.id] if note.ephemeral_for == viewer.id]
        seen = [as_seen(message, viewer.id) for message in (*self.messages[channel.id], *notes)]
        return sorted(seen, key=lambda message: message.ts)

    def newer_than(self, ts: str, viewer: Person) -> list[Message]:
        """What a person got to see anywhere since a moment, oldest first."""
        kept = [
            mine for channel in self.of(viewer) for mine in (self.messages[channel.id], self.ephemerals[channel.id])
        ]
        newest = [m for said in kept for m in takewhile(lambda m: m.ts > ts, reversed(said))]
        mine = [message for message in newest if message.ephemeral_for in (None, viewer.id)]
        return sorted((as_seen(message, viewer.id) for message in mine), key=lambda message: message.ts)

    def state_for(self, message: Message, viewer: str) -> StateValues:
        """What a person has chosen in the menus of a message; each has their own."""
        state = blockstate.values(message.blocks, message.state.get(viewer))
        message.state[viewer] = state
        return state

    def unread(self, person: Person) -> dict[str, int]:
        """Channel id → number of messages of others since the person last looked; only channels with some."""
        counts = {channel.id: self._unread_in(channel, person) for channel in self.of(person)}
        return {channel_id: count for channel_id, count in counts.items() if count}

    def _unread_in(self, channel: Channel, person: Person) -> int:
        since = self.read_up_to.get((person.id, channel.id), "")
        return sum(
            message.ts > since and message.user != person.id and not message.is_reply
            for message in self.messages[channel.id]
        )

    def mark_read(self, person: str, channel_id: str) -> None:
        messages = self.messages[channel_id]
        if messages and self.read_up_to.get((person, channel_id)) != messages[-1].ts:
            self.read_up_to[person, channel_id] = messages[-1].ts
            self.feed.tell(Change("unread", channel_id, who=person))

    # Small helpers

    def _message(self, channel: Channel, author: str, content: Content, bot: tuple[str, str] | None) -> Message:
        bot_id, app_id = bot or (None, None)
        return Message(
            ts=self.next_ts(),
            channel=channel.id,
            user=author,
            text=content.text or "",
            blocks=content.blocks or [],
            attachments=content.attachments or [],
            metadata=content.metadata,
            bot_id=bot_id,
            app_id=app_id,
        )

    def _remember(self, kept: dict[str, list[Message]], message: Message) -> None:
        kept[message.channel].append(message)
        self._by_ts[message.channel, message.ts] = message

    def _thread_parent(self, channel: Channel, thread_ts: str | None) -> Message | None:
        """The message a reply belongs under, also when a reply was named; raises `thread_not_found`."""
        if not thread_ts:
            return None
        message = self._by_ts.get((channel.id, thread_ts))
        if message is not None and message.is_reply:
            message = self._by_ts.get((channel.id, str(message.thread_ts)))
        if message is None or message.is_ephemeral:
            raise SlackError("thread_not_found")
        return message

    def _tell_of(self, message: Message) -> None:
        kind = "ephemeral" if message.is_ephemeral else "message"
        data: Json = {"ts": message.ts, "thread_ts": message.thread_ts}
        self.feed.tell(Change(kind, message.channel, message.ephemeral_for, data))


def _ts(microseconds: int) -> str:
    return f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"


def _belongs(message: Message, thread: str | None) -> bool:
    if thread is None:
        return not message.is_reply or message.broadcast
    return thread in (message.ts, message.thread_ts)


def as_seen(message: Message, viewer: str) -> Message:
    """The message as one person sees it: without buttons that `visible_to_user_ids` keeps for others."""
    if all(_may_see(element, viewer) for _, element, _ in interactive_elements(message.blocks)):
        return message
    seen = copy.copy(message)
    seen.blocks = [block for block in (_block_as_seen(block, viewer) for block in message.blocks) if block is not None]
    return seen


def _block_as_seen(block: Json, viewer: str) -> Json | None:
    if block["type"] in ("actions", "context_actions"):
        elements = [element for element in block["elements"] if _may_see(element, viewer)]
        return block | {"elements": elements} if elements else None
    if block["type"] == "section" and not _may_see(block.get("accessory") or {}, viewer):
        return {key: value for key, value in block.items() if key != "accessory"}
    return block


def _may_see(element: Json, viewer: str) -> bool:
    only = element.get("visible_to_user_ids")
    return not only or viewer in only
