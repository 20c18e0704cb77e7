"""The Home tab: there at once, true a moment later, and never with a button that acts on what is over."""

import time
from datetime import time as clock_time
from typing import Any

from cryptography.fernet import Fernet

from sandbox.slack.model import View
from tests.conftest import until
from tests.flows.conftest import Stage

OPERATED: dict[str, Any] = {"OPERATORS": "odile.marchetty@example.com"}


def row_button(view: View, block_id: str, label: str) -> str:
    """The value of a row's button, which names it among others with the same label."""
    block = next(block for block in view.blocks if block.get("block_id") == block_id)
    button = next(one for one in block["elements"] if one["text"]["text"] == label)
    return str(button["value"])


async def test_what_waits_is_decided_on_the_tab(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start()
    await stage.settled()
    arjun = stage.box.people.as_("arjun")
    await arjun.open_home()
    view = await arjun.waits_for_home("Payment gateway 4.2")
    row = f"row:{stage.ref('Payment gateway 4.2', 'arjun')}"
    outcome = await arjun.click(row_button(view, row, "Approve"), in_="home")
    assert outcome.ok, outcome.error
    await arjun.waits_for_home("Approved by Arjun Velloor")
    await stage.settled()
    assert stage.news("approval.approved") == 1
    home = stage.box.slack.home("arjun")
    assert home is not None
    assert not [block for block in home.blocks if block.get("block_id") == row]


async def test_a_reason_is_asked_on_the_tab_as_on_the_card(stage: Stage) -> None:
    stage.box.sdp.add_release("A release of its own", "mara", stage.levels(["sam"]))
    await stage.start()
    await stage.settled()
    sam = stage.box.people.as_("sam")
    await sam.open_home()
    await sam.waits_for_home("A release of its own")
    await sam.click("Reject…", in_="home")
    outcome = await sam.submit({"Reason": "Too close to the weekend"})
    assert outcome.ok, outcome.error
    await sam.waits_for_home("Rejected by Sam Okonjoru")
    assert stage.said("A release of its own").startswith("Too close to the weekend")


async def test_a_button_that_is_late_acts_on_nothing(stage: Stage) -> None:
    await stage.start()
    await stage.settled()
    arjun = stage.box.people.as_("arjun")
    await arjun.open_home()
    view = arjun.remembers(await arjun.waits_for_home("Payment gateway 4.2"))
    approval = stage.approval("Payment gateway 4.2", "arjun")
    stage.box.sdp.decide(approval, "reject", by="arjun", comments="Not today")
    before = stage.news("approval.approved")
    row = f"row:{stage.ref('Payment gateway 4.2', 'arjun')}"
    await arjun.click(row_button(view, row, "Approve"), in_=view)
    await stage.settled()
    assert stage.news("approval.approved") == before
    await arjun.waits_for("already rejected")


async def test_the_tab_opens_within_a_second_while_sdp_is_slow(stage: Stage) -> None:
    house = await stage.start()
    await stage.settled()
    arjun = stage.box.people.as_("arjun")
    await arjun.open_home()
    await arjun.waits_for_home("PJT-1")
    await stage.settled()
    await house.store.redis.delete(*[key async for key in house.store.redis.scan_iter(match="*memory:home_face*")])
    kept = await house.overviews._store.get()
    assert kept is not None
    today = kept[0][:10]
    old = (
        kept[1]
        .replace(f'"read_at":"{today}', '"read_at":"2020-01-01')
        .replace(f'"polled_at":"{today}', '"polled_at":"2020-01-01')
    )
    await house.overviews._store.keep("old", old)
    stage.box.sdp.break_with("slow", "*projects*", times=1, seconds=3)
    started = time.perf_counter()
    await arjun.open_home()
    await arjun.waits_for_home("looking again")
    assert time.perf_counter() - started < 1.0
    assert "PJT-1" in arjun.sees("home")
    await arjun.until(lambda: "looking again" not in arjun.sees("home"), seconds=10)


async def test_what_one_asked_of_others_is_on_the_tab(stage: Stage) -> None:
    await stage.start()
    await stage.settled()
    mara = stage.box.people.as_("mara")
    await mara.open_home()
    await mara.waits_for_home("What I am waiting for")
    assert "RLS-1 Payment gateway 4.2 waits for Arjun Velloor" in mara.sees("home")
    assert "Nothing waits for you" in mara.sees("home")


async def test_operators_have_controls_that_show_a_preview_first(stage: Stage) -> None:
    await stage.start(**OPERATED)
    await stage.settled()
    odile = stage.box.people.as_("odile")
    await odile.open_home()
    view = await odile.waits_for_home("Rotate the logs of the payment servers")
    before = len(stage.box.sdp.effects())
    control = next(
        block
        for block in view.blocks
        if block.get("block_id", "").startswith("maintenance:") and "Suspend" in str(block)
    )
    suspend = next(one for one in control["elements"] if one["text"]["text"] == "Suspend…")
    outcome = await odile.click(suspend["action_id"], in_="home")
    assert outcome.ok, outcome.error
    await odile.waits_for_modal("What will happen")
    assert len(stage.box.sdp.effects()) == before


async def test_who_may_not_operate_sees_a_list(stage: Stage) -> None:
    await stage.start(**OPERATED)
    await stage.settled()
    tess = stage.box.people.as_("tess")
    await tess.open_home()
    await tess.waits_for_home("Second data centre")
    assert "Suspend…" not in tess.sees("home")
    assert "Rotate the logs" not in tess.sees("home")


async def test_settings_are_kept_and_move_the_digest(both_stages: Stage) -> None:
    stage = both_stages
    house = await stage.start()
    await stage.settled()
    arjun = stage.box.people.as_("arjun")
    await arjun.open_home()
    await arjun.waits_for_home("My settings")
    planned = await house.digests.planned(arjun.person.id)
    await arjun.pick("home.digest_at", "06:15", in_="home")
    await arjun.waits_for_home("06:15")
    await arjun.pick("home.digest_days", ["Sat", "Sun"], in_="home")
    await arjun.pick("home.quiet_from", "22:00", in_="home")
    await arjun.pick("home.choices", ["Send me the daily digest"], in_="home")
    await stage.settled()
    habits = await house.preferences.habits(arjun.person.id)
    assert (habits.digest_at, set(habits.digest_days)) == (clock_time(6, 15), {5, 6})
    assert habits.quiet_from == clock_time(22, 0)
    assert (habits.digest, habits.reminders, habits.mentions) == (True, False, False)
    moved = await house.digests.planned(arjun.person.id)
    assert moved is not None
    assert moved != planned
    outcome = await arjun.click("Back to the defaults", in_="home")
    assert outcome.ok, outcome.error
    await until(lambda: _is_back(stage, arjun.person.id, planned))


async def _is_back(stage: Stage, person: str, planned: object) -> bool:
    return await stage.bot.digests.planned(person) == planned


async def test_pages_are_turned_and_kept_while_the_tab_is_redrawn(stage: Stage) -> None:
    for number in range(25):
        stage.box.sdp.add_release(f"Wave {number:02}", "mara", stage.levels(["arjun"]))
    await stage.start()
    await stage.settled()
    arjun = stage.box.people.as_("arjun")
    await arjun.open_home()
    await arjun.waits_for_home("29 decisions wait for you")
    first = arjun.sees("home")
    outcome = await arjun.click("Next (19 more)", in_="home")
    assert outcome.ok, outcome.error
    await arjun.waits_for_home("Next (9 more)")
    await stage.settled()
    assert not set(_titles(first)) & set(_titles(arjun.sees("home")))
    await arjun.click("Previous", in_="home")
    await arjun.waits_for_home("Next (19 more)")
    assert _titles(arjun.sees("home")) == _titles(first)


def _titles(words: str) -> list[str]:
    waiting = words.partition("My projects")[0]
    return [line for line in waiting.splitlines() if line.startswith("RLS-")]


async def test_a_guest_sees_nothing_of_sdp(stage: Stage) -> None:
    await stage.start()
    await stage.settled()
    gil = stage.box.people.as_("gil")
    await gil.open_home()
    await gil.waits_for_home("You may not see SDP's records here")
    assert "RLS-" not in gil.sees("home")


async def test_whoever_is_not_connected_finds_the_button_for_it(stage: Stage) -> None:
    await stage.start(
        SDP_ACT_AS="person", PUBLIC_URL="https://bot.example.com", TOKEN_KEYS=Fernet.generate_key().decode()
    )
    await stage.settled()
    arjun = stage.box.people.as_("arjun")
    await arjun.open_home()
    await arjun.waits_for_home("Your SDP account is not connected yet")
    outcome = await arjun.click("Connect my SDP account", in_="home")
    assert outcome.ok, outcome.error
    await arjun.waits_for("Connect")
