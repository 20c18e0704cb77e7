"""The people of the tenant: technicians and requesters, what they may do, and how they are found."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.sdp.ids import Ids
from sandbox.sdp.refusals import no_such, not_allowed

MODULES = ("releases", "changes", "projects", "requests", "setup", "users")
VERBS = ("READ", "CREATE", "UPDATE", "DELETE")

_EVERYTHING = {module: frozenset(VERBS) for module in MODULES}
_READING = {module: frozenset({"READ"}) for module in MODULES}

_OPERATING = {
    **_READING,
    "changes": frozenset(VERBS),
    "projects": frozenset(VERBS),
    "requests": frozenset({"READ", "CREATE", "UPDATE"}),
    "releases": frozenset({"READ", "UPDATE"}),
}

RIGHTS: dict[str, dict[str, frozenset[str]]] = {
    "administrator": _EVERYTHING,
    "operator": _OPERATING,
    "technician": {**_READING, "releases": frozenset({"READ", "UPDATE"})},
    "requester": {"releases": frozenset({"READ", "UPDATE"}), "setup": frozenset({"READ"})},
    "service": _OPERATING,
    "guest": {},
}
"""What each role may do with each module; deciding is an UPDATE of a release, and the approval checks whose it is."""


@dataclass(eq=False)
class Person:
    """Somebody in SDP. `key` is the name in the sandbox's cast, `tz` the zone their times are displayed in."""

    id: str
    name: str
    email: str
    role: str = "technician"
    key: str = ""
    tz: str = "UTC"
    job_title: str | None = None
    phone: str | None = None
    mobile: str | None = None
    cost_per_hour: str | None = None
    department: str | None = None
    is_vip: bool = False

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    @property
    def last_name(self) -> str | None:
        return self.name.partition(" ")[2] or None

    @property
    def is_technician(self) -> bool:
        return self.role not in ("requester", "guest")

    def may(self, verb: str, module: str) -> bool:
        """Whether this person's role has the right."""
        return verb in RIGHTS[self.role].get(module, frozenset())

    def check_may(self, verb: str, module: str) -> None:
        """Raises Refusal 4002 when this person's role lacks the right."""
        if not self.may(verb, module):
            raise not_allowed()


class People:
    """Everybody, by id, key, e-mail or name."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._by_id: dict[str, Person] = {}
        self._by_word: dict[str, Person] = {}

    def __iter__(self) -> Iterator[Person]:
        return iter(self._by_id.values())

    def all(self) -> list[Person]:
        return list(self)

    def add(self, name: str, *, email: str = "", role: str = "technician", key: str = "", **more: object) -> Person:
        """A new person; `more` is any other field of Person. Raises ValueError for a role that does not exist."""
        if role not in RIGHTS:
            raise ValueError(f"there is no role {role!r}; one of {', '.join(RIGHTS)}")
        return self.keep(Person(self._ids.next(), name, email, role, key, **more))  # type: ignore[arg-type]

    def keep(self, person: Person) -> Person:
        """Index a person who already has an id (a restored one)."""
        self._by_id[person.id] = person
        for word in (person.key, person.email, person.name):
            if word:
                self._by_word.setdefault(word.casefold(), person)
        return person

    def get(self, who: "Person | str") -> Person:
        """The person meant by an id, cast key, e-mail or name; raises Refusal 4007 for nobody."""
        if isinstance(who, Person):
            return who
        found = self._by_id.get(who) or self._by_word.get(who.casefold())
        if not found:
            raise no_such("user")
        return found

    def rename_email(self, who: "Person | str", email: str) -> None:
        """Give somebody another address, as an administrator of the tenant can."""
        person = self.get(who)
        self._by_word.pop(person.email.casefold(), None)
        person.email = email
        self.keep(person)
