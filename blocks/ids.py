"""Action ids, callback ids and what travels in a button: a pointer and a fingerprint, never a permission."""

from dataclasses import dataclass

from bot.models import ApprovalRef

APPROVE = "approval.approve"
REJECT = "approval.reject"
APPROVE_WITH_COMMENT = "approval.comment"
UNDO = "approval.undo"
OPEN_IN_SDP = "approval.open"
OPEN_CARD = "approval.card"
SNOOZE = "approval.snooze"
"""Its options are `<ref>:<1h|tomorrow|start>`."""
SHOW_CARD = "approval.show"
"""The menu of a summary; its options are references of approvals."""

DECIDE = "approval.decide"
"""Callback id of the modal that asks for a reason or a comment."""
WORDS = "words"
"""Block and action id of that modal's input."""

PROJECT_LINK = "project.link"
PROJECT_CHOICE = "project.choice"
"""Menus of the project form; the field's name follows after a colon."""
PROJECT_TICKET = "project.ticket"
"""Menus of changes or requests; the block id carries `<attach or detach>:<kind>:<project>` after a colon."""

PROJECT_FORM = "project.form"
"""Callback id of the modal that creates or edits a project."""
PROJECT_UPLOAD = "project.upload"
"""Callback id of the modal that asks which files are attached to a project."""
PROJECT_SHORTCUT = "projects.attach_message"
"""Callback id of the message shortcut, as in the app's manifest."""

RUN_COMMAND = "command.run"
"""Buttons whose value is a command; a suffix after a colon keeps several in one message apart."""
WHICH = "command.which"
"""Menus that ask which record is meant; the block id carries the question's id after a colon."""

HOME_PAGE = "home.page"
"""Turns a section of the Home tab to another page; the value is `<section>:<page>`, a suffix keeps buttons apart."""
HOME_REFRESH = "home.refresh"
HOME_CHOICES = "home.choices"
HOME_DIGEST_AT = "home.digest_at"
HOME_DIGEST_DAYS = "home.digest_days"
HOME_QUIET_FROM = "home.quiet_from"
HOME_QUIET_UNTIL = "home.quiet_until"
HOME_DEFAULTS = "home.defaults"
HOME_CONNECT = "home.connect"
OPEN_HOME = "home.open"
"""The link of a digest that leads to the Home tab."""

DIGEST_EVENT = "sdp_digest"
"""`metadata.event_type` of every digest; its pointer is `<who>/<local date>`."""

MAINTENANCE_FORM = "maintenance.form"
"""Callback id of the modal that creates or edits a maintenance."""
MAINTENANCE_CHOICE = "maintenance.choice"
"""Menus of that modal that load SDP's lists; the field follows after a colon."""

COMMAND_APPROVE = "command.approve"
COMMAND_REJECT = "command.reject"
COMMAND_COMMENT = "command.comment"
"""A card's buttons where the card is the answer to a command."""
COMMAND_DECIDE = "command.decide"
"""The button that decides as was typed; the verb follows after a colon."""

CONFIRM = "operation.confirm"
"""The button under a preview; its value is the operation's id."""
CANCEL = "operation.cancel"

CONNECT = "people.connect"
RESUME = "people.resume"
"""Offers again what somebody pressed before they were connected; the value is the approval's reference."""

CARD_EVENT = "sdp_approval_card"
"""`metadata.event_type` of every card, by which one that was posted but not recorded is found again."""
CLOSED_EVENT = "sdp_closed_card"
"""`metadata.event_type` of a card that was closed because no record spoke of it."""


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
