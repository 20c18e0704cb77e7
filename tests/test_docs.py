"""What the documents say is what the code does."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.flows.approval_states import document

DOCS = Path(__file__).parent.parent / "docs"


def test_the_approval_states_are_drawn_from_the_code() -> None:
    assert (DOCS / "approval-states.md").read_text() == document(), (
        "draw it anew: python -m tests.flows.approval_states > docs/approval-states.md"
    )


PICTURE = re.compile(r"!\[[^]]*\]\(([^)]+)\)")
LINK = re.compile(r"[^!]\[[^]]*\]\(([^)#]+)")


def test_every_picture_a_document_shows_is_there() -> None:
    assert list(_dead(PICTURE)) == []


def test_every_page_a_document_leads_to_is_there() -> None:
    assert list(_dead(LINK)) == []


def _dead(kind: re.Pattern[str]) -> Iterator[str]:
    for page in (*DOCS.rglob("*.md"), DOCS.parent / "README.md"):
        targets = (target for target in kind.findall(page.read_text()) if "://" not in target)
        yield from (f"{page.name}: {target}" for target in targets if not (page.parent / target).exists())
