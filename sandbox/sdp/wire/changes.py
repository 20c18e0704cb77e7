"""Changes, change maintenances and requests as JSON (M1 to M4 of the vendor's document)."""

from typing import Any

from sandbox.sdp.catalogue import Catalogue, Choice
from sandbox.sdp.changes import Change, Request
from sandbox.sdp.maintenances import CHOICES, Maintenance
from sandbox.sdp.people import Person
from sandbox.sdp.schedules import OneTime, Repetitive
from sandbox.sdp.wire.basics import Json, bare, change_user, choice, descriptive, display_id, moment

ENABLED, SUSPENDED = 1, 2
"""`maintenancestate`; 1 is in the vendor's samples."""

_RELEASE_TIMES = ("release_actual_start", "release_actual_end", "release_scheduled_end", "release_scheduled_start")
_UAT_TIMES = ("uat_scheduled_start", "uat_actual_end", "uat_scheduled_end", "uat_actual_start")


def _details(details: dict[str, str]) -> Json:
    """The descriptive fields with what each has beside its text."""
    extra: dict[str, tuple[str, ...]] = {
        "release_details": _RELEASE_TIMES,
        "uat_details": _UAT_TIMES,
        "review_details": ("next_review_on",),
        "close_details": ("closure_code",),
    }
    names = ("roll_out_plan", "back_out_plan", "impact_details", "checklist", *extra)
    return {name: {**descriptive(name, details.get(name)), **dict.fromkeys(extra.get(name, ()))} for name in names}


def _user(person: Person | None) -> Json | None:
    return change_user(person) if person else None


def _asset(one: Choice, site_id: str) -> Json:
    product = {"product": {"id": "152000000003115016"}, "product_type": {"id": "152000000000005925"}}
    return {"site": {"id": site_id}, **product, **bare(one)}


def _choices(choices: dict[str, Choice | None], site_id: str) -> Json:
    shown: Json = {name: choice(choices.get(name)) for name in CHOICES}
    if shown["status"] and (stage := choices.get("stage")):
        shown["status"]["stage"] = {"id": stage.id}
    if shown["group"]:
        shown["group"] = {"site": {"id": site_id}, **shown["group"]}
    return shown


def _shared(one: Change | Maintenance, viewer: Person, site_id: str) -> Json:
    """What changes and maintenances have in common."""
    return {
        **_choices(one.choices, site_id),
        "id": one.id,
        "title": one.title,
        "description": one.description or None,
        "change_requester": _user(one.requester),
        "services": [choice(service) for service in one.services],
        "assets": [_asset(asset, site_id) for asset in one.assets],
        "created_time": moment(one.created_time, viewer),
        "scheduled_start_time": moment(one.scheduled_start_time, viewer),
        "scheduled_end_time": moment(one.scheduled_end_time, viewer),
        "configuration_items": [],
        "entity_instance_properties": [],
        "attachments": [],
        "approval_status": None,
        "deleted_time": None,
        "completed_time": None,
        "is_freeze_conflicted": False,
        "is_freezed": False,
        "has_release_association": False,
        "notes_present": False,
    }


def change(one: Change, viewer: Person, catalogue: Catalogue) -> Json:
    """A change; `maintenanceid` tells what created it."""
    site_id = catalogue.get("site", "Base Site").id
    return {
        **_shared(one, viewer, site_id),
        "display_id": display_id("CH", one.display),
        "maintenanceid": one.maintenance,
        "comment": one.comment,
    }


def maintenance(one: Maintenance, viewer: Person, catalogue: Catalogue, *, added: bool = False) -> Json:
    """A maintenance as M1 (`added`) or M2 to M4 show it; the latter have `maintenanceid`, which is null there."""
    site_id = catalogue.get("site", "Base Site").id
    shown = {
        **_shared(one, viewer, site_id),
        **_details(one.details),
        "display_id": display_id("CHM", one.display),
        "emergency": one.emergency,
        "retrospective": one.retrospective,
        "change_owner": _user(one.owner),
        "change_manager": _user(one.manager),
        "udf_fields": {"udf_double1": None, **one.udf_fields},
        "roles": [
            {"role": choice(holder.role), "id": holder.id, "user": change_user(holder.user)} for holder in one.roles
        ],
        "maintenance_details": _schedule(one, viewer),
    }
    return shown if added else {**shown, "maintenanceid": None}


_MODULE = {
    "api_plural_name": "changes",
    "name": "change",
    "display_name_plural": "sdp.module.pluralname.change",
    "id": "152000000000085044",
    "display_name": "Change",
    "category": "SYSTEM",
    "icon_name": None,
}


def _schedule(one: Maintenance, viewer: Person) -> Json:
    schedule = one.schedule
    once = schedule if isinstance(schedule, OneTime) else None
    repeats = schedule if isinstance(schedule, Repetitive) else None
    return {
        "created_time": moment(one.created_time, viewer),
        "one_time_schedule": _one_time(once, viewer) if once else None,
        "subject": one.title,
        "schedule_frequency": repeats.frequency if repeats else "Once" if once else None,
        "module": dict(_MODULE),
        "maintenancestate": SUSPENDED if one.suspended else ENABLED,
        "next_schedule": moment(one.next_run, viewer),
        "id": one.inner_id,
        "created_by": change_user(one.created_by),
        "repetitive_schedule": _repetitive(repeats, viewer) if repeats else None,
    }


def _one_time(schedule: OneTime, viewer: Person) -> Json:
    return {
        "id": schedule.id,
        "start_time": moment(schedule.start_time, viewer),
        "last_execution_time": moment(schedule.last_execution_time, viewer),
    }


def _repetitive(schedule: Repetitive, viewer: Person) -> Json:
    times = ("ends_on", "last_execution_time", "start_time")
    shown: dict[str, Any] = dict(vars(schedule))
    return shown | {name: moment(shown[name], viewer) for name in times}


def request(one: Request, viewer: Person) -> Json:
    """A request; here the display id is a plain text."""
    return {
        "id": one.id,
        "display_id": str(one.display),
        "subject": one.title,
        "status": bare(one.status),
        "requester": change_user(one.requester),
        "created_time": moment(one.created_time, viewer),
    }
