"""SDP's HTML as Slack's mrkdwn: bold, italic, strike, code, links, lists, quotes, and tables as text.

The result is `Mrkdwn`: `&`, `<`, `>` from outside are escaped (so `<!channel>` in a description pages nobody), links
keep http, https and mailto only, what runs or styles is gone, and the characters that mean something to mrkdwn are
defused where the author meant them as text. markdownify does the walking; its own output is Markdown and unescaped, so
every conversion that makes markup is replaced here.
"""

import html
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from bot.models import Mrkdwn

if TYPE_CHECKING:
    from bs4 import Tag

LONGEST = 20_000
"""Characters of HTML that are read; Slack shows 3,000 of a text, and hostile nesting costs time by length."""

_DEFUSER = "\u2060"
"""WORD JOINER: invisible, and between a word and `*`, `_`, `~` or a backtick it keeps Slack from reading a mark."""

_MARKS = re.compile(r"[*_~`]")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_LINK = re.compile(r"(https?://|mailto:)[^\s<>|\"]+", re.IGNORECASE)
_DROPPED = (
    "script", "style", "head", "title", "template", "noscript", "iframe", "object", "embed", "svg", "math",
    "form", "input", "button", "select", "textarea", "audio", "video", "canvas",
)  # fmt: skip


def escape(text: str) -> str:
    """Text that means nothing to Slack: no mention, no link, no format."""
    escaped = _UNSEEN.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKS.sub(lambda mark: f"{_DEFUSER}{mark[0]}{_DEFUSER}", escaped)


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


def _marked(mark: str, text: str) -> str:
    """`mark` around the words of each line of `text`: Slack's marks end with the line and do not touch spaces."""
    return "\n".join(_line_marked(mark, line) for line in text.split("\n"))


def _line_marked(mark: str, line: str) -> str:
    found = _LEAD.match(line)
    lead = found[0] if found else ""
    words = line[len(lead) :].rstrip()
    return f"{lead}{mark}{words}{mark}{line[len(lead) + len(words) :]}" if words else line


def _is_inside_a_word(element: "Tag", text: str) -> bool:
    """Whether the mark would stand between two letters: Slack shows such marks as they are."""
    before, after = element.previous_sibling, element.next_sibling
    begins = isinstance(before, str) and before[-1:].isalnum() and text[:1].isalnum()
    return begins or (isinstance(after, str) and after[:1].isalnum() and text[-1:].isalnum())


@cache
def _converter() -> Any:
    """The converter, made at the first use: bs4 and markdownify take 0.15 s to import, and most texts have no tags."""
    import bs4
    import markdownify

    class Converter(markdownify.MarkdownConverter):
        class Options:
            autolinks = False
            bullets = "•◦▪"
            escape_asterisks = False
            escape_underscores = False

        def convert(self, source: str) -> str:
            soup = bs4.BeautifulSoup(source, "html.parser")
            for element in soup(_DROPPED):
                element.decompose()
            return str(self.convert_soup(soup))

        def process_text(self, el: Any, parent_tags: Any = None) -> str:
            text = super().process_text(el, parent_tags)  # type: ignore[misc]  # not in markdownify 1.2.3's stub
            if not parent_tags or "_noformat" not in parent_tags:
                return str(text)  # `escape` below was called on the way
            return escape(text).replace(_DEFUSER, "").replace("`", "'")

        def escape(self, text: str, parent_tags: Any) -> str:
            return escape(text)

        def convert_a(self, el: Any, text: str, parent_tags: Any) -> str:
            target = str(el.get("href") or "").strip()
            if "_noformat" in parent_tags or not _LINK.fullmatch(target):
                return text
            words = " ".join(text.split()).replace("|", "¦") or html.escape(target, quote=False)
            return f"<{html.escape(target, quote=False)}|{words}>"

        def _inline(self, mark: str, same: tuple[str, ...], el: Any, text: str, parent_tags: Any) -> str:
            inside = {"_noformat", "a", *same} & set(parent_tags)
            return text if inside or _is_inside_a_word(el, text) else _marked(mark, text)

        def convert_b(self, el: Any, text: str, parent_tags: Any) -> str:
            return self._inline("*", ("b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"), el, text, parent_tags)

        def convert_i(self, el: Any, text: str, parent_tags: Any) -> str:
            return self._inline("_", ("i", "em"), el, text, parent_tags)

        def convert_s(self, el: Any, text: str, parent_tags: Any) -> str:
            return self._inline("~", ("s", "del", "strike"), el, text, parent_tags)

        convert_strong, convert_em, convert_del, convert_strike = convert_b, convert_i, convert_s, convert_s

        def convert_code(self, el: Any, text: str, parent_tags: Any) -> str:
            return text if "_noformat" in parent_tags else _marked("`", text)

        convert_kbd = convert_samp = convert_tt = convert_code

        def convert_pre(self, el: Any, text: str, parent_tags: Any) -> str:
            return f"\n\n```\n{text.strip(chr(10))}\n```\n\n" if text.strip() else ""

        def convert_br(self, el: Any, text: str, parent_tags: Any) -> str:
            return " " if "_inline" in parent_tags else "\n"

        def convert_hr(self, el: Any, text: str, parent_tags: Any) -> str:
            return "\n\n———\n\n"

        def convert_hN(self, n: int, el: Any, text: str, parent_tags: Any) -> str:  # noqa: N802  # markdownify's name
            words = " ".join(text.split())
            return f"\n\n{_marked('*', words)}\n\n" if words else ""

        def convert_img(self, el: Any, text: str, parent_tags: Any) -> str:
            words = " ".join(str(el.get("alt") or "").split())
            return f"[{escape(words)}]" if words else "[picture]"

        def convert_caption(self, el: Any, text: str, parent_tags: Any) -> str:
            return f"{text.strip()}\n"

        def convert_td(self, el: Any, text: str, parent_tags: Any) -> str:
            return " ".join(text.split()) + " | "

        def convert_th(self, el: Any, text: str, parent_tags: Any) -> str:
            return _marked("*", " ".join(text.split())) + " | "

        def convert_tr(self, el: Any, text: str, parent_tags: Any) -> str:
            return text.removesuffix(" | ").rstrip() + "\n"

    return Converter()
