"""Blocks and elements as a person meets them: by their words, their labels and what can be done with them."""

from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from sandbox.slack.page.blocks import legacy_attachment, render_block
from sandbox.slack.page.charts import ticks
from sandbox.slack.page.elements import option_groups
from sandbox.slack.page.reader import Canvas, Reader

READER = Reader(
    me="U1",
    people={"U1": "Arjun Velloor", "U2": "Tess Harbourne"},
    channels={"C1": "ops"},
    directs={"D2": "Tess Harbourne"},
    files={"F1": "/files/F1", "https://files.example.com/x.png": "/files/F2"},
    origin="http://127.0.0.1:9",
)
CANVAS = Canvas(READER, "message", "m1")


def draw(**block: Any) -> Tag:
    return BeautifulSoup(render_block(block, CANVAS), "html.parser")


def draw_element(kind: str, **element: Any) -> Tag:
    return draw(type="actions", block_id="b", elements=[{"type": kind, "action_id": "a", **element}])


def draw_input(kind: str, *, optional: bool = False, **element: Any) -> Tag:
    element = {"type": kind, "action_id": "a", **element}
    return draw(
        type="input", block_id="b", label=plain("Reason"), hint=plain("Be short"), optional=optional, element=element
    )


def plain(words: str) -> dict[str, str]:
    return {"type": "plain_text", "text": words}


