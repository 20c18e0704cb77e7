"""What Slack sends, read once at the door: who, what, where. Inside there are only types."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from html import unescape
from typing import Any

from blocks.ids import CardPointer
from bot.errors import BadInput
from bot.models import ApprovalRef, Place, SdpId, Verb, sdp_id
from handlers.asking import Ask

SPANS = frozenset({"1h", "tomorrow", "start"})


@dataclass(frozen=True, slots=True)
class Click:
    """A press of a card's button."""

    person: str
    person_name: str
    pointer: CardPointer
    place: Place | None
    delivery: str


@dataclass(frozen=True, slots=True)
class Words:
    """A submitted modal that asked for a reason or a comment."""

    person: str
    person_name: str
    pointer: CardPointer
    verb: Verb
    place: Place | None
    text: str
    delivery: str


def click(body: dict[str, Any]) -> Click:
    """A block_actions payload. Raises BadInput when the button's value is none of ours."""
    action = body["actions"][0]
    return Click(
        person=body["user"]["id"],
        person_name=_name(body["user"]),
        pointer=_pointer(action.get("value", "")),
        place=place_of(body),
        delivery=mark_of(body),
    )


def words(body: dict[str, Any], input_id: str) -> Words:
    """A view_submission of the modal `blocks.approvals.words_modal`. Raises BadInput."""
    view = body["view"]
    verb, pointer, channel, ts = _metadata(view.get("private_metadata", ""))
    return Words(
        person=body["user"]["id"],
        person_name=_name(body["user"]),
        pointer=_pointer(pointer),
        verb=verb,
        place=Place(channel, ts) if channel and ts else None,
        text=view["state"]["values"].get(input_id, {}).get(input_id, {}).get("value") or "",
        delivery=mark_of(body),
    )


def typed(body: dict[str, Any]) -> Ask:
    """A slash command; Slack escapes `&`, `<` and `>` in its text."""
    return Ask(
        id=_question(body),
        text=unescape(body.get("text") or ""),
        person=body["user_id"],
        person_name=body.get("user_name") or body["user_id"],
        asked_at=datetime.now(UTC),
        channel=body["channel_id"],
        response_url=body["response_url"],
        typed=True,
    )


def pressed(body: dict[str, Any]) -> Ask:
    """A button whose value is a command, or a menu; in a message, in a window or on the Home tab."""
    place = place_of(body)
    return Ask(
        id=_question(body),
        text=body["actions"][0].get("value") or "",
        person=body["user"]["id"],
        person_name=_name(body["user"]),
        asked_at=datetime.now(UTC),
        channel=place.channel if place else "",
        response_url=body.get("response_url") or "",
        on_message=bool(body.get("response_url")),
        view=_modal_of(body),
    )


def picked(body: dict[str, Any]) -> tuple[str, SdpId]:
    """A choice in the menu "which one?": the id of the question, and the record's. Raises BadInput."""
    action = body["actions"][0]
    try:
        return action["block_id"].partition(":")[2], sdp_id(action["selected_option"]["value"])
    except (KeyError, TypeError, ValueError):
        raise BadInput("This menu can no longer be used. Please type the command again.") from None


@dataclass(frozen=True, slots=True)
class Form:
    """A submitted window: what is filled in, as text by block id. `id` is the same for every delivery of it."""

    id: str
    view: str
    person: str
    person_name: str
    metadata: str
    values: dict[str, str]


def form(body: dict[str, Any]) -> Form:
    """A view_submission; of choices the values, several of them as lines, of a moment the seconds since 1970."""
    view = body["view"]
    filled = {block: _text_of(next(iter(elements.values()), {})) for block, elements in view["state"]["values"].items()}
    return Form(
        id=sha256(f"{view['id']}|{view.get('hash', '')}".encode()).hexdigest()[:16],
        view=view["id"],
        person=body["user"]["id"],
        person_name=_name(body["user"]),
        metadata=view.get("private_metadata", ""),
        values={block: text for block, text in filled.items() if text},
    )


