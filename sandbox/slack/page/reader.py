"""Whose eyes something is drawn for: their name, zone and clock, and the names they know things by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Literal

Surface = Literal["message", "modal", "home"]


@dataclass(frozen=True, slots=True)
class Reader:
    """One person looking at the page.

    `people`, `channels` and `groups` map Slack ids to the name shown after @ or #; `directs` maps the ids of this
    person's direct messages to whom they are with; `files` maps a Slack file's id or
    address to a path on this page's own origin; `origin` is the page's own address, whose images may be shown.
    """

    me: str = ""
    tz: tzinfo = UTC
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: Literal[12, 24] = 24
    people: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    directs: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Canvas:
    """What blocks are drawn on: for whom, on which surface, the scope their element ids are unique in, and the errors a
    refused submit left at input blocks (block id → words)."""

    reader: Reader = field(default_factory=Reader)
    surface: Surface = "message"
    scope: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
