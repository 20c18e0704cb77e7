"""Slack's mrkdwn as safe HTML.

Three steps, in this order, so that nothing from outside can become markup:

    split_fences   ```preformatted``` pieces are set apart; nothing inside them formats
    tokens         a line becomes words, <controls>, `code`, :emoji: and marks; each token is escaped where it is drawn
    inline         marks that open and close on one line become <b>, <i>, <s>; those that do not stay characters

What a mark is follows Slack's behaviour as people see it: `*` opens before a character that is no blank and after
one that is no letter or digit, closes the other way round, and never spans lines. Lists are not part of mrkdwn:
Slack shows `- one` and `• one` as typed, and so does this, with a hanging indent.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from markupsafe import Markup

from sandbox.slack.page.dates import moment, write_date
from sandbox.slack.page.emoji import emoji
from sandbox.slack.page.markup import LINE_BREAK, NOTHING, bare_words, el, join, link, text
from sandbox.slack.page.reader import Reader

Kind = Literal["words", "control", "code", "emoji", "address", "mark"]
Marks = frozenset[str]

_FENCE = re.compile(r"```\n?(.*?)```", re.DOTALL)
_TOKEN = re.compile(
    r"<(?P<control>[^<>\n]+)>"
    r"|`(?P<code>[^`\n]+)`"
    r"|:(?P<emoji>[a-z0-9_+'-]+(?:::skin-tone-[2-6])?):"
    r"|(?P<address>https?://[^\s<>|`*~]*[^\s<>|`*~.,;:!?'\")\]}_])"
    r"|(?P<mark>[*_~])"
)
_QUOTE = re.compile(r"^(?:>|&gt;) ?")
_LONG_QUOTE = re.compile(r"^(?:>{3}|(?:&gt;){3}) ?")
_LIST_LINE = re.compile(r"^(?P<indent>\s*)(?P<marker>[-•◦▪] |\d{1,3}[.)] )")
_TAGS = {"*": "b", "_": "i", "~": "s"}
_NO_MARKS: Marks = frozenset()


def mrkdwn(source: str, reader: Reader, links: bool = True) -> Markup:
    """The HTML of one mrkdwn text. `links=False` leaves bare addresses alone (`verbatim`)."""
    pieces = _FENCE.split(source)  # words, fence, words, fence, … words
    drawn = (
        _preformatted(piece, reader) if number % 2 else _lines(piece, reader, links)
        for number, piece in enumerate(pieces)
    )
    return join(drawn)


def plain_text(source: str, with_emoji: bool = True) -> Markup:
    """The HTML of a plain_text object: line breaks and, unless switched off, emoji; nothing else."""
    return join((_plain_line(line, with_emoji) for line in unescape(source).split("\n")), LINE_BREAK)


def spoken(source: str, reader: Reader) -> str:
    """The same text as one plain line: for titles, previews and labels."""
    return bare_words(mrkdwn(source, reader, links=False))


def unescape(source: str) -> str:
    """Slack escapes exactly three characters; anything else that looks like an entity is text."""
    return source.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of one line. `opens` and `closes` are only ever true of marks."""

    kind: Kind
    source: str
    opens: bool = False
    closes: bool = False


def tokens(line: str) -> list[Token]:
    return list(_tokens(line))


def control(source: str, reader: Reader) -> Markup:
    """What stands between < and >: a mention, a date, or a link with or without a label."""
    target, bar, label = source.partition("|")
    for prefix, draw in _CONTROLS:
        if target.startswith(prefix):
            return draw(target.removeprefix(prefix), label if bar else None, reader)
    if not _ADDRESS.match(target):
        return text(f"<{unescape(source)}>")
    return link(plain_text(label) if label else unescape(target).removeprefix("mailto:"), unescape(target))


def mention(words: str, me: bool = False, group: bool = False) -> Markup:
    kinds = ("mention", "me" if me else "", "group" if group else "")
    return el("span", words, class_=" ".join(filter(None, kinds)))


def written_date(
    seconds: object, template: str, reader: Reader, fallback: str | None = None, url: str | None = None
) -> Markup:
    """A date as the reader's calendar shows it, with the machine's form beside it for screen readers and tests."""
    words = write_date(seconds, template, reader)
    when = moment(seconds, reader)
    if words is None or when is None:
        return text(fallback or template)
    drawn = el("time", words, datetime=when.isoformat(), title=fallback)
    return link(drawn, url) if url else drawn


def _tokens(line: str) -> Iterator[Token]:
    end = 0
    for match in _TOKEN.finditer(line):
        if match.start() > end:
            yield Token("words", line[end : match.start()])
        yield _token(match, line)
        end = match.end()
    if end < len(line):
        yield Token("words", line[end:])


def _token(match: re.Match[str], line: str) -> Token:
    kind: Kind = match.lastgroup  # type: ignore[assignment]  # the groups are named after the kinds
    source = match[kind]
    if kind != "mark":
        return Token(kind, source)
    before, after = line[: match.start()][-1:], line[match.end() :][:1]
    return Token(
        "mark",
        source,
        opens=bool(after.strip()) and after != source and not before.isalnum(),
        closes=bool(before.strip()) and before != source and not after.isalnum(),
    )


def _preformatted(source: str, reader: Reader) -> Markup:
    return el("pre", _verbatim(source.rstrip("\n"), reader))


def _verbatim(source: str, reader: Reader) -> Markup:
    """Text in which only <controls> still mean something, as in Slack's code and preformatted text."""
    parts = re.split(r"<([^<>\n]+)>", source)
    return join(control(part, reader) if number % 2 else unescape(part) for number, part in enumerate(parts))


