"""Block Kit as a table of rules: what Slack takes in a message, a modal and a Home tab, and how it refuses the rest.

The limits are Slack's published ones (docs.slack.dev, Block Kit reference, and the type definitions Slack publishes),
among them those that the Python SDK does not check. Blocks that this stand-in does not know (card, carousel,
container, plan, task_card, call) are refused as Slack refuses unknown ones.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal

from sandbox.slack.checks import (
    Check,
    Field,
    Report,
    array,
    at_least_one,
    boolean,
    exactly_one,
    may,
    need,
    number,
    one_of,
    shape,
    string,
    typed,
)
from sandbox.slack.model import Json

Surface = Literal["message", "modal", "home"]

BLOCKS_IN_MESSAGE = 50
BLOCKS_IN_VIEW = 100
CHARACTERS_IN_MESSAGE = 13_000
CHARACTERS_IN_TABLE = 10_000
CHARACTERS_IN_MARKDOWN = 12_000
BYTES_IN_VIEW = 250_000
ID = string(255)
URL = string(3000, 1)

# Composition objects ------------------------------------------------------------------------------------------------

_PLAIN = {"type": need(one_of("plain_text")), "emoji": may(boolean)}
_MRKDWN = {"type": need(one_of("mrkdwn")), "verbatim": may(boolean)}


def plain(most: int, least: int = 1) -> Check:
    return shape(_PLAIN | {"text": need(string(most, least))})


def text(most: int, least: int = 1) -> Check:
    """A text object of either kind."""
    mrkdwn = shape(_MRKDWN | {"text": need(string(most, least))})
    return typed({"plain_text": plain(most, least), "mrkdwn": mrkdwn})


CONFIRM = shape(
    {
        "title": need(plain(100)),
        "text": need(text(300)),
        "confirm": need(plain(30)),
        "deny": need(plain(30)),
        "style": may(one_of("primary", "danger")),
    }
)


def option(label: Check, **more: Field) -> Check:
    return shape({"text": need(label), "value": need(string(150, 1)), "description": may(label), **more})


SELECT_OPTION = option(plain(75))
CHOICE_OPTION = option(text(75))
OVERFLOW_OPTION = option(plain(75), url=may(URL))
OPTION_GROUP = shape({"label": need(plain(75)), "options": need(array(SELECT_OPTION, 100))})
FILTER = shape(
    {
        "include": may(array(one_of("im", "mpim", "private", "public"))),
        "exclude_external_shared_channels": may(boolean),
        "exclude_bot_users": may(boolean),
    }
)
DISPATCH = shape(
    {"trigger_actions_on": may(array(one_of("on_enter_pressed", "on_character_entered"), 2))},
)
SLACK_FILE = shape({"id": may(string(255)), "url": may(URL)}, exactly_one("id", "url"))


def initial_is_offered(value: Json, where: str, report: Report) -> None:
    """`initial_option(s)` must be exactly one of the options that are offered, all properties alike."""
    offered = offered_options(value)
    for name in ("initial_option", "initial_options"):
        given = value.get(name)
        chosen = given if isinstance(given, list) else [given] if given else []
        if any(choice not in offered for choice in chosen):
            report.add(f"{name} must exactly match a provided option", f"{where}/{name}")


def offered_options(element: Json) -> list[Json]:
    """The options of a menu, those in groups too."""
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(item for group in groups for item in group.get("options", []))]


# Rich text ----------------------------------------------------------------------------------------------------------

_STYLE = shape(
    {
        name: may(boolean)
        for name in ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
    }
)
_RUN = {"type": need(string()), "style": may(_STYLE)}
INLINE: dict[str, Check] = {
    "text": shape(_RUN | {"text": need(string(0, 1))}),
    "link": shape(_RUN | {"url": need(string(0, 1)), "text": may(string()), "unsafe": may(boolean)}),
    "emoji": shape(
        _RUN
        | {"name": need(string(0, 1)), "unicode": may(string()), "url": may(string()), "skin_tone": may(number(1, 6))}
    ),
    "user": shape(_RUN | {"user_id": need(string(0, 1))}),
    "usergroup": shape(_RUN | {"usergroup_id": need(string(0, 1))}),
    "channel": shape(_RUN | {"channel_id": need(string(0, 1))}),
    "team": shape(_RUN | {"team_id": need(string(0, 1))}),
    "broadcast": shape(_RUN | {"range": need(one_of("here", "channel", "everyone"))}),
    "color": shape(_RUN | {"value": need(string(0, 1))}),
    "date": shape(
        _RUN
        | {
            "timestamp": need(number(0, whole=True)),
            "format": need(string(0, 1)),
            "url": may(string()),
            "fallback": may(string()),
        }
    ),
}
_INLINES = array(typed(INLINE), least=0)
_BORDER = {"border": may(number(0, 1, whole=True))}
_SECTION = shape({"type": need(string()), "elements": need(_INLINES)})
RICH_TEXT: dict[str, Check] = {
    "rich_text_section": _SECTION,
    "rich_text_quote": shape({"type": need(string()), "elements": need(_INLINES)} | _BORDER),
    "rich_text_preformatted": shape(
        {"type": need(string()), "elements": need(_INLINES), "language": may(string())} | _BORDER
    ),
    "rich_text_list": shape(
        {
            "type": need(string()),
            "style": need(one_of("bullet", "ordered")),
            "elements": need(array(typed({"rich_text_section": _SECTION}), least=0)),
            "indent": may(number(0, 8, whole=True)),
            "offset": may(number(0, whole=True)),
        }
        | _BORDER
    ),
}
_RICH_TEXT_FIELDS = {"type": need(string()), "block_id": may(ID), "elements": need(array(typed(RICH_TEXT), least=0))}
RICH_TEXT_BLOCK = shape(_RICH_TEXT_FIELDS)

# Elements -----------------------------------------------------------------------------------------------------------

_ACTION = {"type": need(string()), "action_id": may(ID)}
_CONFIRMED = _ACTION | {"confirm": may(CONFIRM)}
_FOCUS = {"focus_on_load": may(boolean)}
_HINT = {"placeholder": may(plain(150))}
_MENU = _CONFIRMED | _FOCUS | _HINT
_MULTI = _MENU | {"max_selected_items": may(number(1, 100, whole=True))}
_TYPED = _ACTION | _FOCUS | _HINT | {"dispatch_action_config": may(DISPATCH)}
_OPTIONS = {"options": may(array(SELECT_OPTION, 100)), "option_groups": may(array(OPTION_GROUP, 100))}
_LABEL = {"accessibility_label": may(string(75))}
DATE = string(pattern=r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
TIME = string(pattern=r"([01]\d|2[0-3]):[0-5]\d")


def lengths_fit(value: Json, where: str, report: Report) -> None:
    least, most = value.get("min_length"), value.get("max_length")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        report.add("min_length must be less than or equal to max_length", where)
    initial = value.get("initial_value")
    if isinstance(initial, str) and isinstance(most, int) and len(initial) > most:
        report.add(f"must be less than {most + 1} characters", f"{where}/initial_value")


IMAGE_ELEMENT = shape(
    {
        "type": need(string()),
        "alt_text": need(string(2000)),
        "image_url": may(URL),
        "slack_file": may(SLACK_FILE),
    },
    exactly_one("image_url", "slack_file"),
)

ELEMENTS: dict[str, Check] = {
    "button": shape(
        _CONFIRMED
        | _LABEL
        | {
            "text": need(plain(75)),
            "value": may(string(2000)),
            "url": may(URL),
            "style": may(one_of("primary", "danger")),
            "visible_to_user_ids": may(array(string(255, 1))),
        }
    ),
    "checkboxes": shape(
        _CONFIRMED
        | _FOCUS
        | {"options": need(array(CHOICE_OPTION, 10)), "initial_options": may(array(CHOICE_OPTION, 10))},
        initial_is_offered,
    ),
    "radio_buttons": shape(
        _CONFIRMED | _FOCUS | {"options": need(array(CHOICE_OPTION, 10)), "initial_option": may(CHOICE_OPTION)},
        initial_is_offered,
    ),
    "overflow": shape(_CONFIRMED | {"options": need(array(OVERFLOW_OPTION, 5))}),
    "datepicker": shape(_MENU | {"initial_date": may(DATE)}),
    "timepicker": shape(_MENU | {"initial_time": may(TIME), "timezone": may(string())}),
    "datetimepicker": shape(
        _CONFIRMED | _FOCUS | {"initial_date_time": may(number(1_000_000_000, 9_999_999_999, whole=True))}
    ),
    "static_select": shape(
        _MENU | _OPTIONS | {"initial_option": may(SELECT_OPTION)},
        exactly_one("options", "option_groups"),
        initial_is_offered,
    ),
    "multi_static_select": shape(
        _MULTI | _OPTIONS | {"initial_options": may(array(SELECT_OPTION, 100))},
        exactly_one("options", "option_groups"),
        initial_is_offered,
    ),
    "external_select": shape(
        _MENU | {"min_query_length": may(number(0, whole=True)), "initial_option": may(SELECT_OPTION)}
    ),
    "multi_external_select": shape(
        _MULTI | {"min_query_length": may(number(0, whole=True)), "initial_options": may(array(SELECT_OPTION, 100))}
    ),
    "users_select": shape(_MENU | {"initial_user": may(string(255, 1))}),
    "multi_users_select": shape(_MULTI | {"initial_users": may(array(string(255, 1)))}),
    "channels_select": shape(_MENU | {"initial_channel": may(string(255, 1)), "response_url_enabled": may(boolean)}),
    "multi_channels_select": shape(_MULTI | {"initial_channels": may(array(string(255, 1)))}),
    "conversations_select": shape(
        _MENU
        | {
            "initial_conversation": may(string(255, 1)),
            "default_to_current_conversation": may(boolean),
            "response_url_enabled": may(boolean),
            "filter": may(FILTER),
        }
    ),
    "multi_conversations_select": shape(
        _MULTI
        | {
            "initial_conversations": may(array(string(255, 1))),
            "default_to_current_conversation": may(boolean),
            "filter": may(FILTER),
        }
    ),
    "plain_text_input": shape(
        _TYPED
        | {
            "initial_value": may(string(3000)),
            "multiline": may(boolean),
            "min_length": may(number(0, 3000, whole=True)),
            "max_length": may(number(1, 3000, whole=True)),
        },
        lengths_fit,
    ),
    "email_text_input": shape(_TYPED | {"initial_value": may(string())}),
    "url_text_input": shape(_TYPED | {"initial_value": may(string())}),
    "number_input": shape(
        _TYPED
        | {
            "is_decimal_allowed": need(boolean),
            "initial_value": may(string()),
            "min_value": may(string()),
            "max_value": may(string()),
        }
    ),
    "rich_text_input": shape(
        _TYPED
        | {
            "initial_value": may(RICH_TEXT_BLOCK),
            "min_lines": may(number(1, 100, whole=True)),
            "max_lines": may(number(1, 100, whole=True)),
        }
    ),
    "file_input": shape(
        _ACTION | {"filetypes": may(array(string(255, 1))), "max_files": may(number(1, 10, whole=True))}
    ),
    "feedback_buttons": shape(
        _ACTION
        | {
            name: need(shape({"text": need(plain(75)), "value": need(string(2000))} | _LABEL))
            for name in ("positive_button", "negative_button")
        }
    ),
    "icon_button": shape(
        _CONFIRMED
        | _LABEL
        | {
            "icon": need(one_of("trash")),
            "text": need(plain(75)),
            "value": may(string(2000)),
            "visible_to_user_ids": may(array(string(255, 1))),
        }
    ),
    "image": IMAGE_ELEMENT,
}

_SELECTS = {
    f"{many}{kind}_select"
    for many in ("", "multi_")
    for kind in ("static", "external", "users", "channels", "conversations")
}
_CHOICES = _SELECTS | {"checkboxes", "radio_buttons", "datepicker", "timepicker"}
IN_SECTION = _CHOICES | {"button", "image", "overflow"}
IN_ACTIONS = _CHOICES | {"button", "overflow", "datetimepicker", "rich_text_input"}
IN_INPUT = _CHOICES | {
    "datetimepicker",
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "file_input",
}
INTERACTIVE = frozenset(ELEMENTS) - {"image"}

# Tables and charts --------------------------------------------------------------------------------------------------

RAW_TEXT = shape({"type": need(string()), "text": need(string(0, 1))})
RAW_NUMBER = shape({"type": need(string()), "value": need(number()), "text": need(string(0, 1))})
CELL = typed({"raw_text": RAW_TEXT, "raw_number": RAW_NUMBER, "rich_text": RICH_TEXT_BLOCK})
COLUMN = shape({"align": may(one_of("left", "center", "right")), "is_wrapped": may(boolean)})


def rows_of(block: Json) -> list[list[Any]]:
    rows = block.get("rows")
    return [row for row in rows if isinstance(row, list)] if isinstance(rows, list) else []


def table_fits(block: Json, where: str, report: Report) -> None:
    """All cells of a table together may have 10,000 characters."""
    if sum(characters(row) for row in rows_of(block)) > CHARACTERS_IN_TABLE:
        report.add(f"must be less than {CHARACTERS_IN_TABLE + 1} characters in all cells", f"{where}/rows")


def rows_are_even(block: Json, where: str, report: Report) -> None:
    if any(len(above) != len(below) for above, below in pairwise(rows_of(block))):
        report.add("all rows must have the same number of cells", f"{where}/rows")


def header_is_plain(block: Json, where: str, report: Report) -> None:
    for index, cell in enumerate(rows_of(block)[0] if rows_of(block) else []):
        if isinstance(cell, dict) and cell.get("type") == "rich_text":
            report.add("rich_text is not allowed in the header row", f"{where}/rows/0/{index}")


POINT = shape({"label": need(string(20, 1)), "value": need(number())})
SERIES = shape({"name": need(string(20, 1)), "data": need(array(POINT, 20))})
AXES = shape(
    {
        "categories": need(array(string(20, 1), 20)),
        "x_label": may(string(50)),
        "y_label": may(string(50)),
    }
)


def segments_are_positive(chart: Json, where: str, report: Report) -> None:
    for index, segment in enumerate(chart.get("segments") or []):
        value = segment.get("value") if isinstance(segment, dict) else None
        if isinstance(value, int | float) and value <= 0:
            report.add("must be greater than 0", f"{where}/segments/{index}/value")


def series_fit_categories(chart: Json, where: str, report: Report) -> None:
    """Names of series differ, and every series has one point for each category, by its label."""
    series = [one for one in chart.get("series") or [] if isinstance(one, dict)]
    names = [str(one.get("name")) for one in series]
    for name, count in Counter(names).items():
        if count > 1:
            report.add(f"series name must be unique: {name}", f"{where}/series")
    axes = chart.get("axis_config")
    wanted = axes.get("categories") if isinstance(axes, dict) else None
    for index, one in enumerate(series):
        labels = [point.get("label") for point in one.get("data") or [] if isinstance(point, dict)]
        if wanted is not None and labels != wanted:
            report.add("labels must match axis_config.categories", f"{where}/series/{index}/data")


PIE = shape(
    {
        "type": need(string()),
        "segments": need(array(shape({"label": need(string(20, 1)), "value": need(number())}), 6)),
    },
    segments_are_positive,
)
PLOT = shape(
    {"type": need(string()), "series": need(array(SERIES, 6)), "axis_config": need(AXES)},
    series_fit_categories,
)
CHART = typed({"pie": PIE, "bar": PLOT, "area": PLOT, "line": PLOT})

# Blocks -------------------------------------------------------------------------------------------------------------

_BLOCK = {"type": need(string()), "block_id": may(ID)}


def block(more: dict[str, Field], *checks: Check) -> Check:
    return shape(_BLOCK | more, *checks)


BLOCKS: dict[str, Check] = {
    "section": block(
        {
            "text": may(text(3000)),
            "fields": may(array(text(2000), 10)),
            "accessory": may(typed(ELEMENTS, allowed=IN_SECTION)),
            "expand": may(boolean),
        },
        at_least_one("text", "fields"),
    ),
    "header": block({"text": need(plain(150)), "level": may(number(1, 4, whole=True))}),
    "divider": block({}),
    "context": block(
        {"elements": need(array(typed({"plain_text": plain(3000), "mrkdwn": text(3000), "image": IMAGE_ELEMENT}), 10))}
    ),
    "context_actions": block(
        {"elements": need(array(typed(ELEMENTS, allowed=("feedback_buttons", "icon_button")), 5))}
    ),
    "actions": block({"elements": need(array(typed(ELEMENTS, allowed=IN_ACTIONS), 25))}),
    "input": block(
        {
            "label": need(plain(2000)),
            "element": need(typed(ELEMENTS, allowed=IN_INPUT)),
            "dispatch_action": may(boolean),
            "hint": may(plain(2000)),
            "optional": may(boolean),
        }
    ),
    "image": block(
        {
            "alt_text": need(string(2000)),
            "title": may(plain(2000)),
            "image_url": may(URL),
            "slack_file": may(SLACK_FILE),
        },
        exactly_one("image_url", "slack_file"),
    ),
    "video": block(
        {
            "alt_text": need(string(2000)),
            "title": need(plain(199)),
            "video_url": need(URL),
            "thumbnail_url": need(URL),
            "title_url": may(URL),
            "author_name": may(string(49)),
            "description": may(plain(199)),
            "provider_name": may(string()),
            "provider_icon_url": may(URL),
        }
    ),
    "file": block({"external_id": need(string(0, 1)), "source": need(one_of("remote"))}),
    "markdown": block({"text": need(string(CHARACTERS_IN_MARKDOWN, 1))}),
    "rich_text": RICH_TEXT_BLOCK,
    "alert": block({"text": need(text(200)), "level": may(one_of("default", "info", "warning", "error", "success"))}),
    "table": block(
        {"rows": need(array(array(CELL, 20), 100)), "column_settings": may(array(COLUMN, 20, least=0))},
        table_fits,
    ),
    "data_table": block(
        {
            "rows": need(array(array(CELL, 20), 101, least=2)),
            "caption": need(string(0, 1)),
            "page_size": may(number(1, 100, whole=True)),
            "row_header_column_index": may(number(0, 19, whole=True)),
        },
        rows_are_even,
        header_is_plain,
        table_fits,
    ),
    "data_visualization": block({"title": need(string(50, 1)), "chart": need(CHART)}),
}

_ANYWHERE = {"section", "header", "divider", "context", "actions", "input", "image", "rich_text", "video"}
ON_SURFACE: dict[Surface, frozenset[str]] = {
    "message": frozenset(
        _ANYWHERE | {"context_actions", "file", "markdown", "table", "data_table", "data_visualization"}
    ),
    "modal": frozenset(_ANYWHERE | {"alert"}),
    "home": frozenset(_ANYWHERE),
}
AT_MOST_IN_MESSAGE = {"table": 1, "data_table": 1, "data_visualization": 2}

VIEW_FIELDS: dict[str, Field] = {
    "type": need(one_of("modal", "home")),
    "blocks": need(array(lambda *_: None, BLOCKS_IN_VIEW, least=0)),
    "private_metadata": may(string(3000)),
    "callback_id": may(string(255)),
    "external_id": may(string(255)),
}
MODAL = shape(
    VIEW_FIELDS
    | {
        "title": need(plain(24)),
        "submit": may(plain(24)),
        "close": may(plain(24)),
        "clear_on_close": may(boolean),
        "notify_on_close": may(boolean),
        "submit_disabled": may(boolean),
    }
)
HOME = shape(VIEW_FIELDS)


# Judging ------------------------------------------------------------------------------------------------------------


def refusals_of_blocks(blocks: Any, surface: Surface, where: str = "/blocks") -> list[str]:
    """What Slack has against these blocks, empty when nothing; the words of `response_metadata.messages`."""
    report = Report()
    most = BLOCKS_IN_MESSAGE if surface == "message" else BLOCKS_IN_VIEW
    array(typed(BLOCKS, allowed=ON_SURFACE[surface]), most, least=0)(blocks, where, report)
    if isinstance(blocks, list) and not report.messages:
        _ids_are_unique(blocks, where, report)
        _one_focus(blocks, where, report)
        _kinds_are_few(blocks, surface, where, report)
        _files_only_in_modals(blocks, surface, where, report)
    return report.messages


def refusals_of_view(view: Any) -> list[str]:
    """What Slack has against a view; pointers start at `/view`."""
    report = Report()
    kind: Surface = "home" if isinstance(view, dict) and view.get("type") == "home" else "modal"
    (HOME if kind == "home" else MODAL)(view, "/view", report)
    if report.messages:
        return report.messages
    _inputs_can_be_sent(view, report)
    return report.messages + refusals_of_blocks(view["blocks"], kind, "/view/blocks")


_OFFER = shape({"options": may(array(SELECT_OPTION, 100, least=0)), "option_groups": may(array(OPTION_GROUP, 100))})


def refusals_of_options(offer: Json) -> list[str]:
    """What Slack has against the options an app offers for an external menu."""
    report = Report()
    _OFFER(offer, "", report)
    if "options" not in offer and "option_groups" not in offer:
        report.add("must define either `options` or `option_groups`", "")
    return report.messages


def characters(value: Any) -> int:
    """How many characters of visible text a block (or anything inside it) has."""
    if isinstance(value, list):
        return sum(characters(item) for item in value)
    if not isinstance(value, dict):
        return 0
    own = sum(len(value[name]) for name in ("text", "alt_text", "caption") if isinstance(value.get(name), str))
    return own + sum(characters(item) for item in value.values() if isinstance(item, dict | list))


def interactive_elements(blocks: list[Json]) -> Iterator[tuple[Json, Json, str]]:
    """Every element with an action id, as (block, element, pointer below the block)."""
    for block_ in blocks:
        for pointer, element in _elements_of(block_):
            if isinstance(element, dict) and element.get("type") in INTERACTIVE:
                yield block_, element, pointer


def _elements_of(block_: Json) -> Iterator[tuple[str, Any]]:
    kind = block_.get("type")
    if kind == "section" and block_.get("accessory"):
        yield "accessory", block_["accessory"]
    elif kind == "input":
        yield "element", block_.get("element")
    elif kind in ("actions", "context_actions"):
        for index, element in enumerate(block_.get("elements", [])):
            yield f"elements/{index}", element


def _ids_are_unique(blocks: list[Json], where: str, report: Report) -> None:
    seen: set[str] = set()
    for index, block_ in enumerate(blocks):
        block_id = block_.get("block_id")
        if block_id and block_id in seen:
            report.add(f"block_id already exists: {block_id}", f"{where}/{index}/block_id")
        seen.add(block_id or "")
        actions: set[str] = set()
        for _, element, pointer in interactive_elements([block_]):
            action_id = element.get("action_id")
            if action_id and action_id in actions:
                report.add(f"action_id already exists: {action_id}", f"{where}/{index}/{pointer}/action_id")
            actions.add(action_id or "")


def _one_focus(blocks: list[Json], where: str, report: Report) -> None:
    focused = [element for _, element, _ in interactive_elements(blocks) if element.get("focus_on_load")]
    if len(focused) > 1:
        report.add("only one element can have focus_on_load set to true", where)


def _kinds_are_few(blocks: list[Json], surface: Surface, where: str, report: Report) -> None:
    if surface != "message":
        return
    counted: Counter[str] = Counter()
    for index, block_ in enumerate(blocks):
        kind = block_["type"]
        counted[kind] += 1
        most = AT_MOST_IN_MESSAGE.get(kind)
        if most is not None and counted[kind] > most:
            said = "only_one_table_allowed" if most == 1 else f"no more than {most} {kind} blocks allowed"
            report.add(said, f"{where}/{index}")
    markdown = sum(len(block_["text"]) for block_ in blocks if block_["type"] == "markdown")
    if markdown > CHARACTERS_IN_MARKDOWN:
        report.add(f"must be less than {CHARACTERS_IN_MARKDOWN + 1} characters in all markdown blocks", where)


def _files_only_in_modals(blocks: list[Json], surface: Surface, where: str, report: Report) -> None:
    if surface == "modal":
        return
    for index, block_ in enumerate(blocks):
        if block_["type"] == "input" and block_["element"]["type"] == "file_input":
            report.add("unsupported type: file_input", f"{where}/{index}/element/type")


def _inputs_can_be_sent(view: Json, report: Report) -> None:
    has_input = any(isinstance(block_, dict) and block_.get("type") == "input" for block_ in view["blocks"])
    if view["type"] == "modal" and has_input and not view.get("submit"):
        report.add("submit is required when an input block is within blocks array", "/view")
