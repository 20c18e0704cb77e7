"""The people of the tenant: requesters, technicians and users, read only."""

from collections.abc import Callable
from operator import attrgetter

from sandbox.sdp.api.call import Call, Handler, Operation
from sandbox.sdp.people import Person
from sandbox.sdp.refusals import no_such
from sandbox.sdp.wire.basics import Json, change_user, only
from sandbox.sdp.wire.envelope import listed, success
from sandbox.sdp.wire.lists import Listing

PEOPLE: Listing[Person] = Listing(
    {
        "id": attrgetter("id"),
        "name": attrgetter("name"),
        "email_id": attrgetter("email"),
        "first_name": attrgetter("first_name"),
        "is_technician": attrgetter("is_technician"),
    }
)

KINDS: dict[str, Callable[[Person], bool]] = {
    "technician": lambda person: person.is_technician,
    "requester": lambda person: not person.is_technician,
    "user": lambda _: True,
}
"""Which people each path shows."""


def _list(kind: str) -> Handler:
    def handle(call: Call) -> Json:
        page = call.page(filter(KINDS[kind], call.world.people), PEOPLE)
        rows = [only(change_user(person), page.wanted) for person in page.rows]
        return listed(**{f"{kind}s": rows, "list_info": page.info})

    return handle


def _get(kind: str) -> Handler:
    def handle(call: Call) -> Json:
        person = call.world.people.get(call.ids[0])
        if person.id != call.ids[0] or not KINDS[kind](person):
            raise no_such(kind)
        return success(**{kind: change_user(person)})

    return handle


OPERATIONS = tuple(
    Operation("GET", path, "users", "READ", handler)
    for kind in KINDS
    for path, handler in ((f"/{kind}s", _list(kind)), (f"/{kind}s/{{}}", _get(kind)))
)
