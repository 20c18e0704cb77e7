"""Change maintenances: schedules that create changes (operations M1 to M8)."""

from datetime import datetime
from functools import partial
from typing import Annotated

from pydantic import AliasChoices, Field, PlainValidator

from bot.models import (
    Executed,
    Frequency,
    Maintenance,
    MaintenanceDraft,
    MaintenanceState,
    Mrkdwn,
    Named,
    Person,
    RoleHolder,
    Schedule,
    SdpId,
)
from bot.sdp.approvals import plain_comment
from bot.sdp.client import Client
from bot.sdp.html import from_text
from bot.sdp.records import UNTITLED, Editable, Module
from bot.sdp.shapes import (
    Choice,
    Choices,
    Display,
    Flag,
    Html,
    Integer,
    Many,
    Moment,
    One,
    Shape,
    Someone,
    Text,
    numbers,
)
from bot.sdp.wire import Call, JsonObject

# --- schedules -------------------------------------------------------------------------------

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_WEEKS = ("first", "second", "third", "fourth", "last")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip

Days = Annotated[tuple[int, ...], PlainValidator(partial(numbers, names=_DAYS))]
Weeks = Annotated[tuple[int, ...], PlainValidator(partial(numbers, names=_WEEKS))]
Months = Annotated[tuple[int, ...], PlainValidator(partial(numbers, names=_MONTHS))]
Dates = Annotated[tuple[int, ...], PlainValidator(numbers)]


class RepetitiveShape(Shape):
    """`repetitive_schedule`. The document names its fields and shows no values of the lists: numbers and names are
    both understood.
    """

    frequency: Text = None
    start_time: Moment = None
    skip_frequency: Integer = None
    exclude_weekends: Flag = None
    days_of_week: Days = ()
    days_of_month: Dates = ()
    weeks_of_month: Weeks = ()
    months_of_year: Months = ()
    is_first_day_of_month: Flag = None
    day_config_of_month: Text = None
    ends_on: Moment = None
    end_after_occurrences: Integer = None
    last_execution_time: Moment = None

    def schedule(self, frequency: str | None) -> Schedule:
        return Schedule(
            frequency=_frequency(self.frequency or frequency),
            start=self.start_time,
            skip=self.skip_frequency or 0,
            exclude_weekends=bool(self.exclude_weekends),
            days_of_week=self.days_of_week,
            days_of_month=self.days_of_month,
            weeks_of_month=self.weeks_of_month,
            months_of_year=self.months_of_year,
            first_day_of_month=bool(self.is_first_day_of_month),
            day_config_of_month=self.day_config_of_month,
            ends_on=self.ends_on,
            end_after=self.end_after_occurrences,
            last_execution=self.last_execution_time,
        )


class OneTimeShape(Shape):
    """`one_time_schedule`; only ever seen as null, so its fields are those of the other kind."""

    start_time: Moment = Field(None, validation_alias=AliasChoices("start_time", "scheduled_time", "value"))
    last_execution_time: Moment = None

    def schedule(self) -> Schedule:
        return Schedule(Frequency.ONCE, start=self.start_time, last_execution=self.last_execution_time)


class DetailsShape(Shape):
    """`maintenance_details`: the schedule and whether it runs."""

    schedule_frequency: Text = None
    repetitive_schedule: One[RepetitiveShape] = None
    one_time_schedule: One[OneTimeShape] = None
    next_schedule: Moment = None
    maintenancestate: Text = None

    def schedule(self) -> Schedule | None:
        if self.repetitive_schedule:
            return self.repetitive_schedule.schedule(self.schedule_frequency)
        return self.one_time_schedule.schedule() if self.one_time_schedule else None

    def state(self) -> MaintenanceState:
        return _STATES.get((self.maintenancestate or "").lower(), MaintenanceState.UNKNOWN)


