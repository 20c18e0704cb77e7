"""The markdown block: standard Markdown, as much of it as Slack translates.

Headings, rules, fences, quotes, nested and task lists, tables, emphasis, code, links. Raw HTML is text. Images are
shown as links, as Slack shows them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

from markupsafe import Markup

from sandbox.slack.page.markup import LINE_BREAK, el, join, link, text
from sandbox.slack.page.mrkdwn import emoji_or_code

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_RULE = re.compile(r"^ {0,3}([-*_])(?: *\1){2,} *$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_QUOTE = re.compile(r"^ {0,3}> ?")
_ITEM = re.compile(r"^(?P<indent> *)(?P<marker>[-*+]|\d{1,9}[.)]) +(?P<task>\[[ xX]\] )?(?P<words>.*)$")
_TABLE_RULE = re.compile(r"^ *\|?(?: *:?-+:? *\|)+(?: *:?-+:? *)?\|? *$")
_INLINE = re.compile(
    r"\\(?P<escaped>[\\`*_{}\[\]()#+.!~|>-])"
    r"|`(?P<code>[^`\n]+)`"
    r"|!?\[(?P<label>[^\[\]\n]{0,999})\]\((?P<target>[^()\s]{1,2000})(?: +\"[^\"\n]{0,999}\")?\)"
    r"|<(?P<angle>https?://[^<>\s]{1,2000})>"
    r"|(?P<address>https?://[^\s<>|`*~]*[^\s<>|`*~.,;:!?'\")\]}_])"
    r"|\*\*(?P<strong>[^\s*](?:[^*\n]{0,2000}[^\s*])?)\*\*"
    r"|(?<!\w)__(?P<strong2>[^\s_](?:[^_\n]{0,2000}[^\s_])?)__(?!\w)"
    r"|\*(?P<em>[^\s*](?:[^*\n]{0,2000}[^\s*])?)\*"
    r"|(?<!\w)_(?P<em2>[^\s_](?:[^_\n]{0,2000}[^\s_])?)_(?!\w)"
    r"|~~(?P<strike>[^\s~](?:[^~\n]{0,2000}[^\s~])?)~~"
    r"|:(?P<emoji>[a-z0-9_+'-]+(?:::skin-tone-[2-6])?):"
)
_DEEPEST = 6
_TAGS = {"strong": "b", "strong2": "b", "em": "i", "em2": "i", "strike": "s"}


def markdown(source: str, depth: int = 0) -> Markup:
    lines = source.replace("\r\n", "\n").split("\n")
    return join(_blocks(lines, depth))


def _blocks(lines: Sequence[str], depth: int) -> Iterator[Markup]:
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        take, draw = next((take, draw) for starts, take, draw in _KINDS if starts(lines, at))
        count = max(take(lines, at), 1)
        yield draw(lines[at : at + count], depth)
        at += count


def inline(line: str, depth: int = 0) -> Markup:
    drawn: list[Markup] = []
    end = 0
    for match in _INLINE.finditer(line):
        drawn += [text(line[end : match.start()]), _token(match, depth)]
        end = match.end()
    return join([*drawn, text(line[end:])])


def _token(match: re.Match[str], depth: int) -> Markup:
    kind = match.lastgroup or ""
    source = match[kind]
    if kind in _TAGS:
        return el(_TAGS[kind], inline(source, depth + 1) if depth < _DEEPEST else source)
    match kind:
        case "code":
            return el("code", source)
        case "target":
            return link(inline(match["label"], depth + 1) if depth < _DEEPEST else match["label"], source)
        case "angle" | "address":
            return link(source, source)
        case "emoji":
            return emoji_or_code(source)
        case _:
            return text(source)


def _heading(lines: Sequence[str], depth: int) -> Markup:
    match = _HEADING.match(lines[0])
    # A message already stands under the page's own headings; Slack itself shows two sizes.
    level = min(len(match[1]), 3) if match else 3
    return el("p", inline(match[2] if match else lines[0]), class_=f"md-heading level-{level}")


def _rule(lines: Sequence[str], depth: int) -> Markup:
    return el("hr")


def _fence(lines: Sequence[str], depth: int) -> Markup:
    closed = len(lines) > 1 and _FENCE.match(lines[-1])
    return el("pre", "\n".join(lines[1:-1] if closed else lines[1:]))


def _fence_length(lines: Sequence[str], at: int) -> int:
    match = _FENCE.match(lines[at])
    mark = match[1] if match else "```"
    after = range(at + 1, len(lines))
    end = next((n for n in after if lines[n].strip().startswith(mark)), len(lines) - 1)
    return end - at + 1


def _quote(lines: Sequence[str], depth: int) -> Markup:
    inside = "\n".join(_QUOTE.sub("", line) for line in lines)
    return el("blockquote", markdown(inside, depth + 1) if depth < _DEEPEST else inside)


def _items(lines: Sequence[str], depth: int) -> Markup:
    """A list may be nested; its items are drawn flat with an indent, as Slack draws them."""
    return join(_item(match) for match in map(_ITEM.match, lines) if match)


def _item(match: re.Match[str]) -> Markup:
    marker = match["marker"] + " " if match["marker"][0].isdigit() else "• "
    if match["task"]:
        marker = "☑ " if match["task"][1] in "xX" else "☐ "
    depth = min(len(match["indent"]) // 2, 4)
    return el("span", marker, inline(match["words"]), class_=f"listed depth-{depth}")


def _table(lines: Sequence[str], depth: int) -> Markup:
    head, *body = [_cells(line) for number, line in enumerate(lines) if number != 1]
    header = el("tr", join(el("th", inline(cell), scope="col") for cell in head))
    rows = (el("tr", join(el("td", inline(cell)) for cell in row[: len(head)])) for row in body)
    return el("div", el("table", el("thead", header), el("tbody", join(rows))), class_="table-frame")


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _paragraph(lines: Sequence[str], depth: int) -> Markup:
    return el("p", join((inline(line.strip()) for line in lines), LINE_BREAK))


def _paragraph_length(lines: Sequence[str], at: int) -> int:
    rest = range(at, len(lines))
    return sum(1 for _ in takewhile(lambda n: lines[n].strip() and not _starts_something(lines, n), rest))


def _starts_something(lines: Sequence[str], at: int) -> bool:
    return any(starts(lines, at) for starts, _, _ in _KINDS[:-1])


def _run_of(pattern: re.Pattern[str]) -> "_Length":
    def length(lines: Sequence[str], at: int) -> int:
        return sum(1 for _ in takewhile(pattern.match, lines[at:]))

    return length


def _starts_with(pattern: re.Pattern[str]) -> "_Starts":
    return lambda lines, at: bool(pattern.match(lines[at]))


def _starts_table(lines: Sequence[str], at: int) -> bool:
    return "|" in lines[at] and at + 1 < len(lines) and bool(_TABLE_RULE.match(lines[at + 1]))


def _table_length(lines: Sequence[str], at: int) -> int:
    return sum(1 for _ in takewhile(lambda line: "|" in line, lines[at:]))


def _one(lines: Sequence[str], at: int) -> int:
    return 1


_Starts = Callable[[Sequence[str], int], bool]
_Length = Callable[[Sequence[str], int], int]
_Draw = Callable[[Sequence[str], int], Markup]
_KINDS: tuple[tuple[_Starts, _Length, _Draw], ...] = (
    (_starts_with(_HEADING), _one, _heading),
    (_starts_with(_RULE), _one, _rule),
    (_starts_with(_FENCE), _fence_length, _fence),
    (_starts_with(_QUOTE), _run_of(_QUOTE), _quote),
    (_starts_with(_ITEM), _run_of(_ITEM), _items),
    (_starts_table, _table_length, _table),
    (lambda lines, at: True, _paragraph_length, _paragraph),
)
