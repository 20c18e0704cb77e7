"""What a benchmark says: a figure, what it stands beside, and the most it may be."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

Rule = Literal["at most", "more", "at least"]
"""What a limit says: the ratio (or the plain figure) at most, so much more than the reference at most, at least."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. With `reference` (what `beside` took, in the same unit) `limit` is a ratio, else a plain figure.

    `note` says what the figure was measured on. With the rule "more" the limit is in the unit of the figure.
    """

    what: str
    measured: float
    unit: str
    beside: str = ""
    reference: float | None = None
    limit: float | None = None
    note: str = ""
    rule: Rule = "at most"

    @property
    def ratio(self) -> float | None:
        return self.measured / self.reference if self.reference else None

    @property
    def more(self) -> float:
        """How much more than the reference."""
        return self.measured - (self.reference or 0)

    @property
    def ok(self) -> bool:
        compared = self.more if self.rule == "more" else self.ratio if self.ratio is not None else self.measured
        return self.limit is None or (compared >= self.limit if self.rule == "at least" else compared <= self.limit)

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), "ratio": self.ratio, "more": self.more, "ok": self.ok}


HEADS = ("what", "measured", "beside", "compared", "limit", "")


def as_text(rows: Iterable[Row]) -> str:
    """The rows as a table of plain text."""
    cells = [HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    beside = f"{row.reference:,.4g} {row.unit} – {row.beside}" if row.reference else row.beside
    compared = (
        "" if row.ratio is None else f"+ {row.more:.1f} {row.unit}" if row.rule == "more" else f"{row.ratio:.2f} ×"
    )
    verdict = "ok" if row.ok else "TOO LITTLE" if row.rule == "at least" else "TOO MUCH"
    return (row.what, f"{row.measured:,.4g} {row.unit}", beside, compared, _limit(row), verdict)


def _limit(row: Row) -> str:
    if row.limit is None:
        return ""
    if row.rule == "more":
        return f"at most + {row.limit:g} {row.unit}"
    return f"{row.rule} " + (f"{row.limit:g} ×" if row.reference else f"{row.limit:,.4g} {row.unit}")