_STATES = {
    "1": MaintenanceState.ENABLED,
    "enabled": MaintenanceState.ENABLED,
    "2": MaintenanceState.SUSPENDED,
    "suspended": MaintenanceState.SUSPENDED,
}
"""`maintenancestate`: the samples show 1 for one that runs; 2 for a suspended one is inferred."""


_FREQUENCIES = {frequency.value: frequency for frequency in Frequency}


def _frequency(name: str | None) -> Frequency:
    return _FREQUENCIES.get((name or "").lower(), Frequency.UNKNOWN)


def schedule_json(schedule: Schedule) -> JsonObject:
    """A schedule as M1 and M2 take it; here, unlike elsewhere, the document shows times as numbers."""
    start = {"start_time": _instant(schedule.start)} if schedule.start else {}
    if schedule.frequency is Frequency.ONCE:
        return {"one_time_schedule": start}
    lists = {
        "days_of_week": schedule.days_of_week,
        "days_of_month": schedule.days_of_month,
        "weeks_of_month": schedule.weeks_of_month,
        "months_of_year": schedule.months_of_year,
    }
    repetitive: JsonObject = {
        **start,
        "frequency": schedule.frequency.value.capitalize(),
        "is_advanced": True,
        "skip_frequency": schedule.skip,
        "exclude_weekends": schedule.exclude_weekends,
        "is_first_day_of_month": schedule.first_day_of_month,
        **{name: list(values) for name, values in lists.items() if values},
    }
    if schedule.day_config_of_month:
        repetitive["day_config_of_month"] = schedule.day_config_of_month
    if schedule.ends_on:
        repetitive["ends_on"] = _instant(schedule.ends_on)
    if schedule.end_after:
        repetitive["end_after_occurrences"] = schedule.end_after
    return {"repetitive_schedule": repetitive}


def _instant(at: datetime) -> JsonObject:
    return {"value": int(at.timestamp() * 1000)}


# --- maintenances ----------------------------------------------------------------------------


class RoleShape(Shape):
    """One of `roles`: who holds which change role."""

    role: Choice = None
    user: Someone = None

    def holder(self) -> RoleHolder | None:
        if self.role is None or self.user is None:
            return None
        return RoleHolder(self.role.name, self.user, self.role.id)


class MaintenanceShape(Shape):
    """A row of `change_maintenances`, or the object `change_maintenance`."""

    title: Text = None
    display_id: Display = None
    stage: Choice = None
    status: Choice = None
    template: Choice = None
    workflow: Choice = None
    change_type: Choice = None
    impact: Choice = None
    risk: Choice = None
    priority: Choice = None
    urgency: Choice = None
    category: Choice = None
    services: Choices = ()
    assets: Choices = ()
    roles: Many[RoleShape] = ()
    change_requester: Someone = None
    change_owner: Someone = None
    change_manager: Someone = None
    emergency: Flag = None
    description: Html = Mrkdwn("")
    comment: Text = None
    scheduled_start_time: Moment = None
    scheduled_end_time: Moment = None
    created_time: Moment = None
    details: One[DetailsShape] = Field(None, validation_alias=AliasChoices("maintenance_details", "maintenance"))

    def maintenance(self) -> Maintenance | None:
        if self.id is None:
            return None
        details = self.details or DetailsShape()
        return Maintenance(
            id=self.id,
            title=self.title or UNTITLED,
            display_id=self.display_id,
            state=details.state(),
            stage=self.stage,
            status=self.status,
            template=self.template,
            workflow=self.workflow,
            change_type=self.change_type,
            impact=self.impact,
            risk=self.risk,
            priority=self.priority,
            urgency=self.urgency,
            category=self.category,
            services=self.services,
            assets=self.assets,
            roles=tuple(holder for role in self.roles if (holder := role.holder())),
            requester=self.change_requester,
            owner=self.change_owner,
            manager=self.change_manager,
            emergency=self.emergency,
            description=self.description,
            schedule=details.schedule(),
            next_run=details.next_schedule,
            planned_start=self.scheduled_start_time,
            planned_end=self.scheduled_end_time,
            created_on=self.created_time,
            comment=self.comment,
        )


