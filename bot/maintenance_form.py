"""What a person fills in to create or edit a maintenance: the fields, and how what was typed becomes a draft.

Pure. Values travel as text by field name, so that they survive in a record and can be shown again with everything
still typed in: a choice as `<id>|<name>`, several as lines, the start as seconds since 1970, weekdays as digits.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.errors import BadInput
from bot.models import Frequency, Maintenance, MaintenanceDraft, Named, Operation, Schedule, SdpId
from bot.sdp.lookups import Kind

TITLE_MAX = 250
TEXT_MAX = 3000
CHOICES_MAX = 20

FREQUENCIES: Mapping[Frequency, str] = {
    Frequency.ONCE: "Once",
    Frequency.DAILY: "Every day",
    Frequency.WEEKLY: "Every week",
    Frequency.MONTHLY: "Every month",
}
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
"""SDP counts them from 1."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A field whose values are an entry of one of SDP's lists, or several; `name` is the draft's and SDP's."""

    name: str
    label: str
    lookup: Kind
    required: bool = False
    several: bool = False


CHOICES = (
    Choice("stage", "Stage", "stage", required=True),
    Choice("status", "Status", "status", required=True),
    Choice("template", "Template", "template"),
    Choice("change_type", "Type", "change_type"),
    Choice("impact", "Impact", "impact"),
    Choice("risk", "Risk", "risk"),
    Choice("priority", "Priority", "priority"),
    Choice("category", "Category", "category"),
    Choice("services", "Services", "service", several=True),
)
"""In the order of the form; before them stands the title, behind them the schedule and the description."""

TITLE, FREQUENCY, START, WEEKDAY, DESCRIPTION = "title", "frequency", "start", "weekdays", "description"
SCHEDULE = frozenset({FREQUENCY, START, WEEKDAY})

THEIRS: Mapping[str, str] = {
    **{choice.name: choice.name for choice in CHOICES},
    "title": TITLE,
    "description": DESCRIPTION,
    "maintenance": FREQUENCY,
    "repetitive_schedule": FREQUENCY,
    "one_time_schedule": FREQUENCY,
    "frequency": FREQUENCY,
    "start_time": START,
    "days_of_week": WEEKDAY,
}
"""A field as SDP's refusals name it → the input of the form."""


def values_of(maintenance: Maintenance) -> dict[str, str]:
    """What the form shows of a maintenance. The description is left out: it is HTML there, and typing one replaces
    it."""
    values = {TITLE: maintenance.title}
    for choice in CHOICES:
        given = getattr(maintenance, choice.name)
        values[choice.name] = "\n".join(map(text_of, given)) if choice.several else text_of(given)
    if schedule := maintenance.schedule:
        values[FREQUENCY] = schedule.frequency if schedule.frequency in FREQUENCIES else ""
        values[START] = str(int(schedule.start.timestamp())) if schedule.start else ""
        values[WEEKDAY] = "\n".join(map(str, schedule.days_of_week))
    return {name: text for name, text in values.items() if text}


def changed(values: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """What differs from before: an edit writes nothing else. A schedule goes as a whole."""
    names = {name for name, text in values.items() if text and not _unchanged(name, text, before.get(name, ""))}
    if names & SCHEDULE:
        names |= SCHEDULE
    return {name: text for name, text in values.items() if name in names and text}


def draft_of(values: Mapping[str, str]) -> MaintenanceDraft:
    """The draft of everything that is filled in. Raises BadInput naming the field."""
    fields: dict[str, object] = {}
    for choice in CHOICES:
        chosen = _chosen(values.get(choice.name, ""))
        if chosen:
            fields[choice.name] = tuple(chosen) if choice.several else chosen[0]
    if TITLE in values:
        fields["title"] = _title(values[TITLE])
    if values.get(DESCRIPTION, "").strip():
        fields["description"] = values[DESCRIPTION]
    if schedule := _schedule(values):
        fields["schedule"] = schedule
    return MaintenanceDraft(**fields)  # type: ignore[arg-type]


def check_new(values: Mapping[str, str]) -> None:
    """Whether SDP's mandatory fields are there. Raises BadInput naming the first that is not."""
    labels = {TITLE: "Title", **{choice.name: choice.label for choice in CHOICES if choice.required}}
    for name, label in labels.items():
        if not values.get(name, "").strip():
            raise BadInput(f"{label} is needed.", field=name)


def values_in(operation: Operation) -> dict[str, str]:
    """What was filled in, as an operation carries it."""
    values: dict[str, str] = json.loads(operation.arguments.get("values", "{}"))
    return values


def matches(maintenance: Maintenance, draft: MaintenanceDraft) -> bool:
    """Whether a maintenance shows what a draft wrote, as far as can be compared."""
    named = [choice.name for choice in CHOICES if not choice.several]
    pairs = [(getattr(draft, name), getattr(maintenance, name)) for name in named if getattr(draft, name)]
    same = all(there is not None and _same(wanted, there) for wanted, there in pairs)
    return same and draft.title in (None, maintenance.title)


def text_of(choice: Named | None) -> str:
    """A choice as it travels."""
    return f"{choice.id or ''}|{choice.name}" if choice else ""


def choice_of(text: str) -> Named:
    """A choice out of a menu (`<id>|<name>`), or typed by its name or id where SDP offers no list."""
    id_, bar, name = text.partition("|")
    if bar:
        return Named(SdpId(id_) if _is_id(id_) else None, name)
    typed = " ".join(text.split())
    return Named(SdpId(typed), typed) if _is_id(typed) else Named(None, typed)


def _chosen(text: str) -> list[Named]:
    """The choices in a value; typed ones are separated by commas."""
    parts = text.splitlines() if "|" in text else text.replace("\n", ",").split(",")
    return [choice_of(part) for part in parts if part.strip()]


def _unchanged(name: str, text: str, before: str) -> bool:
    """Whether a field still says what the form showed; where SDP lists no choices that was their names."""
    if name not in {choice.name for choice in CHOICES} or "|" in text:
        return text == before
    return [one.name.casefold() for one in _chosen(text)] == [one.name.casefold() for one in _chosen(before)]


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 30


def _same(wanted: Named, there: Named) -> bool:
    return wanted.id == there.id if wanted.id and there.id else wanted.name.casefold() == there.name.casefold()


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not title:
        raise BadInput("The title is empty.", field=TITLE)
    return title


def _schedule(values: Mapping[str, str]) -> Schedule | None:
    frequency, start = values.get(FREQUENCY, ""), values.get(START, "")
    if not frequency and not start:
        return None
    if not frequency:
        raise BadInput("Please say how often it runs.", field=FREQUENCY)
    if not start:
        raise BadInput("Please say when it starts.", field=START)
    try:
        at, often = datetime.fromtimestamp(int(start), UTC), Frequency(frequency)
    except (ValueError, OverflowError, OSError):
        raise BadInput("This is no date.", field=START) from None
    days = tuple(int(day) for day in values.get(WEEKDAY, "").splitlines() if day in set("1234567"))
    return Schedule(often, start=at, days_of_week=days if often is Frequency.WEEKLY else ())
