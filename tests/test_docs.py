"""What the documents say is what the code does."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.flows.approval_states import document

DOCS = Path(__file__).parent.parent / "docs"
PAGES = (*DOCS.rglob("*.md"), DOCS.parent / "README.md", DOCS.parent / "deploy/README.md")


def test_the_approval_states_are_drawn_from_the_code() -> None:
    assert (DOCS / "approval-states.md").read_text() == document(), (
        "draw it anew: python -m tests.flows.approval_states > docs/approval-states.md"
    )


PICTURE = re.compile(r"!\[[^]]*\]\(([^)]+)\)")
ANCHOR = re.compile(r"\]\(([^):#]*)#([^)]+)\)")
LINK = re.compile(r"[^!]\[[^]]*\]\(([^)#]+)")


def test_every_picture_a_document_shows_is_there() -> None:
    assert list(_dead(PICTURE)) == []


def test_every_page_a_document_leads_to_is_there() -> None:
    assert list(_dead(LINK)) == []


def test_every_heading_a_document_leads_to_is_there() -> None:
    links = [(page, target, name) for page in PAGES for target, name in ANCHOR.findall(page.read_text())]
    assert links
    lost = [
        f"{page.name}: {target}#{name}"
        for page, target, name in links
        if name not in _headings(page.parent / target if target else page)
    ]
    assert lost == []


def _headings(page: Path) -> set[str]:
    """As GitHub names them: lower case, blanks to hyphens, no other marks."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def _dead(kind: re.Pattern[str]) -> Iterator[str]:
    for page in PAGES:
        targets = (target for target in kind.findall(page.read_text()) if "://" not in target)
        yield from (f"{page.name}: {target}" for target in targets if not (page.parent / target).exists())
