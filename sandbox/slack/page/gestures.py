"""What people do on the page, handed to the workspace's actors.

The browser names an element by block id and action id and sends plain values; here they become what Slack's client
would have in hand. Words typed into a modal are put into its state first, because Slack sends them along with every
click in it.
"""

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.slack import blockstate, payloads
from sandbox.slack.blockkit import interactive_elements
from sandbox.slack.choices import choice_for
from sandbox.slack.errors import NoSuchThing, SlackError
from sandbox.slack.finding import Place
from sandbox.slack.model import Json, Message, Person, View
from sandbox.slack.outcome import Outcome
from sandbox.slack.people import Slack
from sandbox.slack.world import SlackWorld

_MENUS_REMEMBERED = 500
_UNREACHED = "The app did not answer. Please try again."


class Visitor:
    """A person who uses the page. `offered` remembers, over all pages, what external menus were filled with."""

    def __init__(self, slack: Slack, who: str, offered: dict[tuple[str, str, str], dict[str, Json]]) -> None:
        self.actor = slack.as_(who)
        self.world: SlackWorld = slack.world
        self.person: Person = self.actor.person
        self._slack = slack
        self._offered = offered

    async def click(self, body: Json) -> Outcome:
        place = self._place(body)
        self._take_values(place, body)
        block, element = self._element(place, body)
        if element["type"] == "workflow_button":
            return Outcome(ok=False, error="Workflows do not run in this sandbox.")
        choice = _feedback_half(element, body.get("value"))
        return await self.actor.click(element["action_id"], _only(place, block, element), choice=choice)

    async def pick(self, body: Json) -> Outcome:
        place = self._place(body)
        self._take_values(place, body)
        block, element = self._element(place, body)
        wanted = self._wanted(place, block, element, body.get("value"))
        if element["type"].endswith("external_select"):
            return await self._pick_offered(place, block, element, wanted)
        return await self.actor.pick(element["action_id"], wanted, _only(place, block, element))

    async def options(self, body: Json) -> Outcome:
        """What an external menu offers for what was typed so far."""
        place = self._place(body)
        self._take_values(place, body)
        block, element = self._element(place, body)
        outcome = await self.actor.suggest(
            element["action_id"], str(body.get("typed", "")), _only(place, block, element)
        )
        known = self._offered.setdefault(self._key(place, block, element), {})
        while len(self._offered) > _MENUS_REMEMBERED:
            self._offered.pop(next(iter(self._offered)))
        known.update({option["value"]: option for option in outcome.options})
        return outcome

    async def submit(self, body: Json) -> Outcome:
        view = self._place(body)
        if not isinstance(view, View):
            raise NoSuchThing("only a modal can be submitted")
        self._take_values(view, body)
        return await self.actor.submit(view=view)

    async def close(self, body: Json) -> Outcome:
        return await self.actor.close_modal(all=bool(body.get("all"))) if self.actor.modal() else Outcome()

    async def type(self, body: Json) -> Outcome:
        where = body.get("in") or {}
        return await self.actor.type(str(body["text"]), where.get("channel", "bot"), thread=body.get("thread"))

    async def arrive(self, body: Json) -> Outcome:
        """Opening the app's Home or Messages tab is an event the app hears."""
        return await (self.actor.open_home() if body.get("home") else self.actor.open_messages())

    async def shortcut(self, body: Json) -> Outcome:
        on = self._message(body["in"]) if body.get("in") else None
        return await self.actor.shortcut(str(body["callback_id"]), on=on)

    async def react(self, body: Json) -> Outcome:
        """A second press takes the reaction back."""
        message, name = self._message(body["in"]), str(body["name"])
        try:
            return await self.actor.react(name, message)
        except SlackError:
            self.world.conversations.unreact(message, name, self.person.id)
            return Outcome()

    async def delete(self, body: Json) -> Outcome:
        return await self.actor.delete(self._message(body["in"]))

    # Finding what is meant

    def _place(self, body: Json) -> Place:
        where = body["in"]
        if "view" not in where:
            return self._message(where)
        view = self.world.views.find(str(where["view"]))
        if view is None:
            raise NoSuchThing("This view is no longer open.")
        return view

    def _message(self, where: Json) -> Message:
        return self.world.conversations.any_message(str(where["channel"]), str(where["ts"]))

    def _element(self, place: Place, body: Json) -> tuple[Json, Json]:
        for block, element, _ in interactive_elements(place.blocks):
            if (block["block_id"], element["action_id"]) == (body["block_id"], body["action_id"]):
                return block, element
        raise NoSuchThing("This button is no longer there.")

    # What was typed and chosen

    def _take_values(self, place: Place, body: Json) -> None:
        """Keep what the page holds in a view's fields, as Slack's client does."""
        if not isinstance(place, View):
            return
        values: Mapping[str, Mapping[str, Any]] = body.get("values") or {}
        for block, element, _ in interactive_elements(place.blocks):
            given = values.get(block["block_id"], {})
            if element["action_id"] in given and blockstate.choice_key(element["type"]):
                wanted = self._wanted(place, block, element, given[element["action_id"]])
                choice = choice_for(self.world, element, wanted)
                place.state[block["block_id"]][element["action_id"]] = blockstate.chosen(element, choice)

    def _wanted(self, place: Place, block: Json, element: Json, value: Any) -> Any:
        """The page's plain value in the form the workspace takes."""
        if value in (None, ""):
            return None
        kind = element["type"]
        if kind == "datetimepicker":
            return datetime.fromisoformat(str(value)).replace(tzinfo=ZoneInfo(self.person.tz))
        if kind == "rich_text_input":
            return rich_text_of(str(value))
        if kind.endswith("external_select"):
            known = self._known(place, block, element)
            return [known[one] for one in value if one in known] if isinstance(value, list) else known.get(str(value))
        return value

    def _known(self, place: Place, block: Json, element: Json) -> dict[str, Json]:
        """Options an external menu has shown: those it began with, what is chosen, and what was offered to typing."""
        state = place.state.get(block["block_id"], {}).get(element["action_id"], {}) if isinstance(place, View) else {}
        begun = [element.get("initial_option"), *(element.get("initial_options") or [])]
        chosen = [state.get("selected_option"), *(state.get("selected_options") or [])]
        known = {option["value"]: option for option in (*begun, *chosen) if option}
        return known | self._offered.get(self._key(place, block, element), {})

    def _key(self, place: Place, block: Json, element: Json) -> tuple[str, str, str]:
        return (place.id if isinstance(place, View) else place.ts, block["block_id"], element["action_id"])

    async def _pick_offered(self, place: Place, block: Json, element: Json, choice: Any) -> Outcome:
        """Choose an option that was offered before, without asking the app for suggestions a second time."""
        state = place.state if isinstance(place, View) else self.world.conversations.state_for(place, self.person.id)
        state.setdefault(block["block_id"], {})[element["action_id"]] = blockstate.chosen(element, choice)
        if block["type"] == "input" and not block.get("dispatch_action"):
            return Outcome()
        entry = payloads.action(block, element, choice, self.world.conversations.next_ts())
        send = payloads.view_action_in if isinstance(place, View) else payloads.message_action_in
        answer = await self._slack.courier.interaction(send(self.world, self.person, place, [entry]))  # type: ignore[arg-type]
        if not answer.ok:
            self.world.show_error(self.person, _UNREACHED)
        return Outcome(ok=answer.ok, error="" if answer.ok else _UNREACHED)


def _only(place: Place, block: Json, element: Json) -> Place:
    """The place itself or, where an action id repeats in it (cards of several things), with that one element alone."""
    same = [one for _, one, _ in interactive_elements(place.blocks) if one["action_id"] == element["action_id"]]
    if len(same) == 1:
        return place
    narrowed = copy.copy(place)
    holder = {"accessory": element} if "accessory" in block else {"element": element}
    narrowed.blocks = [{**block, **({"elements": [element]} if "elements" in block else holder)}]
    return narrowed


def _feedback_half(element: Json, value: Any) -> str:
    """Which of two feedback buttons was pressed."""
    halves = ("positive", "negative")
    return next((half for half in halves if value and element.get(f"{half}_button", {}).get("value") == value), "")


def rich_text_of(words: str) -> Json:
    """Plain typed words as the rich_text object Slack's composer would send."""
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": words}]}
    return {"type": "rich_text", "elements": [section]}
