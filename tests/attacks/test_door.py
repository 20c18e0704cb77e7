"""The open door: forged, replayed, malformed, oversized, slow and too many requests. None has an effect."""

import asyncio
import json
import time
from urllib.parse import urlencode, urlsplit

import aiohttp
import pytest

from handlers.deliveries import PersonsPace
from sandbox.box import WEBHOOK_SECRET
from sandbox.slack.courier import signature_headers
from sandbox.slack.model import Message
from tests.attacks.conftest import PORTAL, Street
from tests.conftest import until

FORM = "application/x-www-form-urlencoded"


class Knocker:
    """Somebody at the bot's address with whatever bytes they like."""

    def __init__(self, street: Street) -> None:
        self.street = street

    async def post(self, path: str, body: bytes | str, **headers: str) -> int:
        data = body.encode() if isinstance(body, str) else body
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.street.address}{path}", data=data, headers=headers) as answer,
        ):
            await answer.read()
            return answer.status

    async def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, f"{self.street.address}{path}", headers=headers, allow_redirects=False) as answer,
        ):
            return answer.status, await answer.text()

    async def say(self, body: str, secret: str | None = None, at: float | None = None, **more: str) -> int:
        """A request to Slack's path, signed with `secret` (Slack's own without one)."""
        signed = signature_headers(secret or self.street.box.slack.signing_secret, body, at or time.time())
        return await self.post("/slack/events", body, **{"Content-Type": FORM, **signed, **more})

    async def hint(self, body: str) -> int:
        """A hint with the right secret."""
        return await self.post(
            "/sdp/webhook", body, **{"Content-Type": "application/json", "X-SDP-Bot-Secret": WEBHOOK_SECRET}
        )

    async def raw(self, request: bytes) -> bytes:
        """Exactly these bytes; answers the beginning of what comes back, which may come before all bytes have left."""
        where = urlsplit(self.street.address)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        answer = asyncio.create_task(reader.read(200))
        await asyncio.sleep(0)
        writer.write(request)
        try:
            return await asyncio.wait_for(answer, 20)
        finally:
            writer.close()


@pytest.fixture
async def knocker(street: Street) -> Knocker:
    await street.start()
    await street.box.people.as_("arjun").waits_for(PORTAL)
    return Knocker(street)


def click(street: Street, who: str, card: Message, action: str = "approval.approve") -> str:
    """The body of a click on a card, as Slack would send it."""
    button = next(one for block in card.blocks for one in block.get("elements", []) if one.get("action_id") == action)
    slack = street.box.slack
    payload = {
        "type": "block_actions",
        "user": {"id": slack.person(who).id, "name": who, "team_id": slack.team_id},
        "team": {"id": slack.team_id, "domain": slack.team_domain},
        "api_app_id": slack.app_id,
        "token": slack.verification_token,
        "trigger_id": f"1.{time.time_ns()}.attack",
        "container": {"type": "message", "channel_id": card.channel, "message_ts": card.ts},
        "channel": {"id": card.channel},
        "message": {"ts": card.ts},
        "actions": [{"type": "button", "action_id": action, "block_id": "decide", "value": button.get("value", "")}],
        "response_url": f"{slack.url}/response/x",
    }
    return urlencode({"payload": json.dumps(payload)})


async def nothing_happened(street: Street) -> None:
    await street.settled()
    assert not street.decided()


async def test_a_click_signed_with_another_secret_is_refused(street: Street, knocker: Knocker) -> None:
    assert await knocker.say(click(street, "arjun", street.card("arjun", PORTAL)), secret="guessed") == 401
    await nothing_happened(street)


async def test_a_click_signed_an_hour_ago_is_refused(street: Street, knocker: Knocker) -> None:
    body = click(street, "arjun", street.card("arjun", PORTAL))
    assert await knocker.say(body, at=time.time() - 3600) == 401
    assert await knocker.say(body, at=time.time() + 3600) == 401
    await nothing_happened(street)


async def test_a_signature_of_another_body_is_refused(street: Street, knocker: Knocker) -> None:
    body = click(street, "arjun", street.card("arjun", PORTAL))
    signed = signature_headers(street.box.slack.signing_secret, body.replace("approve", "reject"), time.time())
    assert await knocker.post("/slack/events", body, **{"Content-Type": FORM, **signed}) == 401
    await nothing_happened(street)


