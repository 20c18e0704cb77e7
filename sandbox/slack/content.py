"""What can stand in a message, judged before it is posted: text, blocks, attachments, metadata."""

import copy
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.blockkit import CHARACTERS_IN_MESSAGE, characters, interactive_elements, refusals_of_blocks
from sandbox.slack.errors import SlackError
from sandbox.slack.ids import IdMaker
from sandbox.slack.model import Json

CHARACTERS_OF_TEXT = 40_000
CHARACTERS_OF_UPDATED_TEXT = 4_000


@dataclass(slots=True, kw_only=True)
class Content:
    """The words and blocks of a message; None means "not given", which keeps what an update finds."""

    text: str | None = None
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    metadata: Json | None = None
    files: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.blocks or self.attachments or self.files)


def content_of(arguments: Json, ids: IdMaker, *, updating: bool = False) -> Content:
    """Judge what came in and give its blocks and actions the ids they lack.

    Raises `no_text`, `msg_too_long`, `invalid_blocks_format`, `invalid_blocks`, `msg_blocks_too_long`,
    `invalid_attachments` or `metadata_must_be_sent…` as Slack does.
    """
    text = arguments.get("text")
    content = Content(
        text=None if text is None else str(text)[:CHARACTERS_OF_TEXT],
        blocks=_blocks(arguments.get("blocks"), ids),
        attachments=_attachments(arguments.get("attachments"), ids),
        metadata=_metadata(arguments.get("metadata")),
    )
    if updating and len(content.text or "") > CHARACTERS_OF_UPDATED_TEXT:
        raise SlackError("msg_too_long")
    if content.is_empty and not (updating and content.metadata):
        raise SlackError("no_text")
    return content


def with_ids(blocks: list[Json], ids: IdMaker) -> list[Json]:
    """A copy in which every block has a block id and every interactive element an action id."""
    blocks = copy.deepcopy(blocks)
    for block in blocks:
        if not block.get("block_id"):
            block["block_id"] = ids.short("block")
    for _, element, _ in interactive_elements(blocks):
        if not element.get("action_id"):
            element["action_id"] = ids.short("action")
    return blocks


def _blocks(blocks: Any, ids: IdMaker) -> list[Json] | None:
    if blocks is None:
        return None
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    refusals = refusals_of_blocks(blocks, "message")
    if refusals:
        raise SlackError("invalid_blocks", refusals)
    if characters(blocks) > CHARACTERS_IN_MESSAGE:
        raise SlackError("msg_blocks_too_long")
    return with_ids(blocks, ids)


def _attachments(attachments: Any, ids: IdMaker) -> list[Json] | None:
    if attachments is None:
        return None
    if not isinstance(attachments, list) or not all(isinstance(one, dict) for one in attachments):
        raise SlackError("invalid_attachments")
    return [one | {"blocks": _blocks(one["blocks"], ids)} if "blocks" in one else one for one in attachments]


def _metadata(metadata: Any) -> Json | None:
    if metadata is None:
        return None
    right = isinstance(metadata, dict) and isinstance(metadata.get("event_type"), str)
    if not right or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format", ["metadata needs event_type and event_payload"])
    return dict(metadata)
