"""What is filled in for a maintenance, and what is made of it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.maintenance_form import changed, check_new, choice_of, draft_of, matches, values_of
from bot.models import Frequency, Maintenance, Named, Schedule, SdpId

START = datetime(2026, 3, 31, 14, 0, tzinfo=UTC)
KNOWN = Maintenance(
    SdpId("1"),
    "Patch the web servers",
    stage=Named(SdpId("11"), "Submission"),
    risk=Named(SdpId("12"), "Low"),
    services=(Named(SdpId("21"), "Email"), Named(SdpId("22"), "Payments")),
    schedule=Schedule(Frequency.WEEKLY, START, days_of_week=(2, 5)),
)


def test_what_is_shown_and_sent_back_changes_nothing() -> None:
    assert changed(values_of(KNOWN), values_of(KNOWN)) == {}


def test_names_typed_where_no_list_is_offered_are_no_change_either() -> None:
    typed = {**values_of(KNOWN), "stage": "submission", "services": "Email, payments"}
    assert changed(typed, values_of(KNOWN)) == {}
    assert changed({**typed, "services": "Email"}, values_of(KNOWN)) == {"services": "Email"}


def test_a_schedule_is_written_as_a_whole() -> None:
    before = values_of(KNOWN)
    later = {**before, "start": str(int(START.timestamp()) + 3600)}
    draft = draft_of(changed(later, before))
    assert draft.title is None
    assert draft.schedule is not None
    assert (draft.schedule.frequency, draft.schedule.days_of_week) == (Frequency.WEEKLY, (2, 5))


def test_choices_go_by_id_where_there_is_one() -> None:
    draft = draft_of({"stage": "11|Submission", "risk": "Low", "status": "152000000000000001", "services": "a, b"})
    assert draft.stage == Named(SdpId("11"), "Submission")
    assert draft.risk == Named(None, "Low")
    assert draft.status is not None
    assert draft.status.id == "152000000000000001"
    assert draft.services == (Named(None, "a"), Named(None, "b"))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"frequency": "daily"}, "start"),
        ({"start": "1775000000"}, "frequency"),
        ({"start": "soon", "frequency": "daily"}, "start"),
        ({"start": "9" * 30, "frequency": "daily"}, "start"),
        ({"start": "1775000000", "frequency": "hourly"}, "start"),
        ({"title": " \n "}, "title"),
    ],
)
def test_what_cannot_be_used_names_its_field(values: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        draft_of(values)
    assert refused.value.field == field


@pytest.mark.parametrize("missing", ["title", "stage", "status"])
def test_mandatory_fields_are_asked_for(missing: str) -> None:
    values = {"title": "x", "stage": "1|x", "status": "1|x"}
    check_new(values)
    with pytest.raises(BadInput) as refused:
        check_new({**values, missing: ""})
    assert refused.value.field == missing


def test_evidence_of_an_edit_is_what_it_wrote() -> None:
    assert matches(KNOWN, draft_of({"risk": "12|Low", "title": "Patch the web servers"}))
    assert not matches(KNOWN, draft_of({"risk": "13|High"}))
    assert not matches(KNOWN, draft_of({"impact": "1|Wide"}))


@given(st.text(max_size=200))
def test_any_text_is_some_choice(text: str) -> None:
    choice = choice_of(text)
    assert choice.id is None or (choice.id.isascii() and choice.id.isdigit())


@given(st.dictionaries(st.sampled_from(sorted(values_of(KNOWN))), st.text(max_size=60)))
def test_any_values_make_a_draft_or_name_a_field(values: dict[str, str]) -> None:
    assert trouble_with(values) in {None, "title", "start", "frequency"}


def trouble_with(values: dict[str, str]) -> str | None:
    """The field that is refused, if one is."""
    try:
        draft_of(values)
    except BadInput as refused:
        return refused.field
    return None
