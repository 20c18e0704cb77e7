"""Block elements as controls a person can use: buttons, menus, pickers, inputs.

Each control is a `.control` that carries what the browser's script needs to tell the server which element was used
(`data-type`, `data-block`, `data-action`), and never what it means: the server looks the element up in the message or
view itself. A confirm dialog waits in a `<template>` inside its control.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from sandbox.slack.page.dates import moment
from sandbox.slack.page.markup import Child, bare_words, dom_id, el, join, safe_url
from sandbox.slack.page.mrkdwn import mrkdwn, plain_text, unescape
from sandbox.slack.page.reader import Canvas, Reader
from sandbox.slack.page.rich_text import Json, dicts, rich_text

_STYLES = frozenset({"primary", "danger"})


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an element stands. `label` is its accessible name where nothing visible names it; `in_input` says that it
    belongs to an input block, whose own label names it, and that using it only tells the bot when `dispatch` is set."""

    canvas: Canvas = field(default_factory=Canvas)
    block_id: str = ""
    label: str = ""
    in_input: bool = False
    dispatch: bool = False
    optional: bool = True


def element(thing: Json, spot: Spot) -> Markup:
    """The control of one element; a named box for a type this page does not know."""
    if hidden_from(thing, spot.canvas.reader):
        return Markup("")
    draw = _ELEMENTS.get(str(thing.get("type")))
    return draw(thing, spot) if draw else unknown_box("element", thing)


def hidden_from(thing: Json, reader: Reader) -> bool:
    """`visible_to_user_ids` decides who is shown an element. It is presentation only: the bot checks rights."""
    allowed = thing.get("visible_to_user_ids")
    return isinstance(allowed, list) and bool(allowed) and reader.me not in allowed


def unknown_box(what: str, thing: Json) -> Markup:
    name = str(thing.get("type") or "no type")
    note = "This page does not know how to draw it; Slack may."
    return el("div", el("b", f"{what}: {name}"), el("span", note), class_="unknown", role="note")


def text_object(thing: object, canvas: Canvas) -> Markup:
    """A text object as HTML; a bare string is taken for plain_text, as some fields hold one."""
    if isinstance(thing, str):
        return plain_text(thing)
    if not isinstance(thing, Mapping):
        return Markup("")
    words = str(thing.get("text", ""))
    if thing.get("type") == "mrkdwn":
        return mrkdwn(words, canvas.reader, links=not thing.get("verbatim"))
    return plain_text(words, thing.get("emoji", True) is not False)


def words_of(thing: object) -> str:
    """The bare words of a plain_text object."""
    source = thing.get("text", "") if isinstance(thing, Mapping) else thing
    return unescape(str(source or ""))


def control_id(thing: Json, spot: Spot) -> str:
    return dom_id(spot.canvas.scope, spot.block_id, thing.get("action_id"))


def image(thing: Json, canvas: Canvas, css: str = "picture") -> Markup:
    """An image from this origin is shown; one from elsewhere is named, because the page loads nothing from outside."""
    alt = words_of(thing.get("alt_text"))
    source = _own_image(thing, canvas.reader)
    if source:
        return el("img", src=source, alt=alt, class_=css, loading="lazy")
    url = safe_url(thing.get("image_url"))
    note = el("small", "image from elsewhere, not loaded")
    label = join([el("b", alt or "Image"), note])
    if url:
        return el("a", label, href=url, target="_blank", rel="noopener noreferrer", class_=f"{css} away")
    return el("span", label, class_=f"{css} away")


def _own_image(thing: Json, reader: Reader) -> str | None:
    file = thing.get("slack_file")
    if isinstance(file, Mapping):
        return reader.files.get(str(file.get("id") or file.get("url")))
    url = str(thing.get("image_url") or "")
    if url in reader.files:
        return reader.files[url]
    # Relative, because the page may be open under another name of the same server.
    return url.removeprefix(reader.origin) if reader.origin and url.startswith(reader.origin + "/") else None


# Buttons ----------------------------------------------------------------------------------------------------------


def _button(thing: Json, spot: Spot) -> Markup:
    style = thing.get("style") if thing.get("style") in _STYLES else "plain"
    label = text_object(thing.get("text"), spot.canvas)
    shared = {
        "class_": f"btn {style}",
        "id": control_id(thing, spot),
        "aria_label": words_of(thing.get("accessibility_label")) or None,
    }
    url = safe_url(thing.get("url"))
    if url:
        pressed = el("a", label, href=url, target="_blank", rel="noopener noreferrer", **shared)
    else:
        pressed = el("button", label, type="button", **shared)
    return _control(thing, spot, pressed)


