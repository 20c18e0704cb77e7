"""SDP's HTML as Slack's mrkdwn: what is kept, what is gone, and that nothing from outside becomes markup."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Mrkdwn
from bot.sdp.html import clip, escape, from_text, to_mrkdwn

J = "\u2060"

SAMPLE = (
    '<div class="personalize-wrapper" style="font-family:"Zoho Puvi", Roboto, sans-serif; font-size:13px">'
    "<div>Descriprtion here<br/></div></div>"
)


@pytest.mark.parametrize(
    ("html", "mrkdwn"),
    [
        (SAMPLE, "Descriprtion here"),
        ("", ""),
        ("plain\ntext", "plain\ntext"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two", "one\ntwo"),
        ("<b>bold</b> and <strong>strong</strong>", "*bold* and *strong*"),
        ("<i>a</i> <em>b</em>", "_a_ _b_"),
        ("<s>a</s> <del>b</del> <strike>c</strike>", "~a~ ~b~ ~c~"),
        ("<b> spaces </b>outside", "*spaces* outside"),
        ("<b>a<br>b</b>", "*a*\n*b*"),
        ("<b><b>twice</b></b>", "*twice*"),
        ("un<b>believ</b>able", "unbelievable"),
        ("<h2>A <b>heading</b></h2>text", "*A heading*\n\ntext"),
        ("<ul><li>one<ul><li>deep</li></ul></li><li>two</li></ul>", "• one\n  ◦ deep\n• two"),
        ("<ol><li>one</li><li>two</li></ol>", "1. one\n2. two"),
        (
            "<table><tr><th>Host</th><th>Owner</th></tr><tr><td>db1</td><td>Ann</td></tr></table>",
            "*Host* | *Owner*\ndb1 | Ann",
        ),
        ("<blockquote>said<br>so</blockquote>", "> said\n> so"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
        ("run <code>ls -l</code>", "run `ls -l`"),
        ("<code>a`b</code>", "`a'b`"),
        ('<a href="https://x.example/a?b=1&amp;c=2">here</a>', "<https://x.example/a?b=1&amp;c=2|here>"),
        ('<a href="mailto:a@example.com">mail</a>', "<mailto:a@example.com|mail>"),
        ('<a href="https://x.example/"><b>bold</b></a>', "<https://x.example/|bold>"),
        ('<a href="https://x.example/"><img src="x.png"></a>', "<https://x.example/|[picture]>"),
        ('<a href="https://x.example/">a|b</a>', "<https://x.example/|a¦b>"),
        ('<a href="javascript:alert(1)">bad</a>', "bad"),
        ('<a href="https://x.example/|fake>">bad</a>', "bad"),
        ('<a href="slack://open">bad</a>', "bad"),
        ("<a>nowhere</a>", "nowhere"),
        ("a<script>alert(1)</script>b<style>p{}</style>c", "abc"),
        ("<iframe src=x>gone</iframe><svg><text>gone</text></svg>left", "left"),
        ("<!-- gone -->left", "left"),
        ('<img src="x" alt="a chart">', "[a chart]"),
        ("&lt;!channel&gt;", "&lt;!channel&gt;"),
        ("<p>&lt;!here&gt; &amp; &lt;@U123&gt;</p>", "&lt;!here&gt; &amp; &lt;@U123&gt;"),
        ("AT&amp;T", "AT&amp;T"),
        ("a * b", f"a {J}*{J} b"),
        ("<p>snake_case</p>", f"snake{J}_{J}case"),
        ("x&nbsp;y", "x y"),
        ("a\u202eb\u200bc", "abc"),
        ("<p>a</p>\n\n\n<p></p><p></p><p>b</p>", "a\n\nb"),
    ],
)
def test_html_becomes_slack_text(html: str, mrkdwn: str) -> None:
    assert to_mrkdwn(html) == mrkdwn


@pytest.mark.parametrize("html", ["<div>" * 5_000 + "deep", "<li>" * 9_000, "<![foo", "<" * 5_000, "<table>" * 900])
def test_hostile_html_is_still_text(html: str) -> None:
    assert "<div>" not in to_mrkdwn(html)


_OURS = re.compile(r"<(?:https?://|mailto:)[^<>|]*\|[^<>|]*>")


def assert_harmless(text: str) -> None:
    """Outside of our own links and quote signs there is no `<`, `>` or bare `&`: nothing can mention or link."""
    rest = re.sub(r">(?: |…|$)", "", _OURS.sub("", text), flags=re.MULTILINE)
    assert not set("<>") & set(rest)
    assert not re.search(r"&(?!amp;|lt;|gt;)", rest)


_TAGS = st.sampled_from(
    [
        "<b>", "</b>", "<i>", "<a href='https://x.example/?a=<b>&c'>", '<a href="javascript:x">', "</a>", "<ul>",
        "<li>", "</li>", "</ul>", "<table>", "<tr>", "<td>", "<pre>", "</pre>", "<code>", "</code>", "<blockquote>",
        "<h1>", "<br>", "<script>", "</script>", "&lt;!channel&gt;", "&amp;lt;", "<!here>", "<@U1>", "&#60;!x&#62;",
        "]]>", "<![CDATA[",
    ]
)  # fmt: skip


@given(st.lists(_TAGS | st.text(max_size=12), max_size=25).map("".join))
def test_nothing_from_outside_becomes_markup(html: str) -> None:
    assert_harmless(to_mrkdwn(html))


@given(st.text())
def test_escaped_text_means_nothing_to_slack(text: str) -> None:
    escaped = escape(text)
    assert "<" not in escaped
    assert ">" not in escaped
    assert not re.search(r"(?:^|[^\u2060])[*_~`]", escaped)


@given(st.lists(_TAGS | st.text(max_size=12), max_size=40).map("".join), st.integers(min_value=10, max_value=200))
def test_a_clipped_text_has_no_half_link_or_entity(html: str, limit: int) -> None:
    text = to_mrkdwn(html)
    clipped = clip(text, limit)
    assert len(clipped) <= limit
    assert_harmless(clipped)
    assert clipped == text or "…" in clipped


def test_a_clipped_code_block_is_closed() -> None:
    assert clip(Mrkdwn("```\n" + "x" * 100 + "\n```"), 40).count("```") == 2


@given(st.text(alphabet=st.characters(exclude_categories=["C"])))
def test_what_a_person_types_comes_back_as_typed(text: str) -> None:
    lines = [line.strip() for line in text.splitlines()]
    back = to_mrkdwn(from_text("\n".join(lines)))
    assert back.replace(J, "").split() == escape(" ".join(lines)).replace(J, "").split()
