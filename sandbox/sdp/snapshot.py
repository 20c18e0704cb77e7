"""The tenant's state as JSON and back, so that it survives the process that held it.

Records refer to each other (a level to its release, everything to people and list entries), so the objects are laid
out in one table and refer by number: `{"ref": 12}`. Values JSON has no word for are `{"at": …}` and `{"decimal": …}`.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.sdp.accounts import Access, Client, Code, Grant
from sandbox.sdp.approvals import Approval, Level
from sandbox.sdp.catalogue import Choice
from sandbox.sdp.changes import Change, Request
from sandbox.sdp.journal import Effect
from sandbox.sdp.maintenances import Maintenance, RoleHolder
from sandbox.sdp.people import Person
from sandbox.sdp.projects import Attachment, Project, WorkLog
from sandbox.sdp.releases import Release
from sandbox.sdp.schedules import OneTime, Repetitive

VERSION = 1
Json = dict[str, Any]

KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        Access, Approval, Attachment, Change, Choice, Client, Code, Effect, Grant, Level, Maintenance, OneTime,
        Person, Project, Release, Repetitive, Request, RoleHolder, WorkLog,
    )
}  # fmt: skip
"""What may stand in the table; anything else is not state."""


class Writer:
    """Lays objects out; `table` grows as they are found."""

    def __init__(self) -> None:
        self.table: list[Json] = []
        self._numbers: dict[int, int] = {}

    def write(self, value: Any) -> Any:
        """`value` in JSON, every record of it in the table."""
        match value:
            case datetime():
                return {"at": value.isoformat()}
            case Decimal():
                return {"decimal": str(value)}
            case dict():
                return {"map": {key: self.write(one) for key, one in value.items()}}
            case tuple():
                return {"tuple": [self.write(one) for one in value]}
            case list():
                return [self.write(one) for one in value]
        return {"ref": self._place(value)} if is_dataclass(value) else value

    def _place(self, record: Any) -> int:
        if id(record) not in self._numbers:
            self._numbers[id(record)] = number = len(self.table)
            entry: Json = {"kind": type(record).__name__, "fields": {}}
            self.table.append(entry)
            for field in fields(record):
                entry["fields"][field.name] = self.write(getattr(record, field.name))
            return number
        return self._numbers[id(record)]


class Reader:
    """Makes the objects of a table: all of them empty first, then filled, so that circles close."""

    def __init__(self, table: list[Json]) -> None:
        self._makers: dict[str, Callable[[Any], Any]] = {
            "at": datetime.fromisoformat,
            "decimal": Decimal,
            "map": lambda inner: {key: self.read(one) for key, one in inner.items()},
            "tuple": lambda inner: tuple(self.read(one) for one in inner),
            "ref": lambda number: self._records[number],
        }
        self._records = [object.__new__(KINDS[entry["kind"]]) for entry in table]
        for record, entry in zip(self._records, table, strict=True):
            for name, value in entry["fields"].items():
                object.__setattr__(record, name, self.read(value))  # frozen ones too

    def read(self, value: Any) -> Any:
        """The inverse of `Writer.write`."""
        if isinstance(value, list):
            return [self.read(one) for one in value]
        if not isinstance(value, dict):
            return value
        ((kind, inner),) = value.items()
        return self._makers[kind](inner)


def take(world: Any) -> Json:
    """Everything that is true in the world, as JSON; faults and the log are not part of it."""
    writer = Writer()
    accounts = world.accounts
    state = {
        "people": list(world.people),
        "choices": world.catalogue.all(),
        "releases": list(world.releases),
        "changes": list(world.changes),
        "requests": list(world.requests),
        "maintenances": list(world.maintenances),
        "projects": list(world.projects),
        "clients": list(accounts.clients.values()),
        "grants": list(accounts.grants.values()),
        "access": list(accounts.access.values()),
        "codes": list(accounts.codes.values()),
        "effects": world.journal.effects,
    }
    records = {name: writer.write(value) for name, value in state.items()}
    return {
        "version": VERSION,
        "seed": world.seed,
        "portal": world.portal,
        "ahead_seconds": world.ahead.total_seconds(),
        "ids": {"last": world.ids.last, "numbers": dict(world.ids.numbers)},
        "tokens_made": accounts.made,
        "tenant": dict(vars(world.tenant)),
        "table": writer.table,
        "records": records,
    }


def put_back(world: Any, snapshot: Json) -> None:
    """Fill a new, empty world; raises ValueError for a snapshot of another version."""
    if snapshot.get("version") != VERSION:
        raise ValueError(f"this snapshot is of version {snapshot.get('version')}, {VERSION} is understood")
    reader = Reader(snapshot["table"])
    state = {name: reader.read(value) for name, value in snapshot["records"].items()}
    world.ahead = timedelta(seconds=snapshot["ahead_seconds"])
    world.ids.last, world.ids.numbers = snapshot["ids"]["last"], snapshot["ids"]["numbers"]
    vars(world.tenant).update(snapshot["tenant"])
    world.catalogue.replace(state["choices"])
    for person in state["people"]:
        world.people.keep(person)
    for desk in ("releases", "changes", "requests", "maintenances", "projects"):
        for record in state[desk]:
            getattr(world, desk).shelf.keep(record)
    for release in state["releases"]:
        for level in release.levels:
            world.approvals.keep(level)
    _put_back_accounts(world.accounts, state, snapshot["tokens_made"])
    world.journal.effects[:] = state["effects"]


def _put_back_accounts(accounts: Any, state: Json, made: int) -> None:
    accounts.made = made
    accounts.clients = {client.id: client for client in state["clients"]}
    accounts.grants = {grant.token: grant for grant in state["grants"]}
    accounts.access = {access.token: access for access in state["access"]}
    accounts.codes = {code.code: code for code in state["codes"]}
