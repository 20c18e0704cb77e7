"""Action ids, callback ids and what travels in a button: a pointer and a fingerprint, never a permission."""

from dataclasses import dataclass

from bot.models import ApprovalRef

APPROVE = "approval.approve"
REJECT = "approval.reject"
APPROVE_WITH_COMMENT = "approval.comment"
UNDO = "approval.undo"
OPEN_IN_SDP = "approval.open"

DECIDE = "approval.decide"
"""Callback id of the modal that asks for a reason or a comment."""
WORDS = "words"
"""Block and action id of that modal's input."""

CARD_EVENT = "sdp_approval_card"
"""`metadata.event_type` of every card, by which one that was posted but not recorded is found again."""


@dataclass(frozen=True, slots=True)
class CardPointer:
    """The value of a card's button: which approval, and the fingerprint of what the card shows."""

    ref: ApprovalRef
    shown: str

    def __str__(self) -> str:
        return f"{self.ref}:{self.shown}"

    @classmethod
    def parse(cls, text: str) -> "CardPointer":
        """Raises ValueError for anything this bot has not put into a button."""
        ref, _, shown = text.partition(":")
        if len(shown) != 12 or not set(shown) <= set("0123456789abcdef"):
            raise ValueError("a card's button carries a fingerprint")
        return cls(ApprovalRef.parse(ref), shown)
