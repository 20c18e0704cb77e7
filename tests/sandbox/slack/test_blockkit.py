# ruff: noqa: E501 (one case a line, so that the tables can be read as tables)
"""Every limit of Block Kit, answered as Slack answers it: a code, and words with a pointer to the culprit."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.blockkit import Surface, refusals_of_blocks, refusals_of_view
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import actions, button, field, modal, plain, section

Json = dict[str, Any]


def option(value: str, **more: Any) -> Json:
    return {"text": plain(value), "value": value, **more}


def select(kind: str = "static_select", **more: Any) -> Json:
    return {"type": kind, "action_id": "menu", **more}


def raw(words: str) -> Json:
    return {"type": "raw_text", "text": words}


def table(rows: list[list[Json]], **more: Any) -> Json:
    return {"type": "table", "rows": rows, **more}


def data_table(rows: list[list[Json]], **more: Any) -> Json:
    return {"type": "data_table", "caption": "Hours", "rows": rows, **more}


def chart(**inside: Any) -> Json:
    return {"type": "data_visualization", "title": "Hours", "chart": inside}


def series(name: str, *labels: str) -> Json:
    return {"name": name, "data": [{"label": label, "value": 1} for label in labels]}


def bars(*all_series: Json, labels: tuple[str, ...] = ("Mon", "Tue")) -> Json:
    return chart(type="bar", series=list(all_series), axis_config={"categories": list(labels)})


CONFIRM = {"title": plain("Sure?"), "text": plain("Really"), "confirm": plain("Yes"), "deny": plain("No")}
LINES = {"type": "rich_text_section", "elements": [{"type": "text", "text": "hello"}]}
GOOD: list[tuple[str, Surface, Json]] = [
    ("section", "message", section("x" * 3000)),
    ("fields", "message", {"type": "section", "fields": [plain("x" * 2000)] * 10}),
    ("header", "message", {"type": "header", "text": plain("x" * 150)}),
    ("divider", "home", {"type": "divider"}),
    ("context", "message", {"type": "context", "elements": [plain("a"), {"type": "mrkdwn", "text": "b"}]}),
    ("buttons", "message", actions(*[button("x" * 75, f"a{n}", value="v" * 2000) for n in range(25)])),
    ("confirmed button", "message", actions(button("Go", "go", style="danger", confirm=CONFIRM))),
    ("private button", "message", actions(button("Go", "go", visible_to_user_ids=["U1"]))),
    ("image", "message", {"type": "image", "alt_text": "a cat", "image_url": "https://example.com/cat.png"}),
    ("rich text", "message", {"type": "rich_text", "elements": [LINES]}),
    ("markdown", "message", {"type": "markdown", "text": "# hi"}),
    ("alert", "modal", {"type": "alert", "text": plain("Careful"), "level": "warning"}),
    ("table", "message", table([[raw("x")] * 20] * 100)),
    ("data table", "message", data_table([[raw("h")]] + [[{"type": "raw_number", "value": 1.5, "text": "1.5"}]] * 100)),
    ("pie", "message", chart(type="pie", segments=[{"label": "a", "value": 1}] * 6)),
    ("bars", "message", bars(series("Planned", "Mon", "Tue"), series("Spent", "Mon", "Tue"))),
    ("overflow", "message", actions(select("overflow", options=[option(str(n)) for n in range(5)]))),
    ("input", "modal", field("Why", {"type": "plain_text_input", "max_length": 250, "multiline": True})),
    ("number", "modal", field("How many", {"type": "number_input", "is_decimal_allowed": False})),
    ("file", "modal", field("Which", {"type": "file_input", "max_files": 10})),
    (
        "video",
        "message",
        {
            "type": "video",
            "alt_text": "a film",
            "title": plain("Film"),
            "video_url": "https://example.com/v",
            "thumbnail_url": "https://example.com/t.png",
        },
    ),
]


@pytest.mark.parametrize(("surface", "block"), [case[1:] for case in GOOD], ids=[case[0] for case in GOOD])
def test_block_at_its_limit_is_taken(surface: Surface, block: Json) -> None:
    assert refusals_of_blocks([block], surface) == []


def every_select() -> list[Json]:
    plain_ones = ("external", "users", "channels", "conversations")
    kinds = [f"{many}{kind}_select" for many in ("", "multi_") for kind in plain_ones]
    offered = [option("a")]
    return [
        *(select(kind) for kind in kinds),
        select("static_select", options=offered, initial_option=offered[0]),
        select("multi_static_select", option_groups=[{"label": plain("G"), "options": offered}]),
        select("checkboxes", options=offered * 10),
        select("radio_buttons", options=offered),
        select("datepicker", initial_date="2026-03-31"),
        select("timepicker", initial_time="23:59"),
    ]


@pytest.mark.parametrize("element", every_select(), ids=lambda element: str(element["type"]))
def test_menu_may_stand_in_section_actions_and_input(element: Json) -> None:
    assert refusals_of_blocks([section("Pick", accessory=element)], "message") == []
    assert refusals_of_blocks([actions(element)], "message") == []
    assert refusals_of_blocks([field("Pick", element)], "modal") == []


BAD: list[tuple[str, Surface, list[Json] | Json, str]] = [
    ("unknown block", "message", {"type": "card"}, "unsupported type: card [json-pointer:/blocks/0/type]"),
    ("no type", "message", {"text": plain("a")}, "missing required field: type [json-pointer:/blocks/0]"),
    ("empty section", "message", {"type": "section"}, "must define either `text` or `fields` [json-pointer:/blocks/0]"),
    ("long text", "message", section("x" * 3001), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ("no text", "message", section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ("long field", "message", {"type": "section", "fields": [plain("x" * 2001)]}, "2001 characters [json-pointer:/blocks/0/fields/0/text]"),
    ("11 fields", "message", {"type": "section", "fields": [plain("x")] * 11}, "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
    ("mrkdwn header", "message", {"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "must be one of: plain_text [json-pointer:/blocks/0/text/type]"),
    ("long header", "message", {"type": "header", "text": plain("x" * 151)}, "must be less than 151 characters"),
    ("11 in context", "message", {"type": "context", "elements": [plain("x")] * 11}, "no more than 10 items"),
    ("26 actions", "message", actions(*[button("a", f"a{n}") for n in range(26)]), "no more than 25 items"),
    ("no actions", "message", actions(), "no fewer than 1 items allowed"),
    ("long label", "message", actions(button("x" * 76, "a")), "must be less than 76 characters"),
    ("long value", "message", actions(button("a", "a", value="x" * 2001)), "2001 characters [json-pointer:/blocks/0/elements/0/value]"),
    ("long url", "message", actions(button("a", "a", url="h" * 3001)), "must be less than 3001 characters"),
    ("long action id", "message", actions(button("a", "x" * 256)), "must be less than 256 characters"),
    ("long block id", "message", section("a", block_id="x" * 256), "[json-pointer:/blocks/0/block_id]"),
    ("wild style", "message", actions(button("a", "a", style="warning")), "must be one of: primary, danger"),
    ("unknown key", "message", section("a", colour="red"), "invalid additional property: colour [json-pointer:/blocks/0]"),
    ("emoji on mrkdwn", "message", {"type": "section", "text": {"type": "mrkdwn", "text": "a", "emoji": True}}, "invalid additional property: emoji"),
    ("half confirm", "message", actions(button("a", "a", confirm={"title": plain("x")})), "missing required field: text"),
    ("long confirm", "message", actions(button("a", "a", confirm=CONFIRM | {"text": plain("x" * 301)})), "301 characters"),
    ("input in actions", "message", actions({"type": "plain_text_input"}), "unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]"),
    ("input in section", "message", section("a", accessory={"type": "plain_text_input"}), "unsupported type: plain_text_input"),
    ("button in input", "modal", field("a", button("a", "a")), "unsupported type: button [json-pointer:/blocks/0/element/type]"),
    ("101 options", "message", actions(select(options=[option(str(n)) for n in range(101)])), "no more than 100 items"),
    ("no options", "message", actions(select()), "must define either `options` or `option_groups`"),
    ("both options", "message", actions(select(options=[option("a")], option_groups=[{"label": plain("g"), "options": [option("b")]}])), "must define only one of"),
    ("long option", "message", actions(select(options=[{"text": plain("x" * 76), "value": "a"}])), "76 characters"),
    ("long option value", "message", actions(select(options=[{"text": plain("a"), "value": "x" * 151}])), "151 characters"),
    ("long description", "message", actions(select(options=[option("a", description=plain("x" * 76))])), "76 characters [json-pointer:/blocks/0/elements/0/options/0/description/text]"),
    ("mrkdwn option", "message", actions(select(options=[{"text": {"type": "mrkdwn", "text": "a"}, "value": "a"}])), "must be one of: plain_text"),
    ("stray initial", "message", actions(select(options=[option("a")], initial_option=option("b"))), "initial_option must exactly match a provided option"),
    ("long placeholder", "message", actions(select("users_select", placeholder=plain("x" * 151))), "151 characters"),
    ("6 in overflow", "message", actions(select("overflow", options=[option(str(n)) for n in range(6)])), "no more than 5 items"),
    ("11 checkboxes", "modal", field("a", select("checkboxes", options=[option(str(n)) for n in range(11)])), "no more than 10 items"),
    ("11 radios", "modal", field("a", select("radio_buttons", options=[option(str(n)) for n in range(11)])), "no more than 10 items"),
    ("bad date", "message", actions(select("datepicker", initial_date="31.3.2026")), "must match pattern"),
    ("bad time", "message", actions(select("timepicker", initial_time="24:00")), "must match pattern"),
    ("bad moment", "message", actions(select("datetimepicker", initial_date_time=1)), "must be greater than or equal to"),
    ("long max_length", "modal", field("a", {"type": "plain_text_input", "max_length": 3001}), "must be less than or equal to 3000"),
    ("crossed lengths", "modal", field("a", {"type": "plain_text_input", "min_length": 9, "max_length": 3}), "min_length must be less"),
    ("long initial", "modal", field("a", {"type": "plain_text_input", "max_length": 3, "initial_value": "four"}), "4 characters [json-pointer:/blocks/0/element/initial_value]"),
    ("undecided number", "modal", field("a", {"type": "number_input"}), "missing required field: is_decimal_allowed"),
    ("long input label", "modal", field("x" * 2001, {"type": "plain_text_input"}), "2001 characters"),
    ("image without words", "message", {"type": "image", "image_url": "https://example.com/a.png"}, "missing required field: alt_text"),
    ("image without image", "message", {"type": "image", "alt_text": "a"}, "must define either `image_url` or `slack_file`"),
    ("file input in message", "message", field("a", {"type": "file_input"}), "unsupported type: file_input"),
    ("table in modal", "modal", table([[raw("a")]]), "unsupported type: table"),
    ("chart on home", "home", chart(type="pie", segments=[{"label": "a", "value": 1}]), "unsupported type: data_visualization"),
    ("alert in message", "message", {"type": "alert", "text": plain("a")}, "unsupported type: alert"),
    ("51 blocks", "message", [{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    ("101 blocks", "home", [{"type": "divider"}] * 101, "no more than 100 items allowed"),
    ("twice a block id", "message", [section("a", block_id="b"), section("a", block_id="b")], "block_id already exists: b [json-pointer:/blocks/1/block_id]"),
    ("twice an action id", "message", actions(button("a", "x"), button("b", "x")), "action_id already exists: x [json-pointer:/blocks/0/elements/1/action_id]"),
    ("two focuses", "modal", [field(n, {"type": "plain_text_input", "focus_on_load": True}) for n in "ab"], "only one element can have focus_on_load"),
    ("101 rows", "message", table([[raw("a")]] * 101), "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
    ("21 columns", "message", table([[raw("a")] * 21]), "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
    ("full table", "message", table([[raw("x" * 101)] * 20] * 5), "must be less than 10001 characters in all cells"),
    ("empty cell", "message", table([[raw("")]]), "must be more than 0 characters"),
    ("two tables", "message", [table([[raw("a")]]), table([[raw("b")]])], "only_one_table_allowed [json-pointer:/blocks/1]"),
    ("headless data table", "message", data_table([[raw("a")]]), "no fewer than 2 items allowed"),
    ("102 data rows", "message", data_table([[raw("a")]] * 102), "no more than 101 items allowed"),
    ("no caption", "message", {"type": "data_table", "rows": [[raw("a")], [raw("b")]]}, "missing required field: caption"),
    ("uneven rows", "message", data_table([[raw("a")], [raw("b"), raw("c")]]), "all rows must have the same number of cells"),
    ("rich header", "message", data_table([[{"type": "rich_text", "elements": [LINES]}], [raw("b")]]), "rich_text is not allowed in the header row"),
    ("big page", "message", data_table([[raw("a")], [raw("b")]], page_size=101), "must be less than or equal to 100"),
    ("two data tables", "message", [data_table([[raw("a")], [raw("b")]])] * 2, "only_one_table_allowed"),
    ("unknown chart", "message", chart(type="donut"), "unsupported type: donut [json-pointer:/blocks/0/chart/type]"),
    ("long chart title", "message", chart(type="pie", segments=[{"label": "a", "value": 1}]) | {"title": "x" * 51}, "51 characters"),
    ("7 segments", "message", chart(type="pie", segments=[{"label": "a", "value": 1}] * 7), "no more than 6 items"),
    ("empty segment", "message", chart(type="pie", segments=[{"label": "a", "value": 0}]), "must be greater than 0"),
    ("long segment", "message", chart(type="pie", segments=[{"label": "x" * 21, "value": 1}]), "21 characters"),
    ("7 series", "message", bars(*[series(str(n), "Mon", "Tue") for n in range(7)]), "no more than 6 items"),
    ("21 points", "message", bars(series("a", *map(str, range(21))), labels=tuple(map(str, range(21)))), "no more than 20 items"),
    ("other labels", "message", bars(series("a", "Mon", "Wed")), "labels must match axis_config.categories"),
    ("same series", "message", bars(series("a", "Mon", "Tue"), series("a", "Mon", "Tue")), "series name must be unique: a"),
    ("3 charts", "message", [bars(series("a", "Mon", "Tue"))] * 3, "no more than 2 data_visualization blocks allowed [json-pointer:/blocks/2]"),
    ("long markdown", "message", [{"type": "markdown", "text": "x" * 7000}] * 2, "must be less than 12001 characters in all markdown blocks"),
]  # fmt: skip


@pytest.mark.parametrize(("surface", "blocks", "words"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_block_over_its_limit_is_refused_with_words(surface: Surface, blocks: list[Json] | Json, words: str) -> None:
    refusals = refusals_of_blocks(blocks if isinstance(blocks, list) else [blocks], surface)
    assert any(words in refusal for refusal in refusals), refusals


BAD_VIEWS: list[tuple[str, Json, str]] = [
    ("no title", {"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view]"),
    ("long title", modal("x" * 25), "must be less than 25 characters [json-pointer:/view/title/text]"),
    ("long submit", modal("a", submit=plain("x" * 25)), "[json-pointer:/view/submit/text]"),
    ("long metadata", modal("a", private_metadata="x" * 3001), "3001 characters"),
    ("long callback id", modal("a", callback_id="x" * 256), "256 characters"),
    ("no submit", modal("a", field("b", {"type": "plain_text_input"}), submit=None), "submit is required"),
    ("home with a title", {"type": "home", "blocks": [], "title": plain("a")}, "invalid additional property: title"),
    ("bad block", modal("a", section("")), "must be more than 0 characters [json-pointer:/view/blocks/0/text/text]"),
]


@pytest.mark.parametrize(("view", "words"), [case[1:] for case in BAD_VIEWS], ids=[case[0] for case in BAD_VIEWS])
def test_view_over_its_limit_is_refused_with_words(view: Json, words: str) -> None:
    assert any(words in refusal for refusal in refusals_of_view(view)), refusals_of_view(view)


async def test_refusal_reaches_the_sdk_as_invalid_blocks_with_fine_print(
    world: SlackWorld, client: AsyncWebClient
) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=world.person("arjun").id, text="x", blocks=[section("x" * 3001)])
    answer = refused.value.response
    said = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert answer["error"] == "invalid_blocks"
    assert answer["errors"] == [said]
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {said}"]
    assert slack_is_silent(world, "arjun")


async def test_many_words_in_all_blocks_are_too_long(world: SlackWorld, client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        await client.chat_postMessage(channel=world.person("arjun").id, text="x", blocks=[section("x" * 2700)] * 5)
    assert slack_is_silent(world, "arjun")


def slack_is_silent(world: SlackWorld, who: str) -> bool:
    channel = world.dm(who)
    return channel is not None and world.messages(channel, who) == []


async def test_missing_ids_are_assigned_and_given_ones_kept(world: SlackWorld, client: AsyncWebClient) -> None:
    go = {"type": "button", "text": plain("Go")}
    posted = await client.chat_postMessage(
        channel=world.person("arjun").id, text="x", blocks=[actions(go), actions(button("Stop", "stop"), block_id="b")]
    )
    first, second = posted["message"]["blocks"]
    assert first["block_id"]
    assert first["elements"][0]["action_id"]
    assert (second["block_id"], second["elements"][0]["action_id"]) == ("b", "stop")
