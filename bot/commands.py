"""What people type after `/sdp`, understood: words and quotes, aliases, near misses. Pure, no I/O.

    parse('m suspend “Patch the web servers” until Monday', shapes)
    → Understood(maintenance suspend, which="Patch the web servers", rest="until Monday")

People type on phones: quotes come in pairs of any kind or are never closed, blanks are doubled, letters are of any
case, and a keyboard may leave invisible characters. Nothing typed here is an error of the program: what is not a
command is a near miss (`Meant`) or `Unknown`, and both know what to show instead.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bot.errors import BadInput

LONGEST = 3000
"""Characters of a command: more than anybody types, less than Slack's limit for a button's value and a message."""

TITLE_MAX = 250
"""Characters of a title in SDP; every word of a search is a condition of its own there."""

QUOTES = {'"': '"”“„', "“": '”"“', "”": '”"', "„": '“”"', "«": "»", "»": "«", "'": "'’", "‘": "’'", "’": "’'"}
"""What opens a quotation, and what closes it: phones turn one kind into another halfway."""
APOSTROPHES = frozenset("'‘’")
"""These quote only when they are closed again: `'cause` is a word."""

PREFIXES: Mapping[str, str] = {"maintenance": "CHM", "project": "PJT", "release": "RLS"}
"""Kind of record → what its display ids begin with."""

SAME: Mapping[str, str] = {
    "m": "maintenance",
    "maint": "maintenance",
    "maintenances": "maintenance",
    "p": "project",
    "proj": "project",
    "projects": "project",
    "release": "approval",
    "ls": "list",
    "find": "list",
    "search": "list",
    "view": "show",
    "get": "show",
    "run": "execute",
    "pause": "suspend",
    "disable": "suspend",
    "resume": "enable",
    "remove": "delete",
    "rm": "delete",
    "new": "create",
    "add": "create",
    "change": "edit",
    "hours": "timesheet",
    "?": "help",
}
"""Other words for commands."""

SHARE = "share"
CLOSE = 0.6
"""How alike a word must be to one of ours to be taken for it (difflib's ratio)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A command as far as reading it goes.

    `path` are its words. `record` is the kind of record its first argument names, `then` are words that may follow
    the record (`approve`, `reject`). `topic_alone`: the topic without a second word means this command; `by_id`: so
    does the topic with an id behind it. `shares`: `share` at the end shows the answer to the channel, but where a word
    of `then` is followed by a comment (`comments`): there it is a word of that.
    """

    path: tuple[str, ...]
    record: str | None = None
    then: tuple[str, ...] = ()
    topic_alone: bool = False
    by_id: bool = False
    shares: bool = True
    comments: bool = False


@dataclass(frozen=True, slots=True)
class Understood:
    """A command with what was typed for it: `which` record, the word of `then` (`keyword`), and the `rest`."""

    path: tuple[str, ...]
    which: str = ""
    keyword: str = ""
    rest: str = ""
    share: bool = False


@dataclass(frozen=True, slots=True)
class Meant:
    """A near miss; `text` is the command as it was probably meant, ready to be run."""

    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """No command; `word` is where understanding ended, `topic` what help fits, "" for all of it."""

    word: str
    topic: str = ""


Read = Understood | Meant | Unknown


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or several that were quoted together."""

    text: str
    quoted: bool = False

    def __str__(self) -> str:
        return f'"{self.text}"' if self.quoted or " " in self.text else self.text


# --- words ---------------------------------------------------------------------------------------------


def tokens(text: str) -> tuple[Token, ...]:
    """The words of a line; what is quoted stays together, and a quotation nobody closed ends with the line."""
    line, found = clean(text), []
    while line := line.lstrip():
        token, line = _quotation(line) or _word(line)
        if token.text:
            found.append(token)
    return tuple(found)


def clean(text: str) -> str:
    """One line of visible characters: control characters become blanks, invisible ones go."""
    visible = (_visible(char) for char in text)
    return " ".join("".join(visible).split())


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    return "" if unicodedata.category(char) == "Cf" else " "


def _quotation(line: str) -> tuple[Token, str] | None:
    opening = line[0]
    if opening not in QUOTES:
        return None
    ends = [at for at in range(1, len(line)) if line[at] in QUOTES[opening] and _ends_word(line, at)]
    if not ends:
        return None if opening in APOSTROPHES else (Token(line[1:].strip(), True), "")
    return Token(line[1 : ends[0]].strip(), True), line[ends[0] + 1 :]


def _ends_word(line: str, at: int) -> bool:
    return at + 1 == len(line) or line[at + 1] == " "


def _word(line: str) -> tuple[Token, str]:
    word, _, rest = line.partition(" ")
    return Token(word), rest


# --- commands --------------------------------------------------------------------------------------------


def parse(text: str, shapes: Sequence[Shape]) -> Read:
    """What `text` means, out of `shapes`. Raises BadInput when it is longer than any command."""
    if len(text) > LONGEST:
        raise BadInput(f"That is {len(text):,} characters long; a command can have {LONGEST:,}.")
    read = _read(text, shapes)
    if isinstance(read, Meant) and isinstance(further := _read(read.text, shapes), Meant):
        return further  # two words were nearly right
    return read


def _read(text: str, shapes: Sequence[Shape]) -> Read:
    given = tokens(text)
    by_path = {shape.path: shape for shape in shapes}
    topic, rest = _step(given)
    if not topic:
        return Understood(())
    if topic not in {path[0] for path in by_path if path}:
        return _near(given, 0, {path[0] for path in by_path if path}) or Unknown(given[0].text)
    if (topic,) in by_path:
        return _with_arguments(given, 1, by_path[(topic,)])
    return _second(given, topic, rest, shapes)


def _second(given: tuple[Token, ...], topic: str, rest: tuple[Token, ...], shapes: Sequence[Shape]) -> Read:
    """A topic with a word of its own behind it: `maintenance show`."""
    of_topic = {shape.path[1]: shape for shape in shapes if len(shape.path) == 2 and shape.path[0] == topic}
    word, _ = _step(rest)
    if word in of_topic:
        return _with_arguments(given, 2, of_topic[word])
    if not rest or [token.text.casefold() for token in rest] == [SHARE]:
        alone = next(shape for shape in of_topic.values() if shape.topic_alone)
        return _with_arguments(given, 1, alone)
    by_id = next((shape for shape in of_topic.values() if shape.by_id), None)
    if by_id and by_id.record and is_id(rest[0].text, by_id.record):
        return _with_arguments(given, 1, by_id)
    return _near(given, 1, set(of_topic)) or Unknown(rest[0].text, topic)


def _step(given: tuple[Token, ...]) -> tuple[str, tuple[Token, ...]]:
    """The next word by its own name, and what follows; "" at the end or for a quotation."""
    if not given or given[0].quoted:
        return "", given
    word = given[0].text.casefold()
    return SAME.get(word, word), given[1:]


def _with_arguments(given: tuple[Token, ...], taken: int, shape: Shape) -> Read:
    arguments = list(given[taken:])
    share = bool(shape.shares and arguments and not arguments[-1].quoted and arguments[-1].text.casefold() == SHARE)
    if share:
        arguments.pop()
    if shape.record is None:
        return Understood(shape.path, rest=_joined(arguments), share=share)
    which, rest = _record(arguments, shape.record, shape.then)
    if not shape.then or not rest:
        return Understood(shape.path, which, rest=_joined(rest), share=share)
    keyword = rest[0].text.casefold()
    if keyword in shape.then:
        words = [*rest[1:], given[-1]] if share and shape.comments else rest[1:]
        return Understood(shape.path, which, keyword, _joined(words), share and not shape.comments)
    at = taken + len(arguments) - len(rest)
    return _near(given, at, set(shape.then)) or Unknown(rest[0].text, shape.path[0])


def _record(arguments: list[Token], kind: str, then: tuple[str, ...]) -> tuple[str, list[Token]]:
    """The record as typed and what follows it: an id or a quotation is one token, a title goes on until the next
    word of `then`, or to the end."""
    if not arguments:
        return "", []
    if arguments[0].quoted or is_id(arguments[0].text, kind):
        return arguments[0].text, arguments[1:]
    ends = (at for at, token in enumerate(arguments) if at and token.text.casefold() in then and not token.quoted)
    end = next(ends, len(arguments))
    return _joined(arguments[:end]), arguments[end:]


def is_id(text: str, kind: str) -> bool:
    """Whether `text` is an id of this kind of record: `CHM-17`, `chm17`, `#17`, `17`, or a long id."""
    return re.fullmatch(rf"(?:{PREFIXES[kind]}-?|#)?[0-9]{{1,30}}", text, re.IGNORECASE | re.ASCII) is not None


def searchable(text: str) -> str:
    """`text` as words of a title to look for. Raises BadInput for more than any title has."""
    if len(text) > TITLE_MAX:
        raise BadInput(f"That is {len(text):,} characters long; words of a title can have {TITLE_MAX}.")
    return text


def _near(given: tuple[Token, ...], at: int, known: set[str]) -> Meant | None:
    """The line with its word at `at` put right, if that word resembles one of ours."""
    if given[at].quoted:
        return None
    others = {other: own for other, own in SAME.items() if own in known and len(other) > 2}
    close = get_close_matches(given[at].text.casefold(), [*sorted(known), *others], n=1, cutoff=CLOSE)
    if not close:
        return None
    right = Token(others.get(close[0], close[0]))
    return Meant(_joined([*given[:at], right, *given[at + 1 :]], quoting=True))


def _joined(given: Sequence[Token], *, quoting: bool = False) -> str:
    return " ".join(str(token) if quoting else token.text for token in given)