MALFORMED = (
    ("", ""),
    ("now", "v0=00"),
    ("1" * 5000, "v0=00"),
    ("-1", "v0=00"),
    ("\u0661\u0662", "v0=00"),
    ("1e9", "v0=00"),
    ("0x10", "v0=00"),
    ("", "v1=00"),
    ("", "v0"),
    ("", "v0=\u00e9"),
)


async def test_malformed_signature_headers_are_401_and_never_500(
    knocker: Knocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.Strangers.refused", lambda *_: False)
    for stamp, signature in MALFORMED:
        headers = {"X-Slack-Request-Timestamp": stamp or str(int(time.time())), "X-Slack-Signature": signature}
        assert await knocker.post("/slack/events", "payload={}", **{"Content-Type": FORM, **headers}) == 401, stamp


async def test_a_recorded_click_played_back_has_no_second_effect(street: Street, knocker: Knocker) -> None:
    """Approve, let SDP reopen it, play the very same bytes back within the signature's five minutes."""
    body = click(street, "arjun", street.card("arjun", PORTAL))
    at = time.time()
    assert await knocker.say(body, at=at) == 200
    await until(lambda: len(street.decided()) == 1)
    await street.settled()
    before = len(await street.entries())
    for _ in range(5):
        assert await knocker.say(body, at=at) == 200
    await street.settled()
    assert len(street.decided()) == 1
    assert len(await street.entries()) == before


async def test_an_undone_click_played_back_does_not_come_back(street: Street) -> None:
    await street.start(UNDO_SECONDS="600")
    arjun = street.box.people.as_("arjun")
    await arjun.waits_for(PORTAL)
    knocker, body, at = Knocker(street), click(street, "arjun", street.card("arjun", PORTAL)), time.time()
    assert await knocker.say(body, at=at) == 200
    await arjun.waits_for("Approving as Arjun Velloor")
    await arjun.click("Undo", in_=street.card("arjun", PORTAL))
    await arjun.waits_for("You took this back")
    assert await knocker.say(body, at=at) == 200
    await nothing_happened(street)
    assert "Approving" not in street.sees("arjun", PORTAL)


async def test_an_event_sent_again_is_answered_and_handled_once(street: Street, knocker: Knocker) -> None:
    slack = street.box.slack
    body = json.dumps(
        {
            "type": "event_callback",
            "team_id": slack.team_id,
            "api_app_id": slack.app_id,
            "event_id": "Ev0AGAIN",
            "event_time": int(time.time()),
            "event": {"type": "subteam_members_changed", "subteam_id": "S0"},
        }
    )
    signed = lambda: signature_headers(slack.signing_secret, body, time.time())  # noqa: E731
    json_type = {"Content-Type": "application/json"}
    assert await knocker.post("/slack/events", body, **json_type, **signed()) == 200
    version = await street.bot.memory.recall("people", "version")
    again = {**json_type, **signed(), "X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
    assert await knocker.post("/slack/events", body, **again) == 200
    assert version is not None
    assert await street.bot.memory.recall("people", "version") == version


async def test_a_body_over_one_megabyte_is_refused(street: Street, knocker: Knocker) -> None:
    assert await knocker.say("payload=" + "x" * 1_100_000) == 413


async def test_a_body_that_lies_about_its_length_is_cut_at_one_megabyte(knocker: Knocker) -> None:
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    head = b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Type: " + FORM.encode()
    answer = await knocker.raw(head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + piece * 16)
    assert answer.startswith(b"HTTP/1.1 413")


async def test_a_body_that_never_comes_is_given_up(knocker: Knocker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.BODY_SECONDS", 0.2)
    head = b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: 500\r\nContent-Type: " + FORM.encode()
    answer = await knocker.raw(head + b"\r\n\r\npayload=")
    assert answer.startswith(b"HTTP/1.1 408")


async def test_other_content_types_are_refused(knocker: Knocker) -> None:
    for kind in ("text/plain", "multipart/form-data", "application/xml", ""):
        assert await knocker.say("payload={}", **{"Content-Type": kind}) == 415, kind


async def test_unknown_paths_say_nothing(knocker: Knocker) -> None:
    for path in ("/", "/admin", "/.env", "/slack/../.env", "/slack/events/", "/healthz/../x", "/%2e%2e/x"):
        status, text = await knocker.get(path)
        assert status in (404, 405, 307), path
        assert "Traceback" not in text


async def test_other_methods_are_refused(knocker: Knocker) -> None:
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "TRACE"):
        status, _ = await knocker.get("/slack/events", method)
        assert status == 405, method


async def test_whoever_keeps_failing_is_told_to_wait_and_slack_is_not(street: Street, knocker: Knocker) -> None:
    seen = [await knocker.say("payload={}", secret="guessed") for _ in range(25)]
    assert seen[:20] == [401] * 20
    assert set(seen[20:]) == {429}
    assert await knocker.say(click(street, "arjun", street.card("arjun", PORTAL))) == 200
    await until(lambda: len(street.decided()) == 1)


async def test_faster_than_a_person_can_press_is_answered_and_not_taken(street: Street) -> None:
    await street.start(GESTURES_PER_MINUTE="2")
    arjun = street.box.people.as_("arjun")
    await arjun.waits_for(PORTAL)
    knocker, card = Knocker(street), street.card("arjun", PORTAL)
    first = await knocker.say(click(street, "arjun", card, "approval.open"))
    answers = [await knocker.say(click(street, "arjun", card)) for _ in range(3)]
    assert (first, *answers) == (200, 200, 200, 200)
    await arjun.waits_for("faster than anybody can press")
    await street.noted("refused", person=street.id("arjun"), rule="too_fast")
    await nothing_happened(street)


@pytest.mark.parametrize("a_minute", [1, 2, 60])
def test_however_few_a_minute_the_first_is_taken(a_minute: int) -> None:
    for _ in range(2_000):
        assert PersonsPace(a_minute).admits("U000000001")


async def test_a_hint_without_the_secret_is_refused(street: Street, knocker: Knocker) -> None:
    await street.settled()
    calls = len(street.calls("GET"))
    body, kind = json.dumps({"module": "release", "id": "1"}), "application/json"
    for secret in ("", "guessed", "\u00e9", "x" * 5000):
        headers = {"Content-Type": kind, "X-SDP-Bot-Secret": secret}
        assert await knocker.post("/sdp/webhook", body, **headers) == 401, secret
    await street.settled()
    assert len(street.calls("GET")) == calls


PATHS = (
    "../requesters",
    "1/../../x",
    "1?x=1",
    "1%2f2",
    "1 2",
    "-1",
    "1e5",
    "",
    "\u0661",
    "9" * 31,
    ["1"],
    {"x": 1},
    None,
)


async def test_a_hint_cannot_reach_another_path(street: Street, knocker: Knocker) -> None:
    await street.settled()
    calls = len(street.calls("GET"))
    for id_ in PATHS:
        assert await knocker.hint(json.dumps({"module": "release", "id": id_})) == 400, id_
    await street.settled()
    assert len(street.calls("GET")) == calls


async def test_a_hint_that_is_no_hint_is_refused(knocker: Knocker) -> None:
    for body in ("{", "[]", "null", "[" * 20_000, '{"module": "release"}', '{"id": "1"}', "\x00"):
        assert await knocker.hint(body) == 400, body[:20]


async def test_health_tells_strangers_only_ok(knocker: Knocker) -> None:
    assert await knocker.get("/healthz") == (200, "ok")
    assert await knocker.get("/readyz") == (200, "ok")


async def test_metrics_are_for_this_machine_and_for_the_token(street: Street) -> None:
    await street.start(METRICS_TOKEN="fake-metrics-token")
    knocker = Knocker(street)
    status, text = await knocker.get("/metrics")
    assert status == 200
    assert "python_info" in text
    stranger = {"X-Forwarded-For": "203.0.113.9"}
    assert (await knocker.get("/metrics", **stranger))[0] == 404
    assert (await knocker.get("/metrics", **stranger, Authorization="Bearer guessed"))[0] == 404
    assert (await knocker.get("/metrics", **stranger, Authorization="Bearer fake-metrics-token"))[0] == 200


async def test_a_header_cannot_start_a_line_of_the_log(
    street: Street, knocker: Knocker, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bare line feeds do not survive HTTP, so the forged line comes as text in a field that is logged."""
    capsys.readouterr()
    await knocker.say("payload={}", secret="guessed", **{"X-Forwarded-For": "9.9.9.9 [critical] forged=entry"})
    lines = [line for stream in capsys.readouterr() for line in stream.splitlines()]
    assert not [line for line in lines if line.strip().startswith("[critical]")]
