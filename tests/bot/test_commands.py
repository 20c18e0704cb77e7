"""Reading what people type after `/sdp`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import LONGEST, Meant, Shape, Understood, Unknown, parse, tokens
from bot.errors import BadInput

SHAPES = (
    Shape(()),
    Shape(("help",)),
    Shape(("approvals",)),
    Shape(("approval",), record="release", then=("approve", "reject", "remind", "preview"), comments=True),
    Shape(("maintenance", "list"), topic_alone=True),
    Shape(("maintenance", "show"), record="maintenance", by_id=True),
    Shape(("maintenance", "suspend"), record="maintenance", shares=False),
    Shape(("maintenance", "create"), shares=False),
    Shape(("project", "list"), topic_alone=True),
    Shape(("project", "attach"), record="project", then=("changes", "requests")),
)

READINGS = {
    "": Understood(()),
    "   ": Understood(()),
    "HELP  Maintenance": Understood(("help",), rest="Maintenance"),
    "m": Understood(("maintenance", "list")),
    "maint list web servers": Understood(("maintenance", "list"), rest="web servers"),
    "maintenance share": Understood(("maintenance", "list"), share=True),
    "maint CHM-17": Understood(("maintenance", "show"), which="CHM-17"),
    "m show patch the web SHARE": Understood(("maintenance", "show"), which="patch the web", share=True),
    "m suspend chm17 until Monday": Understood(("maintenance", "suspend"), which="chm17", rest="until Monday"),
    "m suspend “Patch the web” don't ask": Understood(
        ("maintenance", "suspend"), which="Patch the web", rest="don't ask"
    ),
    "m suspend 17 we all share": Understood(("maintenance", "suspend"), which="17", rest="we all share"),
    "m pause 152000000000002502": Understood(("maintenance", "suspend"), which="152000000000002502"),
    'm show "never closed': Understood(("maintenance", "show"), which="never closed"),
    "m show 'twas the night": Understood(("maintenance", "show"), which="'twas the night"),
    "approval RLS-42 APPROVE looks good": Understood(("approval",), "RLS-42", "approve", "looks good"),
    "approval payment gateway reject too risky": Understood(("approval",), "payment gateway", "reject", "too risky"),
    "proj attach PJT-173 changes CH-1 CH-2": Understood(("project", "attach"), "PJT-173", "changes", "CH-1 CH-2"),
    "m\u00a0show\u200b\t17\n": Understood(("maintenance", "show"), which="17"),
    "approval RLS-42 approve what we all share": Understood(("approval",), "RLS-42", "approve", "what we all share"),
    "approval RLS-42 share": Understood(("approval",), "RLS-42", share=True),
    "hepl": Meant("help"),
    "mantenance lst": Meant("maintenance list"),
    "mantenance show 17": Meant("maintenance show 17"),
    "m shwo “Patch  the web”": Meant('m show "Patch the web"'),
    "approval RLS-42 aprove": Meant("approval RLS-42 approve"),
    "frobnicate": Unknown("frobnicate"),
    "m frobnicate": Unknown("frobnicate", "maintenance"),
    "'; DROP TABLE maintenance; --": Unknown("';"),
    "*bold* <!channel>": Unknown("*bold*"),
}


@pytest.mark.parametrize(("typed", "read"), READINGS.items(), ids=repr)
def test_what_is_typed_is_read_as_meant(typed: str, read: object) -> None:
    assert parse(typed, SHAPES) == read


def test_more_than_a_command_is_refused_with_its_length() -> None:
    with pytest.raises(BadInput, match="10,000 characters"):
        parse("x" * 10_000, SHAPES)


WORDS = [
    "m",
    "maintenance",
    "show",
    "suspend",
    "approval",
    "approve",
    "share",
    "CHM-17",
    "17",
    "🦊",
    "<!channel>",
    "&amp;",
    "`",
    "--",
    "%00",
    "../",
    "é",
]
MARKS = list("\"“”'’« \n\t\x00\u200d\u202e")
PIECES = st.sampled_from([*WORDS, *MARKS])
LINES = st.one_of(st.text(max_size=LONGEST), st.lists(PIECES, max_size=60).map("".join))


@given(LINES)
def test_whatever_is_typed_is_read_as_something(line: str) -> None:
    if len(line) <= LONGEST:
        read = parse(line, SHAPES)
        assert isinstance(read, Understood | Meant | Unknown)


@given(LINES)
def test_words_are_visible_and_none_is_empty(line: str) -> None:
    for token in tokens(line):
        assert token.text
        assert token.text.isprintable()


@given(LINES)
def test_a_command_that_was_put_right_is_not_a_near_miss_of_itself(line: str) -> None:
    if len(line) > LONGEST:
        return
    read = parse(line, SHAPES)
    if isinstance(read, Meant):
        assert parse(read.text[:LONGEST], SHAPES) != read


@given(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=30).filter(str.strip))
def test_a_quoted_title_arrives_whole(word: str) -> None:
    for opening, closing in ('""', "“”", "„“", "«»", "''", "‘’"):
        read = parse(f"maint show {opening}{word} {word}{closing}", SHAPES)
        assert read == Understood(("maintenance", "show"), which=f"{word} {word}")
