"""Words from outside stay words: nothing pings, links, formats, breaks a page, a log line or a terminal."""

import json

import pytest

from tests.attacks.conftest import PORTAL, Street
from tests.conftest import until

EVIL = "<!channel> <!here> <@U0ADMIN> <https://evil.example.com|Approve> *bold* `code` & </b><script>x()</script>"


def mrkdwn_of(blocks: list[dict[str, object]]) -> str:
    """Every text that Slack would format."""
    found: list[str] = []

    def walk(node: object) -> None:
        if isinstance(node, dict):
            if node.get("type") == "mrkdwn":
                found.append(str(node["text"]))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(blocks)
    return "\n".join(found)


def harmless(text: str) -> bool:
    return not any(bad in text for bad in ("<!channel", "<!here", "<@U0ADMIN", "<https://evil", "<script"))


@pytest.mark.parametrize("field", ["title", "description"])
async def test_a_release_cannot_ping_or_link(street: Street, field: str) -> None:
    street.box.sdp.releases.edit(PORTAL, **{field: EVIL})
    await street.start()
    arjun = street.box.people.as_("arjun")
    await arjun.waits_for("Your approval is needed")
    await street.settled()
    for message in arjun.messages():
        assert harmless(mrkdwn_of(message.blocks))
        assert harmless(message.text)


async def test_a_name_in_slack_cannot_ping_where_it_is_shown(street: Street) -> None:
    street.box.slack.person("arjun").real_name = "<!channel> Arjun"
    await street.start()
    arjun = street.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for(PORTAL))
    await until(lambda: len(street.decided()) == 1)
    await street.settled()
    for message in arjun.messages():
        assert harmless(mrkdwn_of(message.blocks))
        assert harmless(message.text)


async def test_a_comment_reaches_sdp_as_one_plain_line(street: Street) -> None:
    await street.start()
    arjun = street.box.people.as_("arjun")
    await arjun.click("Reject…", in_=await arjun.waits_for(PORTAL))
    await arjun.submit({"Reason": 'no\r\nX-Forged: yes\x00\x1b[31m\u202e"}},{"status":"Approved'})
    await arjun.waits_for("Rejected by Arjun Velloor")
    said = street.said(PORTAL)
    assert said.startswith('no X-Forged: yes [31m "}},{"status":"Approved')
    assert all(char.isprintable() for char in said)
    assert len(street.decided()) == 1


async def test_sdps_own_words_cannot_ping(street: Street) -> None:
    """SDP's refusal is shown to people in its words."""
    await street.start(SDP_COMMENT_MAX="1000")
    street.box.sdp.tenant.service_decides = False
    arjun = street.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for(PORTAL))
    await arjun.waits_for("not authorized")
    for message in arjun.messages():
        assert harmless(mrkdwn_of(message.blocks))


async def test_why_somebody_stopped_the_bot_cannot_ping(street: Street) -> None:
    await street.start(ADMINS="sam.okonjoru@example.com")
    sam, arjun = street.box.people.as_("sam"), street.box.people.as_("arjun")
    card = await arjun.waits_for(PORTAL)
    await sam.type(f"/sdp stop {EVIL}")
    await sam.waits_for("Stopped by")
    await arjun.click("Approve", in_=card)
    told = await arjun.waits_for("has stopped all changes")
    assert harmless(told.text)
    assert harmless(mrkdwn_of(told.blocks))


@pytest.mark.parametrize(
    "typed",
    ["'; DROP TABLE releases;--", "../../etc/passwd", EVIL, "\x00\x07\x1b]0;owned\x07", "x" * 3000, '"', "${7*7}"],
)
async def test_a_command_full_of_tricks_is_answered_in_words(street: Street, typed: str) -> None:
    await street.start()
    mara = street.box.people.as_("mara")
    await street.settled()
    outcome = await mara.type(f"/sdp {typed}")
    assert outcome.ok, outcome.error
    await street.settled()
    assert not [one.path for one in street.box.sdp.log if ".." in one.path or "passwd" in one.path]
    assert not street.decided()


async def test_the_ledger_keeps_hostile_words_on_their_line(street: Street) -> None:
    house = await street.start()
    arjun = street.box.people.as_("arjun")
    await arjun.click("Reject…", in_=await arjun.waits_for(PORTAL))
    await arjun.submit({"Reason": '"}\n{"number": 1, "what": "forged"}'})
    await street.noted("confirmed")
    raw = await house.store.redis.lrange(house.store.keys.ledger, 0, -1)
    assert all("\n" not in line and json.loads(line)["what"] != "forged" for line in raw)
    assert (await house.ledger.verify()).trouble is None


async def test_a_log_line_cannot_be_forged_by_a_name(street: Street, capsys: pytest.CaptureFixture[str]) -> None:
    street.box.sdp.releases.edit(PORTAL, title="x\n2026-01-01 [critical] forged")
    await street.start()
    await street.box.people.as_("arjun").waits_for("Your approval is needed")
    await street.settled()
    streams = capsys.readouterr()
    assert not [line for line in (streams.out + streams.err).splitlines() if line.startswith("2026-01-01 [critical]")]


@pytest.mark.parametrize("url", ["https://evil.example.com/x", "http://169.254.169.254/", "file:///etc/passwd"])
async def test_the_bot_calls_no_host_but_its_own(street: Street, url: str) -> None:
    """A response address is given in a signed payload; should one ever name another host, nothing goes there."""
    house = await street.start()
    assert not await house.messenger.respond(url, {"text": "secret", "blocks": []})


@pytest.mark.parametrize(
    "url", ["https://evil.example.com", "http://accounts.zoho.com", "https://accounts.zoho.com@evil"]
)
async def test_no_secret_is_posted_to_a_server_that_is_not_zohos(street: Street, url: str) -> None:
    house = await street.start()
    with pytest.raises(Exception, match="not Zoho"):
        await house.sdp.sign_in.revoke("1000.fake", url)
