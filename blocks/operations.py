"""What people see of an operation: the buttons under its preview, and its states up to the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass

from blocks import ids
from blocks.kit import Block, Message, actions, button, clip, literal, message, strong, word
from bot.models import Operation, OperationState

S = OperationState
NOTE_MAX = 1500


@dataclass(frozen=True, slots=True)
class Words:
    """A verb's own words: "Executing" while it runs, "Executed" when it is done, "Executed" with a "Not" before it."""

    doing: str
    done: str


def confirm_buttons(operation: Operation, label: str, *, danger: bool = False) -> Block:
    """The row under a preview; only who asked for it can press the first, once."""
    return actions(
        f"operation:{operation.id}",
        button(label, ids.CONFIRM, operation.id, "danger" if danger else "primary"),
        button("Cancel", ids.CANCEL, operation.id),
    )


def outcome(operation: Operation, words: Words, more: Sequence[Block] = ()) -> Message:
    """The state of an operation; `more` are the topic's own blocks below it (the created change, the inverse)."""
    headline, explanation = _told(operation, words)
    said = clip(operation.note or explanation, NOTE_MAX)
    lines = [strong(headline), word(f"  {clip(operation.name, 300)}")]
    if said:
        lines.append(word(f"\n{said}"))
    text = f"{headline}: {clip(operation.name, 300)}" + (f". {said}" if said else "")
    return message(text, [literal(*lines), *more])


def _told(operation: Operation, words: Words) -> tuple[str, str]:
    """A headline and, when the operation has no note of its own, what it means."""
    table = {
        S.OFFERED: (words.doing, "Waiting for your word."),
        S.RECORDED: (f"{words.doing}…", "Confirmed; nothing was sent yet."),
        S.SENDING: (f"{words.doing}…", "ServiceDesk Plus is working on it."),
        S.UNKNOWN: (
            "Sent, not yet confirmed",
            "ServiceDesk Plus has not said what came of it. I am looking, and will not send it a second time.",
        ),
        S.DONE: (words.done, ""),
        S.NOT_DONE: (
            f"Not {words.done[0].lower()}{words.done[1:]}",
            "ServiceDesk Plus shows that this did not happen. You can ask again.",
        ),
        S.UNSETTLED: (
            "Unknown, not repeated",
            "This was sent once, and ServiceDesk Plus never showed what came of it. Look there before you try again.",
        ),
        S.REFUSED: ("Refused", "Nothing was sent."),
        S.DENIED: ("ServiceDesk Plus said no", ""),
        S.CANCELLED: ("Cancelled", "Nothing was changed."),
    }
    return table[operation.state]
