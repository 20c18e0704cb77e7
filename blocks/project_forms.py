"""The windows about projects: creating and editing one, choosing where files go, and what they say while SDP works."""

from collections.abc import Mapping, Sequence

from blocks import ids
from blocks.kit import Block, clip, literal, literal_aside, plain, strong, word
from blocks.projects import megabytes
from bot.project_form import BY_NAME, CHOICE_MAX, Field, Input, choice_of, fields_of

FILES_MAX = 10
"""Slack's limits: files of one file input, and boxes of one row of checkboxes."""
MOMENT_DIGITS = 10
"""Slack's date picker takes ten digits: nothing before September 2001."""

FILES = "files"


def form(
    *,
    label: str | None,
    values: Mapping[str, str],
    offered: frozenset[str],
    troubles: Mapping[str, str] | None = None,
) -> Block:
    """The form: for a new project without `label`, else for the project people call so.

    `values` are shown filled in. A choice whose field is in `offered` loads SDP's list as one types, another takes a
    name or an id. `troubles` are SDP's refusals by field; what has no field stands on top below the name "".
    """
    troubles = troubles or {}
    blocks: list[Block] = [literal(strong("Not saved. "), word(_first(troubles)))] if troubles else []
    for field in fields_of(new=label is None):
        blocks.append(_input(field, values.get(field.name, ""), field.name in offered))
        if field.name in troubles:
            blocks.append(literal(strong(clip(troubles[field.name], 300))))
    return {
        "type": "modal",
        "callback_id": ids.PROJECT_FORM,
        "title": plain(f"Edit {label}" if label else "New project", 24),
        "submit": plain("Save" if label else "Create", 24),
        "close": plain("Cancel", 24),
        "blocks": blocks,
    }


def _first(troubles: Mapping[str, str]) -> str:
    """What stands on top: the trouble itself, or where it is told."""
    labels = ", ".join(BY_NAME[name].label for name in troubles if name in BY_NAME)
    return clip(troubles.get("", f"Look below: {labels}."), 600)


def choose_files(label: str, title: str, shared: Sequence[tuple[str, str, int]] = ()) -> Block:
    """Asks which files are attached to a project: those of a message (id, name, bytes), or the person's own."""
    kind = _boxes(shared[:FILES_MAX]) if shared else {"type": "file_input", "max_files": FILES_MAX}
    left = len(shared) - FILES_MAX
    more = [literal_aside(f"{left} more files of this message can be attached after these.")] if left > 0 else []
    return {
        "type": "modal",
        "callback_id": ids.PROJECT_UPLOAD,
        "title": plain(f"Attach to {label}", 24),
        "submit": plain("Attach", 24),
        "close": plain("Cancel", 24),
        "blocks": [
            literal(strong(clip(title, 200))),
            _labelled(FILES, "Files", {**kind, "action_id": FILES}),
            *more,
        ],
    }


def _boxes(shared: Sequence[tuple[str, str, int]]) -> Block:
    options = [
        {"text": plain(name, 75), "value": id_, "description": plain(megabytes(size), 75)} for id_, name, size in shared
    ]
    return {"type": "checkboxes", "options": options, "initial_options": options}


def notice(title: str, text: str, *, wait: bool = False) -> Block:
    """A window that only says something: that it is being worked on, or what came of it."""
    made: Block = {"type": "modal", "title": plain(title, 24), "blocks": [literal(word(clip(text, 2500)))]}
    return made if wait else {**made, "close": plain("Close", 24)}


def suggestion(name: str, value: str) -> Block:
    """A choice of a menu that loads as one types."""
    return {"text": plain(name or " ", 75), "value": clip(value, CHOICE_MAX)}


# --- inputs ----------------------------------------------------------------------------------------------


def _input(field: Field, value: str, offered: bool) -> Block:
    element = _menu(field, value) if field.input is Input.CHOICE and offered else ELEMENTS[field.input](field, value)
    element["action_id"] = action_of(field)
    hint = field.hint
    if field.input is Input.CHOICE and not offered:
        hint = "A name or an id, as in SDP."
    return _labelled(field.name, field.label, element, hint, field.required)


def action_of(field: Field) -> str:
    """The action id of a field; its block id is the field's name."""
    return f"{ids.PROJECT_CHOICE}:{field.name}"


def _labelled(name: str, label: str, element: Block, hint: str = "", required: bool = True) -> Block:
    block: Block = {
        "type": "input",
        "block_id": name,
        "label": plain(label),
        "element": element,
        "optional": not required,
    }
    return {**block, "hint": plain(hint)} if hint else block


def _typed(field: Field, value: str) -> Block:
    known = choice_of(value).name or value if field.input is Input.CHOICE else value
    made: Block = {"type": "plain_text_input", "max_length": field.most, "multiline": field.input is Input.TEXT}
    return {**made, "initial_value": clip(known, field.most)} if value else made


def _number(field: Field, value: str) -> Block:
    most = {"max_value": "100"} if field.input is Input.PERCENT else {}
    made: Block = {"type": "number_input", "is_decimal_allowed": True, "min_value": "0", **most}
    return {**made, "initial_value": value} if value else made


def _moment(field: Field, value: str) -> Block:
    made: Block = {"type": "datetimepicker"}
    return {**made, "initial_date_time": int(value)} if value and len(value) == MOMENT_DIGITS else made


def _person(field: Field, value: str) -> Block:
    made: Block = {"type": "users_select", "placeholder": plain("Somebody in Slack")}
    return {**made, "initial_user": value} if value else made


def _menu(field: Field, value: str) -> Block:
    made: Block = {"type": "external_select", "min_query_length": 0, "placeholder": plain("Type to search")}
    if not value:
        return made
    return {**made, "initial_option": suggestion(choice_of(value).name, value)}


ELEMENTS = {
    Input.LINE: _typed,
    Input.TEXT: _typed,
    Input.CHOICE: _typed,
    Input.NUMBER: _number,
    Input.PERCENT: _number,
    Input.MOMENT: _moment,
    Input.PERSON: _person,
}
