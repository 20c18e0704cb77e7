"""What a person reads: the words of messages and views as plain lines, for tests that look and for logs."""

from collections.abc import Iterator
from typing import Any

from sandbox.slack.blockstate import choice_key
from sandbox.slack.model import Json, Message, StateValues, View


def words_of_message(message: Message) -> str:
    """All that stands in a message, one block a line; buttons as `[Label]`. Blocks win over `text`, as on Slack."""
    lines = list(_lines(message.blocks, {})) if message.blocks else [message.text]
    lines += [line for one in message.attachments for line in _attachment(one)]
    lines += [f"({file.title})" for file in message.files]
    return "\n".join(line for line in lines if line)


def words_of_view(view: View) -> str:
    frame = [_text(view.title), *_lines(view.blocks, view.state)]
    frame += [f"! {words}" for words in view.errors.values()]
    frame += [f"[{_text(view.submit)}]"] if view.submit else []
    return "\n".join(line for line in frame if line)


def _attachment(attachment: Json) -> Iterator[str]:
    yield from (str(attachment[name]) for name in ("pretext", "title", "text") if attachment.get(name))
    yield from _lines(attachment.get("blocks", []), {})


def _lines(blocks: list[Json], state: StateValues) -> Iterator[str]:
    for block in blocks:
        yield from _block(block, state.get(block.get("block_id", ""), {}))


def _block(block: Json, state: dict[str, Json]) -> Iterator[str]:
    kind = block["type"]
    if kind == "rich_text":
        yield from (_rich(element) for element in block["elements"])
    elif kind in ("table", "data_table"):
        yield block.get("caption", "")
        yield from (" | ".join(_cell(cell) for cell in row) for row in block["rows"])
    elif kind == "data_visualization":
        yield from _chart(block)
    elif kind in ("actions", "context_actions"):
        yield " ".join(_element(element, state) for element in block["elements"])
    elif kind == "input":
        yield _text(block["label"])
        yield _element(block["element"], state)
        yield _text(block.get("hint"))
    else:
        yield from _plain_block(block, state)


def _plain_block(block: Json, state: dict[str, Json]) -> Iterator[str]:
    yield _text(block.get("title"))
    yield _text(block.get("text"))
    yield from (_text(field) for field in block.get("fields", []))
    yield " ".join(_text(element) or element.get("alt_text", "") for element in block.get("elements", []))
    yield block.get("alt_text", "")
    if "accessory" in block:
        yield _element(block["accessory"], state)


def _element(element: Json, state: dict[str, Json]) -> str:
    kind = element["type"]
    if kind == "image":
        return str(element["alt_text"])
    if kind in ("button", "icon_button"):
        return f"[{_text(element['text'])}]"
    key = choice_key(kind)
    chosen = state.get(element.get("action_id", ""), {}).get(key or "")
    label = _chosen_words(chosen) or _text(element.get("placeholder"))
    options = [_text(option["text"]) for option in element.get("options", [])] if not chosen else []
    return f"<{' | '.join(part for part in (label, *options) if part)}>"


def _chosen_words(chosen: Any) -> str:
    if isinstance(chosen, list):
        return ", ".join(_chosen_words(one) for one in chosen)
    if isinstance(chosen, dict):
        return _text(chosen.get("text"))
    return "" if chosen is None else str(chosen)


def _text(value: Any) -> str:
    """The words of a text object or a string; empty for nothing."""
    if isinstance(value, dict):
        return str(value.get("text", ""))
    return value if isinstance(value, str) else ""


def _cell(cell: Json) -> str:
    if cell["type"] == "rich_text":
        return " ".join(_rich(element) for element in cell["elements"])
    return str(cell["text"])


def _rich(element: Json) -> str:
    parts = element.get("elements")
    if parts is not None:
        between = "\n" if element["type"] == "rich_text_list" else ""
        return between.join(_rich(part) for part in parts)
    names = ("text", "url", "name", "user_id", "usergroup_id", "channel_id", "range", "fallback")
    return str(next((element[name] for name in names if element.get(name)), ""))


def _chart(block: Json) -> Iterator[str]:
    yield block["title"]
    chart = block["chart"]
    yield from (f"{segment['label']}: {segment['value']:g}" for segment in chart.get("segments", []))
    for series in chart.get("series", []):
        yield f"{series['name']}: " + ", ".join(f"{point['label']} {point['value']:g}" for point in series["data"])
