"""What one person sees of the workspace, as plain values for the templates. Reads the world, changes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2s
from zoneinfo import ZoneInfo

from markupsafe import Markup

from sandbox.slack.model import Channel, Message, Person, Reaction, View
from sandbox.slack.page.blocks import legacy_attachment, render_blocks
from sandbox.slack.page.chosen import as_chosen
from sandbox.slack.page.dates import clock_time, write_date
from sandbox.slack.page.elements import words_of
from sandbox.slack.page.emoji import emoji
from sandbox.slack.page.markup import join
from sandbox.slack.page.mrkdwn import mrkdwn
from sandbox.slack.page.reader import Canvas, Reader
from sandbox.slack.world import SlackWorld

NEWEST = 60  # messages shown before one asks for earlier ones
_COLOURS = 8
_FEW = 12  # people in the side bar before anybody has written to them
_TOGETHER = timedelta(minutes=5)  # messages of one person this close share one head


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the workspace a person looks: a channel or direct message, or the app's Home tab; maybe a thread too."""

    channel: str | None = None
    home: bool = False
    thread: str | None = None
    back: int = NEWEST


@dataclass(frozen=True, slots=True)
class Face:
    """A person as others see them. Avatars are drawn: initials on one of eight colours."""

    id: str
    key: str
    name: str
    title: str
    initials: str
    colour: int
    is_app: bool = False
    note: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the side bar."""

    label: str
    href: str
    sign: str
    unread: int
    here: bool
    face: Face | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A message as drawn. `fingerprint` changes when anything on the screen would."""

    message: Message
    author: Face
    body: Markup
    attachments: Markup
    time: str
    full_time: str
    iso: str
    starts_day: str | None
    continues: bool
    reactions: list[tuple[str, str, int, bool]]
    thread_href: str
    replies: str
    mine: bool
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A modal as drawn; `top` is the one that can be used."""

    view: View
    title: str
    submit: str | None
    close: str
    body: Markup
    top: bool
    level: int


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything on one person's screen."""

    me: Face
    people: list[tuple[Face, int]]
    channels: list[Entry]
    apps: list[Entry]
    directs: list[Entry]
    place: Place
    channel: Channel | None
    title: str
    subtitle: str
    with_app: bool
    rows: list[Row] = field(default_factory=list)
    earlier: bool = False
    thread: list[Row] = field(default_factory=list)
    home: Markup | None = None
    home_id: str = ""
    sheets: list[Sheet] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    href: str = "/"


def reader_for(world: SlackWorld, person: Person) -> Reader:
    """A person's eyes: their zone, and the names of everybody and everything in the workspace."""
    conversations = world.conversations.channels.values()
    files = {file.id: f"/page/files/{file.id}" for file in world.files.files.values()}
    by_address = {file.url_private: files[file.id] for file in world.files.files.values()}
    return Reader(
        me=person.id,
        tz=ZoneInfo(person.tz),
        now=datetime.fromtimestamp(world.now(), UTC),
        people={one.id: one.real_name for one in world.people()},
        channels={channel.id: channel.name for channel in conversations if not channel.is_im},
        directs={
            channel.id: world.person(channel.partner_of(person.id)).real_name
            for channel in conversations
            if channel.is_im and person.id in channel.members
        },
        groups={group.id: group.handle for group in world.directory.groups.values()},
        files=files | by_address,
        origin=world.url,
    )


def screen(world: SlackWorld, person: Person, place: Place) -> Screen:
    reader = reader_for(world, person)
    channel = world.channel(place.channel) if place.channel else None
    with_app = place.home or (channel is not None and channel == world.dm(person))
    messages = world.messages(channel, viewer=person) if channel else []
    title, subtitle = _heading(world, person, channel)
    home = world.home(person) if place.home else None
    return Screen(
        me=face(world, person),
        people=[(face(world, one), sum(world.unread(one).values())) for one in players(world)],
        channels=_channels(world, person, place),
        apps=[_app_entry(world, person, place)],
        directs=_directs(world, person, place),
        place=place,
        channel=channel,
        title=title,
        subtitle=subtitle,
        with_app=with_app,
        rows=_rows(world, messages[-place.back :], person, reader) if channel else [],
        earlier=len(messages) > place.back,
        thread=_thread(world, person, reader, channel, place.thread) if channel and place.thread else [],
        home=_view_body(home, Canvas(reader, "home", home.id)) if home else None,
        home_id=home.id if home else "",
        sheets=sheets(world, person, reader),
        errors=world.errors(person),
        href=href(person, channel=place.channel, home=place.home),
    )


