"""No outside word becomes markup: whatever the bot or a person sends, the page's HTML stays the page's own.

The HTML is read back by a parser and judged by what a browser would build from it, not by the letters it is made of.
"""

import re
from html.parser import HTMLParser
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.slack.page.blocks import legacy_attachment, render_block
from sandbox.slack.page.markdown import markdown
from sandbox.slack.page.markup import VOID
from sandbox.slack.page.mrkdwn import mrkdwn, plain_text
from sandbox.slack.page.reader import Canvas, Reader

ELEMENTS = frozenset(
    [
        "a",
        "b",
        "blockquote",
        "br",
        "button",
        "caption",
        "circle",
        "code",
        "details",
        "dialog",
        "div",
        "fieldset",
        "figcaption",
        "figure",
        "g",
        "h2",
        "h3",
        "hr",
        "i",
        "img",
        "input",
        "label",
        "legend",
        "li",
        "line",
        "mark",
        "ol",
        "p",
        "path",
        "polygon",
        "polyline",
        "pre",
        "rect",
        "s",
        "small",
        "span",
        "summary",
        "svg",
        "table",
        "tbody",
        "td",
        "template",
        "text",
        "textarea",
        "th",
        "thead",
        "time",
        "title",
        "tr",
        "u",
        "ul",
    ]
)
# A busy machine is no fault of the page.
PATIENT = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
FOLLOWED = re.compile(r"(?:https?|mailto|tel):[^\x00-\x20]*$", re.IGNORECASE)
READER = Reader(me="U1", people={"U1": '"><script>alert(1)</script>'}, channels={"C1": "<b>"}, groups={"S1": "'x"})
CANVAS = Canvas(READER, "modal", "v1")

FRAGMENTS = [
    *"<>&\"'`*_~:|^!@#{}()[]\\/-+ \n\t\r\0\x0b\x7f\x85\u2028\ufeff\ud800=;.1a",
    "<script>alert(1)</script>",
    "</div></main>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "java\tscript:",
    "<javascript:alert(1)|x>",
    "<@U1>",
    "<@U1|",
    "<#C1|<b>>",
    "<!date^1^{date}^javascript:x|f>",
    "<!date^",
    "<!channel>",
    "<!subteam^S1>",
    "&lt;",
    "&amp;lt;",
    "&#60;",
    "```",
    "`",
    ":eyes:",
    'https://a.example.com/"onclick=x',
    "on",
    "style=",
    "data:text/html;base64,",
    "[x](javascript:y)",
    "![a](data:b)",
    "**",
    "~~",
    "> ",
    ">>>",
    "- ",
    "# ",
    "|--|",
    "\n| a |\n|--|\n",
    "]]>",
    "<!--",
    "-->",
    "<svg/onload=x>",
    "\u202e",
    "日本語",
    "𝕏",
    "\\",
]
nasty = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=25).map("".join)


class Judge(HTMLParser):
    """Builds what a browser would and refuses what the page never writes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS, f"<{tag}> was let through"
        for name, value in attrs:
            assert not name.startswith("on"), f"{name} runs something"
            assert name not in ("style", "srcdoc", "formaction", "action"), f"{name} was let through"
            assert name.replace("-", "").replace("_", "").isalnum(), f"{name!r} is an attribute nobody wrote"
            if name in ("href", "src"):
                assert value is not None
                assert FOLLOWED.match(value), f"{value!r} may not be followed"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment was let through: {data!r}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration was let through: {decl!r}")


def judged(html: str) -> str:
    """The words a person sees; raises AssertionError when the HTML holds anything but the page's own elements."""
    judge = Judge()
    judge.feed(html)
    judge.close()
    assert not judge.open, f"never closed: {judge.open}"
    html.encode()
    return "".join(judge.words)


@PATIENT
@given(nasty)
def test_mrkdwn_lets_no_markup_through(source: str) -> None:
    judged(mrkdwn(source, READER))


@PATIENT
@given(nasty)
def test_markdown_lets_no_markup_through(source: str) -> None:
    judged(markdown(source))


