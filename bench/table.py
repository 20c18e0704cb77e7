"""What a benchmark says: a figure, what it stands beside, and the most it may be."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. With `reference` (what `beside` took, in the same unit) `limit` is a ratio, else a plain figure.

    `note` says what the figure was measured on.
    """

    what: str
    measured: float
    unit: str
    beside: str = ""
    reference: float | None = None
    limit: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.measured / self.reference if self.reference else None

    @property
    def ok(self) -> bool:
        compared = self.ratio if self.reference else self.measured
        return self.limit is None or compared is None or compared <= self.limit

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), "ratio": self.ratio, "ok": self.ok}


HEADS = ("what", "measured", "beside", "ratio", "at most", "")


def as_text(rows: Iterable[Row]) -> str:
    """The rows as a table of plain text."""
    cells = [HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    beside = f"{row.reference:,.4g} {row.unit} – {row.beside}" if row.reference else row.beside
    limit = "" if row.limit is None else f"{row.limit:g} ×" if row.reference else f"{row.limit:,.4g} {row.unit}"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f} ×"
    return (row.what, f"{row.measured:,.4g} {row.unit}", beside, ratio, limit, "ok" if row.ok else "TOO MUCH")
