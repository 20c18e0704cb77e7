"""A project's timesheet: who spent how long and what it cost, the totals, and the same as a CSV file.

Pure. SDP's rows have no currency and no totals, and its amount of a row is its own: it need not be the sum of the two
charges beside it, so it is never recomputed here.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from bot.models import Project, TimesheetRow

HEADINGS = ("Person", "Hours", "Technician", "Other", "Amount")
"""Short, because phones show tables too; the caption says that the last three are charges."""
CSV_HEADINGS = ("Project", "Person", "Hours", "Technician charge", "Other charge", "Amount")
OTHERS = "{} others"


@dataclass(frozen=True, slots=True)
class Timesheet:
    """A project and the time spent on it, most hours first."""

    project: Project
    rows: tuple[TimesheetRow, ...]

    @classmethod
    def of(cls, project: Project, rows: Iterable[TimesheetRow]) -> "Timesheet":
        """Sorted by time spent, people without any last; equals stay in SDP's order."""
        return cls(project, tuple(sorted(rows, key=lambda row: row.spent or timedelta(), reverse=True)))

    @property
    def total(self) -> TimesheetRow:
        """Everybody together."""
        return together("Total", self.rows)

    @property
    def hours_used(self) -> Decimal | None:
        """Spent hours per estimated hour (1 is all of it); None without an estimate."""
        estimate = self.project.estimated_hours
        return hours(self.total.spent) / estimate if estimate else None

    def shortened(self, most: int) -> tuple[TimesheetRow, ...]:
        """At most `most` rows: whoever has the least share of the time is added up in the last one."""
        if len(self.rows) <= most:
            return self.rows
        left = self.rows[most - 1 :]
        return (*self.rows[: most - 1], together(OTHERS.format(len(left)), left))

    def to_csv(self) -> bytes:
        """One line a person and a total, for spreadsheets: UTF-8 with its mark, plain decimal numbers."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(CSV_HEADINGS)
        for row in (*self.rows, self.total):
            writer.writerow((_inert(self.project.label), _inert(row.owner_name), *_numbers(row)))
        return text.getvalue().encode("utf-8-sig")


def hours(spent: timedelta | None) -> Decimal:
    """A span in hours, to the hundredth."""
    minutes = Decimal(int((spent or timedelta()).total_seconds() // 60))
    return (minutes / 60).quantize(Decimal("0.01"))


def together(name: str, rows: Sequence[TimesheetRow]) -> TimesheetRow:
    """Rows added up below one name; a column that SDP filled nowhere stays empty."""
    return TimesheetRow(
        owner=None,
        owner_name=name,
        spent=sum((row.spent for row in rows if row.spent is not None), timedelta()),
        tech_charge=_sum(rows, lambda row: row.tech_charge),
        other_charge=_sum(rows, lambda row: row.other_charge),
        amount=_sum(rows, lambda row: row.amount),
    )


def labels(rows: Iterable[TimesheetRow], most: int) -> list[str]:
    """A name for each row in at most `most` characters, no two alike: people can share a name, bars cannot."""
    given: list[str] = []
    for row in rows:
        name, twin = _cut(row.owner_name or "Somebody", most), 2
        while name in given:
            ending = f" ({twin})"
            name, twin = f"{_cut(row.owner_name or 'Somebody', most - len(ending))}{ending}", twin + 1
        given.append(name)
    return given


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _sum(rows: Iterable[TimesheetRow], column: Callable[[TimesheetRow], Decimal | None]) -> Decimal | None:
    known = [value for row in rows if (value := column(row)) is not None]
    return sum(known, Decimal()) if known else None


def _numbers(row: TimesheetRow) -> tuple[str, ...]:
    money = (row.tech_charge, row.other_charge, row.amount)
    return (f"{hours(row.spent):f}", *("" if value is None else f"{value:f}" for value in money))


def _inert(text: str) -> str:
    """Words no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") else text