def mrkdwn(words: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": words}


def option(words: str, value: str, **more: Any) -> dict[str, Any]:
    return {"text": plain(words), "value": value, **more}


def one(page: Tag | BeautifulSoup, selector: str) -> Tag:
    found = page.select(selector)
    assert len(found) == 1, f"{len(found)} of {selector} in {page}"
    return found[0]


def test_a_section_shows_text_fields_and_its_accessory() -> None:
    page = draw(
        type="section",
        block_id="b1",
        text=mrkdwn("*RLS-42* waits"),
        fields=[mrkdwn("*Risk*"), plain("*High*")],
        accessory={"type": "button", "action_id": "open", "text": plain("Open"), "value": "42"},
    )
    assert one(page, ".words").decode_contents() == "<b>RLS-42</b> waits"
    assert [field.decode_contents() for field in page.select(".fields > div")] == ["<b>Risk</b>", "*High*"]
    control = one(page, ".accessory .control")
    assert (control["data-type"], control["data-block"], control["data-action"]) == ("button", "b1", "open")


def test_a_button_has_its_style_and_waits_for_its_confirm_dialog() -> None:
    confirm = {
        "title": plain("Sure?"),
        "text": mrkdwn("*All* of it"),
        "confirm": plain("Delete"),
        "deny": plain("Keep"),
    }
    page = draw_element("button", text=plain("Delete"), style="danger", confirm={**confirm, "style": "danger"})
    assert one(page, ".control > button")["class"] == ["btn", "danger"]
    # What waits in a template is out of reach of selectors, as it is in a browser.
    dialog = BeautifulSoup(one(page, "template").decode_contents(), "html.parser")
    assert one(dialog, "dialog")["role"] == "alertdialog"
    assert one(dialog, "h2").text == "Sure?"
    assert one(dialog, ".dialog-text b").text == "All"
    assert one(dialog, "[data-answer=confirm]").text == "Delete"
    assert one(dialog, "[data-answer=confirm]")["class"] == ["btn", "danger"]
    assert one(dialog, "[data-answer=deny]").text == "Keep"


def test_a_button_with_an_address_is_a_link_that_still_tells_the_bot() -> None:
    page = draw_element("button", text=plain("Open in SDP"), url="https://sdp.example.com/1")
    assert one(page, ".control > a")["href"] == "https://sdp.example.com/1"


def test_elements_for_others_are_not_drawn() -> None:
    seen = {"type": "button", "action_id": "a", "text": plain("Mine"), "visible_to_user_ids": ["U1"]}
    hidden = {"type": "button", "action_id": "b", "text": plain("Theirs"), "visible_to_user_ids": ["U2"]}
    page = draw(type="actions", block_id="b", elements=[seen, hidden])
    assert [button.text for button in page.select("button")] == ["Mine"]


def test_an_input_is_labelled_hinted_and_has_room_for_its_error() -> None:
    page = draw_input("plain_text_input", multiline=True, max_length=250, initial_value="No window")
    field = one(page, "textarea")
    assert one(page, "label")["for"] == field["id"]
    assert one(page, "label").text == "Reason"
    assert field["maxlength"] == "250"
    assert field["aria-required"] == "true"
    assert field.text.strip() == "No window"
    described = str(field["aria-describedby"]).split()
    assert {one(page, ".hint")["id"], one(page, ".field-error")["id"]} == set(described)
    assert one(page, ".field-error").has_attr("hidden")


def test_an_optional_input_says_so_and_is_not_required() -> None:
    page = draw_input("plain_text_input", optional=True)
    assert one(page, "label").text == "Reason (optional)"
    assert not one(page, "input").has_attr("aria-required")


@pytest.mark.parametrize(
    ("kind", "element", "attributes"),
    [
        ("email_text_input", {"initial_value": "a@example.com"}, {"type": "email", "value": "a@example.com"}),
        ("url_text_input", {}, {"type": "url"}),
        ("number_input", {"is_decimal_allowed": False, "min_value": "1"}, {"type": "number", "step": "1", "min": "1"}),
        ("number_input", {"is_decimal_allowed": True}, {"type": "number", "step": "any"}),
        ("datepicker", {"initial_date": "2026-03-31"}, {"type": "date", "value": "2026-03-31"}),
        ("timepicker", {"initial_time": "14:00"}, {"type": "time", "value": "14:00"}),
        ("datetimepicker", {"initial_date_time": 1774958400}, {"type": "datetime-local", "value": "2026-03-31T12:00"}),
        ("file_input", {"filetypes": ["csv", "pdf"]}, {"type": "file", "accept": ".csv,.pdf", "multiple": ""}),
        ("plain_text_input", {"placeholder": plain("Say why")}, {"type": "text", "placeholder": "Say why"}),
    ],
)
def test_fields_use_the_browsers_own_kind(kind: str, element: dict[str, Any], attributes: dict[str, str]) -> None:
    field = one(draw_input(kind, **element), "input")
    assert {name: field.get(name) for name in attributes} == attributes


def test_a_menu_is_a_combobox_with_its_options() -> None:
    page = draw_input(
        "static_select",
        options=[option("Low", "1"), option("High", "3", description=plain("wakes people"))],
        initial_option=option("High", "3"),
    )
    combo = one(page, "input[role=combobox]")
    assert (combo["value"], combo["data-chosen"]) == ("High", "3")
    listbox = one(page, "[role=listbox]")
    assert combo["aria-controls"] == listbox["id"]
    assert [(o["data-value"], o["aria-selected"]) for o in listbox.select("[role=option]")] == [
        ("1", "false"),
        ("3", "true"),
    ]
    assert one(listbox, "small").text == "wakes people"


def test_option_groups_are_named() -> None:
    groups = [{"label": plain("Risk"), "options": [option("Low", "1")]}, {"label": plain("Stage"), "options": []}]
    listbox = BeautifulSoup(option_groups({"option_groups": groups}, CANVAS), "html.parser")
    assert [group["aria-label"] for group in listbox.select("[role=group]")] == ["Risk", "Stage"]


def test_a_multi_menu_shows_what_is_chosen_as_chips() -> None:
    page = draw_input("multi_static_select", options=[option("A", "a")], initial_options=[option("A", "a")])
    assert one(page, ".control").has_attr("data-many")
    assert one(page, ".chip")["aria-label"] == "Remove A"
    assert not one(page, "input").has_attr("value")


@pytest.mark.parametrize(
    ("kind", "initial", "shown", "offered"),
    [
        ("users_select", {"initial_user": "U2"}, "@Tess Harbourne", ["@Arjun Velloor", "@Tess Harbourne"]),
        ("channels_select", {"initial_channel": "C1"}, "#ops", ["#ops"]),
        (
            "conversations_select",
            {"initial_conversation": "C1"},
            "#ops",
            ["#ops", "@Tess Harbourne"],
        ),
    ],
)
def test_menus_of_people_and_channels_show_names(
    kind: str, initial: dict[str, str], shown: str, offered: list[str]
) -> None:
    page = draw_element(kind, **initial)
    assert one(page, "input")["value"] == shown
    assert [line.text for line in page.select("[role=option]")] == offered


def test_an_external_menu_asks_as_one_types() -> None:
    control = one(draw_element("external_select", min_query_length=0), ".control")
    assert control.has_attr("data-external")
    assert control["data-min-query"] == "0"


def test_checkboxes_and_radios_are_labelled_one_by_one() -> None:
    choices = [option("Digest", "d"), {"text": mrkdwn("*Reminders*"), "value": "r", "description": plain("quiet")}]
    page = draw_element("checkboxes", options=choices, initial_options=[choices[1]])
    boxes = page.select("input[type=checkbox]")
    assert [box["value"] for box in boxes] == ["d", "r"]
    assert [box.has_attr("checked") for box in boxes] == [False, True]
    assert [label["for"] for label in page.select("label")] == [box["id"] for box in boxes]
    radios = draw_element("radio_buttons", options=choices).select("input[type=radio]")
    assert len({radio["name"] for radio in radios}) == 1


def test_an_overflow_is_a_menu_behind_a_button() -> None:
    page = draw_element("overflow", options=[option("Edit", "e"), option("Help", "h", url="https://x.example.com/")])
    opener = one(page, "button.opener")
    menu = one(page, "[role=menu]")
    assert opener["aria-controls"] == menu["id"]
    assert menu.has_attr("hidden")
    assert [item.text for item in menu.select("[role=menuitem]")] == ["Edit", "Help"]
    assert one(menu, "a")["href"] == "https://x.example.com/"


def test_images_from_here_are_shown_and_others_are_named() -> None:
    shown = draw(type="image", slack_file={"id": "F1"}, alt_text="Hours", title=plain("Timesheet"))
    assert one(shown, "img")["src"] == "/files/F1"
    assert one(shown, "img")["alt"] == "Hours"
    assert one(shown, "figcaption").text == "Timesheet"
    own = draw(type="image", image_url="http://127.0.0.1:9/files/3.png", alt_text="own")
    assert one(own, "img")["src"] == "/files/3.png"
    away = draw(type="image", image_url="https://elsewhere.example.com/a.png", alt_text="Logo")
    assert not away.select("img")
    assert "Logo" in one(away, "a.away").text


def test_rich_text_has_lists_quotes_styles_and_every_element() -> None:
    section = {
        "type": "rich_text_section",
        "elements": [
            {"type": "text", "text": "Bold", "style": {"bold": True, "italic": True}},
            {"type": "user", "user_id": "U2"},
            {"type": "channel", "channel_id": "C1"},
            {"type": "broadcast", "range": "here"},
            {"type": "emoji", "name": "eyes"},
            {"type": "link", "url": "https://x.example.com/", "text": "link"},
            {"type": "date", "timestamp": 1774958400, "format": "{date_num}"},
            {"type": "color", "value": "#ff0000"},
            {"type": "hologram"},
        ],
    }
    lists = {"type": "rich_text_list", "style": "ordered", "offset": 2, "indent": 1, "elements": [section]}
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": "so they said"}]}
    code = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "a\nb"}]}
    page = draw(type="rich_text", elements=[lists, quote, code])
    words = one(page, "ol[start='3'].indent-1 li").text
    assert words == "Bold@Tess Harbourne#ops@here👀link2026-03-31#ff0000hologram"
    assert one(page, "b > i").text == "Bold"
    assert one(page, "rect")["fill"] == "#ff0000"
    assert one(page, "blockquote").text == "so they said"
    assert str(one(page, "pre")) == "<pre>a<br/>b</pre>"


