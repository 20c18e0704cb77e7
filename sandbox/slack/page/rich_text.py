"""rich_text blocks: what people's own composers write, and the only way to put lists into a message."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from sandbox.slack.page.markup import LINE_BREAK, el, join, link, text
from sandbox.slack.page.mrkdwn import emoji_or_code, mention, written_date
from sandbox.slack.page.reader import Reader

Json = Mapping[str, Any]

_STYLES = (("code", "code"), ("strike", "s"), ("italic", "i"), ("bold", "b"), ("underline", "u"), ("highlight", "mark"))
_HEX_COLOUR = re.compile(r"^#(?:[0-9a-fA-F]{3}){1,2}$")
_DEEPEST_LIST = 8


def rich_text(block: Json, reader: Reader) -> Markup:
    return join(_part(part, reader) for part in dicts(block.get("elements")))


def dicts(value: object) -> list[Json]:
    """The objects of a list that should hold nothing else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, Sequence) else []


def _part(part: Json, reader: Reader) -> Markup:
    draw = _PARTS.get(str(part.get("type")))
    return draw(part, reader) if draw else unknown(part)


def unknown(thing: Json) -> Markup:
    """What this page cannot draw is named, never swallowed."""
    return el("span", str(thing.get("type") or "untyped element"), class_="unknown-inline")


def _inline(elements: object, reader: Reader) -> Markup:
    return join(_element(element, reader) for element in dicts(elements))


def _element(element: Json, reader: Reader) -> Markup:
    draw = _ELEMENTS.get(str(element.get("type")))
    drawn = draw(element, reader) if draw else unknown(element)
    style = element.get("style")
    for name, tag in _STYLES:
        if isinstance(style, Mapping) and style.get(name):
            drawn = el(tag, drawn)
    return drawn


def _section(part: Json, reader: Reader) -> Markup:
    return el("div", _inline(part.get("elements"), reader), class_="rich-section")


def _list(part: Json, reader: Reader) -> Markup:
    """Nested lists arrive as separate lists of growing indent."""
    ordered = part.get("style") == "ordered"
    indent = min(max(_whole(part.get("indent")), 0), _DEEPEST_LIST)
    start = _whole(part.get("offset")) + 1
    items = (el("li", _part(item, reader)) for item in dicts(part.get("elements")))
    return el(
        "ol" if ordered else "ul",
        join(items),
        class_=f"rich-list indent-{indent}{_bordered(part)}",
        start=start if ordered and start > 1 else None,
    )


def _quote(part: Json, reader: Reader) -> Markup:
    return el("blockquote", _inline(part.get("elements"), reader))


def _preformatted(part: Json, reader: Reader) -> Markup:
    return el("pre", _inline(part.get("elements"), reader), class_=_bordered(part).strip() or None)


def _bordered(part: Json) -> str:
    return " bordered" if part.get("border") else ""


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _text(element: Json, reader: Reader) -> Markup:
    return join((text(line) for line in str(element.get("text", "")).split("\n")), LINE_BREAK)


def _link(element: Json, reader: Reader) -> Markup:
    return link(str(element.get("text") or element.get("url") or ""), element.get("url"))


def _user(element: Json, reader: Reader) -> Markup:
    user = str(element.get("user_id", ""))
    return mention("@" + reader.people.get(user, user), me=user == reader.me)


def _channel(element: Json, reader: Reader) -> Markup:
    channel = str(element.get("channel_id", ""))
    return mention("#" + reader.channels.get(channel, channel))


def _usergroup(element: Json, reader: Reader) -> Markup:
    group = str(element.get("usergroup_id", ""))
    return mention("@" + reader.groups.get(group, group), group=True)


def _team(element: Json, reader: Reader) -> Markup:
    return mention("@" + str(element.get("team_id", "")), group=True)


def _broadcast(element: Json, reader: Reader) -> Markup:
    return mention("@" + str(element.get("range", "")), group=True)


def _emoji(element: Json, reader: Reader) -> Markup:
    return emoji_or_code(str(element.get("name", "")))


def _date(element: Json, reader: Reader) -> Markup:
    fallback, url = element.get("fallback"), element.get("url")
    return written_date(
        element.get("timestamp"),
        str(element.get("format", "")),
        reader,
        str(fallback) if fallback is not None else None,
        str(url) if url else None,
    )


def _color(element: Json, reader: Reader) -> Markup:
    """A swatch beside the code, drawn as SVG because inline styles are forbidden."""
    value = str(element.get("value", ""))
    if not _HEX_COLOUR.match(value):
        return text(value)
    square = el("rect", width="10", height="10", rx="2", fill=value)
    return join([el("svg", square, viewBox="0 0 10 10", class_="swatch", aria_hidden="true"), text(value)])


_Draw = Callable[[Json, Reader], Markup]
_PARTS: dict[str, _Draw] = {
    "rich_text_section": _section,
    "rich_text_list": _list,
    "rich_text_quote": _quote,
    "rich_text_preformatted": _preformatted,
}
_ELEMENTS: dict[str, _Draw] = {
    "text": _text,
    "link": _link,
    "user": _user,
    "channel": _channel,
    "usergroup": _usergroup,
    "team": _team,
    "broadcast": _broadcast,
    "emoji": _emoji,
    "date": _date,
    "color": _color,
}
