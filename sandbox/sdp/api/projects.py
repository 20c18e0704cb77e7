"""Projects (P1 to P11), reading back what is attached to them, and requests."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from sandbox.sdp.api.call import Call, Handler, Operation
from sandbox.sdp.api.uploads import upload
from sandbox.sdp.changes import Change, Request
from sandbox.sdp.projects import CHOICES, NUMBERS, PEOPLE, TIMES, Kind, Project
from sandbox.sdp.refusals import MANDATORY, Refusal, no_such
from sandbox.sdp.wire import changes as change_wire
from sandbox.sdp.wire import projects as wire
from sandbox.sdp.wire.basics import Json, only
from sandbox.sdp.wire.envelope import listed, success
from sandbox.sdp.wire.lists import Listing
from sandbox.sdp.wire.reading import (
    check_keys,
    check_mandatory,
    decimal,
    ids,
    line,
    reference,
    text,
    user_fields,
    when,
)


def _choice(name: str, part: str) -> Callable[[Project], Any]:
    return lambda one: (chosen := one.choices.get(name)) and getattr(chosen, part)


def _entry(table: str, name: str) -> Callable[[Project], Any]:
    return lambda one: getattr(one, table).get(name)


PROJECTS: Listing[Project] = Listing(
    {
        "id": attrgetter("id"),
        "title": attrgetter("title"),
        "display_id": attrgetter("display"),
        "display_id.value": attrgetter("display"),
        "display_id.display_value": attrgetter("label"),
        "project_code": attrgetter("project_code"),
        "created_time": attrgetter("created_time"),
        "owner.id": lambda one: one.owner and one.owner.id,
        "owner.email_id": lambda one: one.owner and one.owner.email,
        "owner.name": lambda one: one.owner and one.owner.name,
        **{name: _entry("numbers", name) for name in NUMBERS},
        **{name: _entry("times", name) for name in TIMES},
        **{f"{name}.{part}": _choice(name, part) for name in CHOICES for part in ("name", "id")},
    },
    {"open": lambda one: (status := one.choices["status"]) is not None and status.name in ("Open", "In Progress")},
)
REQUESTS: Listing[Request] = Listing(
    {
        "id": attrgetter("id"),
        "subject": attrgetter("title"),
        "display_id": attrgetter("display"),
        "status.name": attrgetter("status.name"),
        "requester.email_id": attrgetter("requester.email"),
        "created_time": attrgetter("created_time"),
    }
)
ASSOCIATED: Listing[Change | Request] = Listing({"id": attrgetter("id"), "title": attrgetter("title")})

_READ: dict[str, Callable[[Any, str], Any]] = {
    "title": line,
    "description": text,
    "project_code": line,
    **dict.fromkeys((*CHOICES, *PEOPLE), reference),
    **dict.fromkeys(NUMBERS, decimal),
    **dict.fromkeys(TIMES, when),
}
KEYS = frozenset({*_READ, "udf_fields"})


def _fields(call: Call, given: Json) -> dict[str, Any]:
    fields = {name: read(given[name], name) for name, read in _READ.items() if name in given}
    if "udf_fields" in given:
        fields["udf_fields"] = user_fields(given["udf_fields"], call.person)
    return fields


def _project(call: Call) -> Project:
    return call.world.projects.shelf.by_id(call.ids[0])


def add(call: Call) -> Json:
    given = call.entity("project", KEYS)
    check_mandatory(given, ("title",))
    fields = _fields(call, given)
    one = call.world.projects.add(fields.pop("title"), call.person, **fields)
    return success(project=wire.project(one, call.person))


def edit(call: Call) -> Json:
    """The vendor's sample comes without the template."""
    one, given = _project(call), call.entity("project", KEYS)
    if "title" in given:
        check_mandatory(given, ("title",))
    call.world.projects.edit(one, by=call.person, **_fields(call, given))
    return success(project=wire.without(wire.project(one, call.person), "project_template"))


