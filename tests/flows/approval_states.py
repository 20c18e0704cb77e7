"""Draws docs/approval-states.md from the code's own table.

python -m tests.flows.approval_states > docs/approval-states.md
"""

from bot.decisions import ARROWS
from bot.models import DecisionState
from tests.flows.test_arrows import WALKS

MEANING = {
    DecisionState.RECORDED: "The click is stored and acknowledged; nothing was checked yet.",
    DecisionState.WAITING: "Checked. The undo window runs, or SDP could not be reached before anything was sent.",
    DecisionState.SENDING: "Marked before the one write. Whoever finds this without an owner reads and never sends.",
    DecisionState.UNKNOWN: "Sent, and SDP has not shown it yet. Read until it is settled.",
    DecisionState.CONFIRMED: "SDP shows the decision.",
    DecisionState.UNDONE: "Taken back within the window. Nothing was sent.",
    DecisionState.REFUSED: "A rule of the bot said no; the person is told which. Nothing was sent.",
    DecisionState.ALREADY: "SDP has another decision, or asks no more. Nothing of ours took effect.",
    DecisionState.CHANGED: "What the card showed is no longer true. Nothing was sent; the difference is shown.",
    DecisionState.STALE: "The window ran out too long ago to send without asking again. Nothing was sent.",
    DecisionState.DENIED: "SDP said no, in its words; the card is live again.",
    DecisionState.NOT_TAKEN: "Sent, and SDP never showed it; the card is live again.",
}


def document() -> str:
    """The page, whole."""
    return "\n".join([*_head(), *_diagram(), *_states(), *_arrows(), *_faces(), *_staleness()]) + "\n"


def _head() -> list[str]:
    return [
        "# The states of an approval's decision",
        "",
        "Drawn from `bot.decisions.ARROWS` by `tests/flows/approval_states.py`; a test keeps the two equal.",
        "Each arrow is one compare-and-set of the decision's record in Redis. What is not drawn cannot happen.",
        "",
    ]


def _diagram() -> list[str]:
    arrows = [f"    {before} --> {after}" for before, after in _sorted()]
    ends = [f"    {state} --> [*]" for state in DecisionState if state.final]
    return ["```mermaid", "stateDiagram-v2", "    [*] --> recorded", *arrows, *ends, "```", ""]


def _states() -> list[str]:
    rows = [f"| {state} | {'yes' if state.final else 'no'} | {MEANING[state]} |" for state in DecisionState]
    return ["| state | final | what it means |", "|---|---|---|", *rows, ""]


def _arrows() -> list[str]:
    told = [(before, after, WALKS[before, after].__name__) for before, after in _sorted()]
    rows = [f"| {before} → {after} | `{story}` | `[{before}-{after}]` |" for before, after, story in told]
    head = "Each arrow is walked by `test_the_arrow_is_walked[…]` in `tests/flows/test_arrows.py`:"
    return [head, "", "| arrow | story | case |", "|---|---|---|", *rows, ""]


FACES = {
    "first-card": "waiting, below one that was decided",
    "checking": "recorded: the click has arrived, SDP is slow to answer",
    "undo": "waiting out the time to undo",
    "sending": "on its way",
    "not-confirmed": "unknown: sent, and SDP is silent",
    "decided": "SDP has the decision",
    "closed": "nobody is asked any more",
    "changed": "asked again, with what is different",
    "own-release": "the approver asked for it",
    "summary": "many at once",
}
"""The card's faces as the sandbox draws them, by the name of their picture."""


def _faces() -> list[str]:
    shown = [line for name, words in FACES.items() for line in (f"![{words}](pictures/{name}.png)", "")]
    return ["## What the card shows", "", *shown]


def _sorted() -> list[tuple[DecisionState, DecisionState]]:
    return [(before, after) for before in DecisionState for after in DecisionState if after in ARROWS.get(before, ())]


STALENESS = """
## How old a card can be

A card shows what SDP had at the bot's last look at its release. The bot looks

- at once when SDP's trigger calls `/sdp/webhook`, when somebody presses a button, and when a decision settles;
- within one poll (`POLL_SECONDS`, 60) at every release whose `last_updated_time` moved and at every release on which
  somebody's decision is wanted: a decision made in SDP's own page is on every card within one poll;
- within `open releases / 100` polls at all the others, those first that were looked at longest ago. Nothing documents
  that `last_updated_time` moves with approvals, so this slow walk is what bounds the staleness: with 100 open releases
  or fewer it is one poll as well, with 10,000 it is a hundred.

A poll looks only as long as lies between two polls. Where the call budget does not allow that many looks in that time,
these three kinds of releases take turns, and what is left comes first in the next poll.
"""


def _staleness() -> list[str]:
    return STALENESS.strip().splitlines()


if __name__ == "__main__":
    print(document(), end="")
