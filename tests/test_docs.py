"""What the documents say is what the code does."""

from pathlib import Path

from tests.flows.approval_states import document

DOCS = Path(__file__).parent.parent / "docs"


def test_the_approval_states_are_drawn_from_the_code() -> None:
    assert (DOCS / "approval-states.md").read_text() == document(), (
        "draw it anew: python -m tests.flows.approval_states > docs/approval-states.md"
    )
