"""Layout blocks as HTML, one function a block, looked up in one table.

Block ids, texts and options are the bot's words: nothing here trusts their type or their length. A block this page
does not know becomes a box with its name, never nothing, so that nobody mistakes a missing piece for an empty one.
"""

from collections.abc import Callable, Iterable, Mapping

from markupsafe import Markup

from sandbox.slack.page.charts import data_visualization
from sandbox.slack.page.elements import Spot, element, image, text_object, unknown_box, words_of
from sandbox.slack.page.markdown import markdown
from sandbox.slack.page.markup import Child, bare_words, dom_id, el, join, link, safe_url
from sandbox.slack.page.mrkdwn import plain_text
from sandbox.slack.page.reader import Canvas
from sandbox.slack.page.rich_text import Json, dicts, rich_text
from sandbox.slack.page.tables import data_table, table

_LEVELS = frozenset({"info", "warning", "error", "success"})
_TASK_STATES = {"pending": "○", "in_progress": "◔", "complete": "✓", "error": "✕"}


def render_blocks(blocks: Iterable[Json], canvas: Canvas) -> Markup:
    """All blocks of a message or view, each in its own box."""
    return join(render_block(block, canvas) for block in blocks)


def render_block(block: Json, canvas: Canvas) -> Markup:
    kind = str(block.get("type", ""))
    draw = _BLOCKS.get(kind)
    inside = draw(block, canvas) if draw else unknown_box("block", block)
    return el("div", inside, class_=f"block {kind if draw else 'unknown-block'}", data_block=block.get("block_id"))


def _section(block: Json, canvas: Canvas) -> Markup:
    said = block.get("text")
    body = el("div", text_object(said, canvas), class_="words") if said else None
    fields = [el("div", text_object(part, canvas)) for part in dicts(block.get("fields"))]
    grid = el("div", *fields, class_="fields") if fields else None
    accessory = block.get("accessory")
    if not isinstance(accessory, Mapping):
        return join([body, grid])
    spot = Spot(canvas, _block_id(block), label=bare_words(text_object(said, canvas))[:120])
    beside = el("div", element(accessory, spot), class_="accessory")
    return el("div", el("div", body, grid), beside, class_="with-accessory")


def _header(block: Json, canvas: Canvas) -> Markup:
    return el("h3", text_object(block.get("text"), canvas))


def _context(block: Json, canvas: Canvas) -> Markup:
    return join(_context_part(part, canvas) for part in dicts(block.get("elements")))


def _context_part(part: Json, canvas: Canvas) -> Markup:
    match part.get("type"):
        case "image":
            return image(part, canvas, css="tiny")
        case "mrkdwn" | "plain_text":
            return el("span", text_object(part, canvas))
        case _:
            return unknown_box("element", part)


def _actions(block: Json, canvas: Canvas) -> Markup:
    spot = Spot(canvas, _block_id(block))
    return join(element(thing, spot) for thing in dicts(block.get("elements")))


def _input(block: Json, canvas: Canvas) -> Markup:
    """A labelled field with its hint, and a place for the error a refused submit brings."""
    thing = block.get("element")
    thing = thing if isinstance(thing, Mapping) else {}
    block_id = _block_id(block)
    optional = bool(block.get("optional"))
    spot = Spot(canvas, block_id, "", in_input=True, dispatch=bool(block.get("dispatch_action")), optional=optional)
    label = join([text_object(block.get("label"), canvas), el("small", " (optional)") if optional else None])
    hint = text_object(block.get("hint"), canvas) if block.get("hint") else None
    wrong = canvas.errors.get(block_id)
    return join(
        [
            _input_label(thing, label, canvas, block_id),
            element(thing, spot),
            el("p", wrong, class_="field-error", id=dom_id(canvas.scope, block_id, "error"), hidden=not wrong),
            el("p", hint, class_="hint", id=dom_id(canvas.scope, block_id, "hint"), hidden=hint is None),
        ]
    )


def _input_label(thing: Json, label: Markup, canvas: Canvas, block_id: str) -> Markup:
    name = dom_id(canvas.scope, block_id, "label")
    if thing.get("type") in ("checkboxes", "radio_buttons"):
        return el("div", label, class_="label", id=name)
    return el("label", label, class_="label", id=name, for_=dom_id(canvas.scope, block_id, thing.get("action_id")))


def _divider(block: Json, canvas: Canvas) -> Markup:
    return el("hr")


def _image(block: Json, canvas: Canvas) -> Markup:
    title = el("figcaption", text_object(block.get("title"), canvas)) if block.get("title") else None
    return el("figure", title, image(block, canvas))


def _rich_text(block: Json, canvas: Canvas) -> Markup:
    return rich_text(block, canvas.reader)


def _markdown(block: Json, canvas: Canvas) -> Markup:
    return markdown(str(block.get("text", "")))


