"""The workspace: who is there, what is said, what is open – with Slack's rules, without any HTTP."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.slack.appconfig import AppConfig
from sandbox.slack.changes import Change, Feed, Subscription
from sandbox.slack.content import Content
from sandbox.slack.conversations import Conversations
from sandbox.slack.directory import Directory
from sandbox.slack.errors import SlackError
from sandbox.slack.faults import Faults
from sandbox.slack.files import FileShelf
from sandbox.slack.ids import IdMaker
from sandbox.slack.mail import Mail
from sandbox.slack.model import Channel, File, Message, Person, View
from sandbox.slack.rates import Rates
from sandbox.slack.schedule import Schedule
from sandbox.slack.sockets import SocketHub
from sandbox.slack.tickets import ResponseUrl, Tickets
from sandbox.slack.views import Views
from sandbox.slack.wire import WireLog


@dataclass(slots=True)
class Switches:
    """How strict and how patient this Slack is.

    `ack_seconds` is how long a person's gesture waits for the app (Slack: 3 s). `retry_events` sends events again by
    itself when they fail, after `retry_after` seconds each (Slack: at once, one minute, five minutes); without it
    `Slack.retry_events()` does so when a test says. `refresh_sockets` replaces connections after so many seconds.
    """

    strict_rates: bool = False
    ack_seconds: float = 3.0
    retry_events: bool = False
    retry_after: tuple[float, ...] = (0.0, 60.0, 300.0)
    refresh_sockets: float = 0.0


@dataclass(slots=True)
class Grant:
    """What a token may: a bot's scopes, or an app-level token's."""

    kind: str
    scopes: set[str] = field(default_factory=set)


class SlackWorld:
    """One workspace with one installed app.

    `now` is asked each time, so that frozen and shifted clocks work. `url` is where the stand-in is served, set by
    whoever serves it; `request_url` is where signed requests to the app go when no socket is connected.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        now: Callable[[], float] | None = None,
        team: str = "Example Works",
        app: AppConfig | None = None,
    ) -> None:
        self.now: Callable[[], float] = now or (lambda: time.time())  # noqa: PLW0108 (a frozen clock replaces time.time)
        self.url = "http://slack.example.com"
        self.request_url: str | None = None
        self.switches = Switches()
        self.app = app or AppConfig()
        self.ids = IdMaker(seed)
        self.feed = Feed()
        self.log = WireLog(self._time)
        self.faults = Faults()
        self.mail = Mail()
        self.rates = Rates(self._time)
        self.sockets = SocketHub(self.ids, self._time, self.feed)
        self.team_id, self.team_name = self.ids.make("T"), team
        self.team_domain = team.casefold().replace(" ", "-")
        self.app_id, self.bot_id = self.ids.make("A"), self.ids.make("B")
        self.verification_token = f"fake-verification-{self.ids.word('verification', 12)}"
        self.signing_secret = f"fake-signing-secret-{self.ids.word('signing', 12)}"
        self.bot_token = f"xoxb-fake-{self.ids.word('bot', 24)}"
        self.app_token = f"xapp-1-fake-{self.ids.word('app', 24)}"
        self.tokens = {
            self.bot_token: Grant("bot", self.app.scopes),
            self.app_token: Grant("app", {"connections:write"}),
        }
        self.directory = Directory(self.ids, self.team_id)
        self.bot = self.directory.add("bot", self.app.name, is_bot=True, display_name=self.app.name)
        self.conversations = Conversations(self.ids, self._time, self.feed)
        self.tickets = Tickets(self.ids, self._time)
        self.schedule = Schedule(self.ids, self._time)
        self.files = FileShelf(self.ids, self._time, lambda: self.url, self.team_id)
        self.views = Views(self.ids, self._time, self.feed, self.team_id, self.app_id, self.bot_id)
        self._errors: dict[str, list[str]] = {}

    def _time(self) -> float:
        return self.now()

    # Who and where

    def person(self, who: str | Person) -> Person:
        """By key, Slack id, e-mail address, real or display name; raises NoSuchThing."""
        return self.directory.find(who)

    def people(self) -> list[Person]:
        return list(self.directory.people.values())

    def channel(self, where: str | Channel) -> Channel:
        """By id, `#name` or `name`; raises NoSuchThing."""
        return self.conversations.find(where)

    def conversations_of(self, who: str | Person) -> list[Channel]:
        """What a person has in the side bar: their channels by name, then their direct messages."""
        return self.conversations.of(self.person(who))

    def dm(self, who: str | Person) -> Channel | None:
        """The direct message between a person and the bot, when one of them has opened it."""
        members = {self.person(who).id, self.bot.id}
        channels = self.conversations.channels.values()
        return next((channel for channel in channels if channel.is_im and set(channel.members) == members), None)

    # What a person sees

    def messages(self, where: str | Channel, viewer: str | Person, thread: str | None = None) -> list[Message]:
        """Oldest first: a channel's messages, or one thread's, with the viewer's ephemerals in place."""
        self.post_due()
        return self.conversations.seen_by(self.channel(where), self.person(viewer), thread)

    def modals(self, who: str | Person) -> list[View]:
        """The stack of open modals, the top one last."""
        return list(self.views.stack(self.person(who).id))

    def home(self, who: str | Person) -> View | None:
        return self.views.homes.get(self.person(who).id)

    def unread(self, who: str | Person) -> dict[str, int]:
        return self.conversations.unread(self.person(who))

    def mark_read(self, who: str | Person, where: str | Channel) -> None:
        self.conversations.mark_read(self.person(who).id, self.channel(where).id)

    def errors(self, who: str | Person) -> list[str]:
        """What Slack told a person went wrong, newest last."""
        return list(self._errors.get(self.person(who).id, []))

    def show_error(self, who: str | Person, words: str, where: str | None = None) -> None:
        person = self.person(who)
        self._errors.setdefault(person.id, []).append(words)
        self.feed.tell(Change("error", where, person.id, {"text": words}))

    def subscribe(self) -> Subscription:
        """All changes from now on; see `changes.Change`."""
        return self.feed.subscribe()

    # Addresses

    def permalink(self, message: Message) -> str:
        link = f"{self.url}/archives/{message.channel}/p{message.ts.replace('.', '')}"
        return f"{link}?thread_ts={message.thread_ts}&cid={message.channel}" if message.is_reply else link

    def response_address(self, url: ResponseUrl) -> str:
        return f"{self.url}/response/{self.team_id}/{url.token}"

    # Tokens

    def revoke(self, token: str) -> None:
        """Make a token worthless, as an administrator would; calls with it answer `token_revoked`."""
        if token in self.tokens:
            self.tokens[token] = Grant("revoked")

    # What the bot writes

    def post_as_bot(
        self,
        channel: Channel,
        content: Content,
        *,
        thread_ts: str | None = None,
        broadcast: bool = False,
        files: tuple[File, ...] = (),
    ) -> Message:
        by = (self.bot_id, self.app_id)
        return self.conversations.post(
            channel, self.bot.id, content, thread_ts=thread_ts, broadcast=broadcast, bot=by, files=files
        )

    def post_due(self) -> None:
        """Post the scheduled messages whose time has come."""
        for one in self.schedule.take_due():
            self.post_as_bot(one.channel, one.content, thread_ts=one.thread_ts)

    def whisper_as_bot(self, channel: Channel, only: str, content: Content, thread_ts: str | None = None) -> Message:
        by = (self.bot_id, self.app_id)
        return self.conversations.whisper(channel, self.bot.id, only, content, thread_ts=thread_ts, bot=by)

    def place_for_bot(self, where: str) -> Channel:
        """The channel a `channel` argument of the Web API means; a person's id means the direct message with them.

        Raises `channel_not_found` and `user_not_found`, also for private channels the bot is not in.
        """
        if where.startswith(("U", "W")) and where in self.directory.people:
            return self.dm_with(where)
        for channel in self.conversations.channels.values():
            known = where in (channel.id, f"#{channel.name}") or (not channel.is_im and where == channel.name)
            if known and (not channel.is_private or self.bot.id in channel.members):
                return channel
        raise SlackError("channel_not_found")

    def dm_with(self, user_id: str) -> Channel:
        """Open a direct message from the bot; raises `user_not_found`, `user_disabled`, `cannot_dm_bot`."""
        person = self.directory.by_id(user_id)
        if person.deleted:
            raise SlackError("user_disabled")
        if person.is_bot:
            raise SlackError("cannot_dm_bot")
        return self.conversations.open_dm(person.id, self.bot.id)