def _text_of(state: dict[str, Any]) -> str:
    """What an input holds."""
    if state.get("selected_options") is not None:
        return "\n".join(one["value"] for one in state["selected_options"])
    if state.get("selected_option"):
        return str(state["selected_option"]["value"])
    return str(state.get("value") or state.get("selected_date_time") or "")


def _question(body: dict[str, Any]) -> str:
    """The same for every delivery of one command or press: Slack gives each its own trigger."""
    return sha256(body["trigger_id"].encode()).hexdigest()[:16]


def _modal_of(body: dict[str, Any]) -> str:
    view = body.get("view") or {}
    return str(view["id"]) if view.get("type") == "modal" else ""


def resumed(body: dict[str, Any]) -> tuple[ApprovalRef, str, str]:
    """A decision offered again: which approval, who pressed and their name. Raises BadInput."""
    try:
        ref = ApprovalRef.parse(body["actions"][0].get("value", ""))
    except ValueError:
        raise BadInput("This button can no longer be used. The card of the release will do.") from None
    return ref, body["user"]["id"], _name(body["user"])


@dataclass(frozen=True, slots=True)
class Choice:
    """An option picked from a menu."""

    person: str
    value: str
    place: Place | None


def choice(body: dict[str, Any]) -> Choice:
    """A block_actions payload of a menu or an overflow."""
    action = body["actions"][0]
    value = (action.get("selected_option") or {}).get("value", "")
    return Choice(person=body["user"]["id"], value=value, place=place_of(body))


def snooze(value: str) -> tuple[ApprovalRef, str]:
    """An option of a card's snooze menu: which approval, how long. Raises BadInput."""
    ref, _, span = value.partition(":")
    if span not in SPANS:
        raise BadInput("This menu can no longer be used. A newer card will do.")
    return reference(ref), span


def reference(value: str) -> ApprovalRef:
    """An approval named by a menu. Raises BadInput."""
    try:
        return ApprovalRef.parse(value)
    except ValueError:
        raise BadInput("This menu can no longer be used. A newer card or SDP itself will do.") from None


def metadata(verb: Verb, click_: Click) -> str:
    """What the modal carries until it is submitted; read back by `words`."""
    place = click_.place or Place("", "")
    return "|".join((verb.value, str(click_.pointer), place.channel, place.ts))


def _metadata(text: str) -> tuple[Verb, str, str, str]:
    parts = text.split("|")
    if len(parts) != 4 or parts[0] not in set(Verb):
        raise BadInput("This window can no longer be used. Please close it and press the button again.")
    return Verb(parts[0]), parts[1], parts[2], parts[3]


def _pointer(value: str) -> CardPointer:
    try:
        return CardPointer.parse(value)
    except ValueError:
        raise BadInput("This button can no longer be used. A newer card or SDP itself will do.") from None


def who(body: dict[str, Any]) -> str:
    """Whose click or command this is; empty for events, which are nobody's."""
    if body.get("type") == "event_callback":
        return ""
    user = body.get("user")
    return str(user.get("id") or "") if isinstance(user, dict) else str(body.get("user_id") or "")


def mark_of(body: dict[str, Any]) -> str:
    """What only deliveries of one and the same thing share; no team in it, because that can vary. Empty: unknown."""
    one = body.get("event_id") or body.get("trigger_id") or ""
    return sha256(str(one).encode()).hexdigest()[:32] if one else ""


def place_of(body: dict[str, Any]) -> Place | None:
    """The message a payload came from, if it came from one."""
    container = body.get("container") or {}
    channel = container.get("channel_id") or (body.get("channel") or {}).get("id")
    ts = container.get("message_ts") or (body.get("message") or {}).get("ts")
    return Place(channel, ts) if channel and ts else None


def _name(user: dict[str, Any]) -> str:
    name: str = user.get("name") or user.get("username") or user["id"]
    return name