def players(world: SlackWorld) -> list[Person]:
    """The people one can be on the page: everybody but bots and those who left."""
    return [one for one in world.people() if not (one.is_bot or one.deleted)]


def first_waiting(world: SlackWorld) -> tuple[Person, Channel, Message] | None:
    """The oldest message with a button that waits in somebody's direct messages with the app, and whose it is."""
    for person in players(world):
        channel = world.dm(person)
        if channel is None:
            continue
        for message in world.messages(channel, viewer=person):
            if any(block.get("type") == "actions" for block in message.blocks):
                return person, channel, message
    return None


def face(world: SlackWorld, person: Person) -> Face:
    note = "guest" if person.is_restricted or person.is_ultra_restricted else ""
    return Face(
        person.id,
        person.key,
        person.real_name,
        person.title,
        _initials(person.real_name),
        list(world.directory.people).index(person.id) % _COLOURS,
        person.is_bot,
        note,
        person.tz,
    )


def href(person: Person, channel: str | None = None, home: bool = False, thread: str | None = None) -> str:
    """The page's address of a place, for one person."""
    where = "&tab=home" if home else f"&channel={channel}" if channel else ""
    return f"/?as={person.key or person.id}{where}{f'&thread={thread}' if thread else ''}"


def sheets(world: SlackWorld, person: Person, reader: Reader) -> list[Sheet]:
    stack = world.modals(person)
    return [_sheet(view, reader, level, level == len(stack)) for level, view in enumerate(stack, start=1)]


def view_canvas(view: View, reader: Reader) -> Canvas:
    return Canvas(reader, "home" if view.type == "home" else "modal", view.id, view.errors)


def _sheet(view: View, reader: Reader, level: int, top: bool) -> Sheet:
    has_input = any(block.get("type") == "input" for block in view.blocks)
    submit = words_of(view.submit) or ("Submit" if has_input else None)
    body = _view_body(view, view_canvas(view, reader))
    return Sheet(view, words_of(view.title), submit, words_of(view.close) or "Cancel", body, top, level)


def _view_body(view: View, canvas: Canvas) -> Markup:
    return render_blocks(as_chosen(view.blocks, view.state), canvas)


def _heading(world: SlackWorld, person: Person, channel: Channel | None) -> tuple[str, str]:
    if channel is None:
        return world.bot.real_name, "App"
    if channel.is_im:
        partner = world.person(channel.partner_of(person.id))
        return partner.real_name, "App" if partner.is_bot else partner.title
    members = len(channel.members)
    return channel.name, channel.topic or f"{members} {'member' if members == 1 else 'members'}"


def _channels(world: SlackWorld, person: Person, place: Place) -> list[Entry]:
    unread = world.unread(person)
    return [
        Entry(
            channel.name,
            href(person, channel=channel.id),
            "🔒" if channel.is_private else "#",
            unread.get(channel.id, 0),
            channel.id == place.channel,
        )
        for channel in world.conversations_of(person)
        if not channel.is_im
    ]


def _app_entry(world: SlackWorld, person: Person, place: Place) -> Entry:
    channel = world.dm(person)
    unread = world.unread(person).get(channel.id, 0) if channel else 0
    where = href(person, channel=channel.id) if channel else href(person, home=True)
    here = place.home or (channel is not None and place.channel == channel.id)
    return Entry(world.bot.real_name, where, "", unread, here, face(world, world.bot))


