"""Finds what a person means on a message or view: the button called "Approve", the menu that says "Pick a release"."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sandbox.slack.blockkit import interactive_elements
from sandbox.slack.errors import NoSuchThing
from sandbox.slack.model import Json, Message, View

BUTTONS = frozenset({"button", "icon_button", "feedback_buttons"})
Place = Message | View


@dataclass(frozen=True, slots=True)
class Found:
    """An element, the block it stands in and the message or view that holds it."""

    place: Place
    block: Json
    element: Json

    @property
    def label(self) -> str:
        """What a person reads on it or beside it."""
        own = self.element.get("text") or self.element.get("placeholder") or self.block.get("label") or {}
        return str(own.get("text", "")) if isinstance(own, dict) else ""

    @property
    def names(self) -> list[str]:
        """Everything it may be called by: label, action id, value, placeholder, input label, block id."""
        labels = [self.block.get("label"), self.element.get("placeholder"), self.element.get("text")]
        spoken = [label["text"] for label in labels if isinstance(label, dict)]
        ids = [self.element.get("action_id"), self.element.get("value"), self.block.get("block_id")]
        return [str(name) for name in (*spoken, *ids) if name]

    def goes_by(self, name: str, *, exactly: bool) -> bool:
        wanted = name.casefold()
        if exactly:
            return any(own.casefold() == wanted for own in self.names)
        return any(wanted in own.casefold() for own in (self.label, *self.names))


def elements_of(place: Place) -> Iterator[Found]:
    for block, element, _ in interactive_elements(place.blocks):
        yield Found(place, block, element)


def find(name: str, places: Iterable[Place], *, buttons: bool) -> Found:
    """The first button (or the first menu or field) of that name, places in order; exact names before parts of names.

    Raises NoSuchThing, saying what there is instead.
    """
    there = [found for place in places for found in elements_of(place) if _is_button(found) == buttons]
    for exactly in (True, False):
        for found in there:
            if found.goes_by(name, exactly=exactly):
                return found
    said = ", ".join(repr(found.label or found.names[-1]) for found in there) or "none"
    raise NoSuchThing(f"no {'button' if buttons else 'menu or field'} {name!r} here; there are: {said}")


def _is_button(found: Found) -> bool:
    return found.element["type"] in BUTTONS
