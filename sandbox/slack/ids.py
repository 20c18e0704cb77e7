"""Ids in Slack's shapes, the same in every run for the same seed, and never one twice in a world."""

import random
import string

_CAPITALS = string.ascii_uppercase + string.digits
_LETTERS = string.ascii_letters + string.digits


class IdMaker:
    """Makes ids of a kind; each kind counts for itself, so that a new kind does not shift the others."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._sources: dict[str, random.Random] = {}
        self._given: set[tuple[str, str]] = set()

    def make(self, prefix: str) -> str:
        """An id as Slack writes them: `U`, `C`, `D`, `T`, `V`, `F`, `S`, `B`, `A`, `Ev` … and nine more characters."""
        return self._fresh(prefix, _CAPITALS, 9)

    def word(self, kind: str, length: int = 24) -> str:
        """Random letters of both cases: secrets, hashes, tickets."""
        return self._fresh(kind, _LETTERS, length, show_kind=False)

    def short(self, kind: str) -> str:
        """What Slack gives blocks and actions that came without an id: five characters."""
        return self._fresh(kind, _LETTERS, 5, show_kind=False)

    def _fresh(self, kind: str, alphabet: str, length: int, *, show_kind: bool = True) -> str:
        source = self._sources.setdefault(kind, random.Random(f"{self._seed}/{kind}"))  # noqa: S311 (not a secret)
        while True:
            made = (kind if show_kind else "") + "".join(source.choices(alphabet, k=length))
            if (kind, made) not in self._given:
                self._given.add((kind, made))
                return made
