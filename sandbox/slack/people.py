"""People at work in the workspace: every gesture Slack's client knows, as an awaited verb with an outcome.

slack = Slack(world)
arjun = slack.as_("arjun")
outcome = await arjun.click("Approve")
assert outcome.ok, outcome.error
"""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.slack import blockstate, payloads
from sandbox.slack.blockkit import refusals_of_options
from sandbox.slack.choices import choice_for, option_called, refusals
from sandbox.slack.content import Content
from sandbox.slack.courier import Answer, Courier
from sandbox.slack.errors import NoSuchThing, SlackError
from sandbox.slack.finding import Found, Place, find
from sandbox.slack.model import Channel, File, Json, Message, Person, View
from sandbox.slack.reading import words_of_message, words_of_view
from sandbox.slack.responses import speak
from sandbox.slack.tickets import ResponseUrl
from sandbox.slack.world import SlackWorld

Where = str | Channel
In = Message | View | Literal["home"] | None

_TROUBLE = {
    "timeout": "The app did not respond in time. Please try again.",
    "unreachable": "The app could not be reached. Please try again later.",
    "http_error": "The app answered with an error. Please try again.",
}
_MODAL_TROUBLE = "We had some trouble connecting. Try again?"
_COMMAND_TROUBLE = {
    "timeout": "operation_timeout",
    "unreachable": "dispatch_failed",
    "http_error": "http_service_error",
}


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of a gesture, as the person saw it.

    `error` is what they read when it went wrong; `modal` is the modal on top afterwards; `messages` are the messages
    and ephemeral notes that appeared for them meanwhile; `options` is what an external menu offered; `confirm` is the
    dialog they were asked to confirm; `url` what a link button opened; `answers` are all deliveries of a repetition.
    """

    ok: bool = True
    error: str = ""
    status: int | None = None
    ms: float = 0.0
    body: Any = None
    modal: View | None = None
    messages: list[Message] = field(default_factory=list)
    options: list[Json] = field(default_factory=list)
    field_errors: dict[str, str] = field(default_factory=dict)
    confirm: Json | None = None
    url: str = ""
    answers: list[Answer] = field(default_factory=list)

    def as_json(self, team_id: str) -> Json:
        return {
            "ok": self.ok,
            "error": self.error,
            "status": self.status,
            "ms": round(self.ms, 2),
            "body": self.body,
            "modal": self.modal.as_api() if self.modal else None,
            "messages": [message.as_api(team_id) for message in self.messages],
            "options": self.options,
            "field_errors": self.field_errors,
            "confirm": self.confirm,
            "url": self.url,
            "deliveries": len(self.answers),
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
        user = person.as_api(self.world.now(), with_email=with_email)
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
                "added_users_count": str(len(added)),
                "removed_users": removed,
                "removed_users_count": str(len(removed)),
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


class Actor:
    """One person with the client open."""

    def __init__(self, slack: Slack, person: Person) -> None:
        self._slack, self._world, self.person = slack, slack.world, person

    # Looking

    def channel(self, where: Where = "bot") -> Channel | None:
        """A place by name or id; `bot` is the direct message with the app, None until there is one."""
        return self._world.dm(self.person) if where == "bot" else self._world.channel(where)

    def messages(self, where: Where = "bot", thread: str | None = None) -> list[Message]:
        channel = self.channel(where)
        return self._world.messages(channel, self.person, thread) if channel else []

    def modal(self) -> View | None:
        """The modal on top."""
        stack = self._world.modals(self.person)
        return stack[-1] if stack else None

    def sees(self, where: Where | Place = "bot") -> str:
        """All words on the screen: of a channel, `bot`, `home`, `modal`, or one message or view."""
        if isinstance(where, Message):
            return words_of_message(where)
        view = self._view_called(where)
        if view is not None:
            return words_of_view(view)
        if where in ("home", "modal"):
            return ""
        assert not isinstance(where, View)  # noqa: S101 (a view was answered above)
        return "\n".join(words_of_message(message) for message in self.messages(where))

    def _view_called(self, where: object) -> View | None:
        if isinstance(where, View):
            return where
        named: dict[object, Callable[[], View | None]] = {
            "home": lambda: self._world.home(self.person),
            "modal": self.modal,
        }
        return named[where]() if isinstance(where, str) and where in named else None

    def remembers(self, place: Message | View) -> Any:
        """A copy as it looks now: what stays on a screen that did not refresh. Clicking on it is clicking late."""
        return copy.deepcopy(place)

    async def until(self, true: Callable[[], Any], seconds: float = 10, what: str = "") -> Any:
        """Wait until something about the workspace is true and give it; raises TimeoutError saying what was awaited."""
        with self._world.subscribe() as changes:
            try:
                async with asyncio.timeout(seconds):
                    while not (seen := true()):
                        await changes.next()
                    return seen
            except TimeoutError:
                raise TimeoutError(f"{self.person.key} did not see {what or 'it'} in {seconds:g} s") from None

    async def waits_for(self, text: str, where: Where = "bot", seconds: float = 10) -> Message:
        """The newest message with these words, as soon as there is one; raises TimeoutError telling what is there."""

        def newest() -> Message | None:
            there = (message for message in reversed(self.messages(where)) if text in words_of_message(message))
            return next(there, None)

        try:
            found: Message = await self.until(newest, seconds)
        except TimeoutError:
            raise TimeoutError(
                f"{self.person.key} did not see {text!r} in {where} within {seconds:g} s, but:\n{self.sees(where)}"
            ) from None
        return found

    async def waits_for_modal(self, text: str = "", seconds: float = 10) -> View:
        """The top modal, as soon as these words are in it."""
        view: View = await self.until(
            lambda: self.modal() if self.modal() and text in self.sees("modal") else None,
            seconds,
            f"a modal with {text!r}",
        )
        return view

    async def waits_for_home(self, text: str = "", seconds: float = 10) -> View:
        """The Home tab, as soon as these words are on it."""
        view: View = await self.until(
            lambda: self._world.home(self.person) if text in self.sees("home") and self._world.home(self.person) else 0,
            seconds,
            f"{text!r} on the Home tab",
        )
        return view

    # Buttons and menus

    async def click(
        self, button: str, in_: In = None, *, confirm: bool = True, times: int = 1, choice: str = ""
    ) -> Outcome:
        """Press a button, named by label, action id or value; `times` delivers the very same click so often.

        A button with a confirm dialog asks first: `confirm=False` says no, and nothing is sent.
        """
        found = find(button, self._places(in_), buttons=True)
        asked = found.element.get("confirm")
        if asked and not confirm:
            return Outcome(ok=False, error="dismissed", confirm=asked)
        picked = found.element.get(f"{choice or 'positive'}_button") if "positive_button" in found.element else None
        outcome = await self._act(found, picked, times)
        outcome.confirm, outcome.url = asked, found.element.get("url", "")
        return outcome

    async def pick(self, menu: str, option: Any, in_: In = None, *, confirm: bool = True, times: int = 1) -> Outcome:
        """Choose in a menu, named by placeholder, label, action id or block id.

        `option`: a label or value, a list of them, a person, a channel, an ISO date, `HH:MM`, seconds since 1970; None
        clears. A menu with an external source is asked for suggestions first. Inside an input block the choice is only
        kept, unless the block has `dispatch_action`.
        """
        found = find(menu, self._places(in_), buttons=False)
        asked = found.element.get("confirm")
        if asked and not confirm:
            return Outcome(ok=False, error="dismissed", confirm=asked)
        outcome = await self._choose(found, option, times)
        outcome.confirm = asked
        return outcome

    async def suggest(self, menu: str, typed: str, in_: In = None) -> Outcome:
        """Type into a menu with an external source; `options` of the outcome is what it then offers."""
        return await self._suggestions(find(menu, self._places(in_), buttons=False), typed)

    async def _choose(self, found: Found, option: Any, times: int = 1) -> Outcome:
        kind = found.element["type"]
        if kind.endswith("external_select") and option is not None:
            offered = await self._suggested(found, option)
            if isinstance(offered, Outcome):
                return offered
            option = offered
        choice = choice_for(self._world, found.element, option)
        if kind != "overflow":
            self._remember_choice(found, choice)
        if found.block["type"] == "input" and not found.block.get("dispatch_action"):
            return Outcome(modal=self.modal())
        return await self._act(found, choice, times)

    async def _suggested(self, found: Found, option: Any) -> "list[Json] | Json | Outcome":
        """The options meant by words, from the app's own suggestions; the outcome when those could not be had."""
        wanted = option if isinstance(option, list | tuple) else [option]
        chosen = []
        for one in wanted:
            outcome = await self._suggestions(found, str(one))
            if not outcome.ok:
                return outcome
            chosen.append(option_called(outcome.options, one))
        return chosen if found.element["type"].startswith("multi_") else chosen[0]

    async def _suggestions(self, found: Found, typed: str) -> Outcome:
        if len(typed) < found.element.get("min_query_length", 3):
            return Outcome(ok=False, error=f"Type at least {found.element.get('min_query_length', 3)} characters.")
        payload = payloads.suggestion(
            self._world, self.person, found.place, block=found.block, element=found.element, typed=typed
        )
        answer = await self._slack.courier.interaction(payload)
        outcome = self._outcome([answer], _TROUBLE.get(answer.trouble, ""))
        body = answer.body if isinstance(answer.body, dict) else {}
        if outcome.ok and (wrong := refusals_of_options(body)):
            return self._failed(outcome, f"The menu could not be loaded: {'; '.join(wrong)}")
        groups = body.get("option_groups") or [{"options": body.get("options", [])}]
        outcome.options = [option for group in groups for option in group["options"]]
        return outcome

    def _remember_choice(self, found: Found, choice: Any) -> None:
        place = self._current(found.place)
        if isinstance(place, View):
            state = place.state
            self._world.views.touched(place)
        else:
            state = self._world.conversations.state_for(place, self.person.id)
        chosen = blockstate.chosen(found.element, choice)
        state.setdefault(found.block["block_id"], {})[found.element["action_id"]] = chosen

    async def _act(self, found: Found, choice: Any, times: int) -> Outcome:
        """Send block_actions for an element."""
        try:
            place = self._current(found.place)
        except SlackError:
            return self._failed(Outcome(), "This message is no longer here.")
        entry = payloads.action(found.block, found.element, choice, self._world.conversations.next_ts())
        if isinstance(place, View):
            payload = payloads.view_action_in(self._world, self.person, place, [entry])
        else:
            payload = payloads.message_action_in(self._world, self.person, place, [entry])
        return await self._interaction(payload, times)

    def _current(self, place: Place) -> Place:
        """What stands there now, for a message or view a person may have remembered from earlier."""
        if isinstance(place, Message):
            return self._world.conversations.any_message(place.channel, place.ts)
        return self._world.views.find(place.id) or place

    def _places(self, in_: In) -> list[Place]:
        """Where to look for an element: there, or in everything open, what is in front first."""
        if isinstance(in_, Message | View):
            return [in_]
        home = self._world.home(self.person)
        if in_ == "home":
            return [home] if home else []
        modal = self.modal()
        if modal:
            return [modal]
        said = [
            message for channel in self._world.conversations_of(self.person) for message in self._all_messages(channel)
        ]
        newest = sorted(said, key=lambda message: message.ts, reverse=True)
        return [*newest, *([home] if home else [])]

    def _all_messages(self, channel: Channel) -> list[Message]:
        top = self._world.messages(channel, self.person)
        replies = [m for parent in top if parent.replies for m in self._world.messages(channel, self.person, parent.ts)]
        return [*top, *(reply for reply in replies if reply.is_reply)]

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
        answers = await asyncio.gather(*(self._slack.courier.command(form) for _ in range(times)))
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

    async def upload(self, name: str, content: bytes, in_: Where = "bot", text: str = "") -> Outcome:
        """Share a file in a message of one's own."""
        channel = self._composer_of(in_)
        file = self._world.files.add(self.person.id, name, content)
        (file.ims if channel.is_im else file.channels).append(channel.id)
        said = Content(text=self._as_sent(text))
        message = self._world.conversations.post(channel, self.person.id, said, files=[file])
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

    # From deliveries to outcomes

    async def _interaction(self, payload: Json, times: int = 1) -> Outcome:
        before = self._world.conversations.last_ts
        answers = await self._deliver(payload, times)
        return self._outcome(answers, _TROUBLE.get(answers[0].trouble, ""), before)

    async def _deliver(self, payload: Json, times: int) -> list[Answer]:
        deliveries: list[Awaitable[Answer]] = [self._slack.courier.interaction(payload) for _ in range(times)]
        return list(await asyncio.gather(*deliveries))

    def _outcome(self, answers: list[Answer], trouble: str, since: str = "") -> Outcome:
        first = answers[0]
        outcome = Outcome(
            status=first.status,
            ms=max(answer.ms for answer in answers),
            body=first.body,
            modal=self.modal(),
            messages=self._appeared_since(since) if since else [],
            answers=answers,
        )
        return self._failed(outcome, trouble) if trouble else outcome

    def _of_event(self, answer: Answer | None) -> Outcome:
        """People never see whether an event arrived: Slack sends it again by itself."""
        return Outcome(answers=[answer], status=answer.status, ms=answer.ms) if answer else Outcome()

    def _failed(self, outcome: Outcome, words: str, where: Channel | None = None) -> Outcome:
        outcome.ok, outcome.error = False, words
        self._world.show_error(self.person, words, where.id if where else None)
        return outcome

    def _appeared_since(self, ts: str) -> list[Message]:
        mine = self._world.conversations_of(self.person)
        said = (message for channel in mine for message in self._world.messages(channel, self.person))
        return sorted((message for message in said if message.ts > ts), key=lambda message: message.ts)
