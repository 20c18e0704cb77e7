"""HTML from values: every string that is not already `Markup` is escaped, whatever it holds.

There is no inline script or style anywhere on the page (its Content-Security-Policy forbids both), so `style` and
`on…` attributes are refused here instead of being dropped by a browser later.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit
from zlib import crc32

from markupsafe import Markup, escape

VOID = frozenset({"br", "hr", "img", "input"})
NOTHING = Markup("")
LINE_BREAK = Markup("<br>")

# HTML has no way to write these, not even as a character reference; browsers turn some of them into U+FFFD.
_BREAKS = re.compile(r"<br>|</?(?:blockquote|pre|div|p|li|td|th|small)\b[^>]*>|<span class=\"listed[^>]*>")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Browsers ignore these inside a scheme: "java\tscript:" is javascript.
_IGNORED_IN_URLS = re.compile(r"[\x00-\x20\x7f-\x9f]")
LINKED_SCHEMES = frozenset({"http", "https", "mailto", "tel"})

Child = str | Markup | None


def text(words: object) -> Markup:
    """Outside words as HTML text or attribute value, without characters HTML cannot carry."""
    return escape(_UNWRITABLE.sub("", str(words)))


def el(tag: str, /, *children: Child, **attributes: object) -> Markup:
    """One element. `class_`, `for_` and `data_action_id` become `class`, `for` and `data-action-id`.

    An attribute that is None or False is left out; True gives a bare attribute. Children that are plain strings are
    escaped, None is nothing.
    """
    opening = _trusted(f"<{tag}{''.join(_attribute(key, value) for key, value in attributes.items())}>")
    return opening if tag in VOID else opening + join(children) + _trusted(f"</{tag}>")


def join(children: Iterable[Child], between: str | Markup = "") -> Markup:
    return escape(between).join(_child(child) for child in children if child is not None)


def safe_url(url: object) -> str | None:
    """`url` when a person may follow it (web, mail, telephone), else None: no javascript:, no data:."""
    address = _IGNORED_IN_URLS.sub("", _UNWRITABLE.sub("", str(url or "")))
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return None
    return address if scheme in LINKED_SCHEMES else None


def link(label: Child, url: object, **attributes: object) -> Markup:
    """A link that opens beside the page, or its bare label when the address is not one to follow."""
    target = safe_url(url)
    if target is None:
        return el("span", label, class_="dead-link", title="This address cannot be opened from here")
    return el("a", label, href=target, target="_blank", rel="noopener noreferrer", **attributes)


def dom_id(*parts: object) -> str:
    """A stable id attribute for something named by outside words (block ids may hold anything)."""
    return f"x{crc32(chr(0).join(str(part) for part in parts).encode(errors='replace')):08x}"


def _child(child: str | Markup) -> Markup:
    return child if isinstance(child, Markup) else text(child)


def bare_words(html: str) -> str:
    """The words of a piece of HTML on one line, as a screen reader would say them."""
    return " ".join(_trusted(_BREAKS.sub(" ", html)).striptags().split())


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    if name == "style" or name.startswith("on"):
        raise ValueError(f"{name}: scripts and styles live in the static files, never in an attribute")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{text(str(value))}"'


def _trusted(html: str) -> Markup:
    return Markup(html)  # noqa: S704  # the one door: what comes here is a tag of our own with escaped values
