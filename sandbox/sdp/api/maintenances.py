"""Change maintenances (M1 to M8), and the changes they create."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from sandbox.sdp.api.call import Call, Operation
from sandbox.sdp.changes import Change
from sandbox.sdp.maintenances import CHOICES, DETAILS, Maintenance
from sandbox.sdp.refusals import WRONG_TYPE, Refusal
from sandbox.sdp.wire import changes as wire
from sandbox.sdp.wire import schedules
from sandbox.sdp.wire.basics import Json, display_id, only
from sandbox.sdp.wire.envelope import listed, success
from sandbox.sdp.wire.lists import Listing
from sandbox.sdp.wire.reading import (
    check_keys,
    check_mandatory,
    line,
    listed_of,
    reference,
    references,
    text,
    truth,
    user_fields,
    when,
)

MANDATORY = ("title", "stage", "status")


def _choice(name: str, part: str = "name") -> Callable[[Change | Maintenance], Any]:
    return lambda one: (chosen := one.choices.get(name)) and getattr(chosen, part)


_SHARED: dict[str, Callable[[Any], Any]] = {
    "id": attrgetter("id"),
    "title": attrgetter("title"),
    "display_id": attrgetter("display"),
    "display_id.value": attrgetter("display"),
    "display_id.display_value": attrgetter("label"),
    "created_time": attrgetter("created_time"),
    "scheduled_start_time": attrgetter("scheduled_start_time"),
    "scheduled_end_time": attrgetter("scheduled_end_time"),
    "change_requester.id": lambda one: one.requester and one.requester.id,
    "change_requester.email_id": lambda one: one.requester and one.requester.email,
    **{f"{name}.{part}": _choice(name, part) for name in CHOICES for part in ("name", "id")},
}
CHANGES: Listing[Change] = Listing({**_SHARED, "maintenanceid": attrgetter("maintenance")})
MAINTENANCES: Listing[Maintenance] = Listing(
    {
        **_SHARED,
        "maintenance_details.next_schedule": attrgetter("next_run"),
        "maintenance_details.maintenancestate": lambda one: wire.SUSPENDED if one.suspended else wire.ENABLED,
        "change_owner.email_id": lambda one: one.owner and one.owner.email,
    },
    {"enabled": lambda one: not one.suspended, "suspended": lambda one: one.suspended},
)

_TEXTS: dict[str, Callable[[Any, str], Any]] = {
    "title": line,
    "description": text,
    "comment": text,
    "emergency": truth,
    "retrospective": truth,
    "scheduled_start_time": when,
    "scheduled_end_time": when,
    **dict.fromkeys(CHOICES, reference),
    "services": references,
    "assets": references,
}
_PEOPLE = {"change_requester": "requester", "change_owner": "owner", "change_manager": "manager"}
_IGNORED = frozenset({"attachments", "configuration_items"})
KEYS = frozenset({*_TEXTS, *_PEOPLE, *DETAILS, *_IGNORED, "roles", "udf_fields", "maintenance"})


def _fields(call: Call, given: Json) -> dict[str, Any]:
    """The input in the words of `Maintenances.add` and `edit`."""
    fields = {name: read(given[name], name) for name, read in _TEXTS.items() if name in given}
    fields |= {ours: reference(given[theirs], theirs) for theirs, ours in _PEOPLE.items() if theirs in given}
    fields |= {name: _described(name, given[name]) for name in DETAILS if name in given}
    if "roles" in given:
        fields["roles"] = [_role(one) for one in listed_of(given["roles"], "roles")]
    if "udf_fields" in given:
        fields["udf_fields"] = user_fields(given["udf_fields"], call.person)
    if "maintenance" in given:
        fields["schedule"] = schedules.schedule(given["maintenance"], call.world.ids.next())
    return fields


def _described(name: str, given: Any) -> str | None:
    if not isinstance(given, dict):
        raise Refusal(WRONG_TYPE, f"{name} must be an object", [name])
    return text(given.get(f"{name}_description"), name)


def _role(given: Any) -> tuple[str, str]:
    if not isinstance(given, dict):
        raise Refusal(WRONG_TYPE, "roles are objects with a role and a user", ["roles"])
    check_keys(given, frozenset({"id", "role", "user"}))
    check_mandatory(given, ("role", "user"))
    return str(reference(given["role"], "role")), str(reference(given["user"], "user"))


def _maintenance(call: Call) -> Maintenance:
    return call.world.maintenances.shelf.by_id(call.ids[0])


def _json(call: Call, one: Maintenance, *, added: bool = False) -> Json:
    return wire.maintenance(one, call.person, call.world.catalogue, added=added)


def add(call: Call) -> Json:
    given = call.entity("change_maintenance", KEYS)
    check_mandatory(given, MANDATORY)
    fields = _fields(call, given)
    one = call.world.maintenances.add(fields.pop("title"), call.person, **fields)
    return success(change_maintenance=_json(call, one, added=True))


def edit(call: Call) -> Json:
    one, given = _maintenance(call), call.entity("change_maintenance", KEYS)
    check_mandatory(given, tuple(name for name in MANDATORY if name in given))
    call.world.maintenances.edit(one, by=call.person, **_fields(call, given))
    return success(change_maintenance=_json(call, one))


def get(call: Call) -> Json:
    return success(change_maintenance=_json(call, _maintenance(call)))


def list_(call: Call) -> Json:
    """The vendor's sample shows the object form, a start_index, and no has_more_rows where there are none."""
    page = call.page(call.world.maintenances, MAINTENANCES)
    rows = [only(_json(call, one), page.wanted) for one in page.rows]
    info = {"start_index": 1, **page.info}
    if not info["has_more_rows"]:
        del info["has_more_rows"]
    return success(change_maintenances=rows, list_info=info)


