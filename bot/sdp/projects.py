"""Projects: what they are, what was spent on them, what is attached to them (operations P1 to P11)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from pydantic import AliasChoices, Field

from bot.errors import BadInput, SdpError
from bot.models import Associations, Attachment, Mrkdwn, Project, ProjectDraft, SdpId, TimesheetRow
from bot.sdp.client import Client
from bot.sdp.files import File, multipart
from bot.sdp.html import from_text
from bot.sdp.lists import rows_of
from bot.sdp.maintenances import choice_json, person_json
from bot.sdp.records import UNTITLED, Editable, Module
from bot.sdp.shapes import (
    SOMEBODY,
    Choice,
    Display,
    Html,
    Id,
    Integer,
    Moment,
    Number,
    One,
    Owner,
    Shape,
    Someone,
    Text,
)
from bot.sdp.wire import Call, JsonObject, check_id


class ProjectShape(Shape):
    """A row of `projects`, or the object `project`."""

    title: Text = None
    display_id: Display = None
    project_code: Text = None
    status: Choice = None
    priority: Choice = None
    project_type: Choice = None
    project_template: Choice = None
    owner: Someone = None
    project_requester: Someone = None
    percentage_completion: Number = None
    description: Html = Mrkdwn("")
    estimated_hours: Number = None
    actual_hours: Number = None
    estimated_cost: Number = None
    actual_cost: Number = None
    scheduled_start_time: Moment = None
    scheduled_end_time: Moment = None
    actual_start_time: Moment = None
    actual_end_time: Moment = None
    projected_end: Moment = None
    created_time: Moment = None

    def project(self) -> Project | None:
        if self.id is None:
            return None
        return Project(
            id=self.id,
            title=self.title or UNTITLED,
            display_id=self.display_id,
            code=self.project_code,
            status=self.status,
            priority=self.priority,
            project_type=self.project_type,
            template=self.project_template,
            owner=self.owner,
            requester=self.project_requester,
            percent_complete=self.percentage_completion,
            description=self.description,
            estimated_hours=self.estimated_hours,
            actual_hours=self.actual_hours,
            estimated_cost=self.estimated_cost,
            actual_cost=self.actual_cost,
            scheduled_start=self.scheduled_start_time,
            scheduled_end=self.scheduled_end_time,
            actual_start=self.actual_start_time,
            actual_end=self.actual_end_time,
            projected_end=self.projected_end,
            created_on=self.created_time,
        )


def _read(row: JsonObject) -> Project | None:
    return ProjectShape.model_validate(row).project()


def _instant(at: datetime) -> JsonObject:
    return {"value": str(int(at.timestamp() * 1000))}


_DRAFT: dict[str, tuple[str, Callable[..., object]]] = {
    "title": ("title", str),
    "code": ("project_code", str),
    "description": ("description", from_text),
    "status": ("status", choice_json),
    "priority": ("priority", choice_json),
    "project_type": ("project_type", choice_json),
    "template": ("project_template", choice_json),
    "owner": ("owner", person_json),
    "requester": ("project_requester", person_json),
    "percent_complete": ("percentage_completion", str),
    "estimated_hours": ("estimated_hours", str),
    "actual_hours": ("actual_hours", str),
    "estimated_cost": ("estimated_cost", str),
    "actual_cost": ("actual_cost", str),
    "scheduled_start": ("scheduled_start_time", _instant),
    "scheduled_end": ("scheduled_end_time", _instant),
    "actual_start": ("actual_start_time", _instant),
    "actual_end": ("actual_end_time", _instant),
    "projected_end": ("projected_end", _instant),
}
"""Our field → SDP's, and how its value travels: here numbers and milliseconds are strings."""


def draft_json(draft: ProjectDraft) -> JsonObject:
    """What P1 and P2 are sent: only the fields that are set."""
    return {
        theirs: write(value) for ours, (theirs, write) in _DRAFT.items() if (value := getattr(draft, ours)) is not None
    }


# --- timesheet -------------------------------------------------------------------------------


_MOST_MINUTES = 60 * 24 * 366 * 1000
"""More than a thousand years were not spent on anything."""


class SpentShape(Shape):
    """`total_time_spent`: `{"hours": "02", "minutes": "20"}`."""

    hours: Number = None
    minutes: Number = None

    def spent(self) -> timedelta | None:
        minutes = (self.hours or Decimal(0)) * 60 + (self.minutes or Decimal(0))
        said = self.hours is not None or self.minutes is not None
        return timedelta(minutes=float(minutes)) if said and abs(minutes) < _MOST_MINUTES else None


