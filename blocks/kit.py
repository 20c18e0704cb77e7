"""The few block shapes all cards are made of: outside words stay literal, everything fits Slack's limits.

Words from outside (titles, names, comments, descriptions) go only into `plain_text` objects and `rich_text`
elements, where Slack formats and pings nothing whatever they contain; `mrkdwn` is for our own sentences and for
dates. Limits: https://docs.slack.dev/reference/block-kit/blocks/
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.models import Mrkdwn

Block = dict[str, Any]
Message = dict[str, Any]
"""What a card function answers: `{"text": …, "blocks": […]}`, ready for chat.postMessage and chat.update."""

HEADER_MAX = 150
TEXT_MAX = 3000
BUTTON_MAX = 75
FALLBACK_MAX = 3000
"""Slack cuts `text` at 40,000 on posting but refuses updates over 4,000: one limit for both."""


def clip(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, the cut shown by an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def escape(text: str) -> str:
    """`&`, `<`, `>` as Slack wants them in `text` and `mrkdwn`: nothing inside can ping or link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message(text: str, blocks: Sequence[Block]) -> Message:
    """A message; `text` is what notifications and screen readers get, from plain words that are escaped here."""
    return {"text": clip(escape(text), FALLBACK_MAX), "blocks": list(blocks)}


def header(text: str) -> Block:
    """A headline, literal."""
    return {"type": "header", "text": plain(text or " ", HEADER_MAX)}


def plain(text: str, limit: int = TEXT_MAX) -> Block:
    """A text object in which nothing is formatted, not even `:emoji:`."""
    return {"type": "plain_text", "text": clip(text, limit), "emoji": False}


def says(mrkdwn: str) -> Block:
    """A section of our own words; outside words must not be in it."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": clip(mrkdwn, TEXT_MAX)}}


def section(text: Mrkdwn) -> Block:
    """A section of text that was HTML in SDP and is safe mrkdwn since `bot.sdp.html`."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def aside(*mrkdwn: str) -> Block:
    """Small print in our own words."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": clip(text, TEXT_MAX)} for text in mrkdwn]}


def literal_aside(text: str) -> Block:
    """Small print with outside words."""
    return {"type": "context", "elements": [plain(text, TEXT_MAX)]}


def literal(*parts: Block) -> Block:
    """A paragraph out of `word`, `strong` and the like, all literal."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(parts)}]}


def quote(text: str, limit: int = TEXT_MAX) -> Block:
    """Somebody's own words, set off by a bar."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": [word(clip(text, limit))]}]}


def word(text: str) -> Block:
    """A piece of a literal paragraph."""
    return {"type": "text", "text": text or " "}


def strong(text: str) -> Block:
    """A bold piece of a literal paragraph."""
    return {**word(text), "style": {"bold": True}}


def link(text: str, url: str, *, bold: bool = False) -> Block:
    """A piece of a literal paragraph that leads somewhere; the text stays literal."""
    made: Block = {"type": "link", "text": text or " ", "url": url}
    return {**made, "style": {"bold": True}} if bold else made


def moment(at: datetime, shape: str = "{date_short_pretty} at {time}") -> Block:
    """A date in a literal paragraph, in the reader's own zone; the fallback is for clients that cannot."""
    fallback = f"{at:%Y-%m-%d %H:%M} UTC"
    return {"type": "date", "timestamp": int(at.timestamp()), "format": shape, "fallback": fallback}


def actions(block_id: str, *elements: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def button(label: str, action_id: str, value: str, style: str | None = None) -> Block:
    """A button; `style` is `primary`, `danger` or none."""
    made: Block = {
        "type": "button",
        "text": plain(label, BUTTON_MAX),
        "action_id": action_id,
        "value": value,
    }
    return {**made, "style": style} if style else made


def link_button(label: str, action_id: str, url: str) -> Block:
    """A button that opens an address; Slack still sends the click."""
    return {"type": "button", "text": plain(label, BUTTON_MAX), "action_id": action_id, "url": url}


def option(label: str, value: str) -> Block:
    """A choice of a menu; `value` fits 75 characters."""
    return {"text": plain(label, BUTTON_MAX), "value": value}


def overflow(action_id: str, options: Sequence[Block]) -> Block:
    """The three dots: two to five choices."""
    return {"type": "overflow", "action_id": action_id, "options": list(options)}


def select(placeholder: str, action_id: str, options: Sequence[Block]) -> Block:
    """A menu of up to 100 choices."""
    return {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": plain(placeholder, 150),
        "options": list(options),
    }


def when(moment: datetime, *, day_too: bool = True) -> str:
    """A moment in the reader's own time zone; the fallback is for clients that cannot."""
    shape = "{date_short_pretty} at {time}" if day_too else "{time_secs}"
    return f"<!date^{int(moment.timestamp())}^{shape}|{moment:%Y-%m-%d %H:%M} UTC>"
