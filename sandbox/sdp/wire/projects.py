"""Projects, timesheets and uploads as JSON (P1 to P4, P10, P11 of the vendor's document)."""

from decimal import Decimal

from sandbox.sdp.changes import Change, Request
from sandbox.sdp.people import Person
from sandbox.sdp.projects import CHOICES, NUMBERS, TIMES, Attachment, Project, Spent
from sandbox.sdp.wire.basics import Json, choice, display_id, moment, project_user


def project(one: Project, viewer: Person) -> Json:
    """A project as P1 and P3 show it; P2 comes without the template, P4 without deleted_time."""
    shown: Json = {name: choice(one.choices.get(name)) for name in CHOICES}
    if site := shown["site"]:
        site.pop("is_default")
    return {
        **shown,
        "id": one.id,
        "display_id": display_id("PJT", one.display),
        "title": one.title,
        "description": one.description,
        "project_code": one.project_code,
        "owner": project_user(one.owner) if one.owner else None,
        "created_by": project_user(one.created_by),
        "project_requester": (
            project_user(one.project_requester, with_department=False) if one.project_requester else None
        ),
        **{name: one.numbers.get(name) for name in NUMBERS},
        **{name: moment(one.times.get(name), viewer) for name in TIMES},
        "created_time": moment(one.created_time, viewer),
        "udf_fields": dict(one.udf_fields),
        "deleted_time": None,
    }


def without(json: Json, key: str) -> Json:
    return {name: value for name, value in json.items() if name != key}


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def timesheet_line(line: Spent) -> Json:
    """What one person spent; here a person has `photo-url` and `email`, and hours have two digits."""
    person = line.owner
    return {
        "owner": {"photo-url": "", "name": person.name, "id": person.id, "email": person.email},
        "total_tech_charge": _money(line.tech_charge),
        "total_time_spent": {"hours": f"{line.minutes // 60:02}", "minutes": f"{line.minutes % 60:02}"},
        "total_amount_spent": _money(line.tech_charge + line.other_charge),
        "total_other_charge": _money(line.other_charge),
    }


def upload(file: Attachment, project_id: str) -> Json:
    return {
        "content_type": file.content_type,
        "size": str(file.size),
        "file_id": file.file_id,
        "name": file.name,
        "content_url": f"/projects/{project_id}/_uploads/{file.file_id}",
    }


def associated(one: Change | Request) -> Json:
    """A change or request as a project lists it."""
    return {"id": one.id, "title": one.title, "display_id": one.label}
