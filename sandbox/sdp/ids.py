"""Ids as SDP has them: digit strings longer than 2^53, and the short display ids people use."""

from dataclasses import dataclass, field

PREFIX = 152_000_000_000_000_000
"""The leading digits of a tenant; above 2^53, so whoever turns an id into a float is found out."""


@dataclass
class Ids:
    """Hands out ids; the same seed and the same order of asking give the same ids."""

    seed: int
    last: int = PREFIX
    numbers: dict[str, int] = field(default_factory=dict)

    def next(self) -> str:
        """A new long id; the gaps are uneven so that nobody can guess the next one."""
        self.last += 2 + (self.last * 48_271 + self.seed * 7_919) % 37
        return str(self.last)

    def number(self, kind: str) -> int:
        """The next display number of `kind`, from 1."""
        self.numbers[kind] = self.numbers.get(kind, 0) + 1
        return self.numbers[kind]
