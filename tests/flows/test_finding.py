"""Finding what waits: one card an approval, to the right person, whatever polls, hints and restarts happen."""

import asyncio
import time
from datetime import timedelta

from freezegun import freeze_time

from bot.inbox import SURELY_SHOWN
from bot.models import sdp_id
from sandbox.slack.reading import words_of_message
from tests.conftest import until
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"
WILD = "Website <!channel> & *stars* `2.0` <https://example.com|click>"


async def test_the_first_poll_asks_everybody_whose_level_is_current(stage: Stage) -> None:
    await stage.start()
    await stage.box.people.as_("arjun").waits_for(PAYMENT)
    await stage.settled()
    for who in ("arjun", "tess", "wiremu"):
        waiting = {one.level.release.title for one in stage.box.sdp.waiting(who)}
        assert {title for title in waiting if title in stage.sees(who)} == waiting


async def test_a_second_poll_and_a_restart_post_no_second_card(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    await arjun.waits_for(PAYMENT)
    await stage.settled()
    cards = len(arjun.messages())
    await stage.stop()
    await stage.start()
    await stage.bot.jobs.wake("poll")
    await stage.settled()
    assert len(arjun.messages()) == cards


async def test_a_poll_when_nothing_changed_costs_one_call_a_release(stage: Stage) -> None:
    await stage.start()
    await stage.box.people.as_("arjun").waits_for(PAYMENT)
    await stage.settled()
    before = len(stage.calls("GET"))
    await stage.bot.inbox.poll()
    pages, open_releases = 1, len(await stage.bot.store.redis.zrange(stage.bot.store.keys.walks, 0, -1))
    assert len(stage.calls("GET")) - before <= pages + open_releases


async def test_more_releases_wait_than_calls_are_allowed_so_they_are_looked_at_in_turns(stage: Stage) -> None:
    for number in range(120):
        stage.box.sdp.add_release(f"Bulk {number:03}", "mara", stage.levels(["odile"]))
    bot = await stage.start(worker=False)
    await bot.inbox.poll()
    order = (await bot.releases.books()).walked
    await stage.stop()
    bot = await stage.start(worker=False, SDP_CALLS_PER_MINUTE="480", POLL_SECONDS="1")
    looked, began = [], time.monotonic()
    for _ in range(3):
        left = (await bot.releases.books()).walked
        await bot.inbox.poll()
        later = (await bot.releases.books()).walked
        looked += [release for release in left if later.index(release) >= len(left) - _moved(left, later)]
    assert time.monotonic() - began < 20, "120 calls at 8 a second take 15 s, three times"
    assert 10 < len(looked) < 100
    assert looked == list(order[: len(looked)])


def _moved(before: tuple[str, ...], after: tuple[str, ...]) -> int:
    """How many went from the front to the end."""
    return next(count for count in range(len(before)) if after[: len(before) - count] == before[count:])


async def test_a_change_is_shown_although_the_poll_that_found_it_dies(stage: Stage) -> None:
    with freeze_time(tick=True, real_asyncio=True) as clock:
        bot = await stage.start()
        await stage.box.people.as_("arjun").waits_for(PAYMENT)
        await stage.settled()
        release = stage.box.sdp.releases.edit(PAYMENT, title="Payment gateway 4.2.1")
        for other in stage.box.sdp.releases:
            if other is not release:
                stage.box.sdp.break_with("slow", path=f"*/releases/{other.id}/*", times=None, seconds=30)
        poll = asyncio.create_task(bot.inbox.poll())
        await until(lambda: _remembered(stage, release.id, "Payment gateway 4.2.1"))
        poll.cancel()
        await asyncio.wait([poll])
        assert PAYMENT in stage.sees("arjun", PAYMENT)
        clock.tick(SURELY_SHOWN + timedelta(seconds=1))
        await stage.box.people.as_("arjun").waits_for("Payment gateway 4.2.1")


async def _remembered(stage: Stage, release: str, title: str) -> bool:
    snapshot = await stage.bot.releases.get(sdp_id(release))
    return snapshot is not None and snapshot.release.title == title


async def test_a_hint_makes_the_bot_look_at_once(stage: Stage) -> None:
    await stage.start()
    await stage.settled()
    release = stage.box.sdp.add_release("Fresh from the trigger", "mara", stage.levels(["tess"]))
    assert await stage.hint(release.id) == 202
    await stage.box.people.as_("tess").waits_for("Fresh from the trigger")


async def test_a_hint_without_the_secret_is_refused(stage: Stage) -> None:
    await stage.start()
    await stage.settled()
    release = stage.box.sdp.add_release("Not this way", "mara", stage.levels(["tess"]))
    assert await stage.hint(release.id, secret="guessed") == 401
    await stage.settled()
    assert "Not this way" not in stage.sees("tess")


async def test_an_approver_without_an_address_gets_a_card_in_the_channel_that_says_whose_it_is(stage: Stage) -> None:
    await stage.start()
    channel = stage.box.people.as_("odile")
    card = await channel.waits_for("Ines Quillane's approval is needed", where="#release-approvals")
    words = words_of_message(card)
    assert "Customer export for the auditors" in words
    assert "Open in SDP" in words
    assert "[Approve]" not in words


async def test_an_address_in_other_letters_still_finds_its_person(stage: Stage) -> None:
    world = stage.box.sdp
    world.person("tess").email_id = "Tess.HARBOURNE@Example.COM"
    world.add_release("Shouted address", "mara", stage.levels(["tess"]))
    await stage.start()
    await stage.box.people.as_("tess").waits_for("Shouted address")


async def test_words_from_outside_stay_literal(stage: Stage) -> None:
    await stage.start()
    card = await stage.box.people.as_("arjun").waits_for(WILD)
    header = card.blocks[0]
    assert header["text"] == {"type": "plain_text", "text": WILD, "emoji": False}
    assert "<!channel>" not in card.text
    assert "&lt;!channel&gt;" in card.text


async def test_the_card_has_what_a_decision_needs(stage: Stage) -> None:
    await stage.start()
    await stage.box.people.as_("arjun").waits_for("Core switch firmware 17.9")
    words = stage.sees("arjun", "Core switch firmware 17.9")
    release = stage.box.sdp.release("Core switch firmware 17.9")
    start = int(release.scheduled_start_time.timestamp())
    for needed in (
        "RLS-2",
        "Level 2 of 3",
        "60 % must approve",
        "Requested by",
        "Stage",
        "Risk",
        "Priority",
    ):
        assert str(needed) in words, needed
    assert f"<!date^{start}^" in words
    assert "Tess Harbourne approved: Tested on the lab pair." in words


async def test_open_releases_are_found_across_pages(stage: Stage) -> None:
    for number in range(130):
        stage.box.sdp.add_release(f"Bulk {number:03}", "mara", stage.levels(["odile"]))
    await stage.start()
    odile = stage.box.people.as_("odile")
    await until(lambda: "130 approvals wait for your decision" in odile.sees(), seconds=60)
    await stage.settled()
    assert len(odile.messages()) == 1


async def test_a_burst_keeps_slacks_rates_and_finishes(stage: Stage) -> None:
    stage.box.slack.switches.strict_rates = True
    for number in range(6):
        stage.box.sdp.add_release(f"Burst {number}", "mara", stage.levels(["odile"]))
    await stage.start(BATCH_FROM="50")
    odile = stage.box.people.as_("odile")
    await until(lambda: len(odile.messages()) == 6, seconds=60)
    assert len({words_of_message(one) for one in odile.messages()}) == 6