def delete(call: Call) -> Json:
    call.world.maintenances.delete(_maintenance(call), by=call.person)
    return success()


def _comments(call: Call) -> str | None:
    check_keys(call.data, frozenset({"comments"}))
    return text(call.data.get("comments"), "comments")


def enable(call: Call) -> Json:
    one = call.world.maintenances.enable(_maintenance(call), by=call.person, comments=_comments(call))
    return success(enable={"id": one.id, "message": "Maintenance enabled successfully"})


def suspend(call: Call) -> Json:
    one = call.world.maintenances.suspend(_maintenance(call), by=call.person, comments=_comments(call))
    return success(suspend={"id": one.id, "message": "Maintenance suspended successfully"})


def execute_now(call: Call) -> Json:
    """A GET that creates a change, each time it is called."""
    change = call.world.maintenances.execute(_maintenance(call), by=call.person)
    return success(maintenance={"display_id": display_id("CH", change.display), "message": "New Change Created"})


def list_changes(call: Call) -> Json:
    page = call.page(call.world.changes, CHANGES)
    rows = [only(wire.change(one, call.person, call.world.catalogue), page.wanted) for one in page.rows]
    return listed(changes=rows, list_info=page.info)


def get_change(call: Call) -> Json:
    one = call.world.changes.shelf.by_id(call.ids[0])
    return success(change=wire.change(one, call.person, call.world.catalogue))


_ONE = "/change_maintenances/{}"

OPERATIONS = (
    Operation("POST", "/change_maintenances", "changes", "CREATE", add),
    Operation("GET", "/change_maintenances", "changes", "READ", list_),
    Operation("PUT", _ONE, "changes", "UPDATE", edit),
    Operation("GET", _ONE, "changes", "READ", get),
    Operation("DELETE", _ONE, "changes", "DELETE", delete),
    Operation("PUT", f"{_ONE}/_enable", "changes", "UPDATE", enable),
    Operation("GET", f"{_ONE}/_execute_now", "changes", "CREATE", execute_now),
    Operation("PUT", f"{_ONE}/_suspend", "changes", "UPDATE", suspend),
    Operation("GET", "/changes", "changes", "READ", list_changes),
    Operation("GET", "/changes/{}", "changes", "READ", get_change),
)
