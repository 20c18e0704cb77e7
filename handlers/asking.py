"""What a sub-command is made of: the question as it came, what the function behind it is given, what it answers.

A topic writes functions

    async def show(call: Call, maintenances: MaintenanceService) -> Reply: …

and puts a `Row` for each into the table of `handlers.commands`. Arguments beside `call` are the services wired in
`bot.app`, by name. Functions raise `BotError` for whatever the person should read instead of an answer; they may run
twice (a killed worker's job is done again), so they change nothing: what changes SDP is an operation
(`bot.operations`), offered by a reply and confirmed by its button.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from blocks.kit import Block, Message
from bot.commands import Shape
from bot.models import SdpId
from bot.permissions import Standing, check_may_administer, check_may_audit


@dataclass(frozen=True, slots=True)
class Ask:
    """A question as it came. `id` is the same for every delivery of it.

    `typed`: it was typed; then its acknowledgement can be the answer. `response_url` takes five answers within thirty
    minutes. `on_message`: it came from a button or menu of a message, which the answer then replaces. `view` is the
    modal that was opened for it. `chosen` is the record picked in the menu "which one?".
    """

    id: str
    text: str
    person: str
    person_name: str
    asked_at: datetime
    channel: str = ""
    response_url: str = ""
    typed: bool = False
    on_message: bool = False
    view: str = ""
    chosen: SdpId | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What a sub-command's function is given. `record` is what its `<id>` means, None where it takes none; `keyword`
    the word behind it out of the row's `then`; `rest` the words left: a comment, ids, a search."""

    ask: Ask
    standing: Standing
    record: Any = None
    keyword: str = ""
    rest: str = ""
    share: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `modal` instead of a message for commands that open one; `command` is the text that a *Share* button
    under the message runs again, "" for none.

    `otherwise` are plainer forms of the message, tried in order where a workspace refuses the blocks of the one
    before; `sent` is told which form was taken.
    """

    message: Message = field(default_factory=lambda: {"text": "", "blocks": []})
    modal: Block | None = None
    command: str = ""
    otherwise: tuple[Message, ...] = ()
    sent: Callable[[Message], Awaitable[None]] | None = None


Run = Callable[..., Awaitable[Reply]]
Check = Callable[[Standing], None]


def anybody(_: Standing) -> None:
    """Everybody Slack shows to the bot."""


OURS_ALONE: tuple[Check, ...] = (anybody, check_may_administer, check_may_audit)
"""Rights that SDP has no say in: whether somebody has connected their account does not matter for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A sub-command: route, usage, help, right and test in one.

    `path` are its words, `takes` the rest of its usage line, `says` its help. `may` raises for whom it is not.
    `record` is the kind of record `<id>` names, found before `run` is called (several: "which one?"; none typed: a menu
    that is searched by typing). `opens`: `run` answers with a modal. `example` runs as a test against the sandbox.
    """

    path: str
    takes: str = ""
    says: str
    run: Run
    may: Check = anybody
    record: str | None = None
    then: tuple[str, ...] = ()
    topic_alone: bool = False
    by_id: bool = False
    opens: bool = False
    shares: bool = True
    example: str = ""

    @property
    def usage(self) -> str:
        return f"/sdp {self.path} {self.takes}".strip()

    @property
    def topic(self) -> str:
        return self.path.partition(" ")[0]

    @property
    def shape(self) -> Shape:
        return Shape(
            tuple(self.path.split()),
            record=self.record,
            then=self.then,
            topic_alone=self.topic_alone,
            by_id=self.by_id,
            shares=self.shares,
            comments="comment" in self.takes,
        )
