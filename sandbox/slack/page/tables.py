"""table and data_table blocks. Sorting and paging of a data_table happen in the browser (`static/tables.js`); without
it every row is simply there."""

from typing import Any

from markupsafe import Markup

from sandbox.slack.page.markup import bare_words, el, join, text
from sandbox.slack.page.reader import Reader
from sandbox.slack.page.rich_text import Json, dicts, rich_text, unknown

_ALIGNMENTS = frozenset({"left", "center", "right"})
_DEFAULT_PAGE = 5  # rows, as documented for data_table.page_size


def table(block: Json, reader: Reader) -> Markup:
    """The first row is the header. A table has no caption of its own, so the page gives it a label."""
    columns = [_column_class(settings) for settings in dicts(block.get("column_settings"))]
    head, *body = rows(block) or [[]]
    return _frame(
        el("thead", _row("th", head, reader, columns)),
        el("tbody", join(_row("td", row, reader, columns) for row in body)),
        aria_label="Table",
    )


def data_table(block: Json, reader: Reader) -> Markup:
    head, *body = rows(block) or [[]]
    named = _whole(block.get("row_header_column_index"), 0)
    numeric = [_is_numeric(body, column) for column in range(len(head))]
    columns = ["right" if number else "" for number in numeric]
    headers = (_sortable(cell, reader, columns[number]) for number, cell in enumerate(head))
    return _frame(
        el("caption", str(block.get("caption") or "")),
        el("thead", el("tr", join(headers))),
        el("tbody", join(_row("td", row, reader, columns, named) for row in body)),
        class_="data-table",
        data_page_size=max(_whole(block.get("page_size"), _DEFAULT_PAGE), 1),
    )


def rows(block: Json) -> list[list[Json]]:
    lists = block.get("rows")
    return [dicts(row) for row in lists] if isinstance(lists, list) else []


def cell_text(cell: Json, reader: Reader) -> str:
    """The words of a cell alone: what it is sorted by, and what a screen reader hears."""
    return bare_words(cell_html(cell, reader))


def cell_html(cell: Json, reader: Reader) -> Markup:
    match cell.get("type"):
        case "rich_text":
            return rich_text(cell, reader)
        case "raw_text":
            return text(cell.get("text", ""))
        case "raw_number":
            return text(cell.get("text") or cell.get("value", ""))
        case _:
            return unknown(cell)


def _frame(*parts: Markup, **attributes: object) -> Markup:
    """Wide tables scroll in their frame; the frame takes the keyboard's focus so that arrows can scroll it."""
    return el(
        "div",
        el("table", *parts, **attributes),
        class_="table-frame",
        tabindex="0",
        role="group",
        aria_label="Table, scrolls sideways",
    )


def _row(tag: str, cells: list[Json], reader: Reader, columns: list[str], named: int = -1) -> Markup:
    return el("tr", join(_cell(tag, cell, reader, _at(columns, n), n == named) for n, cell in enumerate(cells)))


def _cell(tag: str, cell: Json, reader: Reader, column: str, names_row: bool) -> Markup:
    is_header = tag == "th" or names_row
    scope = ("col" if tag == "th" else "row") if is_header else None
    return el(
        "th" if is_header else tag,
        cell_html(cell, reader),
        scope=scope,
        class_=column or None,
        data_sort=_sort_key(cell),
    )


def _sortable(cell: Json, reader: Reader, column: str) -> Markup:
    button = el("button", cell_text(cell, reader), type="button", class_="sort")
    return el("th", button, scope="col", class_=column or None, aria_sort="none")


def _sort_key(cell: Json) -> object:
    return cell.get("value") if cell.get("type") == "raw_number" else None


def _is_numeric(body: list[list[Json]], column: int) -> bool:
    cells = [row[column] for row in body if column < len(row)]
    return bool(cells) and all(cell.get("type") == "raw_number" for cell in cells)


def _column_class(settings: Json) -> str:
    align = settings.get("align")
    return " ".join(
        filter(None, [align if align in _ALIGNMENTS else "", "wrapped" if settings.get("is_wrapped") else ""])
    )


def _at(columns: list[str], number: int) -> str:
    return columns[number] if number < len(columns) else ""


def _whole(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise
