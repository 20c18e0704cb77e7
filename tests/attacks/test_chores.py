"""What administrators do from a terminal, beside a running bot: each command as its own process."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.errors import Stopped
from tests.attacks.conftest import PORTAL, Street
from tests.conftest import until


@dataclass
class Terminal:
    """Runs `sdp-bot …` with the settings of the street."""

    street: Street

    async def run(self, *words: str, **more: str) -> tuple[int, str]:
        """Exit status and everything printed."""
        street = self.street
        house = street.bot
        settings = {
            **street.box.settings(),
            "SDP_ACT_AS": house.settings.sdp_act_as,
            "REDIS_URL": street.redis_url,
            "DATA_DIR": str(street.data_dir),
            "TOKEN_KEYS": street.key,
            "PUBLIC_URL": house.settings.public_url or "",
            "ADMINS": "sam.okonjoru@example.com",
            **more,
        }
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        root = str(Path(__file__).parents[2])
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *words,
            env={**kept, "PYTHONPATH": root, **settings},
            cwd=street.data_dir,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode()


@pytest.fixture
async def terminal(street: Street) -> Terminal:
    await street.people_act()
    await street.box.people.as_("arjun").waits_for(PORTAL)
    return Terminal(street)


async def test_a_stop_typed_in_a_terminal_reaches_a_running_bot_at_once(street: Street, terminal: Terminal) -> None:
    status, said = await terminal.run("stop", "--why", "maintenance of the bot")
    assert (status, said.splitlines()[-1]) == (0, "Stopped: nothing is changed in SDP until `sdp-bot start`.")
    with pytest.raises(Stopped, match="maintenance of the bot"):
        await street.bot.brake.check()
    status, said = await terminal.run("start")
    assert status == 0
    await street.bot.brake.check()
    await street.noted("stopped", by="sdp-bot")
    await street.noted("started", by="sdp-bot")


async def test_a_mapped_person_gets_the_card(street: Street, terminal: Terminal) -> None:
    """Ines has no address in SDP: the channel was asked until the administrator says who she is."""
    waiting = [one for one in street.box.sdp.waiting() if one.approver.key == "ines"]
    assert waiting, "the demo's world has an approval of somebody without an address"
    status, said = await terminal.run("people", "unmapped")
    assert "Ines Quillane" in said
    ines = street.box.sdp.person("ines").id
    status, said = await terminal.run("people", "map", "wiremu.kaleha@example.com", ines)
    assert status == 0, said
    await street.box.people.as_("wiremu").waits_for(waiting[0].level.release.title)
    _, said = await terminal.run("people", "list")
    assert "Ines Quillane" in said
    status, said = await terminal.run("people", "unmap", ines)
    assert said.splitlines()[-1] == "1 taken out of the map."


async def test_the_ledger_is_printed_and_proven(street: Street, terminal: Terminal) -> None:
    arjun = street.box.people.as_("arjun")
    await arjun.click("Approve", in_=street.card("arjun", PORTAL))
    await street.noted("refused", rule="not_connected")
    status, said = await terminal.run("audit", "--format", "jsonl")
    assert status == 0
    entries = [json.loads(line) for line in said.splitlines()]
    assert {"asked", "refused"} <= {entry["what"] for entry in entries}
    asked = next(entry for entry in entries if entry["what"] == "asked")
    assert asked["details"]["team"] == street.box.slack.team_id
    assert asked["details"]["message"].startswith(f"{street.box.slack.url}/archives/")
    status, said = await terminal.run("audit", "verify")
    assert status == 0, said
    await street.bot.store.redis.lset(street.bot.store.keys.ledger, 0, json.dumps({**entries[0], "what": "nothing"}))
    status, said = await terminal.run("audit", "verify")
    assert status == 1
    assert "entry 1 was changed" in said


async def test_somebody_is_exported_and_erased(street: Street, terminal: Terminal) -> None:
    await street.connects("arjun")
    arjun = street.id("arjun")
    await street.forge_click("tess", "approval.approve", street.card("arjun", PORTAL))
    refusal = await street.noted("refused", rule="not_the_approver")
    assert "Arjun Velloor" in (refusal.details or {})["note"]
    theirs = next(one for one in street.box.sdp.waiting("tess"))
    street.box.sdp.decide(theirs, "approve", by="tess", comments="in SDP itself")
    await street.hint(theirs.level.release.id)
    await until(lambda: _seen(street, theirs.level.release.id, theirs.id))
    await street.bot.audit.reconcile()
    await street.noted("made elsewhere", approver="Tess Harbourne")
    status, said = await terminal.run("people", "export", arjun)
    assert status == 0
    assert "arjun.velloor@example.com" in said
    assert "not_the_approver" in said
    assert "1000." not in said
    status, said = await terminal.run("people", "erase", arjun)
    assert status == 0, said
    assert await street.linked("arjun") is None
    assert street.box.sdp.effects("grant.revoked", by="arjun")
    assert (await street.bot.ledger.verify()).trouble is None
    kept = json.dumps([entry.details for entry in await street.entries()])
    assert not [word for word in (arjun, "Arjun Velloor", "arjun.velloor@example.com") if word in kept]
    assert "Tess Harbourne" in kept, "nobody else's entries are touched"


async def test_keys_are_rotated_while_the_bot_runs(street: Street, terminal: Terminal) -> None:
    await street.connects("arjun")
    status, fresh = await terminal.run("keys", "new")
    assert status == 0
    before = await street.bot.links.of(street.id("arjun"))
    status, said = await terminal.run("keys", "rotate", TOKEN_KEYS=f"{fresh.strip()},{street.key}")
    assert said.splitlines()[-1] == "1 connections are sealed with the first of TOKEN_KEYS now."
    after = await street.bot.links.of(street.id("arjun"))
    assert before is not None
    assert after is not None
    assert before.sealed != after.sealed


async def test_a_key_that_is_none_is_named_and_not_shown(terminal: Terminal) -> None:
    status, said = await terminal.run("audit", "verify", TOKEN_KEYS="not-a-key")
    assert status == 2
    assert "TOKEN_KEYS: key 1 is not usable" in said
    assert "not-a-key" not in said


async def test_the_doctor_finds_what_is_wrong_and_says_what_to_do(street: Street, terminal: Terminal) -> None:
    street.box.slack.app.scopes.discard("usergroups:read")
    street.box.slack.channel("#release-approvals").members.remove(street.box.slack.bot.id)
    status, said = await terminal.run("doctor", "--json", ADMINS="")
    findings = [json.loads(line) for line in said.splitlines() if line.startswith('{"about"')]
    told = {finding["text"]: finding for finding in findings}
    assert any(text.startswith("The scope usergroups:read is missing: ") for text in told)
    assert "The bot is not in APPROVALS_CHANNEL." in told
    assert "Nobody can stop the bot from Slack: ADMINS is empty." in told
    assert "PUBLIC_URL is not https." in told
    assert any(text.startswith("Ines Quillane is asked about") for text in told)
    assert all(finding["fix"] for finding in findings if finding["severity"] != "ok")
    assert status == 2


async def test_a_healthy_bot_is_found_healthy_but_for_what_a_sandbox_lacks(street: Street, terminal: Terminal) -> None:
    await street.settled()
    status, said = await terminal.run("doctor", "--json", OPERATORS="@operators")
    findings = [json.loads(line) for line in said.splitlines() if line.startswith('{"about"')]
    assert not [finding for finding in findings if finding["severity"] == "problem"], said
    assert status == 1


async def test_cards_without_a_record_are_closed_from_a_terminal(street: Street, terminal: Terminal) -> None:
    card = street.card("arjun", PORTAL)
    await street.bot.store.redis.delete(street.bot.store.keys.cards(street.ref(PORTAL, "arjun")))
    status, said = await terminal.run("doctor")
    assert "         sdp-bot doctor --close-strays" in said.splitlines()
    status, said = await terminal.run("doctor", "--close-strays")
    assert (status, said.splitlines()[-1]) == (0, "1 cards without a record were closed.")
    closed = street.box.slack.conversations.message(card.channel, card.ts)
    assert not [block for block in closed.blocks if block["type"] == "actions"]


async def test_an_administrator_asks_the_doctor_in_slack(street: Street) -> None:
    await street.start(ADMINS="sam.okonjoru@example.com")
    sam, odile = street.box.people.as_("sam"), street.box.people.as_("odile")
    await sam.type("/sdp doctor")
    await sam.waits_for("The ledger holds", seconds=20)
    await odile.type("/sdp doctor")
    await odile.waits_for("Only administrators of this bot may do this")


async def test_a_connection_that_zoho_takes_no_more_is_told_with_whose_it_is(street: Street) -> None:
    house = await street.people_act()
    await street.connects("arjun")
    arjun = street.box.people.as_("arjun")
    card = await arjun.waits_for(PORTAL)
    found = [one.text for one in await house.doctor.examine() if one.about == "accounts"]
    assert found == ["1 people have connected their account."]
    street.box.sdp.accounts.revoke_all("arjun")
    await house.store.redis.delete(*[key async for key in house.store.redis.scan_iter("*token:*")])
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Connect again")
    found = [f"{one.text} {one.fix}" for one in await house.doctor.examine() if one.about == "accounts"]
    assert "Zoho or our keys no longer take Arjun Velloor's connection. They: /sdp link" in found


async def test_a_decision_made_elsewhere_and_one_sdp_lost_are_noted(street: Street) -> None:
    house = await street.start()
    arjun = street.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for(PORTAL))
    await street.noted("confirmed")
    theirs = next(one for one in street.box.sdp.waiting("tess"))
    street.box.sdp.decide(theirs, "approve", by="tess", comments="in SDP itself")
    await street.hint(theirs.level.release.id)
    await until(lambda: _seen(street, theirs.level.release.id, theirs.id))
    approval = street.approval(PORTAL, "arjun")
    approval.action_taken_on = None
    approval.status = street.box.sdp.catalogue.get("approval_status", "Pending Approval")
    elsewhere, missing = await house.audit.reconcile()
    assert elsewhere >= 1
    assert missing == 1
    await street.noted("made elsewhere", approver="Tess Harbourne")
    await street.noted("missing in SDP")
    assert await house.audit.reconcile() == (0, 1)
    assert len(await street.entries("missing in SDP")) == 1


async def _seen(street: Street, release: str, approval: str) -> bool:
    snapshot = await street.bot.releases.get(release)  # type: ignore[arg-type]
    return snapshot is not None and any(
        one.ref.approval == approval and one.state.is_decided for one in snapshot.approvals
    )


async def test_the_ledgers_end_is_anchored_once_a_day_in_slack_and_on_disk(street: Street) -> None:
    house = await street.start()
    arjun = street.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for(PORTAL))
    await street.noted("confirmed")
    await street.settled()
    await house.store.redis.delete(*[key async for key in house.store.redis.scan_iter("*memory:ledger_care*")])
    await house.jobs.wake("ledger")
    mara = street.box.people.as_("mara")
    await mara.waits_for("Ledger: ", where="#release-approvals")
    await house.jobs.wake("ledger")
    await street.settled()
    said = [message for message in mara.messages("#release-approvals") if "Ledger: " in message.text]
    assert len(said) == 1
    anchors = (street.data_dir / "ledger" / "anchors.jsonl").read_text().splitlines()
    assert json.loads(anchors[-1])["hash"][:16] in said[0].text