def _workflow_button(thing: Json, spot: Spot) -> Markup:
    return _button({**thing, "type": "workflow_button"}, spot)


def _icon_button(thing: Json, spot: Spot) -> Markup:
    words = words_of(thing.get("accessibility_label")) or words_of(thing.get("text"))
    picture = _ICONS.get(str(thing.get("icon")), words)
    pressed = el("button", picture, type="button", class_="btn icon", aria_label=words, id=control_id(thing, spot))
    return _control(thing, spot, pressed)


def _feedback_buttons(thing: Json, spot: Spot) -> Markup:
    halves = ((thing.get("positive_button"), "👍"), (thing.get("negative_button"), "👎"))
    buttons = (_feedback(half, sign) for half, sign in halves if isinstance(half, Mapping))
    return _control(thing, spot, join(buttons))


def _feedback(half: Json, sign: str) -> Markup:
    words = words_of(half.get("text"))
    label = words_of(half.get("accessibility_label")) or words
    return el("button", f"{sign} {words}", type="button", class_="btn", aria_label=label, data_value=_value(half))


def _overflow(thing: Json, spot: Spot) -> Markup:
    menu = dom_id(control_id(thing, spot), "menu")
    opener = el(
        "button",
        el("span", "⋯", aria_hidden="true"),
        type="button",
        class_="btn icon opener",
        id=control_id(thing, spot),
        aria_label=words_of(thing.get("accessibility_label")) or "More actions",
        aria_haspopup="menu",
        aria_expanded="false",
        aria_controls=menu,
    )
    items = (_menu_item(option, spot.canvas) for option in dicts(thing.get("options")))
    return _control(thing, spot, opener, el("div", *items, role="menu", id=menu, class_="menu", hidden=True))


def _menu_item(option: Json, canvas: Canvas) -> Markup:
    described = el("small", text_object(option.get("description"), canvas)) if option.get("description") else None
    shared = {"role": "menuitem", "tabindex": "-1", "data_value": _value(option)}
    label = text_object(option.get("text"), canvas)
    url = safe_url(option.get("url"))
    if url:
        return el("a", label, described, href=url, target="_blank", rel="noopener noreferrer", **shared)
    return el("button", label, described, type="button", **shared)


# Menus ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a menu."""

    value: str
    label: Markup
    words: str
    description: Markup | None = None


def choice(option: Json, canvas: Canvas) -> Choice:
    label = text_object(option.get("text"), canvas)
    described = text_object(option.get("description"), canvas) if option.get("description") else None
    return Choice(_value(option), label, bare_words(label), described)


def option_lines(choices: Iterable[Choice], chosen: frozenset[str] = frozenset(), scope: str = "") -> Markup:
    """The lines of an open menu; also what an external menu is filled with as one types."""
    return join(_option_line(item, item.value in chosen, dom_id(scope, "option", item.value)) for item in choices)


def option_groups(answer: Json, canvas: Canvas, scope: str = "", chosen: frozenset[str] = frozenset()) -> Markup:
    """Options, in groups when there are any: of a static menu, or of what a bot answered to typed letters."""
    groups = dicts(answer.get("option_groups"))
    if not groups:
        return option_lines((choice(o, canvas) for o in dicts(answer.get("options"))), chosen, scope)
    return join(_option_group(group, canvas, scope, chosen) for group in groups)


def _option_group(group: Json, canvas: Canvas, scope: str, chosen: frozenset[str]) -> Markup:
    label = words_of(group.get("label"))
    lines = option_lines((choice(o, canvas) for o in dicts(group.get("options"))), chosen, scope)
    return el("div", el("div", label, class_="group-label", aria_hidden="true"), lines, role="group", aria_label=label)


def _option_line(item: Choice, chosen: bool, line_id: str) -> Markup:
    described = el("small", item.description) if item.description else None
    selected = "true" if chosen else "false"
    return el(
        "div",
        item.label,
        described,
        role="option",
        id=line_id,
        aria_selected=selected,
        data_value=item.value,
        data_label=item.words,
    )