def test_a_table_has_a_header_row_and_aligned_columns() -> None:
    rows = [[raw("Who"), raw("Hours")], [raw("Odile"), {"type": "raw_number", "value": 7.5, "text": "7.5 h"}]]
    page = draw(type="table", rows=rows, column_settings=[{"is_wrapped": True}, {"align": "right"}])
    assert [cell.text for cell in page.select("thead th[scope=col]")] == ["Who", "Hours"]
    assert one(page, "tbody td.right").text == "7.5 h"


def test_a_data_table_can_be_sorted_and_paged() -> None:
    rows = [[raw("Who"), raw("Hours")], [raw("Odile"), {"type": "raw_number", "value": 12, "text": "12.00"}]]
    page = draw(type="data_table", caption="Hours by person", rows=rows, page_size=7)
    assert one(page, "caption").text == "Hours by person"
    assert one(page, "table.data-table")["data-page-size"] == "7"
    assert [button.text for button in page.select("thead th[aria-sort=none] button")] == ["Who", "Hours"]
    assert one(page, "tbody th[scope=row]").text == "Odile"
    assert one(page, "td.right")["data-sort"] == "12"


def raw(words: str) -> dict[str, str]:
    return {"type": "raw_text", "text": words}


def test_a_bar_chart_is_drawn_and_its_numbers_can_be_read() -> None:
    page = draw(type="data_visualization", title="Hours", chart=plot("bar"))
    assert one(page, "figcaption").text == "Hours"
    assert one(page, "figure > svg[role=img]")["aria-label"] == "Hours"
    assert [bar.title.text for bar in page.select("rect.bar") if bar.title] == [
        "Odile, spent: 12.5",
        "Sam, spent: 1,200",
        "Odile, planned: 10",
    ]
    assert [[cell.text for cell in row.select("th, td")] for row in page.select("details tr")] == [
        ["Who", "spent", "planned"],
        ["Odile", "12.5", "10"],
        ["Sam", "1,200", ""],
    ]
    assert [item.text for item in page.select(".legend li")] == ["spent", "planned"]


@pytest.mark.parametrize(("kind", "shape"), [("line", "polyline.line"), ("area", "polygon.area")])
def test_line_and_area_charts_draw_every_series(kind: str, shape: str) -> None:
    assert len(draw(type="data_visualization", title="Hours", chart=plot(kind)).select(shape)) == 2


def plot(kind: str) -> dict[str, Any]:
    spent = {"name": "spent", "data": [{"label": "Sam", "value": 1200}, {"label": "Odile", "value": 12.5}]}
    planned = {"name": "planned", "data": [{"label": "Odile", "value": "10"}]}
    axes = {"categories": ["Odile", "Sam"], "x_label": "Who", "y_label": "Hours"}
    return {"type": kind, "series": [spent, planned], "axis_config": axes}


def test_a_pie_says_the_shares() -> None:
    segments = [{"label": "Done", "value": 3}, {"label": "Open", "value": 1}]
    page = draw(type="data_visualization", title="Work", chart={"type": "pie", "segments": segments})
    assert [item.text for item in page.select(".legend li")] == ["Done 3 (75%)", "Open 1 (25%)"]
    assert len(page.select("path.slice")) == 2


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0, 0, [0, 0.25, 0.5, 0.75, 1]),
        (0, 37, [0, 10, 20, 30, 40]),
        (-5, 5, [-5, -2.5, 0, 2.5, 5]),
        (3, 9, [0, 2.5, 5, 7.5, 10]),
    ],
)
def test_axes_have_round_marks_and_a_zero(low: float, high: float, marks: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(marks)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"type": "header", "text": plain("Release approval")}, "Release approval"),
        ({"type": "context", "elements": [mrkdwn("level 1 of 2"), plain("x")]}, "level 1 of 2x"),
        ({"type": "markdown", "text": "**hi**"}, "hi"),
        ({"type": "file", "external_id": "report", "source": "remote"}, "📄 report"),
        ({"type": "alert", "text": plain("Careful"), "level": "warning"}, "Careful"),
        ({"type": "video", "title": plain("Demo"), "video_url": "https://v.example.com/", "alt_text": "film"}, "Demo"),
        (
            {"type": "plan", "title": "Plan", "tasks": [{"type": "task_card", "title": "Do", "status": "complete"}]},
            "Do",
        ),
        (
            {"type": "container", "title": plain("More"), "child_blocks": [{"type": "header", "text": plain("In")}]},
            "In",
        ),
        ({"type": "carousel", "elements": [{"type": "card", "title": mrkdwn("*One*")}]}, "One"),
        (
            {"type": "context_actions", "elements": [{"type": "icon_button", "icon": "trash", "text": plain("Bin")}]},
            "🗑",
        ),
        ({"type": "hologram"}, "block: hologram"),
        ({"type": "actions", "elements": [{"type": "hologram"}]}, "element: hologram"),
        ({}, "block: no type"),
    ],
)
def test_every_block_shows_its_words_and_an_unknown_one_its_name(block: dict[str, Any], words: str) -> None:
    assert words in draw(**block).text


def test_an_old_attachment_shows_title_text_and_blocks() -> None:
    attachment = {
        "title": "Build",
        "title_link": "https://b.example.com/",
        "text": "*green*",
        "blocks": [{"type": "divider"}],
    }
    page = BeautifulSoup(legacy_attachment(attachment, CANVAS), "html.parser")
    assert one(page, "a")["href"] == "https://b.example.com/"
    assert page.select("b")[-1].text == "green"
    assert one(page, "hr")


def test_ids_stay_the_same_when_drawn_again_and_differ_between_messages() -> None:
    element = {"type": "button", "action_id": "a", "text": plain("x")}
    block = {"type": "actions", "block_id": "b", "elements": [element]}
    first, again = (render_block(block, Canvas(READER, "message", "m1")) for _ in range(2))
    other = render_block(block, Canvas(READER, "message", "m2"))
    assert first == again
    assert (
        one(BeautifulSoup(first, "html.parser"), "button")["id"]
        != one(BeautifulSoup(other, "html.parser"), "button")["id"]
    )
