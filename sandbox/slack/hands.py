"""Hands on buttons and menus: what is pressed or chosen goes to the app, what the app says becomes an outcome."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Literal

from sandbox.slack import blockstate, payloads
from sandbox.slack.blockkit import refusals_of_options
from sandbox.slack.choices import choice_for, option_called
from sandbox.slack.conversations import as_seen
from sandbox.slack.courier import Answer, Courier
from sandbox.slack.errors import SlackError
from sandbox.slack.finding import Found, Place, find
from sandbox.slack.looking import Viewer
from sandbox.slack.model import Channel, Json, Message, Person, View
from sandbox.slack.outcome import Outcome
from sandbox.slack.world import SlackWorld

In = Message | View | Literal["home"] | None

_TROUBLE = {
    "timeout": "The app did not respond in time. Please try again.",
    "unreachable": "The app could not be reached. Please try again later.",
    "http_error": "The app answered with an error. Please try again.",
}


class Hands(Viewer):
    """A person who can press and choose."""

    def __init__(self, world: SlackWorld, person: Person, courier: Courier) -> None:
        super().__init__(world, person)
        self._courier = courier

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

        `option`: a label, a value or the option itself, a list of them, a person, a channel, an ISO date, `HH:MM`,
        seconds since 1970; None clears. A menu with an external source is asked for suggestions first. Inside an input
        block the choice is only kept, unless the block has `dispatch_action`.
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
            if isinstance(one, dict):  # an option that was offered before, as it is
                chosen.append(one)
                continue
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
        answer = await self._courier.interaction(payload)
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
        if isinstance(in_, Message):
            return [as_seen(in_, self.person.id)]
        if isinstance(in_, View):
            return [in_]
        home = self._world.home(self.person)
        if in_ == "home":
            return [home] if home else []
        modal = self.modal()
        if modal:
            return [modal]
        mine = self._world.conversations_of(self.person)
        said = [message for channel in mine for message in self._world.conversations.all_seen_by(channel, self.person)]
        newest = sorted(said, key=lambda message: message.ts, reverse=True)
        return [*newest, *([home] if home else [])]

    # From deliveries to outcomes

    async def _interaction(self, payload: Json, times: int = 1) -> Outcome:
        before = self._world.conversations.last_ts
        answers = await self._deliver(payload, times)
        return self._outcome(answers, _TROUBLE.get(answers[0].trouble, ""), before)

    async def _deliver(self, payload: Json, times: int) -> list[Answer]:
        deliveries: list[Awaitable[Answer]] = [self._courier.interaction(payload) for _ in range(times)]
        return list(await asyncio.gather(*deliveries))

    def _outcome(self, answers: list[Answer], trouble: str, since: str = "") -> Outcome:
        first = answers[0]
        outcome = Outcome(
            status=first.status,
            ms=max(answer.ms for answer in answers),
            body=first.body,
            modal=self.modal(),
            messages=self._world.conversations.newer_than(since, self.person) if since else [],
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
