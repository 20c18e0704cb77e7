"""A project's timesheet: who spent how long and what it cost, as a table to sort and as bars.

`data_table` and `data_visualization` came to Slack in mid-2026; not every workspace has them. So an answer has five
forms, from the best to plain text, and `FORMS` is the order in which they are tried. The numbers are in `text` in
every form: notifications and screen readers get nothing else.
https://docs.slack.dev/reference/block-kit/blocks/data-table-block
https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from blocks import ids
from blocks.commands import run_button
from blocks.kit import Block, Message, actions, aside, clip, header, link_button, literal, message, strong, word
from bot.models import TimesheetRow
from bot.timesheets import HEADINGS, Timesheet, hours, labels

TABLE_ROWS = 99
"""Slack takes a hundred rows in `table` (the header is one of them) and 10,000 characters in all cells."""
TEXT_ROWS = 30
CELL_NAME_MAX = 60
BARS = 20
BAR_NAME_MAX = 20
CHART_TITLE_MAX = 50
PAGE_ROWS = 10
EMPTY = "–"


@dataclass(frozen=True, slots=True)
class Form:
    """How a timesheet is shown: by which block, and whether with Slack's own chart."""

    table: Literal["data_table", "table", "text"]
    chart: bool

    @property
    def name(self) -> str:
        return f"{self.table}+chart" if self.chart else self.table


FORMS = (
    Form("data_table", chart=True),
    Form("data_table", chart=False),
    Form("table", chart=True),
    Form("table", chart=False),
    Form("text", chart=False),
)


def answer(sheet: Timesheet, form: Form, link: str, note: str = "") -> Message:
    """The timesheet; `note` says where a picture went when Slack draws none."""
    if not sheet.rows:
        return nothing_yet(sheet, link)
    blocks = [
        header(f"Timesheet: {sheet.project.title}"),
        _headline(sheet),
        _table(sheet, form),
        *([_bars(sheet)] if form.chart else []),
        aside("SDP gives charges without a currency."),
        *([aside(note)] if note else []),
        _buttons(sheet, link),
    ]
    return message(in_words(sheet), blocks)


def nothing_yet(sheet: Timesheet, link: str) -> Message:
    """Nobody has logged any time."""
    text = f"{sheet.project.label} {sheet.project.title}: no time has been logged yet."
    return message(
        text, [literal(word(text)), actions("timesheet", link_button("Open in SDP", ids.PROJECT_LINK, link))]
    )


def in_words(sheet: Timesheet) -> str:
    """Everything as text, the total first; `message` cuts what Slack would not take."""
    lines = [f"Timesheet of {sheet.project.label} {sheet.project.title}: {_total_words(sheet)}"]
    return "\n".join([*lines, *(_row_words(row) for row in sheet.rows)])


