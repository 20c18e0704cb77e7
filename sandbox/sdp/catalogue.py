"""The tenant's lists of choices: statuses, stages, priorities, services and the like, each with its id.

A record holds the `Choice` itself, so an administrator's rename shows everywhere at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.sdp.choices import LISTS
from sandbox.sdp.ids import Ids
from sandbox.sdp.refusals import BAD_KEY, Refusal


@dataclass(eq=False)
class Choice:
    """An entry of a list. `extra` holds what its JSON has beside name and id: a colour, a stage index, …"""

    id: str
    list: str
    name: str
    extra: dict[str, Any] = field(default_factory=dict)


class Catalogue:
    """All lists, by list and id or name."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._by_id: dict[str, Choice] = {}
        self._lists: dict[str, dict[str, Choice]] = {}
        for kind, entries in LISTS.items():
            for name, extra in entries:
                self.add(kind, name, **extra)

    def add(self, kind: str, name: str, **extra: Any) -> Choice:
        """A further entry of a list, such as a status nobody has heard of."""
        return self.keep(Choice(self._ids.next(), kind, name, extra))

    def all(self) -> list[Choice]:
        return list(self._by_id.values())

    def replace(self, choices: "Iterable[Choice]") -> None:
        """Have these entries and no others."""
        self._by_id.clear()
        self._lists.clear()
        for choice in choices:
            self.keep(choice)

    def keep(self, choice: Choice) -> Choice:
        self._by_id[choice.id] = choice
        self._lists.setdefault(choice.list, {})[choice.name.casefold()] = choice
        return choice

    def of(self, kind: str) -> list[Choice]:
        """The entries of a list in their order."""
        return list(self._lists[kind].values())

    def get(self, kind: str, which: "Choice | str", field: str = "") -> Choice:
        """The entry of that list with this id or name; raises Refusal 4001 naming `field` when the list has none."""
        if isinstance(which, Choice):
            return which
        found = self._by_id.get(which) or self._lists[kind].get(which.casefold())
        if not found or found.list != kind:
            raise Refusal(BAD_KEY, f"Invalid reference for {field or kind}", [field or kind])
        return found

    def some(self, kind: str, which: "Iterable[Choice | str]", field: str = "") -> list[Choice]:
        return [self.get(kind, one, field) for one in which]

    def maybe(self, kind: str, which: "Choice | str | None", field: str = "") -> Choice | None:
        return None if which is None else self.get(kind, which, field)
