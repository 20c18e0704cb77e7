"""People at work in the workspace: every gesture Slack's client knows, as an awaited verb with an outcome.

slack = Slack(world)
arjun = slack.as_("arjun")
outcome = await arjun.click("Approve")
assert outcome.ok, outcome.error
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from sandbox.slack import payloads
from sandbox.slack.choices import refusals
from sandbox.slack.content import Content
from sandbox.slack.courier import Answer, Courier
from sandbox.slack.errors import NoSuchThing, SlackError
from sandbox.slack.finding import find
from sandbox.slack.hands import Hands
from sandbox.slack.looking import Where
from sandbox.slack.model import Channel, File, Json, Message, Person, View
from sandbox.slack.outcome import Outcome
from sandbox.slack.responses import speak
from sandbox.slack.tickets import ResponseUrl
from sandbox.slack.world import SlackWorld

_MODAL_TROUBLE = "We had some trouble connecting. Try again?"
_COMMAND_TROUBLE = {
    "timeout": "operation_timeout",
    "unreachable": "dispatch_failed",
    "http_error": "http_service_error",
}


class Slack:
    """The workspace as its people and administrators handle it."""

    def __init__(self, world: SlackWorld) -> None:
        self.world = world
        self.courier = Courier(world)

    def as_(self, who: str | Person) -> "Actor":
        return Actor(self, self.world.person(who))

    async def send_event(self, inner: Json) -> Answer | None:
        """An event of the Events API, if the app is subscribed to it; None when it is not."""
        kind = inner["type"]
        names = {kind, f"{kind}.{inner['channel_type']}"} if "channel_type" in inner else {kind}
        if not names & self.world.app.events:
            return None
        return await self.courier.event(payloads.event(self.world, inner))

    async def change_person(self, who: str | Person, **fields: Any) -> Answer | None:
        """Rename, deactivate, restrict … somebody, and tell the app (user_change)."""
        person = self.world.person(who)
        for name, value in fields.items():
            setattr(person, name, value)
        person.updated = int(self.world.now())
        with_email = "users:read.email" in self.world.app.scopes
        user = person.as_api(self.world.now(), with_email=with_email) | {"locale": "en-US"}
        return await self.send_event({"type": "user_change", "user": user, "cache_ts": person.updated, **self._stamp()})

    async def change_group(self, which: str, members: Sequence[str | Person]) -> Answer | None:
        """Give a user group other members, and tell the app (subteam_members_changed)."""
        group = self.world.directory.group(which)
        before, group.members = set(group.members), [self.world.person(member).id for member in members]
        added, removed = sorted(set(group.members) - before), sorted(before - set(group.members))
        return await self.send_event(
            {
                "type": "subteam_members_changed",
                "subteam_id": group.id,
                "team_id": self.world.team_id,
                "date_previous_update": group.created,
                "date_update": int(self.world.now()),
                "added_users": added,
                "added_users_count": len(added),
                "removed_users": removed,
                "removed_users_count": len(removed),
                **self._stamp(),
            }
        )

    async def uninstall(self) -> None:
        """Remove the app: its tokens stop working, and it is told so."""
        self.world.revoke(self.world.bot_token)
        tokens = {"oauth": [], "bot": [self.world.bot.id]}
        await self.send_event({"type": "tokens_revoked", "tokens": tokens, **self._stamp()})
        await self.send_event({"type": "app_uninstalled", **self._stamp()})

    def _stamp(self) -> Json:
        return {"event_ts": self.world.conversations.next_ts()}


class Actor(Hands):
    """One person with the client open: all that can be done in it."""

    def __init__(self, slack: Slack, person: Person) -> None:
        super().__init__(slack.world, person, slack.courier)
        self._slack = slack

    # Modals

    async def fill(self, values: dict[str, Any], view: View | None = None) -> Outcome:
        """Fill fields of the modal on top, named by label, block id or action id; sends what dispatches."""
        outcome = Outcome()
        for name, value in values.items():
            found = find(name, [view or self._top_modal()], buttons=False)
            outcome = await self._choose(found, value)
            if not outcome.ok:
                return outcome
        return outcome

    async def submit(
        self, values: dict[str, Any] | None = None, view: View | None = None, *, times: int = 1
    ) -> Outcome:
        """Fill in and send the modal on top, as far as Slack's own client lets it go (required fields, lengths)."""
        view = view or self._top_modal()
        if values:
            filled = await self.fill(values, view)
            if not filled.ok:
                return filled
        view.errors = refusals(view)
        if view.errors:
            self._world.views.touched(view)
            return Outcome(ok=False, error="; ".join(view.errors.values()), field_errors=view.errors, modal=view)
        view.loading = True
        self._world.views.touched(view)
        payload = payloads.submission(self._world, self.person, view)
        before = self._world.conversations.last_ts
        answers = await self._deliver(payload, times)
        view.loading = False
        outcome = self._outcome(answers, _MODAL_TROUBLE if answers[0].trouble else "", before)
        return self._after_submit(view, outcome) if outcome.ok else outcome

    def _after_submit(self, view: View, outcome: Outcome) -> Outcome:
        """Do what the app's answer to a submission says; without one the modal closes."""
        try:
            outcome.field_errors = self._respond_to_submit(view, outcome.body)
        except SlackError as error:
            outcome = self._failed(outcome, f"{_MODAL_TROUBLE} ({error})")
        if outcome.field_errors:
            outcome.ok, outcome.error = False, "; ".join(outcome.field_errors.values())
        outcome.modal = self.modal()
        return outcome

    def _respond_to_submit(self, view: View, body: Any) -> dict[str, str]:
        views = self._world.views
        if not body:
            views.close(view)
            return {}
        action = body.get("response_action") if isinstance(body, dict) else None
        match action:
            case "errors":
                return self._show_field_errors(view, body.get("errors"))
            case "update":
                views.update(view.id, None, body.get("view"))
            case "push":
                views.push(self.person.id, body.get("view"))
            case "clear":
                views.clear(self.person.id)
            case _:
                raise SlackError("invalid_response_action")
        return {}

    def _show_field_errors(self, view: View, errors: Any) -> dict[str, str]:
        inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
            raise SlackError("invalid_errors", ["errors must name block ids of input blocks"])
        view.errors = {str(block): str(words) for block, words in errors.items()}
        self._world.views.touched(view)
        return view.errors

    async def close_modal(self, *, all: bool = False) -> Outcome:
        """Close the modal on top by its button, or all of them by the cross; tells the app where it asked for it."""
        top = self._top_modal()
        closing = list(reversed(self._world.modals(self.person))) if all or top.clear_on_close else [top]
        outcome = Outcome()
        for view in closing:
            self._world.views.close(view)
            if view.notify_on_close:
                payload = payloads.closed(self._world, self.person, view, cleared=len(closing) > 1)
                outcome = await self._interaction(payload)
        outcome.modal = self.modal()
        return outcome

    def _top_modal(self) -> View:
        modal = self.modal()
        if modal is None:
            raise NoSuchThing(f"{self.person.key} has no modal open")
        return modal

    # Home, shortcuts, commands, messages

    async def open_home(self) -> Outcome:
        """Open the app's Home tab."""
        return await self._open_tab("home")

    async def open_messages(self) -> Outcome:
        """Open the direct message with the app."""
        channel = self._world.conversations.open_dm(self.person.id, self._world.bot.id)
        self._world.mark_read(self.person, channel)
        return await self._open_tab("messages")

    async def _open_tab(self, tab: str) -> Outcome:
        channel = self._world.conversations.open_dm(self.person.id, self._world.bot.id)
        home = self._world.home(self.person)
        inner: Json = {
            "type": "app_home_opened",
            "user": self.person.id,
            "channel": channel.id,
            "tab": tab,
            "event_ts": self._world.conversations.next_ts(),
        }
        if tab == "home" and home:
            inner["view"] = home.as_api()
        return self._of_event(await self._slack.send_event(inner))

    async def shortcut(self, name: str, on: Message | None = None, *, times: int = 1) -> Outcome:
        """Use a shortcut by name or callback id: of the composer, or `on` a message."""
        for shortcut in self._world.app.shortcuts:
            if name in (shortcut.name, shortcut.callback_id) and shortcut.on_messages == (on is not None):
                break
        else:
            there = ", ".join(shortcut.name for shortcut in self._world.app.shortcuts)
            raise NoSuchThing(f"no shortcut {name!r} there; the app has: {there}")
        if on is None:
            payload = payloads.global_shortcut(self._world, self.person, shortcut.callback_id)
        else:
            payload = payloads.message_shortcut(self._world, self.person, shortcut.callback_id, on)
        return await self._interaction(payload, times)

    async def type(self, text: str, in_: Where = "bot", *, thread: str | None = None, times: int = 1) -> Outcome:
        """Type into the composer and press Enter: a slash command, or a message for everybody there."""
        channel = self._composer_of(in_)
        if text.startswith("/") and not text.startswith("//"):
            return await self._command(text, channel, thread, times)
        content = Content(text=self._as_sent(text))
        message = self._world.conversations.post(channel, self.person.id, content, thread_ts=thread)
        outcome = self._of_event(await self._slack.send_event(self._message_event(message, channel)))
        outcome.messages.insert(0, message)
        return outcome

    async def _command(self, text: str, channel: Channel, thread: str | None, times: int) -> Outcome:
        name, _, rest = text.partition(" ")
        if name not in self._world.app.commands:
            return self._failed(Outcome(), f"{name} is not a valid command.", channel)
        if thread:
            return self._failed(Outcome(), f"{name} is not supported in threads. Sorry!", channel)
        mentions = name in self._world.app.escaped_commands
        form = payloads.command(
            self._world, self.person, channel, name, text=self._as_sent(rest.strip(), mentions=mentions)
        )
        before = self._world.conversations.last_ts
        answers = await asyncio.gather(*(self._courier.command(form) for _ in range(times)))
        trouble = _COMMAND_TROUBLE.get(answers[0].trouble, "")
        for answer in answers:
            trouble = trouble or self._show_answer(answer, channel)
        words = f'{name} failed with the error "{trouble}"' if trouble else ""
        return self._outcome(list(answers), words, before)

    def _show_answer(self, answer: Answer, channel: Channel) -> str:
        """Show what the acknowledgement of a command says; the error code when that cannot be shown."""
        body = {"text": answer.body} if isinstance(answer.body, str) else answer.body
        if not answer.ok or not isinstance(body, dict) or not body:
            return ""
        try:
            speak(self._world, channel, ResponseUrl("", channel.id, self.person.id, 0), body)
        except SlackError as error:
            return error.code
        return ""

    async def upload(
        self, name: str, content: bytes, in_: Where = "bot", text: str = "", *, thread: str | None = None
    ) -> Outcome:
        """Share a file in a message of one's own, or in the thread of the message with that `ts`."""
        channel = self._composer_of(in_)
        file = self._world.files.add(self.person.id, name, content)
        (file.ims if channel.is_im else file.channels).append(channel.id)
        said = Content(text=self._as_sent(text))
        message = self._world.conversations.post(channel, self.person.id, said, files=[file], thread_ts=thread)
        shared = {
            "type": "file_shared",
            "file_id": file.id,
            "user_id": self.person.id,
            "file": {"id": file.id},
            "channel_id": channel.id,
            "event_ts": message.ts,
        }
        outcome = self._of_event(await self._slack.send_event(shared))
        await self._slack.send_event(self._message_event(message, channel) | {"subtype": "file_share"})
        outcome.messages.insert(0, message)
        return outcome

    async def react(self, name: str, on: Message) -> Outcome:
        """Add a reaction (`eyes` or `:eyes:`)."""
        self._world.conversations.react(self._there(on), name.strip(":"), self.person.id)
        inner = {
            "type": "reaction_added",
            "user": self.person.id,
            "reaction": name.strip(":"),
            "item_user": on.user,
            "item": {"type": "message", "channel": on.channel, "ts": on.ts},
            "event_ts": self._world.conversations.next_ts(),
        }
        return self._of_event(await self._slack.send_event(inner))

    async def delete(self, message: Message) -> Outcome:
        """Delete a message: one's own, or anybody's for an administrator; an ephemeral note is dismissed."""
        message = self._there(message)
        if not message.is_ephemeral and message.user != self.person.id and not self.person.is_admin:
            return self._failed(Outcome(), "You can only delete your own messages.")
        self._world.conversations.delete(message)
        return Outcome(modal=self.modal())

    def shares(self, name: str, content: bytes) -> File:
        """A file for a modal's file input: uploaded, not shared in a message."""
        return self._world.files.add(self.person.id, name, content)

    def _there(self, message: Message) -> Message:
        return self._world.conversations.any_message(message.channel, message.ts)

    def _composer_of(self, where: Where) -> Channel:
        if where == "bot":
            return self._world.conversations.open_dm(self.person.id, self._world.bot.id)
        channel = self._world.channel(where)
        if self.person.id not in channel.members:
            raise NoSuchThing(f"{self.person.key} is not in #{channel.name}")
        return channel

    def _as_sent(self, text: str, *, mentions: bool = True) -> str:
        """What Slack makes of typed words: control characters escaped, @names of people as mentions."""
        sent = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        if not mentions:
            return sent
        people = {person.key: person for person in self._world.people()}
        return " ".join(
            f"<@{people[word[1:]].id}>" if word.startswith("@") and word[1:] in people else word
            for word in sent.split(" ")
        )

    def _message_event(self, message: Message, channel: Channel) -> Json:
        kind = {"public": "channel", "private": "group", "im": "im", "mpim": "mpim"}[channel.kind]
        return message.as_api(self._world.team_id) | {
            "type": "message",
            "channel": channel.id,
            "channel_type": kind,
            "event_ts": message.ts,
        }