def _lines(source: str, reader: Reader, links: bool) -> Markup:
    source = source.strip("\n")
    if not source:
        return NOTHING
    before, marker, rest = _cut_at_long_quote(source.split("\n"))
    groups = groupby(before, key=_line_kind)
    drawn = [_group(kind, list(lines), reader, links) for kind, lines in groups]
    if marker:
        drawn.append(el("blockquote", _run(rest, reader, links)))
    return join(drawn)


def _cut_at_long_quote(lines: Sequence[str]) -> tuple[Sequence[str], bool, Sequence[str]]:
    """`>>>` quotes everything from there to the end."""
    for number, line in enumerate(lines):
        if match := _LONG_QUOTE.match(line):
            return lines[:number], True, [line[match.end() :], *lines[number + 1 :]]
    return lines, False, []


def _line_kind(line: str) -> str:
    if _QUOTE.match(line):
        return "quote"
    return "list" if _LIST_LINE.match(line) else "run"


def _group(kind: str, lines: Sequence[str], reader: Reader, links: bool) -> Markup:
    if kind == "quote":
        return el("blockquote", _run([_QUOTE.sub("", line) for line in lines], reader, links))
    if kind == "list":
        return join(_list_line(line, reader, links) for line in lines)
    return _run(lines, reader, links)


def _list_line(line: str, reader: Reader, links: bool) -> Markup:
    match = _LIST_LINE.match(line)
    depth = min(len(match["indent"].expandtabs(4)) // 2, 4) if match else 0
    return el("span", inline(line.strip(), reader, links), class_=f"listed depth-{depth}")


def _run(lines: Sequence[str], reader: Reader, links: bool) -> Markup:
    return join((inline(line, reader, links) for line in lines), LINE_BREAK)


def inline(line: str, reader: Reader, links: bool = True) -> Markup:
    """One line with its marks."""
    return _Line(tokens(line), reader, links).draw()


class _Line:
    """Pairs the marks of one line. Each level looks up the next closing mark by bisection, and there are at most
    three levels (b, i, s), so that a line of ten thousand stars costs no more than it should."""

    def __init__(self, line: Sequence[Token], reader: Reader, links: bool) -> None:
        self.line = line
        self.reader = reader
        self.links = links
        self.closing = {mark: [n for n, t in enumerate(line) if t.closes and t.source == mark] for mark in _TAGS}

    def draw(self) -> Markup:
        return self._between(0, len(self.line), _NO_MARKS)

    def _between(self, start: int, end: int, open_marks: Marks) -> Markup:
        drawn: list[Markup] = []
        at = start
        while at < end:
            partner = self._partner(at, end, open_marks)
            if partner is None:
                drawn.append(self._token(self.line[at]))
                at += 1
            else:
                mark = self.line[at].source
                drawn.append(el(_TAGS[mark], self._between(at + 1, partner, open_marks | {mark})))
                at = partner + 1
        return join(drawn)

    def _partner(self, at: int, end: int, open_marks: Marks) -> int | None:
        token = self.line[at]
        if not token.opens or token.source in open_marks:
            return None
        closing = self.closing[token.source]
        found = bisect_left(closing, at + 2)
        return closing[found] if found < len(closing) and closing[found] < end else None

    def _token(self, token: Token) -> Markup:
        match token.kind:
            case "control":
                return control(token.source, self.reader)
            case "code":
                return el("code", _verbatim(token.source, self.reader))
            case "emoji":
                return emoji_or_code(token.source)
            case "address" if self.links:
                return link(unescape(token.source), unescape(token.source))
            case _:
                return text(unescape(token.source))


def _plain_line(line: str, with_emoji: bool) -> Markup:
    if not with_emoji:
        return text(line)
    parts = re.split(r":([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):", line)
    return join(emoji_or_code(part) if number % 2 else text(part) for number, part in enumerate(parts))


def emoji_or_code(code: str) -> Markup:
    """An emoji by its short code, read aloud by its name; an unknown one as people typed it."""
    character = emoji(code)
    if character is None:
        return text(f":{code}:")
    return el("span", character, class_="emoji", role="img", aria_label=code.replace("_", " "))


def _user(user: str, label: str | None, reader: Reader) -> Markup:
    return mention("@" + (reader.people.get(user) or unescape(label or user)), me=user == reader.me)


def _channel(channel: str, label: str | None, reader: Reader) -> Markup:
    return mention("#" + (reader.channels.get(channel) or unescape(label or channel)))


def _group_mention(group: str, label: str | None, reader: Reader) -> Markup:
    return mention("@" + (reader.groups.get(group) or unescape(label or group).removeprefix("@")), group=True)


def _date(source: str, label: str | None, reader: Reader) -> Markup:
    seconds, _, rest = source.partition("^")
    template, _, url = rest.partition("^")
    fallback = unescape(label) if label is not None else None
    return written_date(seconds, unescape(template), reader, fallback, unescape(url) or None)


def _broadcast(source: str, label: str | None, reader: Reader) -> Markup:
    name = source.partition("^")[0]
    if name in ("here", "channel", "everyone"):
        return mention(f"@{name}", group=True)
    return text(f"<!{unescape(source)}>" if label is None else unescape(label))


_ADDRESS = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*:")
_Control = Callable[[str, str | None, Reader], Markup]
_CONTROLS: tuple[tuple[str, _Control], ...] = (
    ("@", _user),
    ("#", _channel),
    ("!subteam^", _group_mention),
    ("!date^", _date),
    ("!", _broadcast),
)