def _read(row: JsonObject) -> Maintenance | None:
    return MaintenanceShape.model_validate(row).maintenance()


_CHOICES = (
    "stage", "status", "template", "workflow", "change_type", "impact", "risk", "priority", "urgency", "category",
)  # fmt: skip
_LISTS = ("services", "assets")


def draft_json(draft: MaintenanceDraft) -> JsonObject:
    """What M1 and M2 are sent: only the fields that are set."""
    fields: JsonObject = {name: choice_json(getattr(draft, name)) for name in _CHOICES if getattr(draft, name)}
    fields |= {name: [*map(choice_json, getattr(draft, name))] for name in _LISTS if getattr(draft, name) is not None}
    plain = {"title": draft.title, "comment": draft.comment, "retrospective": draft.retrospective}
    fields |= {name: value for name, value in plain.items() if value is not None}
    if draft.description is not None:
        fields["description"] = from_text(draft.description)
    if draft.requester:
        fields["change_requester"] = person_json(draft.requester)
    if draft.roles is not None:
        fields["roles"] = [_role_json(holder) for holder in draft.roles]
    if draft.schedule:
        fields["maintenance"] = schedule_json(draft.schedule)
    return fields


def _role_json(holder: RoleHolder) -> JsonObject:
    return {"role": choice_json(Named(holder.role_id, holder.role)), "user": person_json(holder.person)}


def choice_json(choice: Named) -> JsonObject:
    """A choice by its id, else by its name."""
    return {"id": choice.id} if choice.id else {"name": choice.name}


def person_json(person: Person) -> JsonObject:
    return {"id": person.id}


class ExecutedShape(Shape):
    """The object `maintenance` that M7 answers with."""

    display_id: Display = None
    message: Text = None


class Maintenances(Editable[Maintenance]):
    """`sdp.maintenances`: `get` (M3), `list` (M4), `delete` (M5) and `find` are as for every record."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, Module("change_maintenances", "change_maintenance", "CHM", _read))

    async def add(self, draft: MaintenanceDraft) -> Maintenance:
        """Add one (M1). Raises SdpFieldsMissing without title, stage or status."""
        return await self._add(draft_json(draft))

    async def edit(self, id_: SdpId, draft: MaintenanceDraft) -> Maintenance:
        """Write the fields of `draft` that are set (M2)."""
        return await self._edit(id_, draft_json(draft))

    async def enable(self, id_: SdpId, comments: str = "") -> str:
        """Let the schedule run (M6); SDP's words about it. Whether it does, `get` tells."""
        return await self._switch(id_, "enable", comments)

    async def suspend(self, id_: SdpId, comments: str = "") -> str:
        """Stop the schedule (M8); as `enable`."""
        return await self._switch(id_, "suspend", comments)

    async def _switch(self, id_: SdpId, verb: str, comments: str) -> str:
        said = {"comments": plain_comment(comments)} if comments.strip() else {}
        body = await self._client.act(Call("PUT", f"change_maintenances/{{}}/_{verb}", (id_,), said))
        answer = body.get(verb)
        return str(answer.get("message") or "") if isinstance(answer, dict) else ""

    async def execute_now(self, id_: SdpId) -> Executed:
        """Create the change now (M7). A GET that acts: it is sent once, whatever happens.

        Raises OutcomeUnknown when its answer is lost; then the maintenance's last execution and the newest changes are
        the evidence.
        """
        body = await self._client.act(Call("GET", "change_maintenances/{}/_execute_now", (id_,)))
        answer = body.get("maintenance")
        shape = ExecutedShape.model_validate(answer if isinstance(answer, dict) else {})
        return Executed(shape.display_id, shape.message or "")
