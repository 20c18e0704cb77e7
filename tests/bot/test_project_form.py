"""What people type into the project form becomes a draft, or a clear word under its field."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.models import DisplayId, Named, Project, ProjectDraft, sdp_id
from bot.project_form import BY_NAME, FIELDS, changed, choice_of, draft_of, values_of


def test_what_is_filled_in_becomes_a_draft() -> None:
    draft = draft_of(
        {
            "title": "  Cable the   new hall ",
            "status": "17|In Progress",
            "priority": "High",
            "percent_complete": "12.5",
            "scheduled_start": "1800000000",
            "description": "Racks first.\nThen fibre.",
        }
    )
    assert draft == ProjectDraft(
        title="Cable the new hall",
        status=Named(sdp_id("17"), "In Progress"),
        priority=Named(None, "High"),
        percent_complete=Decimal("12.5"),
        scheduled_start=datetime(2027, 1, 15, 8, tzinfo=UTC),
        description="Racks first.\nThen fibre.",
    )


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("title", "   ", "Title is empty."),
        ("percent_complete", "101", "from 0 to 100"),
        ("percent_complete", "half", "a number like 12 or 12.5"),
        ("estimated_cost", "-1", "from 0 to"),
        ("estimated_hours", "NaN", "from 0 to"),
        ("estimated_hours", "1e400", "from 0 to"),
        ("scheduled_end", "99999999999999999999", "is no date"),
    ],
)
def test_what_cannot_be_is_named_with_its_field(field: str, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as refused:
        draft_of({field: text})
    assert refused.value.field == field


@given(st.dictionaries(st.sampled_from(sorted(BY_NAME)), st.text(max_size=60)))
def test_whatever_is_typed_is_a_draft_or_a_word_under_a_field(values: dict[str, str]) -> None:
    refused: BadInput | None = None
    try:
        draft_of(values)
    except BadInput as no:
        refused = no
    assert refused is None or refused.field in BY_NAME


def test_a_choice_is_known_by_id_or_by_name() -> None:
    assert choice_of("17|On | hold") == Named(sdp_id("17"), "On | hold")
    assert choice_of(" 152000000000003814 ") == Named(sdp_id("152000000000003814"), "")
    assert choice_of("|No id given") == Named(None, "No id given")
    assert choice_of("../17|Odd") == Named(None, "Odd")


def test_a_form_that_nobody_touched_writes_nothing() -> None:
    project = Project(
        id=sdp_id("1"),
        title="Warehouse",
        display_id=DisplayId("PJT-1", "1"),
        status=Named(sdp_id("5"), "In Progress"),
        percent_complete=Decimal("65.00"),
        estimated_cost=Decimal("9000.00"),
        scheduled_end=datetime(2027, 1, 15, 8, tzinfo=UTC),
    )
    shown = values_of(project, "U0ARJUN")
    assert changed(shown, shown) == {}
    assert changed({**shown, "title": "Store"}, shown) == {"title": "Store"}
    assert draft_of({name: text for name, text in shown.items() if name != "owner"}).title == "Warehouse"


def test_every_field_has_a_place_in_the_draft() -> None:
    assert {field.name for field in FIELDS} <= set(ProjectDraft.__dataclass_fields__)