def _file(block: Json, canvas: Canvas) -> Markup:
    """A remote file: Slack shows what is registered under its external id."""
    name = str(block.get("external_id") or "file")
    path = canvas.reader.files.get(name)
    label = join([el("span", "📄", aria_hidden="true"), " ", name])
    return el("a", label, href=path, class_="file-card") if path else el("span", label, class_="file-card")


def _video(block: Json, canvas: Canvas) -> Markup:
    """The page embeds nothing from elsewhere: title, words and a link to the video."""
    title = text_object(block.get("title"), canvas)
    about = " · ".join(str(block[key]) for key in ("author_name", "provider_name") if block.get(key))
    thumb = image({"image_url": block.get("thumbnail_url"), "alt_text": block.get("alt_text")}, canvas)
    return el(
        "figure",
        el("figcaption", link(title, block.get("title_url") or block.get("video_url"))),
        el("p", text_object(block.get("description"), canvas)) if block.get("description") else None,
        el("p", el("small", about)) if about else None,
        thumb,
        class_="video",
    )


def _alert(block: Json, canvas: Canvas) -> Markup:
    level = block.get("level") if block.get("level") in _LEVELS else "default"
    return el("div", text_object(block.get("text"), canvas), class_=f"notice {level}", role="note")


def _card(block: Json, canvas: Canvas) -> Markup:
    parts = [
        image(block["hero_image"], canvas) if isinstance(block.get("hero_image"), Mapping) else None,
        _worded("b", block, "title", canvas),
        _worded("small", block, "subtitle", canvas),
        _worded("div", block, "body", canvas),
        el("div", _actions({**block, "elements": block.get("actions")}, canvas), class_="actions"),
    ]
    return el("div", *parts, class_="card-box")


def _carousel(block: Json, canvas: Canvas) -> Markup:
    cards = join(_card(card, canvas) for card in dicts(block.get("elements")))
    return el("div", cards, class_="carousel-row", tabindex="0", role="group", aria_label="Cards, scroll sideways")


def _container(block: Json, canvas: Canvas) -> Markup:
    rich = block.get("rich_text_title")
    title = rich_text(rich, canvas.reader) if isinstance(rich, Mapping) else text_object(block.get("title"), canvas)
    inside = render_blocks(dicts(block.get("child_blocks")), canvas)
    head = join([el("b", title), _worded("small", block, "subtitle", canvas)])
    if block.get("is_collapsible"):
        return el("details", el("summary", head), inside, open=not block.get("default_collapsed"), class_="card-box")
    return el("div", head, inside, class_="card-box")


def _task_card(block: Json, canvas: Canvas) -> Markup:
    status = str(block.get("status", "pending"))
    sign = el("span", _TASK_STATES.get(status, "○"), aria_label=status.replace("_", " "), role="img")
    details = (
        rich_text(part, canvas.reader) for key in ("details", "output") if isinstance(part := block.get(key), Mapping)
    )
    sources = (link(str(source.get("text", "")), source.get("url")) for source in dicts(block.get("sources")))
    return el("div", el("b", sign, " ", words_of(block.get("title"))), *details, *sources, class_="card-box")


def _plan(block: Json, canvas: Canvas) -> Markup:
    tasks = join(render_block(task, canvas) for task in dicts(block.get("tasks")))
    return el("div", el("b", words_of(block.get("title"))), tasks, class_="card-box")


def _worded(tag: str, block: Json, key: str, canvas: Canvas) -> Child:
    return el(tag, text_object(block[key], canvas)) if block.get(key) else None


def _block_id(block: Json) -> str:
    return str(block.get("block_id", ""))


def legacy_attachment(attachment: Json, canvas: Canvas) -> Markup:
    """A secondary attachment: the coloured bar with blocks, or with the old title and text."""
    parts: list[Child] = [text_object({"type": "mrkdwn", "text": attachment.get("pretext", "")}, canvas)]
    title = attachment.get("title")
    if title:
        label = plain_text(str(title))
        parts.append(
            el("b", link(label, attachment["title_link"]) if safe_url(attachment.get("title_link")) else label)
        )
    if attachment.get("text"):
        parts.append(el("div", text_object({"type": "mrkdwn", "text": attachment["text"]}, canvas)))
    parts.append(render_blocks(dicts(attachment.get("blocks")), canvas))
    return el("div", *parts, class_="attachment")


_BLOCKS: dict[str, Callable[[Json, Canvas], Markup]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "context_actions": _actions,
    "input": _input,
    "divider": _divider,
    "image": _image,
    "rich_text": _rich_text,
    "table": lambda block, canvas: table(block, canvas.reader),
    "data_table": lambda block, canvas: data_table(block, canvas.reader),
    "data_visualization": lambda block, canvas: data_visualization(block),
    "markdown": _markdown,
    "file": _file,
    "video": _video,
    "alert": _alert,
    "card": _card,
    "carousel": _carousel,
    "container": _container,
    "task_card": _task_card,
    "plan": _plan,
}
