"""People at work: they decide, think again, give reasons and type commands, and every gesture is written down."""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from sandbox.box import Box
from sandbox.sdp.approvals import Approval, Plan
from sandbox.slack.errors import NoSuchThing, SlackError
from sandbox.slack.model import Message
from sandbox.slack.outcome import Outcome
from sandbox.slack.people import Actor
from sandbox.slack.reading import words_of_message

APPROVERS = ("arjun", "tess", "wiremu")
OPERATOR, PLACE = "odile", "#ops"
NOTHING = ("Nothing was recorded", "nothing was sent to SDP", "not certain whether this was recorded")
"""How the bot says that a gesture had no effect, or that it does not know; what is said so is not lost."""
Verb = Literal["approve", "reject", "undo"]


@dataclass(frozen=True, slots=True)
class Gesture:
    """Something a person did with an approval; `heard`: Slack got an acknowledgement, and nobody said "nothing"."""

    ref: str
    verb: Verb
    heard: bool


@dataclass
class Crowd:
    """Everybody. `aim` is called before each gesture: it points Slack at one of the web processes, and answers what
    to call when the gesture was acknowledged."""

    box: Box
    chance: random.Random
    aim: Callable[[], Callable[[], None]] = lambda: lambda: None
    gestures: list[Gesture] = field(default_factory=list)
    commands: int = 0
    unheard: int = 0
    _made: int = 0
    _windows: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """A person has one window in front at a time, whatever else they do meanwhile."""

    async def work(self, pause: tuple[float, float] = (0.02, 0.3)) -> None:
        """Until cancelled: everybody does something, again and again."""
        async with asyncio.TaskGroup() as group:
            for who in APPROVERS * 2:
                group.create_task(self._decide(self.box.people.as_(who), pause))
            group.create_task(self._operate(self.box.people.as_(OPERATOR), pause))

    def ask(self, who: str) -> Approval:
        """A new release waits for somebody; SDP's trigger tells one of the web processes."""
        self._made += 1
        self.aim()
        release = self.box.sdp.add_release(f"Release {self._made:04}", "mara", [Plan([who], "anyone")])
        return release.levels[0].approvals[0]

    # --- approvals ---------------------------------------------------------------------------------------

    async def _decide(self, person: Actor, pause: tuple[float, float]) -> None:
        while True:
            approval = self.ask(person.person.key)
            card = await self.card(person, approval)
            if card is not None:
                deed = self.chance.choices([self.approve, self._reject, self._waver], [6, 2, 3])[0]
                with contextlib.suppress(NoSuchThing, SlackError, TimeoutError):
                    await deed(person, card, ref_of(approval))
            await asyncio.sleep(self.chance.uniform(*pause))

    async def card(self, person: Actor, approval: Approval, seconds: float = 8) -> Message | None:
        """The card, as soon as there is one; nobody waits for ever. A digest names the same release, among others."""
        messages = self.box.slack.conversations.messages
        try:
            channel = await person.until(person.channel, seconds)
            return await person.until(
                lambda: next((one for one in messages[channel.id][-40:] if _is_card_of(approval, one)), None), seconds
            )
        except TimeoutError:
            return None

    async def approve(self, person: Actor, card: Message, ref: str) -> None:
        times = self.chance.choices([1, 3], [9, 1])[0]
        self._note(ref, "approve", *await self._gesture(lambda: person.click("Approve", in_=card, times=times)))

    async def _reject(self, person: Actor, card: Message, ref: str) -> None:
        async with self._windows[person.person.key]:
            try:
                await self._gesture(lambda: person.click("Reject…", in_=card))
                view = await person.waits_for_modal("Reject", seconds=2)
                reason = {"Reason": "The plan has a gap"}
                self._note(ref, "reject", *await self._gesture(lambda: person.submit(reason, view)))
            finally:
                if person.modal() is not None:
                    await person.close_modal(all=True)

    async def _waver(self, person: Actor, card: Message, ref: str) -> None:
        """Approve, take it back, and sometimes approve after all."""
        await self.approve(person, card, ref)
        await person.until(lambda: "Undo" in labels(card), seconds=2)
        # Written down beforehand: who is called away in the middle of it may have been heard all the same.
        self.gestures.append(Gesture(ref, "undo", heard=False))
        await self._gesture(lambda: person.click("Undo", in_=card))
        if self.chance.random() < 0.5:
            await person.until(lambda: "You took this back" in words_of_message(card), seconds=8)
            await self.approve(person, card, ref)

    def _note(self, ref: str, verb: Verb, outcome: Outcome, heard: bool) -> None:
        self.gestures.append(Gesture(ref, verb, heard))
        self.unheard += not heard

    # --- maintenances --------------------------------------------------------------------------------------

    async def _operate(self, person: Actor, pause: tuple[float, float]) -> None:
        """Suspend a maintenance or enable it again, through the preview; read a list in between."""
        while True:
            deed = self.chance.choice(["list", "suspend", "enable"])
            with contextlib.suppress(NoSuchThing, SlackError, TimeoutError):
                await (self._list(person) if deed == "list" else self._switch(person, deed))
            await asyncio.sleep(self.chance.uniform(*pause) * 5)

    async def _list(self, person: Actor) -> None:
        await self._gesture(lambda: person.type("/sdp maintenance list", in_=PLACE))
        self.commands += 1

    async def _switch(self, person: Actor, verb: str) -> None:
        fitting = [one for one in self.box.sdp.maintenances if one.suspended is (verb == "enable")]
        if not fitting:
            return
        label, before = self.chance.choice(fitting).label, len(person.messages(PLACE))
        await self._gesture(lambda: person.type(f"/sdp maintenance {verb} {label}", in_=PLACE))
        self.commands += 1

        def preview() -> Message | None:
            new = person.messages(PLACE)[before:]
            return next((one for one in new if "What will happen" in words_of_message(one)), None)

        found = await person.until(preview, seconds=8)
        await self._gesture(lambda: person.click(f"{verb.capitalize()} {label}", in_=found))

    # --- hearing -------------------------------------------------------------------------------------------

    async def _gesture(self, do: Callable[[], "asyncio.Future[Outcome] | object"]) -> tuple[Outcome, bool]:
        """One gesture towards one web process, and whether it was acknowledged without "nothing was recorded"."""
        acknowledged = self.aim()
        outcome: Outcome = await do()  # type: ignore[misc]
        said = any(words in words_of_message(message) for words in NOTHING for message in outcome.messages)
        heard = any(answer.ok for answer in outcome.answers) and outcome.ok and not said
        if heard:
            acknowledged()
        return outcome, heard


def _is_card_of(approval: Approval, message: Message) -> bool:
    return pointer(message).startswith(f"{ref_of(approval)}/dm:")


def pointer(message: Message) -> str:
    """What a message of the bot's says it is."""
    return str(((message.metadata or {}).get("event_payload") or {}).get("pointer", ""))


def ref_of(approval: Approval) -> str:
    """The reference of an approval, as the bot's cards carry it."""
    return f"{approval.level.release.id}.{approval.level.id}.{approval.id}"


def labels(message: Message) -> list[str]:
    """The labels of a message's buttons."""
    elements = (element for block in message.blocks for element in block.get("elements", []))
    return [element["text"]["text"] for element in elements if element["type"] == "button"]
