"""mrkdwn, plain text, dates and Markdown as a person sees them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sandbox.slack.page.dates import write_date
from sandbox.slack.page.emoji import EMOJI, emoji
from sandbox.slack.page.markdown import markdown
from sandbox.slack.page.mrkdwn import mrkdwn, plain_text, spoken
from sandbox.slack.page.reader import Reader

NOW = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)
KOLKATA = Reader(
    me="U1",
    tz=ZoneInfo("Asia/Kolkata"),
    now=NOW,
    people={"U1": "Arjun Velloor", "U2": "Mara <b>Vossberg</b>"},
    channels={"C1": "ops"},
    groups={"S1": "operators"},
)


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("*bold*", "<b>bold</b>"),
        ("_italic_", "<i>italic</i>"),
        ("~gone~", "<s>gone</s>"),
        ("*a _b ~c~_*", "<b>a <i>b <s>c</s></i></b>"),
        ("(*x*), *y*!", "(<b>x</b>), <b>y</b>!"),
        ("*RLS-42:* open", "<b>RLS-42:</b> open"),
        ("2*3*4", "2*3*4"),
        ("* not bold *", "* not bold *"),
        ("*not\nbold*", "*not<br>bold*"),
        ("**", "**"),
        ("snake_case_name", "snake_case_name"),
        ("*open", "*open"),
        ("*a*b*", "<b>a*b</b>"),
        ("`*code*`", "<code>*code*</code>"),
        ("```\nx *y*\n  z\n```", "<pre>x *y*\n  z</pre>"),
        ("a ```b``` c", "a <pre>b</pre> c"),
        ("> quoted\n> twice\nnot", "<blockquote>quoted<br>twice</blockquote>not"),
        ("&gt; quoted", "<blockquote>quoted</blockquote>"),
        ("before\n>>>all\nthe rest", "before<blockquote>all<br>the rest</blockquote>"),
        ("- one", '<span class="listed depth-0">- one</span>'),
        ("  • two", '<span class="listed depth-1">• two</span>'),
        ("a\nb", "a<br>b"),
    ],
)
def test_marks_become_what_people_see_in_slack(typed: str, seen: str) -> None:
    assert mrkdwn(typed, KOLKATA) == seen


def test_the_three_escapes_arrive_as_text() -> None:
    assert mrkdwn("&lt;!channel&gt; &amp;amp; R&D", KOLKATA) == "&lt;!channel&gt; &amp;amp; R&amp;D"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("<@U1>", "@Arjun Velloor"),
        ("<@U2>", "@Mara <b>Vossberg</b>"),
        ("<@U9|odile>", "@odile"),
        ("<@U9>", "@U9"),
        ("<#C1>", "#ops"),
        ("<!subteam^S1>", "@operators"),
        ("<!subteam^S9|@night shift>", "@night shift"),
        ("<!here> <!channel> <!everyone>", "@here @channel @everyone"),
        ("<https://sdp.example.com/r?a=1&amp;b=2|RLS-42>", "RLS-42"),
        ("<mailto:mara.vossberg@example.com>", "mara.vossberg@example.com"),
        ("<not a link>", "<not a link>"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_controls_are_shown_by_name(typed: str, words: str) -> None:
    assert spoken(typed, KOLKATA) == words


def test_a_mention_of_me_stands_out() -> None:
    assert mrkdwn("<@U1> and <@U2>", KOLKATA).count("mention me") == 1


def test_links_open_beside_the_page() -> None:
    assert mrkdwn("<https://a.example.com/?x=1&amp;y=2|here>", KOLKATA) == (
        '<a href="https://a.example.com/?x=1&amp;y=2" target="_blank" rel="noopener noreferrer">here</a>'
    )


def test_bare_addresses_are_linked_without_the_full_stop() -> None:
    drawn = mrkdwn("see https://a.example.com/b_c.", KOLKATA)
    assert 'href="https://a.example.com/b_c"' in drawn
    assert drawn.endswith("</a>.")
    assert "<a" not in mrkdwn("see https://a.example.com", KOLKATA, links=False)


@pytest.mark.parametrize("target", ["javascript:alert(1)", "JaVa\tScript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_addresses_that_run_something_are_not_links(target: str) -> None:
    drawn = mrkdwn(f"<{target}|click me>", KOLKATA)
    assert "href" not in drawn
    assert "click me" in drawn


def test_emoji_are_read_aloud_by_name() -> None:
    assert mrkdwn(":white_check_mark: done", KOLKATA) == (
        '<span class="emoji" role="img" aria-label="white check mark">✅</span> done'
    )
    assert mrkdwn("at 10:30:45 :no_such_thing:", KOLKATA) == "at 10:30:45 :no_such_thing:"
    assert emoji("+1::skin-tone-4") == EMOJI["+1"] + "🏽"


def test_plain_text_formats_nothing() -> None:
    assert plain_text("*a* <b>\n&lt;c&gt; :eyes:") == (
        '*a* &lt;b&gt;<br>&lt;c&gt; <span class="emoji" role="img" aria-label="eyes">👀</span>'
    )
    assert plain_text(":eyes:", with_emoji=False) == ":eyes:"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{date_num}", "2026-03-31"),
        ("{date_slash}", "31/03/2026"),
        ("{date}", "March 31st"),
        ("{date_long}", "Tuesday, March 31st, 2026"),
        ("{date_long_full}", "March 31, 2026"),
        ("{date_short}", "Mar 31, 2026"),
        ("{date_short_pretty} at {time}", "Tomorrow at 01:30"),
        ("due {date_pretty}", "due tomorrow"),
        ("{time_secs}", "01:30:00"),
        ("{ago}", "in 8 hours"),
        ("{no_such_token}", "{no_such_token}"),
    ],
)
def test_date_tokens_are_written_in_the_readers_zone(template: str, words: str) -> None:
    eight_in_the_evening_utc = datetime(2026, 3, 30, 20, 0, tzinfo=UTC)
    assert write_date(eight_in_the_evening_utc.timestamp(), template, KOLKATA) == words


def test_the_same_moment_is_another_day_elsewhere() -> None:
    chatham = Reader(tz=ZoneInfo("Pacific/Chatham"), now=NOW, clock=12)
    moment = datetime(2026, 3, 30, 12, 0, tzinfo=UTC).timestamp()
    assert write_date(moment, "{date_short_pretty} at {time}", chatham) == "Today at 1:45 AM"
    assert write_date(moment, "{date_num}", chatham) == "2026-03-31"
    assert write_date(moment, "{date_num}", KOLKATA) == "2026-03-30"


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=2), "just now"),
        (timedelta(seconds=59), "59 seconds ago"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5, minutes=59), "5 hours ago"),
        (timedelta(days=-2), "in 2 days"),
        (timedelta(days=800), "2 years ago"),
    ],
)
def test_ago_names_the_largest_unit(distance: timedelta, words: str) -> None:
    assert write_date((NOW - distance).timestamp(), "{ago}", KOLKATA) == words


def test_a_date_that_is_none_shows_its_fallback() -> None:
    assert mrkdwn("<!date^99999999999999999^{date}|some day>", KOLKATA) == "some day"
    assert mrkdwn("<!date^nonsense^{date}|3 March>", KOLKATA) == "3 March"
    drawn = mrkdwn("<!date^1774900800^{date_short}^https://a.example.com/|fallback>", KOLKATA)
    assert "https://a.example.com/" in drawn
    assert 'datetime="2026-03-31T01:30:00+05:30"' in drawn
    assert 'title="fallback"' in drawn


def test_ten_thousand_marks_are_drawn_at_once() -> None:
    """Pairing marks must not look at the rest of the line again for every mark."""
    for source in ("*a " * 10_000, " *_~" * 10_000, "`" * 20_000, "<" * 20_000, "*a* " * 10_000, "> " * 20_000):
        assert len(mrkdwn(source, KOLKATA)) >= 20_000


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("# Title #", '<p class="md-heading level-1">Title</p>'),
        ("**b** and *i* and ~~s~~", "<p><b>b</b> and <i>i</i> and <s>s</s></p>"),
        ("---", "<hr>"),
        ("```py\nx < 1\n```", "<pre>x &lt; 1</pre>"),
        ("> a\n> b", "<blockquote><p>a<br>b</p></blockquote>"),
        ("- [x] done", '<span class="listed depth-0">☑ done</span>'),
        ("2) two", '<span class="listed depth-0">2) two</span>'),
        ("\\*no\\*", "<p>*no*</p>"),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
        ("a\n\nb", "<p>a</p><p>b</p>"),
    ],
)
def test_the_markdown_block_speaks_standard_markdown(source: str, seen: str) -> None:
    assert markdown(source) == seen


def test_markdown_tables_become_tables() -> None:
    drawn = markdown("| a | b |\n|---|---|\n| 1 | `x\\|y` |\n\nafter")
    assert '<th scope="col">a</th>' in drawn
    assert "<td><code>x|y</code></td>" in drawn
    assert drawn.endswith("<p>after</p>")
