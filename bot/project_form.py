"""What a person fills in to create or edit a project: the fields, and how what was typed becomes a draft.

Pure. Values travel as text by field name, so that they survive in a record and can be shown again with everything
still typed in: a choice as `<id>|<name>`, a moment as seconds since 1970, a person as a Slack id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from bot.errors import BadInput
from bot.models import Named, Project, ProjectDraft, SdpId
from bot.sdp.lookups import Kind as Lookup

TITLE_MAX = 250
TEXT_MAX = 3000
CHOICE_MAX = 150
"""Characters of a choice, as Slack limits the values of menus."""
NUMBER_MAX = Decimal(10) ** 12


class Input(StrEnum):
    """How a field is filled in."""

    LINE = "line"
    TEXT = "text"
    NUMBER = "number"
    PERCENT = "percent"
    CHOICE = "choice"
    MOMENT = "moment"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the form. `name` is the draft's; `lookup` is SDP's list behind a choice; `theirs` is SDP's name,
    by which its refusals speak of it; `new` and `old` say in which of the two forms it stands."""

    name: str
    label: str
    input: Input
    theirs: str
    lookup: Lookup | None = None
    hint: str = ""
    required: bool = False
    new: bool = True
    most: int = TITLE_MAX


REPLACES = "What is typed here replaces the description there is."

FIELDS = (
    Field("title", "Title", Input.LINE, "title", required=True),
    Field("status", "Status", Input.CHOICE, "status", "project_status"),
    Field("priority", "Priority", Input.CHOICE, "priority", "priority"),
    Field("project_type", "Type", Input.CHOICE, "project_type", "project_type"),
    Field("template", "Template", Input.CHOICE, "project_template", "project_template"),
    Field("owner", "Owner", Input.PERSON, "owner", hint="Whoever is not in Slack can be made owner in SDP."),
    Field("code", "Code", Input.LINE, "project_code", hint="Unique among projects.", most=100),
    Field("percent_complete", "Per cent done", Input.PERCENT, "percentage_completion"),
    Field("scheduled_start", "Planned start", Input.MOMENT, "scheduled_start_time"),
    Field("scheduled_end", "Planned end", Input.MOMENT, "scheduled_end_time"),
    Field("actual_start", "Actual start", Input.MOMENT, "actual_start_time", new=False),
    Field("actual_end", "Actual end", Input.MOMENT, "actual_end_time", new=False),
    Field("estimated_hours", "Estimated hours", Input.NUMBER, "estimated_hours"),
    Field("estimated_cost", "Estimated cost", Input.NUMBER, "estimated_cost", hint="Without a currency, as in SDP."),
    Field("description", "Description", Input.TEXT, "description", hint=REPLACES, most=TEXT_MAX),
)
"""In the order of the form. The description of an existing project is HTML in SDP, so it is not shown to be edited."""

BY_NAME = {field.name: field for field in FIELDS}
BY_THEIRS = {field.theirs: field for field in FIELDS}


def fields_of(*, new: bool) -> tuple[Field, ...]:
    """The fields of the form for a new project, or for one that is there."""
    return tuple(field for field in FIELDS if field.new or not new)


def values_of(project: Project, owner: str | None = None) -> dict[str, str]:
    """What the form shows of a project; `owner` is their Slack id. The description is left out, see `FIELDS`."""
    shown = {field.name: _text_of(getattr(project, field.name)) for field in FIELDS if field.input in _SHOWN}
    known = {name: text for name, text in shown.items() if text}
    return {**known, "owner": owner} if owner else known


def draft_of(values: Mapping[str, str]) -> ProjectDraft:
    """The draft of everything that is filled in but the owner. Raises BadInput naming the field."""
    read = {name: _read(BY_NAME[name], text) for name, text in values.items() if text and name != "owner"}
    start, end = read.get("scheduled_start"), read.get("scheduled_end")
    if isinstance(start, datetime) and isinstance(end, datetime) and end < start:
        raise BadInput("The planned end is before the planned start.", field="scheduled_end")
    return ProjectDraft(**read)  # type: ignore[arg-type]


def changed(values: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """What is filled in now and was not so before: an edit writes nothing else."""
    return {name: text for name, text in values.items() if text and text != before.get(name, "")}


_SHOWN = frozenset({Input.LINE, Input.NUMBER, Input.PERCENT, Input.CHOICE, Input.MOMENT})


def _text_of(value: object) -> str:
    match value:
        case Named(id=id_, name=name):
            return f"{id_ or ''}|{name}"[:CHOICE_MAX]
        case datetime():
            return str(int(value.timestamp()))
        case Decimal():
            return f"{value:f}"
        case None:
            return ""
    return str(value)


def _read(field: Field, text: str) -> object:
    match field.input:
        case Input.NUMBER | Input.PERCENT:
            return _number(field, text)
        case Input.CHOICE:
            return choice_of(text)
        case Input.MOMENT:
            return _moment(field, text)
        case Input.LINE:
            return _line(field, text)
    return text


def choice_of(text: str) -> Named:
    """A choice out of a menu (`<id>|<name>`), or typed by its name or id where SDP offers no list."""
    id_, bar, name = text.partition("|")
    if bar:
        return Named(SdpId(id_) if _is_id(id_) else None, name)
    return Named(SdpId(text.strip()), "") if _is_id(text.strip()) else Named(None, text.strip())


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 30


def _line(field: Field, text: str) -> str:
    line = " ".join(text.split())
    if not line:
        raise BadInput(f"{field.label} is empty.", field=field.name)
    return line


def _number(field: Field, text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise BadInput(f"{field.label} is a number like 12 or 12.5.", field=field.name) from None
    most = Decimal(100) if field.input is Input.PERCENT else NUMBER_MAX
    if not number.is_finite() or not 0 <= number <= most:
        raise BadInput(f"{field.label} is a number from 0 to {most:,f}.", field=field.name)
    return number


def _moment(field: Field, text: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise BadInput(f"{field.label} is no date.", field=field.name) from None
