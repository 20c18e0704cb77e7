"""What is chosen in the elements of a message or view: Slack's `state.values`, with the right empty shapes.

Slack keeps what a person has typed over an update as long as the block id, the action id and the type stay the same.
"""

from typing import Any

from sandbox.slack.blockkit import interactive_elements
from sandbox.slack.model import Json, StateValues

_EMPTY: dict[str, tuple[str, Any]] = {
    "plain_text_input": ("value", None),
    "email_text_input": ("value", None),
    "url_text_input": ("value", None),
    "number_input": ("value", None),
    "rich_text_input": ("rich_text_value", None),
    "static_select": ("selected_option", None),
    "external_select": ("selected_option", None),
    "radio_buttons": ("selected_option", None),
    "checkboxes": ("selected_options", []),
    "multi_static_select": ("selected_options", []),
    "multi_external_select": ("selected_options", []),
    "users_select": ("selected_user", None),
    "multi_users_select": ("selected_users", []),
    "channels_select": ("selected_channel", None),
    "multi_channels_select": ("selected_channels", []),
    "conversations_select": ("selected_conversation", None),
    "multi_conversations_select": ("selected_conversations", []),
    "datepicker": ("selected_date", None),
    "timepicker": ("selected_time", None),
    "datetimepicker": ("selected_date_time", None),
    "file_input": ("files", []),
}
"""Element type → (the key its choice has in the state, the choice when nothing is chosen)."""


def choice_key(kind: str) -> str | None:
    """The key under which an element's choice stands in the state; None for buttons and overflow menus."""
    return _EMPTY[kind][0] if kind in _EMPTY else None


def initial(element: Json) -> Json:
    """The state object of an element that nobody has touched."""
    kind = element["type"]
    key, empty = _EMPTY[kind]
    initial_key = "initial_value" if key in ("value", "rich_text_value") else key.replace("selected", "initial")
    given = element.get(initial_key)
    state = {"type": kind, key: given if given is not None else list(empty) if isinstance(empty, list) else empty}
    if kind == "rich_text_input" and given is None:  # the only field Slack leaves out while it is empty
        del state[key]
    return state | ({"timezone": element["timezone"]} if "timezone" in element else {})


def chosen(element: Json, choice: Any) -> Json:
    """The state object of an element where `choice` was made."""
    kind = element["type"]
    return initial(element) | {_EMPTY[kind][0]: choice}


def values(blocks: list[Json], earlier: StateValues | None = None) -> StateValues:
    """The complete `state.values` of blocks whose ids are assigned; keeps `earlier` choices that still fit."""
    state: StateValues = {}
    for block, element, _ in interactive_elements(blocks):
        if element["type"] not in _EMPTY:
            continue
        before = (earlier or {}).get(block["block_id"], {}).get(element["action_id"])
        keeps = before is not None and before["type"] == element["type"]
        state.setdefault(block["block_id"], {})[element["action_id"]] = before if keeps and before else initial(element)
    return state