@PATIENT
@given(nasty)
def test_plain_text_lets_no_markup_through(source: str) -> None:
    judged(plain_text(source))


@PATIENT
@given(st.text(alphabet="abc<>&\"' ()=/!-", max_size=60))
def test_plain_text_loses_no_letter(source: str) -> None:
    assert judged(plain_text(source)) == source


@PATIENT
@given(
    st.text(alphabet="abc &<>\"'=", max_size=60).map(
        lambda s: s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    )
)
def test_escaped_words_arrive_as_they_were_written(source: str) -> None:
    if not source.startswith("&gt;"):
        seen = judged(mrkdwn(source, READER))
        assert seen == source.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def words(kind: str = "mrkdwn") -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"type": st.sampled_from([kind, "plain_text", "mrkdwn", "?"]), "text": nasty})


def options() -> st.SearchStrategy[Any]:
    option = {"text": words("plain_text"), "value": nasty, "description": words(), "url": nasty}
    return st.lists(st.fixed_dictionaries({}, optional=option), max_size=3)


ELEMENT_TYPES = [
    "button",
    "overflow",
    "static_select",
    "multi_static_select",
    "external_select",
    "multi_external_select",
    "users_select",
    "multi_users_select",
    "channels_select",
    "multi_channels_select",
    "conversations_select",
    "multi_conversations_select",
    "checkboxes",
    "radio_buttons",
    "datepicker",
    "timepicker",
    "datetimepicker",
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "file_input",
    "rich_text_input",
    "workflow_button",
    "icon_button",
    "feedback_buttons",
    "image",
    "brand_new",
]
element = st.fixed_dictionaries(
    {"type": st.sampled_from(ELEMENT_TYPES)},
    optional={
        "action_id": nasty,
        "text": words("plain_text"),
        "value": nasty,
        "url": nasty,
        "style": nasty,
        "options": options(),
        "placeholder": words("plain_text"),
        "initial_value": nasty,
        "initial_option": options().map(lambda o: o[0] if o else None),
        "initial_options": options(),
        "initial_date": nasty,
        "initial_time": nasty,
        "initial_user": nasty,
        "alt_text": nasty,
        "initial_date_time": st.integers() | st.floats() | nasty,
        "image_url": nasty,
        "accessibility_label": nasty,
        "option_groups": st.lists(st.fixed_dictionaries({"label": words(), "options": options()}), max_size=2),
        "confirm": st.fixed_dictionaries({"title": words(), "text": words(), "confirm": words(), "deny": words()}),
        "max_selected_items": st.integers() | nasty,
        "multiline": st.booleans(),
        "max_length": st.integers() | nasty,
        "visible_to_user_ids": st.lists(st.sampled_from(["U1", "U2"])),
        "filetypes": st.lists(nasty, max_size=2),
        "dispatch_action_config": st.fixed_dictionaries({"trigger_actions_on": st.lists(nasty, max_size=2)}),
        "positive_button": words(),
        "negative_button": words(),
        "icon": nasty,
        "timezone": nasty,
    },
)
rich_leaf = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["text", "link", "user", "channel", "usergroup", "team", "broadcast", "emoji", "date", "color", "new"]
        )
    },
    optional={
        "text": nasty,
        "url": nasty,
        "user_id": nasty,
        "channel_id": nasty,
        "usergroup_id": nasty,
        "team_id": nasty,
        "range": nasty,
        "name": nasty,
        "timestamp": st.integers() | nasty,
        "format": nasty,
        "fallback": nasty,
        "value": nasty,
        "style": st.dictionaries(st.sampled_from(["bold", "code", "strike", "italic", "onload"]), st.just(True)),
    },
)
rich_part = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted", "rich_text_new"]
        ),
        "elements": st.lists(
            rich_leaf
            | st.fixed_dictionaries(
                {"type": st.just("rich_text_section"), "elements": st.lists(rich_leaf, max_size=2)}
            ),
            max_size=3,
        ),
    },
    optional={"style": nasty, "indent": st.integers(), "offset": st.integers(), "border": st.integers()},
)
cell = st.fixed_dictionaries(
    {"type": st.sampled_from(["raw_text", "raw_number", "rich_text", "new"])},
    optional={"text": nasty, "value": st.integers() | st.floats() | nasty, "elements": st.lists(rich_part, max_size=1)},
)
chart = st.fixed_dictionaries(
    {"type": st.sampled_from(["pie", "bar", "area", "line", "radar"])},
    optional={
        "segments": st.lists(
            st.fixed_dictionaries({"label": nasty, "value": st.floats() | st.integers() | nasty}), max_size=4
        ),
        "series": st.lists(
            st.fixed_dictionaries(
                {
                    "name": nasty,
                    "data": st.lists(
                        st.fixed_dictionaries(
                            {"label": st.sampled_from(["a", "b", "<"]), "value": st.floats() | st.integers() | nasty}
                        ),
                        max_size=4,
                    ),
                }
            ),
            max_size=3,
        ),
        "axis_config": st.fixed_dictionaries(
            {}, optional={"categories": st.lists(nasty, max_size=4), "x_label": nasty, "y_label": nasty}
        ),
    },
)
BLOCK_TYPES = [
    "section",
    "header",
    "context",
    "actions",
    "input",
    "divider",
    "image",
    "rich_text",
    "table",
    "data_table",
    "data_visualization",
    "markdown",
    "file",
    "video",
    "alert",
    "card",
    "carousel",
    "container",
    "task_card",
    "plan",
    "context_actions",
    "brand_new",
]
block = st.fixed_dictionaries(
    {"type": st.sampled_from(BLOCK_TYPES)},
    optional={
        "block_id": nasty,
        "text": words() | nasty,
        "fields": st.lists(words(), max_size=3),
        "accessory": element,
        "label": words(),
        "elements": st.lists(element | words() | rich_part, max_size=3),
        "element": element,
        "hint": words(),
        "title": words() | nasty,
        "image_url": nasty,
        "alt_text": nasty,
        "rows": st.lists(st.lists(cell, max_size=3), max_size=3),
        "caption": nasty,
        "page_size": st.integers(),
        "row_header_column_index": st.integers(),
        "chart": chart,
        "external_id": nasty,
        "video_url": nasty,
        "title_url": nasty,
        "thumbnail_url": nasty,
        "author_name": nasty,
        "description": words(),
        "level": nasty,
        "column_settings": st.lists(st.fixed_dictionaries({"align": nasty, "is_wrapped": st.booleans()}), max_size=2),
        "child_blocks": st.lists(st.fixed_dictionaries({"type": nasty}), max_size=2),
        "is_collapsible": st.booleans(),
        "actions": st.lists(element, max_size=2),
        "body": words(),
        "subtitle": words(),
        "optional": st.booleans(),
        "dispatch_action": st.booleans(),
    },
)


@settings(PATIENT, max_examples=150)
@given(block)
def test_blocks_of_any_shape_let_no_markup_through(thing: dict[str, Any]) -> None:
    judged(render_block(thing, CANVAS))


@PATIENT
@given(st.fixed_dictionaries({}, optional={"pretext": nasty, "title": nasty, "title_link": nasty, "text": nasty}))
def test_attachments_let_no_markup_through(thing: dict[str, Any]) -> None:
    judged(legacy_attachment(thing, CANVAS))


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(max_size=4), c, max_size=3),
    max_leaves=6,
)


@PATIENT
@given(
    st.sampled_from(BLOCK_TYPES),
    st.dictionaries(
        st.sampled_from(
            [
                "text",
                "fields",
                "accessory",
                "elements",
                "element",
                "label",
                "rows",
                "chart",
                "title",
                "caption",
                "block_id",
                "options",
                "tasks",
                "sources",
                "child_blocks",
            ]
        ),
        junk,
    ),
)
def test_values_of_the_wrong_type_are_drawn_not_raised(kind: str, thing: dict[str, Any]) -> None:
    judged(render_block({**thing, "type": kind}, CANVAS))