class TimesheetShape(Shape):
    """A row of `timesheet`; its owner has `email` where everybody else has `email_id`, and no currency is given."""

    owner: Owner = (None, SOMEBODY)
    total_time_spent: One[SpentShape] = None
    total_tech_charge: Number = None
    total_other_charge: Number = None
    total_amount_spent: Number = None

    def row(self) -> TimesheetRow:
        return TimesheetRow(
            owner=self.owner[0],
            owner_name=self.owner[1],
            spent=self.total_time_spent.spent() if self.total_time_spent else None,
            tech_charge=self.total_tech_charge,
            other_charge=self.total_other_charge,
            amount=self.total_amount_spent,
        )


class FileShape(Shape):
    """A row of `files`."""

    id: Id = Field(None, validation_alias=AliasChoices("file_id", "id"))
    name: Text = Field(None, validation_alias=AliasChoices("name", "file_name"))
    size: Integer = None
    content_type: Text = None

    def attachment(self, sent: File) -> Attachment:
        return Attachment(self.id, self.name or sent.name, self.size, self.content_type)


# --- the resource ----------------------------------------------------------------------------


class Projects(Editable[Project]):
    """`sdp.projects`: `get` (P3), `list` (P4), `delete` (P5) and `find` are as for every record."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, Module("projects", "project", "PJT", _read))

    async def add(self, draft: ProjectDraft) -> Project:
        """Add one (P1). Raises SdpFieldsMissing without a title."""
        return await self._add(draft_json(draft))

    async def edit(self, id_: SdpId, draft: ProjectDraft) -> Project:
        """Write the fields of `draft` that are set (P2)."""
        return await self._edit(id_, draft_json(draft))

    async def attach_changes(self, id_: SdpId, changes: Sequence[SdpId]) -> Associations:
        """Attach changes by their long ids (P6), and tell what the project has then."""
        return await self._associate("POST", "changes", id_, changes)

    async def detach_changes(self, id_: SdpId, changes: Sequence[SdpId]) -> Associations:
        """Detach changes (P7). The document shows no input, so what else went is told by `also_gone`."""
        return await self._associate("DELETE", "changes", id_, changes)

    async def attach_requests(self, id_: SdpId, requests: Sequence[SdpId]) -> Associations:
        """Attach requests by their long ids (P8); as `attach_changes`."""
        return await self._associate("POST", "requests", id_, requests)

    async def detach_requests(self, id_: SdpId, requests: Sequence[SdpId]) -> Associations:
        """Detach requests (P9); as `detach_changes`."""
        return await self._associate("DELETE", "requests", id_, requests)

    async def changes(self, id_: SdpId) -> tuple[SdpId, ...]:
        """The changes attached to a project. Not in the documents: raises SdpNotFound where a tenant has no list."""
        return await self._attached("changes", id_)

    async def requests(self, id_: SdpId) -> tuple[SdpId, ...]:
        """The requests attached to a project; as `changes`."""
        return await self._attached("requests", id_)

    async def timesheet(self, id_: SdpId) -> tuple[TimesheetRow, ...]:
        """Everybody's time and charges (P10)."""
        body = await self._client.read(Call("GET", "projects/{}/_timesheet", (id_,)))
        return tuple(TimesheetShape.model_validate(row).row() for row in rows_of(body, "timesheet"))

    async def upload(self, id_: SdpId, file: File, progress: Callable[[int], None] | None = None) -> Attachment:
        """Attach a file (P11), streamed: the memory it takes does not depend on its size.

        `progress` is told the bytes that have gone so far. Raises like every `act`; what reading `file` raises ends
        the upload before SDP has the whole of it.
        """
        content, headers = multipart(file, progress)
        call = Call("POST", "projects/{}/_uploads", (id_,))
        body = await self._client.act(call, content=content, headers=headers)
        rows = rows_of(body, "files")
        return FileShape.model_validate(rows[0] if rows else {}).attachment(file)

    async def _associate(self, method: str, kind: str, id_: SdpId, ids: Sequence[SdpId]) -> Associations:
        asked = tuple(dict.fromkeys(SdpId(check_id(one)) for one in ids))
        if not asked:
            raise BadInput(f"No {kind} were named, so nothing was sent.")
        before = await self._attached_or_unknown(kind, id_) if method == "DELETE" else None
        await self._client.act(Call(method, _path(kind), (id_,), {kind: list(asked)}))  # type: ignore[arg-type]
        return Associations(asked, there=await self._attached_or_unknown(kind, id_), before=before)

    async def _attached_or_unknown(self, kind: str, id_: SdpId) -> tuple[SdpId, ...] | None:
        try:
            return await self._attached(kind, id_)
        except SdpError:
            return None

    async def _attached(self, kind: str, id_: SdpId) -> tuple[SdpId, ...]:
        rows = self._client.rows(_path(kind), (id_,), kind)
        return tuple([found async for row in rows if (found := Shape.model_validate(row).id)])


def _path(kind: str) -> str:
    return f"projects/{{}}/_{kind.removesuffix('s')}_associations"
