"""The small shapes that every record's JSON is built of: moments, choices, display ids, people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.sdp.catalogue import Choice
from sandbox.sdp.people import Person

Json = dict[str, Any]


def millis(at: datetime) -> int:
    """Milliseconds since the epoch, as SDP counts."""
    return round(at.timestamp() * 1000)


def moment(at: datetime | None, viewer: Person) -> Json | None:
    """A point in time; the readable half is in the zone of whoever asks."""
    if at is None:
        return None
    local = at.astimezone(ZoneInfo(viewer.tz))
    return {"display_value": f"{local:%b %d, %Y %I:%M %p}", "value": str(millis(at))}


def choice(one: Choice | None) -> Json | None:
    """An entry of a list with all that belongs to it."""
    return None if one is None else {**one.extra, "name": one.name, "id": one.id}


def bare(one: Choice) -> Json:
    return {"name": one.name, "id": one.id}


def display_id(prefix: str, number: int) -> Json:
    return {"display_value": f"{prefix}-{number}", "value": str(number)}


_SITE = {"deleted": False, "name": "Base Site", "id": "152000000000001327", "is_default": True}


def _department(person: Person, *, with_site: bool) -> Json | None:
    if not person.department:
        return None
    named = {"name": person.department, "id": "152000000000006625"}
    return {"site": {"id": _SITE["id"]}, **named} if with_site else named


def approver(person: Person) -> Json:
    """A person as approvals show them."""
    return {
        "email_id": person.email,
        "is_technician": person.is_technician,
        "sms_mail": None,
        "mobile": person.mobile,
        "last_name": person.last_name,
        "user_scope": "0",
        "phone": person.phone,
        "name": person.name,
        "id": person.id,
        "photo_url": "",
        "is_vip_user": person.is_vip,
        "department": _department(person, with_site=False),
        "first_name": person.first_name,
        "job_title": person.job_title,
    }


def _photo(person: Person) -> str:
    return f"https://photos.example.com/file?ID={person.id}&t=user&height=60&width=60"


def change_user(person: Person) -> Json:
    """A person as changes, maintenances and releases show them."""
    return {
        **approver(person),
        "user_scope": "internal_user",
        "photo_url": _photo(person),
        "sms_mail_id": None,
        "cost_per_hour": person.cost_per_hour,
        "employee_id": None,
        "site": dict(_SITE),
        "department": _department(person, with_site=True),
    }


def project_user(person: Person, *, with_department: bool = True) -> Json:
    """A person as projects show them; a project's requester comes without a department."""
    shown = {
        "email_id": person.email,
        "is_technician": person.is_technician,
        "sms_mail": None,
        "phone": person.phone,
        "name": person.name,
        "mobile": person.mobile,
        "id": person.id,
        "photo_url": _photo(person),
        "is_vip_user": person.is_vip,
    }
    return {**shown, "department": _department(person, with_site=False)} if with_department else shown


def descriptive(name: str, html: str | None) -> Json:
    """A plan or detail field of a change or release: `<name>_description` with who wrote it and when."""
    return {f"{name}_updated_on": None, f"{name}_updated_by": None, f"{name}_description": html}


def only(json: Json, wanted: frozenset[str] | None) -> Json:
    """The keys asked for by `fields_required`; the id always comes along."""
    if wanted is None:
        return json
    return {key: value for key, value in json.items() if key in wanted or key == "id"}


def compact(json: Mapping[str, Any]) -> Json:
    """Without the keys that are null."""
    return {key: value for key, value in json.items() if value is not None}
