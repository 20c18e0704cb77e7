"""What one person sees, and waiting until they see it."""

import asyncio
import copy
from collections.abc import Callable
from typing import Any

from sandbox.slack.finding import Place
from sandbox.slack.model import Channel, Message, Person, View
from sandbox.slack.reading import words_of_message, words_of_view
from sandbox.slack.world import SlackWorld

Where = str | Channel


class Viewer:
    """A person in front of the client."""

    def __init__(self, world: SlackWorld, person: Person) -> None:
        self._world, self.person = world, person

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