def _directs(world: SlackWorld, person: Person, place: Place) -> list[Entry]:
    """Who one writes to, and the first few one could; a direct message is opened by its first look."""
    unread = world.unread(person)
    open_ones = {c.partner_of(person.id): c.id for c in world.conversations_of(person) if c.is_im}
    everybody = players(world)
    others = [one for n, one in enumerate(everybody) if one.id != person.id and (n < _FEW or one.id in open_ones)]
    return [
        Entry(
            one.real_name,
            href(person, channel=open_ones[one.id]) if one.id in open_ones else f"{href(person)}&dm={one.id}",
            "",
            unread.get(open_ones.get(one.id, ""), 0),
            open_ones.get(one.id) == place.channel and place.channel is not None,
            face(world, one),
        )
        for one in others
    ]


def _thread(world: SlackWorld, person: Person, reader: Reader, channel: Channel, ts: str) -> list[Row]:
    return _rows(world, world.messages(channel, viewer=person, thread=ts), person, reader, in_thread=True)


def _rows(
    world: SlackWorld, messages: Iterable[Message], person: Person, reader: Reader, *, in_thread: bool = False
) -> list[Row]:
    rows: list[Row] = []
    day: date | None = None
    for message in messages:
        when = datetime.fromtimestamp(float(message.ts), reader.tz)
        starts_day, continues = when.date() != day, _continues(rows, message)
        rows.append(
            _row(world, message, person, reader, starts_day=starts_day, continues=continues, in_thread=in_thread)
        )
        day = when.date()
    return rows


def _continues(rows: Sequence[Row], message: Message) -> bool:
    """Whether a message needs no head of its own. One with blocks keeps it: a card should say whose it is."""
    if not rows or message.blocks or message.is_ephemeral or rows[-1].message.is_ephemeral:
        return False
    before = rows[-1].message
    return before.user == message.user and float(message.ts) - float(before.ts) < _TOGETHER.total_seconds()


def _row(
    world: SlackWorld,
    message: Message,
    person: Person,
    reader: Reader,
    *,
    starts_day: bool,
    continues: bool,
    in_thread: bool,
) -> Row:
    when = datetime.fromtimestamp(float(message.ts), reader.tz)
    canvas = Canvas(reader, "message", f"{'thread' if in_thread else 'main'}-{message.ts}")
    body = _body(world, message, person, canvas)
    attachments = join(legacy_attachment(one, canvas) for one in message.attachments)
    day = write_date(message.ts, "{day_divider_pretty}", reader) if starts_day else None
    reactions = [_reaction(one, person) for one in message.reactions]
    replies = _replies(message)
    seen = (body, attachments, day, continues, reactions, replies, message.edited, [f.id for f in message.files])
    return Row(
        message=message,
        author=face(world, world.person(message.user)),
        body=body,
        attachments=attachments,
        time=clock_time(when, reader),
        full_time=write_date(message.ts, "{date_long} at {time_secs}", reader) or "",
        iso=when.isoformat(timespec="seconds"),
        starts_day=day,
        continues=continues and not starts_day,
        reactions=reactions,
        thread_href=href(person, channel=message.channel, thread=message.thread_ts or message.ts),
        replies=replies,
        mine=message.user == person.id,
        fingerprint=blake2s(repr(seen).encode(errors="replace"), digest_size=8).hexdigest(),
    )


def _body(world: SlackWorld, message: Message, person: Person, canvas: Canvas) -> Markup:
    if not message.blocks:
        return mrkdwn(message.text, canvas.reader)
    return render_blocks(as_chosen(message.blocks, message.state.get(person.id, {})), canvas)


def _reaction(reaction: Reaction, person: Person) -> tuple[str, str, int, bool]:
    sign = emoji(reaction.name) or f":{reaction.name}:"
    return reaction.name, sign, len(reaction.users), person.id in reaction.users


def _replies(message: Message) -> str:
    count = message.reply_count
    return f"{count} {'reply' if count == 1 else 'replies'}" if count else ""


def _initials(name: str) -> str:
    words = [word for word in name.split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words[:1])).upper() or "?"