def spent_words(spent: timedelta | None) -> str:
    """`28 h 30 min`"""
    minutes = int((spent or timedelta()).total_seconds() // 60)
    return f"{minutes // 60:,} h {minutes % 60:02} min"


def percent(share: Decimal) -> str:
    """`65 %`"""
    return f"{share * 100:.0f} %"


def money(amount: Decimal | None) -> str:
    """An amount without a currency, as SDP gives none."""
    return EMPTY if amount is None else f"{amount:,.2f}"


# --- the parts -----------------------------------------------------------------------------------------


def _headline(sheet: Timesheet) -> Block:
    total = sheet.total
    return literal(
        strong(spent_words(total.spent)),
        word(f"{_of_estimate(sheet)}  ·  {_people(len(sheet.rows))}\n"),
        strong(money(total.amount)),
        word(f" in all: technicians {money(total.tech_charge)}, other {money(total.other_charge)}"),
    )


def _of_estimate(sheet: Timesheet) -> str:
    used, estimate = sheet.hours_used, sheet.project.estimated_hours
    if used is None or estimate is None:
        return ", no estimate"
    over = hours(sheet.total.spent) - estimate
    said = f", {_plain(over)} h over the estimate" if over > 0 else ""
    return f" of {_plain(estimate)} h estimated ({percent(used)}){said}"


def _table(sheet: Timesheet, form: Form) -> Block:
    if form.table == "text":
        return _as_text(sheet)
    rows = sheet.shortened(TABLE_ROWS)
    cells = [[_raw(heading) for heading in HEADINGS], *(_cells(row) for row in rows)]
    if form.table == "table":
        columns = [{"align": "left", "is_wrapped": True}, *({"align": "right"} for _ in HEADINGS[1:])]
        return {"type": "table", "rows": [[_worded(cell) for cell in row] for row in cells], "column_settings": columns}
    return {
        "type": "data_table",
        "caption": f"{sheet.project.label}: hours, charges of technicians, other charges, amount",
        "page_size": PAGE_ROWS,
        "row_header_column_index": 0,
        "rows": cells,
    }


def _cells(row: TimesheetRow) -> list[Block]:
    money_ = (row.tech_charge, row.other_charge, row.amount)
    time = _number(hours(row.spent), spent_words(row.spent)) if row.spent is not None else _raw(EMPTY)
    name = _raw(clip(row.owner_name or EMPTY, CELL_NAME_MAX))
    return [name, time, *(_raw(EMPTY) if one is None else _number(one, money(one)) for one in money_)]


def _raw(text: str) -> Block:
    return {"type": "raw_text", "text": text or EMPTY}


def _number(value: Decimal, text: str) -> Block:
    """Sorted by its value, shown as its text."""
    return {"type": "raw_number", "value": float(value), "text": text}


def _worded(cell: Block) -> Block:
    """`table` shows texts only."""
    return _raw(cell["text"])


def _as_text(sheet: Timesheet) -> Block:
    """Columns under each other in fixed width, which nothing can refuse."""
    lines = [HEADINGS, *(_line(row) for row in sheet.shortened(TEXT_ROWS))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    text = "\n".join(_aligned(line, widths) for line in lines)
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [word(text)]}]}


def _line(row: TimesheetRow) -> tuple[str, ...]:
    numbers = (money(one) for one in (row.tech_charge, row.other_charge, row.amount))
    return clip(row.owner_name or EMPTY, 24), spent_words(row.spent), *numbers


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    name, *numbers = line
    rest = (number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True))
    return "  ".join([name.ljust(widths[0]), *rest])


def _bars(sheet: Timesheet) -> Block:
    rows = sheet.shortened(BARS)
    names = labels(rows, BAR_NAME_MAX)
    points = [{"label": name, "value": float(hours(row.spent))} for name, row in zip(names, rows, strict=True)]
    return {
        "type": "data_visualization",
        "title": clip(f"{sheet.project.label}: hours by person", CHART_TITLE_MAX),
        "chart": {
            "type": "bar",
            "series": [{"name": "Hours", "data": points}],
            "axis_config": {"categories": names, "y_label": "Hours"},
        },
    }


def _buttons(sheet: Timesheet, link: str) -> Block:
    return actions(
        "timesheet",
        run_button("CSV to my messages", f"project timesheet {sheet.project.id} csv"),
        run_button("Show project", f"project show {sheet.project.id}"),
        link_button("Open in SDP", ids.PROJECT_LINK, link),
    )


# --- words ---------------------------------------------------------------------------------------------


def _total_words(sheet: Timesheet) -> str:
    return f"{spent_words(sheet.total.spent)}{_of_estimate(sheet)}, {money(sheet.total.amount)} in all."


def _row_words(row: TimesheetRow) -> str:
    charges = f"technician {money(row.tech_charge)}, other {money(row.other_charge)}, amount {money(row.amount)}"
    return f"{row.owner_name}: {spent_words(row.spent)}, {charges}"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _plain(number: Decimal) -> str:
    """Without the zeros behind the comma that say nothing."""
    return f"{number:,.2f}".rstrip("0").rstrip(".")
