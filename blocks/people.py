"""Who is who: asking somebody to connect their account, offering again what waited, saying who they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from blocks import ids
from blocks.kit import (
    Block,
    Message,
    actions,
    aside,
    button,
    clip,
    link_button,
    literal,
    message,
    quote,
    strong,
    word,
)
from bot.models import Decision, How, Verb

DO = {Verb.APPROVE: "Approve", Verb.REJECT: "Reject"}
OFFERS_SHOWN = 8

HOW_WORDS = {
    How.LINK: "you connected the account",
    How.MAP: "an administrator of this bot said so",
    How.EMAIL: "both have your e-mail address",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A decision that could not be taken before its person was connected, and what its release is called."""

    decision: Decision
    named: str


@dataclass(frozen=True, slots=True)
class Whoami:
    """What the bot knows about somebody. `rights` are words such as "operator"."""

    name: str
    account: str | None
    how: How | None
    broken: bool
    by_person: bool
    rights: Sequence[str]


def connect(url: str, why: str) -> Message:
    """The button that only its person sees; it works once, for ten minutes."""
    blocks = [
        literal(strong(why)),
        actions("connect", link_button("Connect", ids.CONNECT, url)),
        aside("The button is for you alone. It works once, for ten minutes."),
    ]
    return message(why, blocks)


def connected(account: str, waiting: Sequence[Waiting]) -> Message:
    """Connected; what waited is offered again and never sent by itself."""
    headline = f"Connected. You act in SDP as {account} now."
    blocks = [literal(strong(headline))]
    for one in waiting[:OFFERS_SHOWN]:
        blocks += _offer(one)
    if waiting:
        blocks.append(aside("Nothing was sent yet: press again if you still want it."))
    return message(headline, blocks)


def _offer(waiting: Waiting) -> list[Block]:
    decision = waiting.decision
    doing = DO[decision.verb]
    said = [quote(decision.comment, 300)] if decision.comment else []
    style = "primary" if decision.verb is Verb.APPROVE else "danger"
    label = clip(f"{doing} {waiting.named}", 75)
    row = actions(f"resume:{decision.id}", button(label, ids.RESUME, str(decision.ref), style))
    return [literal(word("You pressed "), strong(doing), word(f" on {clip(waiting.named, 200)}.")), *said, row]


def disconnected(there_was: bool) -> Message:
    """The account is let go."""
    text = "Disconnected. Zoho and this bot have forgotten the connection." if there_was else "You were not connected."
    return message(text, [literal(strong(text))])


def whoami(view: Whoami) -> Message:
    """Who somebody is for this bot."""
    headline = f"You are {view.name}."
    lines = [_account(view), _rights(view.rights)]
    return message(f"{headline} {' '.join(lines)}", [literal(strong(headline)), *(literal(word(one)) for one in lines)])


def _account(view: Whoami) -> str:
    if view.account is None:
        ask = "/sdp link connects it." if view.by_person else "An administrator of this bot can say who you are there."
        return f"It is not known who you are in SDP. {ask}"
    why = f", because {HOW_WORDS[view.how]}" if view.how else ""
    if view.broken:
        return f"In SDP you are {view.account}{why}, but Zoho no longer accepts the connection: /sdp link again."
    acting = (
        "What you do goes out in your own name." if view.by_person else "What you do goes out as the bot's account."
    )
    return f"In SDP you are {view.account}{why}. {acting}"


def _rights(rights: Sequence[str]) -> str:
    return f"Here you are {' and '.join(rights)}." if rights else "You hold no special right here."
