"""What the message box answers by itself: help, near misses, menus, the line that something runs."""

from collections.abc import Iterable, Sequence
from html import unescape
from typing import Any, Protocol
from zlib import crc32

from blocks import ids
from blocks.kit import (
    TEXT_MAX,
    Block,
    Message,
    actions,
    aside,
    button,
    clip,
    header,
    literal,
    message,
    plain,
    says,
    strong,
    word,
)

OPTIONS_MAX = 25
OPTION_TEXT_MAX = 75
VALUE_MAX = 2000
HELP_ROWS_MAX = 40


class Shown(Protocol):
    """A record that a menu can offer."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def label(self) -> str: ...


# --- parts ----------------------------------------------------------------------------------------------


def run_button(label: str, command: str, style: str | None = None) -> Block:
    """A button that runs a command as if whoever presses it had typed it."""
    mark = crc32(f"{label}|{command}".encode())
    return button(label, f"{ids.RUN_COMMAND}:{mark:08x}", clip(command, VALUE_MAX), style)


def dressed(shown: Message, command: str, shared_by: str) -> Message:
    """An answer with its *Share* button, or with the name of who shared it."""
    more = []
    if command:
        more.append(actions("share", run_button("Share in this channel", f"{command} share")))
    if shared_by:
        more.append(aside(f"Shared by <@{shared_by}>"))
    return {**shown, "blocks": [*shown["blocks"], *more]}


def text_only(shown: Message) -> Message:
    """The words alone, for a workspace that takes the blocks in no form."""
    return {"text": shown["text"], "blocks": [literal(word(clip(unescape(shown["text"]), TEXT_MAX)))]}


def as_modal(shown: Message) -> Block:
    """A message in a window that was opened for something else."""
    return modal("SDP", shown["blocks"] or [says(shown["text"])])


def modal(title: str, blocks: Sequence[Block], **more: Any) -> Block:
    """A window; its title has at most 24 characters."""
    made: Block = {"type": "modal", "title": plain(title, 24), "close": plain("Close", 24), "blocks": list(blocks)}
    return {**made, **more}


def loading() -> Block:
    """The window that opens at once; its contents follow."""
    return modal("SDP", [says("Asking ServiceDesk Plus…")])


# --- answers --------------------------------------------------------------------------------------------


def working(command: str) -> Message:
    """The line while something takes longer than a moment."""
    return message("Working on it…", [literal(word("Working on "), strong(f"/sdp {clip(command, 200)}"), word(" …"))])


def trouble(words: str) -> Message:
    """Why there is no answer; may hold SDP's words."""
    return message(words, [literal(word(clip(words, 2000)))])


def did_you_mean(command: str) -> Message:
    """A near miss, with a button that runs it."""
    text = f"Did you mean /sdp {clip(command, 500)} ?"
    asked = literal(word("Did you mean "), strong(f"/sdp {clip(command, 500)}"), word(" ?"))
    buttons = actions("meant", run_button("Yes, run it", command, "primary"), run_button("Show all commands", "help"))
    return message(text, [asked, buttons])


def unknown(words: str, topic: str) -> Message:
    """No command; help is one press away."""
    text = f"There is no command “{clip(words, 100)}”" + (f" for {topic}." if topic else ".")
    return message(text, [literal(word(text)), actions("help", run_button("Show commands", f"help {topic}".strip()))])


def pick(kind: str, ask: str) -> Message:
    """The menu for a command that named no record; searched by typing."""
    return message(f"Which {kind}?", [_search(f"Which {kind}?", kind, ask)])


def nothing_found(kind: str, which: str, ask: str) -> Message:
    """No record is called so."""
    text = f"No {kind} is called “{clip(which, 200)}”."
    return message(text, [literal(word(text)), _search(f"Search for another {kind}:", kind, ask)])


def which_one(kind: str, which: str, found: Sequence[Shown], ask: str, *, more: bool) -> Message:
    """Several records are meant by the same words."""
    text = f"Several {kind}s match “{clip(which, 200)}”. Which one?"
    rest = [aside("There are more. Add a word of the title to see others.")] if more else []
    menu = {
        "type": "static_select",
        "action_id": ids.WHICH,
        "placeholder": plain(f"Choose a {kind}", 150),
        "options": record_options(found),
    }
    return message(text, [literal(word(text)), actions(f"{ids.WHICH}:{ask}", menu), *rest])


def _search(words: str, kind: str, ask: str) -> Block:
    return {
        "type": "section",
        "block_id": f"{ids.WHICH}:{ask}",
        "text": {"type": "mrkdwn", "text": words},
        "accessory": {
            "type": "external_select",
            "action_id": ids.WHICH,
            "placeholder": plain(f"Type to find a {kind}", 150),
            "min_query_length": 0,
        },
    }


def record_options(found: Iterable[Shown]) -> list[Block]:
    """Records as options of a menu; their value is the long id."""
    first = [record for record, _ in zip(found, range(OPTIONS_MAX), strict=False)]
    return [option(f"{record.label} {record.title}", record.id) for record in first]


def option(label: str, value: str) -> Block:
    """One entry of a menu."""
    return {"text": plain(label or " ", OPTION_TEXT_MAX), "value": value}


# --- help -----------------------------------------------------------------------------------------------


def help_(topic: str, rows: Sequence[tuple[str, str]], topics: Sequence[str]) -> Message:
    """Usage and meaning of commands; `rows` are only those the reader may run."""
    text = "\n".join(f"{usage} – {says_}" for usage, says_ in rows)
    lines: list[Block] = []
    for usage, meaning in rows[:HELP_ROWS_MAX]:
        lines += [word("\n" if lines else ""), {**word(usage), "style": {"code": True}}, word(f"  {meaning}")]
    hints = "Quotes and capitals do not matter. `<id>` is `CHM-17`, `17`, a long id, or words of the title. "
    hints += "`share` at the end shows the answer to everybody in the channel."
    about = [actions("topics", *(run_button(one, f"help {one}") for one in topics))] if topics and not topic else []
    return message(
        text, [header(topic.capitalize() if topic else "What I can do"), literal(*lines), aside(hints), *about]
    )


def no_help(topic: str) -> Message:
    """Nothing of that name that the reader may run."""
    text = f"There is nothing called “{clip(topic, 100)}” that you may use here."
    return message(text, [literal(word(text)), actions("help", run_button("Show commands", "help"))])