def _static_select(thing: Json, spot: Spot) -> Markup:
    chosen = _chosen_options(thing, spot.canvas)
    values = frozenset(item.value for item in chosen)
    return _menu(thing, spot, option_groups(thing, spot.canvas, control_id(thing, spot), values), chosen)


def _external_select(thing: Json, spot: Spot) -> Markup:
    least = thing.get("min_query_length")
    return _menu(
        thing,
        spot,
        Markup(""),
        _chosen_options(thing, spot.canvas),
        data_external=True,
        data_min_query=least if isinstance(least, int) else 3,
    )


def _chosen_options(thing: Json, canvas: Canvas) -> list[Choice]:
    one = [thing["initial_option"]] if isinstance(thing.get("initial_option"), Mapping) else []
    return [choice(option, canvas) for option in one or dicts(thing.get("initial_options"))]


def _named_select(sign: str, names: Callable[[Reader], Mapping[str, str]], what: str) -> "Draw":
    """Menus of people, channels and conversations: the page knows their names, the element only ids."""

    def draw(thing: Json, spot: Spot) -> Markup:
        known = names(spot.canvas.reader)
        multiple = thing.get(f"initial_{what}s")
        ids = multiple if isinstance(multiple, list) else [thing.get(f"initial_{what}")]
        chosen = [_named(str(key), known, sign) for key in ids if key]
        values = frozenset(item.value for item in chosen)
        lines = option_lines((_named(key, known, sign) for key in known), values, control_id(thing, spot))
        return _menu(thing, spot, lines, chosen)

    return draw


def _named(key: str, known: Mapping[str, str], sign: str) -> Choice:
    words = known.get(key, key)
    return Choice(key, Markup.escape(sign + words), sign + words)


def _menu(thing: Json, spot: Spot, lines: Markup, chosen: list[Choice], **attributes: object) -> Markup:
    """A combobox: one may type to narrow it, and use it with the arrow keys."""
    many = str(thing.get("type", "")).startswith("multi_")
    field_id = control_id(thing, spot)
    list_id = dom_id(field_id, "list")
    placeholder = words_of(thing.get("placeholder")) or ("Choose one or more" if many else "Choose one")
    named = {} if spot.in_input else {"aria_label": _name(thing, spot, placeholder)}
    typed = el(
        "input",
        id=field_id,
        type="text",
        role="combobox",
        autocomplete="off",
        spellcheck="false",
        aria_autocomplete="list",
        aria_expanded="false",
        aria_controls=list_id,
        aria_required=_required(spot),
        aria_describedby=_described_by(spot),
        aria_invalid=_invalid(spot),
        placeholder=placeholder,
        value=chosen[0].words if chosen and not many else None,
        data_chosen=chosen[0].value if chosen and not many else None,
        **named,
    )
    chips = el("span", join(_chip(item) for item in chosen), class_="chips") if many else None
    options = el("div", lines, role="listbox", id=list_id, class_="menu", hidden=True, aria_label=placeholder)
    field_box = el("div", chips, typed, class_="combo")
    largest = thing.get("max_selected_items")
    return _control(thing, spot, field_box, options, data_many=many, data_max=largest, css="pick", **attributes)


def _chip(item: Choice) -> Markup:
    cross = el("span", "×", aria_hidden="true")
    return el(
        "button",
        item.label,
        cross,
        type="button",
        class_="chip",
        data_value=item.value,
        aria_label=f"Remove {item.words}",
    )


# Choices that are all on the screen -------------------------------------------------------------------------------


def _checkboxes(thing: Json, spot: Spot) -> Markup:
    chosen = frozenset(_value(option) for option in dicts(thing.get("initial_options")))
    return _ticks(thing, spot, "checkbox", chosen)


def _radio_buttons(thing: Json, spot: Spot) -> Markup:
    initial = thing.get("initial_option")
    return _ticks(thing, spot, "radio", frozenset({_value(initial)} if isinstance(initial, Mapping) else ()))


def _ticks(thing: Json, spot: Spot, kind: str, chosen: frozenset[str]) -> Markup:
    base = control_id(thing, spot)
    lines = (
        _tick(option, spot.canvas, kind=kind, base=base, number=number, checked=_value(option) in chosen)
        for number, option in enumerate(dicts(thing.get("options")))
    )
    legend = None if spot.in_input else el("legend", _name(thing, spot, "Choices"), class_="visually-hidden")
    role = "radiogroup" if kind == "radio" else "group"
    labelled = dom_id(spot.canvas.scope, spot.block_id, "label") if spot.in_input else None
    box = el(
        "fieldset", legend, *lines, role=role, aria_labelledby=labelled, aria_describedby=_described_by(spot), id=base
    )
    return _control(thing, spot, box)


