"""What a person has chosen, put back into the blocks: a page drawn again shows the choice, not the initial value."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.slack.page.rich_text import Json, dicts

_CHOICE = ("value", "rich_text_value")


def as_chosen(blocks: list[dict[str, Any]], state: Mapping[str, Mapping[str, Json]]) -> list[dict[str, Any]]:
    """A copy of `blocks` whose elements start from `state` (Slack's `state.values`: block id → action id → choice)."""
    if not state:
        return blocks
    drawn = copy.deepcopy(blocks)
    for block in drawn:
        choices = state.get(str(block.get("block_id")), {})
        for element in _elements(block):
            choice = choices.get(str(element.get("action_id")))
            if choice and choice.get("type") == element.get("type"):
                element.update(_initial(choice))
    return drawn


def _elements(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The elements a block may hold, wherever it keeps them."""
    places = [block.get("accessory"), block.get("element"), *dicts(block.get("elements"))]
    return (place for place in places if isinstance(place, dict))


def _initial(choice: Json) -> dict[str, Any]:
    """`selected_option` → `initial_option`, `value` → `initial_value`, for whatever the choice holds."""
    return {
        "initial_value" if key in _CHOICE else key.replace("selected_", "initial_"): value
        for key, value in choice.items()
        if key in _CHOICE or key.startswith("selected_")
    }