def get(call: Call) -> Json:
    return success(project=wire.project(_project(call), call.person))


def list_(call: Call) -> Json:
    page = call.page(call.world.projects, PROJECTS)
    rows = [wire.without(wire.project(one, call.person), "deleted_time") for one in page.rows]
    return listed(projects=[only(row, page.wanted) for row in rows], list_info=page.info)


def delete(call: Call) -> Json:
    call.world.projects.delete(_project(call), by=call.person)
    return success()


def timesheet(call: Call) -> Json:
    lines = call.world.projects.timesheet(_project(call))
    return success(timesheet=[wire.timesheet_line(line) for line in lines])


# --- attaching --------------------------------------------------------------------------------------


def _attach(kind: Kind) -> Handler:
    def handle(call: Call) -> Json:
        project = _project(call)
        check_keys(call.data, frozenset({kind}))
        call.world.projects.attach(project, kind, ids(call.data.get(kind), kind), by=call.person)
        return success()

    return handle


def _detach(kind: Kind) -> Handler:
    """Without input the vendor's document leaves open what goes; `Tenant.detach_without_ids` decides."""

    def handle(call: Call) -> Json:
        project = _project(call)
        check_keys(call.data, frozenset({kind}))
        if call.data:
            gone = ids(call.data.get(kind), kind)
        elif call.world.tenant.detach_without_ids == "all":
            gone = list(project.attached(kind))
        else:
            raise Refusal(MANDATORY, "", [kind])
        call.world.projects.detach(project, kind, gone, by=call.person)
        return success()

    return handle


def _associations(kind: Kind) -> Handler:
    """What is attached; tenants may not offer this."""

    def handle(call: Call) -> Json:
        if not call.world.tenant.association_lists:
            raise no_such("URL")
        shelf = call.world.changes.shelf if kind == "changes" else call.world.requests.shelf
        page = call.page([shelf.by_id(one) for one in _project(call).attached(kind)], ASSOCIATED)
        return listed(**{kind: [wire.associated(one) for one in page.rows], "list_info": page.info})

    return handle


def list_requests(call: Call) -> Json:
    page = call.page(call.world.requests, REQUESTS)
    rows = [only(change_wire.request(one, call.person), page.wanted) for one in page.rows]
    return listed(requests=rows, list_info=page.info)


def get_request(call: Call) -> Json:
    return success(request=change_wire.request(call.world.requests.shelf.by_id(call.ids[0]), call.person))


_ONE = "/projects/{}"
_CHANGES, _REQUESTS = f"{_ONE}/_change_associations", f"{_ONE}/_request_associations"

OPERATIONS = (
    Operation("POST", "/projects", "projects", "CREATE", add),
    Operation("GET", "/projects", "projects", "READ", list_),
    Operation("PUT", _ONE, "projects", "UPDATE", edit),
    Operation("GET", _ONE, "projects", "READ", get),
    Operation("DELETE", _ONE, "projects", "DELETE", delete),
    Operation("POST", _CHANGES, "projects", "UPDATE", _attach("changes")),
    Operation("DELETE", _CHANGES, "projects", "UPDATE", _detach("changes")),
    Operation("GET", _CHANGES, "projects", "READ", _associations("changes")),
    Operation("POST", _REQUESTS, "projects", "UPDATE", _attach("requests")),
    Operation("DELETE", _REQUESTS, "projects", "UPDATE", _detach("requests")),
    Operation("GET", _REQUESTS, "projects", "READ", _associations("requests")),
    Operation("GET", f"{_ONE}/_timesheet", "projects", "READ", timesheet),
    Operation("POST", f"{_ONE}/_uploads", "projects", "UPDATE", upload, upload=True),
    Operation("GET", "/requests", "requests", "READ", list_requests),
    Operation("GET", "/requests/{}", "requests", "READ", get_request),
)