def _tick(option: Json, canvas: Canvas, *, kind: str, base: str, number: int, checked: bool) -> Markup:
    line = dom_id(base, number)
    described = option.get("description")
    small = el("small", text_object(described, canvas), id=f"{line}d") if described else None
    box = el(
        "input",
        type=kind,
        name=base,
        id=line,
        value=_value(option),
        checked=checked,
        aria_describedby=f"{line}d" if described else None,
    )
    words = el("span", text_object(option.get("text"), canvas))
    return el("div", box, el("label", words, for_=line), small, class_="tick")


# Dates and times --------------------------------------------------------------------------------------------------


def _datepicker(thing: Json, spot: Spot) -> Markup:
    return _field(thing, spot, "date", value=thing.get("initial_date"))


def _timepicker(thing: Json, spot: Spot) -> Markup:
    zone = el("small", str(thing["timezone"]), class_="zone") if thing.get("timezone") else None
    return _field(thing, spot, "time", value=thing.get("initial_time"), after=zone)


def _datetimepicker(thing: Json, spot: Spot) -> Markup:
    """The picker works in the reader's zone; the server turns it into the Unix time Slack sends."""
    reader = spot.canvas.reader
    when = moment(thing.get("initial_date_time"), reader) if thing.get("initial_date_time") is not None else None
    zone = el("small", str(reader.tz), class_="zone")
    return _field(thing, spot, "datetime-local", value=when.strftime("%Y-%m-%dT%H:%M") if when else None, after=zone)


# Words ------------------------------------------------------------------------------------------------------------


def _plain_text_input(thing: Json, spot: Spot) -> Markup:
    limits = {"minlength": thing.get("min_length"), "maxlength": thing.get("max_length")}
    if thing.get("multiline"):
        return _area(thing, spot, words_of(thing.get("initial_value")), rows=4, **limits)
    return _field(thing, spot, "text", value=thing.get("initial_value"), **limits)


def _email_input(thing: Json, spot: Spot) -> Markup:
    return _field(thing, spot, "email", value=thing.get("initial_value"))


def _url_input(thing: Json, spot: Spot) -> Markup:
    return _field(thing, spot, "url", value=thing.get("initial_value"))


def _number_input(thing: Json, spot: Spot) -> Markup:
    step = "any" if thing.get("is_decimal_allowed") else "1"
    limits = {"min": thing.get("min_value"), "max": thing.get("max_value"), "step": step}
    return _field(thing, spot, "number", None, value=thing.get("initial_value"), inputmode="decimal", **limits)


def _file_input(thing: Json, spot: Spot) -> Markup:
    kinds = thing.get("filetypes")
    accept = ",".join(f".{kind}" for kind in kinds) if isinstance(kinds, list) else None
    most = thing.get("max_files")
    return _field(thing, spot, "file", accept=accept, multiple=most != 1, data_max=most)


def _rich_text_input(thing: Json, spot: Spot) -> Markup:
    initial = thing.get("initial_value")
    drawn = rich_text(initial, spot.canvas.reader) if isinstance(initial, Mapping) else Markup("")
    rows = thing.get("min_lines")
    return _area(thing, spot, bare_words(drawn), rows=rows if isinstance(rows, int) else 3)


def _field(thing: Json, spot: Spot, kind: str, after: Markup | None = None, **attributes: object) -> Markup:
    return _control(thing, spot, el("input", type=kind, **_field_attributes(thing, spot), **attributes), after)


def _area(thing: Json, spot: Spot, words: str, **attributes: object) -> Markup:
    # A browser swallows the first line break of a textarea.
    return _control(thing, spot, el("textarea", "\n" + words, **_field_attributes(thing, spot), **attributes))


def _field_attributes(thing: Json, spot: Spot) -> dict[str, object]:
    placeholder = words_of(thing.get("placeholder"))
    return {
        "id": control_id(thing, spot),
        "class_": "field",
        "autocomplete": "off",
        "placeholder": placeholder or None,
        "aria_label": None if spot.in_input else _name(thing, spot, placeholder),
        "aria_required": _required(spot),
        "aria_describedby": _described_by(spot),
        "aria_invalid": _invalid(spot),
    }


