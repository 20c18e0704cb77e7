"""What a person may choose in a menu or type into a field, and what Slack's own client refuses before sending."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sandbox.slack.blockkit import offered_options
from sandbox.slack.blockstate import choice_key
from sandbox.slack.errors import NoSuchThing
from sandbox.slack.model import File, Json, View
from sandbox.slack.world import SlackWorld

REQUIRED = "Please complete this required field."
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def option_called(options: list[Json], wanted: Any) -> Json:
    """An option by label or value, or as it is; raises NoSuchThing naming what is offered."""
    for option in options:
        if wanted == option or str(wanted) == option["value"]:
            return option
    for option in options:
        if str(wanted).casefold() == option["text"]["text"].casefold():
            return option
    said = ", ".join(repr(option["text"]["text"]) for option in options) or "nothing"
    raise NoSuchThing(f"no option {wanted!r}; offered: {said}")


def choice_for(world: SlackWorld, element: Json, wanted: Any) -> Any:
    """What goes into the state when somebody picks `wanted` in an element; None clears it.

    Options by label or value, people by any name, channels by name; dates, times and words as they are.
    """
    kind = element["type"]
    many = kind.startswith("multi_") or kind in ("checkboxes", "file_input")
    if many:
        items = [] if wanted is None else wanted if isinstance(wanted, list | tuple) else [wanted]
        return [_one(world, element, item) for item in items]
    return None if wanted is None else _one(world, element, wanted)


def _moment(wanted: Any) -> int:
    return int(wanted.timestamp()) if isinstance(wanted, datetime) else int(wanted)


def _file(world: SlackWorld, wanted: Any) -> Json:
    file = wanted if isinstance(wanted, File) else world.files.find(str(wanted))
    return file.as_api()


def _offered(world: SlackWorld, element: Json, wanted: Any) -> Json:
    return option_called(offered_options(element), wanted)


_CHOOSE: dict[str, Callable[[SlackWorld, Json, Any], Any]] = {
    "static_select": _offered,
    "radio_buttons": _offered,
    "checkboxes": _offered,
    "overflow": _offered,
    "users_select": lambda world, element, wanted: world.person(wanted).id,
    "channels_select": lambda world, element, wanted: world.channel(wanted).id,
    "conversations_select": lambda world, element, wanted: world.channel(wanted).id,
    "file_input": lambda world, element, wanted: _file(world, wanted),
    "datetimepicker": lambda world, element, wanted: _moment(wanted),
    "datepicker": lambda world, element, wanted: date.fromisoformat(str(wanted)).isoformat(),
    "external_select": lambda world, element, wanted: wanted,
    "rich_text_input": lambda world, element, wanted: wanted,
}
"""How the words for a choice become the choice, by type of element; all others take the words themselves."""


def _one(world: SlackWorld, element: Json, wanted: Any) -> Any:
    choose = _CHOOSE.get(element["type"].removeprefix("multi_"))
    return choose(world, element, wanted) if choose else str(wanted) or None  # an emptied field is null


def refusals(view: View) -> dict[str, str]:
    """Block id → what Slack's client says before it sends: missing, too short, no number …"""
    found = {}
    for block in view.blocks:
        if block["type"] == "input":
            words = _refusal(block, view.state[block["block_id"]][block["element"]["action_id"]])
            if words:
                found[block["block_id"]] = words
    return found


def _refusal(block: Json, state: Json) -> str:
    element = block["element"]
    value = state.get(choice_key(element["type"]) or "")
    if value in (None, "", []):
        return "" if block.get("optional") else REQUIRED
    judge = _JUDGE.get(element["type"])
    return judge(element, value) if judge else ""


def _wrong_length(element: Json, value: str) -> str:
    if len(value) < element.get("min_length", 0):
        return f"Please enter at least {element['min_length']} characters."
    if len(value) > element.get("max_length", 3000):
        return f"Please enter at most {element.get('max_length', 3000)} characters."
    return ""


def _wrong_number(element: Json, value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return "Please enter a number."
    if not element["is_decimal_allowed"] and "." in value:
        return "Please enter a whole number."
    if number < float(element.get("min_value", number)):
        return f"Please enter a number of at least {element['min_value']}."
    if number > float(element.get("max_value", number)):
        return f"Please enter a number of at most {element['max_value']}."
    return ""


def _wrong_mail(element: Json, value: str) -> str:
    return "" if _MAIL.fullmatch(value) else "Please enter a valid email address."


def _wrong_url(element: Json, value: str) -> str:
    return "" if value.startswith(("http://", "https://")) else "Please enter a valid URL."


def _too_many(element: Json, value: list[Any]) -> str:
    most = element.get("max_selected_items") or element.get("max_files") or len(value)
    return f"Please select at most {most} items." if len(value) > most else ""


_Judge = Callable[[Json, Any], str]
_MULTI = ("static", "external", "users", "channels", "conversations")
_SEVERAL: dict[str, _Judge] = {f"multi_{kind}_select": _too_many for kind in _MULTI}
_JUDGE: dict[str, _Judge] = {
    "plain_text_input": _wrong_length,
    "number_input": _wrong_number,
    "email_text_input": _wrong_mail,
    "url_text_input": _wrong_url,
    "file_input": _too_many,
    **_SEVERAL,
}
