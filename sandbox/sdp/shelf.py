"""Where records of one kind stand: found by long id, display id, number or exact title in constant time."""

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from sandbox.sdp.refusals import no_such


class Record(Protocol):
    """What every kind of record has."""

    id: str
    display: int
    title: str


R = TypeVar("R", bound=Record)


class Shelf(Generic[R]):
    """Records of one kind in the order they came; `prefix` is that of their display ids."""

    def __init__(self, kind: str, prefix: str) -> None:
        self.kind, self.prefix = kind, prefix
        self._by_id: dict[str, R] = {}
        self._by_word: dict[str, R] = {}

    def __iter__(self) -> Iterator[R]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._by_id

    def keep(self, record: R) -> R:
        self._by_id[record.id] = record
        self._by_word[f"{self.prefix}-{record.display}"] = record
        self._by_word[record.title] = record
        return record

    def remove(self, record: R) -> None:
        del self._by_id[record.id]
        for word in (f"{self.prefix}-{record.display}", record.title):
            if self._by_word.get(word) is record:
                del self._by_word[word]

    def by_id(self, id_: str) -> R:
        """The record with that long id, as the API finds it; raises Refusal 4007."""
        if id_ not in self._by_id:
            raise no_such(self.kind)
        return self._by_id[id_]

    def get(self, which: R | str) -> R:
        """The record meant by itself, its long id, display id or exact title; raises Refusal 4007."""
        if not isinstance(which, str):
            return which
        found = self._by_id.get(which) or self._by_word.get(which)
        if not found:
            raise no_such(self.kind)
        return found