# Shared -----------------------------------------------------------------------------------------------------------


def _control(thing: Json, spot: Spot, *children: Child, css: str = "", **attributes: object) -> Markup:
    config = thing.get("dispatch_action_config")
    triggers = config.get("trigger_actions_on") if isinstance(config, Mapping) else None
    return el(
        "div",
        *children,
        _confirm(thing, spot.canvas),
        class_=f"control {css}".strip(),
        data_type=str(thing.get("type", "")),
        data_block=spot.block_id,
        data_action=str(thing.get("action_id", "")),
        data_input=spot.in_input,
        data_dispatch=" ".join(triggers or ["on_enter_pressed"]) if spot.dispatch else None,
        data_focus=bool(thing.get("focus_on_load")),
        **attributes,
    )


def _confirm(thing: Json, canvas: Canvas) -> Markup | None:
    dialog = thing.get("confirm")
    if not isinstance(dialog, Mapping):
        return None
    title = words_of(dialog.get("title")) or "Are you sure?"
    style = "danger" if dialog.get("style") == "danger" else "primary"
    name = dom_id(canvas.scope, thing.get("action_id"), "confirm")
    buttons = (
        el("button", words_of(dialog.get("deny")) or "Cancel", type="button", class_="btn plain", data_answer="deny"),
        el(
            "button",
            words_of(dialog.get("confirm")) or "Yes",
            type="button",
            class_=f"btn {style}",
            data_answer="confirm",
        ),
    )
    box = el(
        "dialog",
        el("h2", title, id=name),
        el("div", text_object(dialog.get("text"), canvas), class_="dialog-text", id=f"{name}t"),
        el("div", *buttons, class_="dialog-foot"),
        class_="confirm",
        role="alertdialog",
        aria_labelledby=name,
        aria_describedby=f"{name}t",
    )
    return el("template", box)


def _value(option: Any) -> str:
    return str(option.get("value", "")) if isinstance(option, Mapping) else ""


def _name(thing: Json, spot: Spot, otherwise: str) -> str:
    return words_of(thing.get("accessibility_label")) or spot.label or otherwise or str(thing.get("type", ""))


def _required(spot: Spot) -> str | None:
    return "true" if spot.in_input and not spot.optional else None


def _invalid(spot: Spot) -> str | None:
    return "true" if spot.in_input and spot.block_id in spot.canvas.errors else None


def _described_by(spot: Spot) -> str | None:
    """Hint and error of an input block stand below the field under these ids."""
    if not spot.in_input:
        return None
    return f"{dom_id(spot.canvas.scope, spot.block_id, 'hint')} {dom_id(spot.canvas.scope, spot.block_id, 'error')}"


Draw = Callable[[Json, Spot], Markup]
_ICONS = {"trash": "🗑"}


def _conversation_names(reader: Reader) -> dict[str, str]:
    channels = {key: f"#{name}" for key, name in reader.channels.items()}
    return channels | {key: f"@{name}" for key, name in reader.directs.items()}


_users = _named_select("@", lambda reader: reader.people, "user")
_channels = _named_select("#", lambda reader: reader.channels, "channel")
_conversations = _named_select("", _conversation_names, "conversation")
_ELEMENTS: dict[str, Draw] = {
    "button": _button,
    "workflow_button": _workflow_button,
    "icon_button": _icon_button,
    "feedback_buttons": _feedback_buttons,
    "overflow": _overflow,
    "static_select": _static_select,
    "multi_static_select": _static_select,
    "external_select": _external_select,
    "multi_external_select": _external_select,
    "users_select": _users,
    "multi_users_select": _users,
    "channels_select": _channels,
    "multi_channels_select": _channels,
    "conversations_select": _conversations,
    "multi_conversations_select": _conversations,
    "checkboxes": _checkboxes,
    "radio_buttons": _radio_buttons,
    "datepicker": _datepicker,
    "timepicker": _timepicker,
    "datetimepicker": _datetimepicker,
    "plain_text_input": _plain_text_input,
    "email_text_input": _email_input,
    "url_text_input": _url_input,
    "number_input": _number_input,
    "file_input": _file_input,
    "rich_text_input": _rich_text_input,
    "image": lambda thing, spot: image(thing, spot.canvas, css="thumb"),
}
