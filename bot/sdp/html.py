"""SDP's HTML as Slack's mrkdwn: bold, italic, strike, code, links, lists, quotes, and tables as text.

The result is `Mrkdwn`: `&`, `<`, `>` from outside are escaped (so `<!channel>` in a description pages nobody), links
keep http, https and mailto only, what runs or styles is gone, and the characters that mean something to mrkdwn are
defused where the author meant them as text. `markup` does the walking.
"""

import html
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from bot.models import Mrkdwn

if TYPE_CHECKING:
    from bot.sdp.markup import Converter

LONGEST = 20_000
"""Characters of HTML that are read; Slack shows 3,000 of a text, and hostile nesting costs time by length."""

DEFUSER = "\u2060"
"""WORD JOINER: invisible, and between a word and `*`, `_`, `~` or a backtick it keeps Slack from reading a mark."""

_MARKS = re.compile(r"[*_~`]")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def escape(text: str) -> str:
    """Text that means nothing to Slack: no mention, no link, no format."""
    escaped = _UNSEEN.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKS.sub(lambda mark: f"{DEFUSER}{mark[0]}{DEFUSER}", escaped)


@lru_cache(maxsize=4096)
def to_mrkdwn(source: str) -> Mrkdwn:
    """`source`, HTML or plain text, as mrkdwn. Never raises; what cannot be walked arrives as text without tags.

    Cached, because polls read the same descriptions again and again.
    """
    source = source[:LONGEST]
    if "<" not in source:
        return _tidy(escape(html.unescape(source)))
    try:
        return _tidy(_converter().convert(source))
    except (RecursionError, ValueError, AssertionError):  # html.parser asserts on some broken declarations
        words = re.sub(r"<[^>]*>?", " ", source).split()
        return _tidy(escape(html.unescape(" ".join(words))))


def from_text(text: str) -> str:
    """What a person typed, as the HTML of a description."""
    return "<br>".join(html.escape(line, quote=False) for line in text.splitlines())


def clip(text: Mrkdwn, limit: int) -> Mrkdwn:
    """`text` in at most `limit` characters, with an ellipsis where it was cut and no half link or entity."""
    if len(text) <= limit:
        return text
    kept, used, room = [], 0, limit - len("…\n```")
    for token in re.findall(r"<[^<>]*>|&(?:amp|lt|gt);|.", text, re.DOTALL):
        if used + len(token) > room:
            break
        kept.append(token)
        used += len(token)
    shortened = "".join(kept).rstrip() + "…"
    return Mrkdwn(shortened + "\n```" if shortened.count("```") % 2 else shortened)


def _tidy(text: str) -> Mrkdwn:
    """Hard spaces become spaces, lines end where their words end, and at most one line in a row is blank."""
    lines = (line.rstrip() for line in text.replace("\u00a0", " ").split("\n"))
    return Mrkdwn(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())


_LEAD = re.compile(r"(?:[ >•◦▪]|[0-9]+\. )*")
"""What may stand before the words of a line: indentation, quote and list signs, which only mean something outside."""


def marked(mark: str, text: str) -> str:
    """`mark` around the words of each line of `text`: Slack's marks end with the line and do not touch spaces."""
    return "\n".join(_line_marked(mark, line) for line in text.split("\n"))


def _line_marked(mark: str, line: str) -> str:
    found = _LEAD.match(line)
    lead = found[0] if found else ""
    words = line[len(lead) :].rstrip()
    return f"{lead}{mark}{words}{mark}{line[len(lead) + len(words) :]}" if words else line


@cache
def _converter() -> "Converter":
    """The converter, made at the first use: bs4 and markdownify take 0.15 s to import, and most texts have no tags."""
    from bot.sdp.markup import Converter

    return Converter()
