"""The walk over HTML elements behind `html`: each element as Slack's mrkdwn.

markdownify does the walking; its own output is Markdown and unescaped, so every conversion that makes markup is
replaced here.
"""

import html
import re
from typing import Any

import bs4
import markdownify

from bot.sdp.html import DEFUSER, escape, marked

_DROPPED = (
    "script", "style", "head", "title", "template", "noscript", "iframe", "object", "embed", "svg", "math",
    "form", "input", "button", "select", "textarea", "audio", "video", "canvas",
)  # fmt: skip

_LINK = re.compile(r"(https?://|mailto:)[^\s<>|\"]+", re.IGNORECASE)


def _is_inside_a_word(element: bs4.Tag, text: str) -> bool:
    """Whether the mark would stand between two letters: Slack shows such marks as they are."""
    before, after = element.previous_sibling, element.next_sibling
    begins = isinstance(before, str) and before[-1:].isalnum() and text[:1].isalnum()
    return begins or (isinstance(after, str) and after[:1].isalnum() and text[-1:].isalnum())


class Converter(markdownify.MarkdownConverter):
    """One `convert_<tag>` for each element that means something to Slack; of all others the text stays."""

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
        return escape(text).replace(DEFUSER, "").replace("`", "'")

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
        return text if inside or _is_inside_a_word(el, text) else marked(mark, text)

    def convert_b(self, el: Any, text: str, parent_tags: Any) -> str:
        return self._inline("*", ("b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"), el, text, parent_tags)

    def convert_i(self, el: Any, text: str, parent_tags: Any) -> str:
        return self._inline("_", ("i", "em"), el, text, parent_tags)

    def convert_s(self, el: Any, text: str, parent_tags: Any) -> str:
        return self._inline("~", ("s", "del", "strike"), el, text, parent_tags)

    convert_strong, convert_em, convert_del, convert_strike = convert_b, convert_i, convert_s, convert_s

    def convert_code(self, el: Any, text: str, parent_tags: Any) -> str:
        return text if "_noformat" in parent_tags else marked("`", text)

    convert_kbd = convert_samp = convert_tt = convert_code

    def convert_pre(self, el: Any, text: str, parent_tags: Any) -> str:
        return f"\n\n```\n{text.strip(chr(10))}\n```\n\n" if text.strip() else ""

    def convert_br(self, el: Any, text: str, parent_tags: Any) -> str:
        return " " if "_inline" in parent_tags else "\n"

    def convert_hr(self, el: Any, text: str, parent_tags: Any) -> str:
        return "\n\n———\n\n"

    def convert_hN(self, n: int, el: Any, text: str, parent_tags: Any) -> str:  # noqa: N802  # markdownify's name
        words = " ".join(text.split())
        return f"\n\n{marked('*', words)}\n\n" if words else ""

    def convert_img(self, el: Any, text: str, parent_tags: Any) -> str:
        words = " ".join(str(el.get("alt") or "").split())
        return f"[{escape(words)}]" if words else "[picture]"

    def convert_caption(self, el: Any, text: str, parent_tags: Any) -> str:
        return f"{text.strip()}\n"

    def convert_td(self, el: Any, text: str, parent_tags: Any) -> str:
        return " ".join(text.split()) + " | "

    def convert_th(self, el: Any, text: str, parent_tags: Any) -> str:
        return marked("*", " ".join(text.split())) + " | "

    def convert_tr(self, el: Any, text: str, parent_tags: Any) -> str:
        return text.removesuffix(" | ").rstrip() + "\n"
