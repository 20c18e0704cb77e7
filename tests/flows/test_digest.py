"""The daily digest: once a local day, with buttons that work, whatever happens to clocks and workers."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from bot import app, chores
from bot.app import House
from bot.store import DigestState, TeamDigest
from sandbox.slack.model import Message
from sandbox.slack.reading import words_of_message
from tests.conftest import until
from tests.flows.conftest import Stage

MONDAY = datetime(2027, 3, 1, 0, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
QUICK: dict[str, Any] = {"DIGESTS_PER_SECOND": "50"}


@contextlib.contextmanager
def clock_at(moment: datetime) -> Iterator[Any]:
    with freeze_time(moment, real_asyncio=True) as clock:
        yield clock


def digests(stage: Stage, who: str) -> list[Message]:
    """The digests in somebody's messages with the bot, oldest first."""
    channel = stage.box.slack.dm(who)
    return _digests_in(stage, channel.id if channel else "", who)


def _digests_in(stage: Stage, where: str, who: str) -> list[Message]:
    there = stage.box.slack.messages(where, who) if where else []
    return [one for one in there if (one.metadata or {}).get("event_type") == "sdp_digest"]


def came_at(message: Message, zone: str) -> datetime:
    return datetime.fromtimestamp(float(message.ts), ZoneInfo(zone))


async def waiting_for(stage: Stage, *people: str) -> House:
    """A bot without its loops: one approval waits for each of these people, and only they get digests."""
    for who in people:
        stage.box.sdp.add_release(f"Release for {who}", "odile", stage.levels([who]))
    house = await stage.start(worker=False, web=False, **QUICK)
    await house.inbox.poll()
    for person in stage.box.slack.people():
        if person.key not in people and not person.is_bot:
            await house.preferences.change(person.id, digest=False)
    await house.planner.replan()
    return house


async def run_until(house: House, clock: FrozenDateTimeFactory, end: datetime) -> None:
    """Let every digest that is due before `end` come at its moment."""
    while (due := await house.digests.earliest()) is not None and due < end:
        clock.move_to(max(due, datetime.now(UTC)))
        await _let_paces_rest(house)
        await house.digester.run()
    clock.move_to(end)


async def _let_paces_rest(house: House) -> None:
    """The paces run on the server's clock, which no test can move: a second between two posts is none of a day's."""
    if paces := [key async for key in house.store.redis.scan_iter(match=house.store.keys.pace("*"))]:
        await house.store.redis.delete(*paces)


# --- once a local day ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "zone"),
    [
        ("arjun", "Asia/Kolkata"),
        ("tess", "America/St_Johns"),
        ("mara", "Europe/Berlin"),
        ("wiremu", "Pacific/Chatham"),
        ("sam", "UTC"),
    ],
)
async def test_a_year_brings_one_digest_a_working_day_at_nine(stage: Stage, who: str, zone: str) -> None:
    with clock_at(MONDAY) as clock:
        house = await waiting_for(stage, who)
        await run_until(house, clock, MONDAY + timedelta(days=365))
        came = [came_at(one, zone) for one in digests(stage, who)]
    assert {(moment.hour, moment.minute) for moment in came} == {(9, 0)}
    first, last = came[0].date(), came[-1].date()
    every = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    assert [moment.date() for moment in came] == [day for day in every if day.weekday() < 5]
    assert len(came) in (260, 261, 262)


@pytest.mark.parametrize("night", [datetime(2027, 3, 27, 12, tzinfo=UTC), datetime(2027, 10, 30, 12, tzinfo=UTC)])
async def test_the_nights_clocks_change_bring_one_each(stage: Stage, night: datetime) -> None:
    with clock_at(night) as clock:
        house = await waiting_for(stage, "mara")
        mara = stage.box.slack.person("mara").id
        await house.preferences.change(mara, digest_at="02:30", digest_days=frozenset(range(7)))
        await house.planner.replan(mara)
        await run_until(house, clock, night + timedelta(days=2))
        assert len({came_at(one, "Europe/Berlin").date() for one in digests(stage, "mara")}) == 2
        assert len(digests(stage, "mara")) == 2


async def test_two_workers_at_the_same_minute_post_one(stage: Stage) -> None:
    with clock_at(MONDAY) as clock:
        house = await waiting_for(stage, "arjun", "tess", "mara")
        async with app.build(house.settings, house.redis_url) as other:
            clock.move_to(datetime(2027, 3, 1, 13, 0, tzinfo=UTC))
            await asyncio.gather(*(one.digester.run() for one in (house, other, house, other)))
        for who in ("arjun", "tess", "mara"):
            assert len(digests(stage, who)) == 1


async def test_days_of_downtime_end_in_one_digest(stage: Stage) -> None:
    with clock_at(MONDAY) as clock:
        house = await waiting_for(stage, "mara")
        clock.move_to(datetime(2027, 3, 4, 11, 0, tzinfo=UTC))
        await run_until(house, clock, datetime(2027, 3, 5, 7, 30, tzinfo=UTC))
        assert [came_at(one, "Europe/Berlin").date().isoformat() for one in digests(stage, "mara")] == ["2027-03-04"]
        await run_until(house, clock, datetime(2027, 3, 5, 9, 0, tzinfo=UTC))
        assert came_at(digests(stage, "mara")[-1], "Europe/Berlin").isoformat() == "2027-03-05T09:00:00+01:00"


async def test_a_late_digest_keeps_quiet_hours(stage: Stage) -> None:
    with clock_at(MONDAY) as clock:
        house = await waiting_for(stage, "mara")
        clock.move_to(datetime(2027, 3, 1, 21, 0, tzinfo=UTC))
        await house.digester.run()
        assert digests(stage, "mara") == []
        assert await house.digests.earliest() == datetime(2027, 3, 2, 8, 0, tzinfo=UTC)


async def test_the_first_start_sends_nobody_a_late_one(stage: Stage) -> None:
    with clock_at(datetime(2027, 3, 1, 15, 0, tzinfo=UTC)):
        house = await waiting_for(stage, "mara", "arjun")
        await house.digester.run()
        assert digests(stage, "mara") == digests(stage, "arjun") == []


async def test_a_digest_that_is_due_before_the_first_poll_is_through_waits_for_it(stage: Stage) -> None:
    stage.box.sdp.add_release("Release for arjun", "odile", stage.levels(["arjun"]))
    house = await stage.start(worker=False, web=False, **QUICK)
    with clock_at(MONDAY) as clock:
        await house.planner.replan()
        clock.move_to(datetime(2027, 3, 1, 13, 0, tzinfo=UTC))
        assert await house.digester.run() == datetime.now(UTC) + timedelta(seconds=1)
        assert not digests(stage, "arjun")
        await house.inbox.poll()
        await _let_paces_rest(house)
        await house.digester.run()
    assert "Release for arjun" in words_of_message(digests(stage, "arjun")[-1])


async def test_whoever_flies_west_gets_no_second_one(stage: Stage) -> None:
    with clock_at(MONDAY) as clock:
        house = await waiting_for(stage, "wiremu")
        clock.move_to(datetime(2027, 3, 1, 20, 0, tzinfo=UTC))  # Tuesday 9:45 in Chatham
        await house.digester.run()
        await house.people.forget()
        wiremu = stage.box.slack.person("wiremu")
        wiremu.tz = "Pacific/Honolulu"
        await house.planner.replan(wiremu.id)
        await run_until(house, clock, datetime(2027, 3, 4, 0, 0, tzinfo=UTC))
        days = [(one.metadata or {})["event_payload"]["pointer"].partition("/")[2] for one in digests(stage, "wiremu")]
        assert days == ["2027-03-02", "2027-03-03"]
        assert came_at(digests(stage, "wiremu")[-1], "Pacific/Honolulu").hour == 9


async def test_whoever_flies_east_gets_todays_at_once(stage: Stage) -> None:
    with clock_at(datetime(2027, 3, 1, 7, 0, tzinfo=UTC)) as clock:
        house = await waiting_for(stage, "mara")
        await house.people.forget()
        mara = stage.box.slack.person("mara")
        mara.tz = "Asia/Kolkata"  # half past twelve there
        await house.planner.replan(mara.id)
        await house.digester.run()
        assert len(digests(stage, "mara")) == 1
        await run_until(house, clock, datetime(2027, 3, 1, 23, 0, tzinfo=UTC))
        assert len(digests(stage, "mara")) == 1


async def test_a_new_default_time_reaches_everybody_once(stage: Stage) -> None:
    with clock_at(MONDAY) as clock:
        house = await waiting_for(stage, "mara", "sam")
        await run_until(house, clock, datetime(2027, 3, 1, 8, 30, tzinfo=UTC))  # after Berlin's nine, before UTC's
        await stage.stop()
        house = await stage.start(worker=False, web=False, **QUICK, DIGEST_TIME="8.15am")
        await house.planner.replan()
        await run_until(house, clock, datetime(2027, 3, 2, 8, 20, tzinfo=UTC))
        assert [f"{came_at(one, 'Europe/Berlin'):%d %H:%M}" for one in digests(stage, "mara")] == [
            "01 09:00",
            "02 08:15",
        ]
        assert [f"{came_at(one, 'UTC'):%d %H:%M}" for one in digests(stage, "sam")] == ["01 08:30", "02 08:15"]


async def test_the_running_bot_posts_at_the_minute(both_stages: Stage) -> None:
    """The same through the worker's own loop, with a restart just before."""
    stage = both_stages
    stage.box.sdp.add_release("Release for mara", "odile", stage.levels(["mara"]))
    with clock_at(datetime(2027, 3, 1, 7, 59, 0, tzinfo=UTC)) as clock:
        await stage.start(**QUICK)
        await stage.settled()
        await stage.stop()
        clock.move_to(datetime(2027, 3, 1, 8, 0, 1, tzinfo=UTC))
        await stage.start(**QUICK)
        await until(lambda: digests(stage, "mara"))
        await stage.settled()
        assert len(digests(stage, "mara")) == 1


# --- when things go wrong --------------------------------------------------------------------------------


async def test_a_message_posted_just_before_a_crash_is_recognised(stage: Stage) -> None:
    with clock_at(MONDAY) as clock:
        house = await waiting_for(stage, "mara")
        stage.box.slack.faults.add("lost", "chat.postMessage")
        clock.move_to(datetime(2027, 3, 1, 8, 0, tzinfo=UTC))
        await house.digester.run()
        mara = stage.box.slack.person("mara").id
        day = datetime(2027, 3, 1).date()
        record = await house.digests.get(mara, day)
        assert record is not None
        assert record.state is DigestState.POSTING
        await run_until(house, clock, datetime(2027, 3, 1, 9, 0, tzinfo=UTC))
        assert len(digests(stage, "mara")) == 1
        record = await house.digests.get(mara, day)
        assert record is not None
        assert record.ts == digests(stage, "mara")[0].ts


async def test_a_post_that_never_left_is_made_by_the_next(stage: Stage) -> None:
    with clock_at(MONDAY) as clock:
        house = await waiting_for(stage, "mara")
        stage.box.slack.faults.add("refused", "chat.postMessage")
        await run_until(house, clock, datetime(2027, 3, 1, 9, 0, tzinfo=UTC))
        assert len(digests(stage, "mara")) == 1


async def test_slack_asking_for_patience_is_given_it(stage: Stage) -> None:
    with clock_at(MONDAY) as clock:
        house = await waiting_for(stage, "mara", "sam")
        stage.box.slack.faults.add("ratelimited", "chat.postMessage", seconds=1, times=2)
        clock.move_to(datetime(2027, 3, 1, 9, 0, tzinfo=UTC))
        await house.digester.run()
        assert len(digests(stage, "mara")) == len(digests(stage, "sam")) == 1


async def test_whom_no_message_reaches_is_not_tried_again_today(stage: Stage) -> None:
    with clock_at(MONDAY) as clock:
        house = await waiting_for(stage, "mara")
        fault = stage.box.slack.faults.add("error", "chat.postMessage", code="messages_tab_disabled", times=0)
        await run_until(house, clock, datetime(2027, 3, 1, 12, 0, tzinfo=UTC))
        assert fault.struck == 1
        progress = await house.digests.progress()
        assert progress is not None
        assert (progress.failed, progress.left) == (1, 0)


async def test_while_sdp_is_away_the_last_overview_serves(stage: Stage) -> None:
    with clock_at(MONDAY) as clock:
        house = await waiting_for(stage, "mara")
        clock.move_to(datetime(2027, 3, 1, 7, 0, tzinfo=UTC))
        await house.overviews.fresh(timedelta())
        stage.box.sdp.break_with("drop_before", "*change_maintenances*", times=None)
        await run_until(house, clock, datetime(2027, 3, 1, 9, 0, tzinfo=UTC))
        assert len(digests(stage, "mara")) == 1


async def test_a_workspace_without_charts_gets_the_numbers(stage: Stage) -> None:
    with clock_at(MONDAY) as clock:
        house = await waiting_for(stage, "wiremu")  # whose project is over its hours
        stage.box.slack.faults.add("error", "chat.postMessage", code="invalid_blocks")
        await run_until(house, clock, datetime(2027, 3, 2, 0, 0, tzinfo=UTC))
        (digest,) = digests(stage, "wiremu")
        assert not [block for block in digest.blocks if block["type"] == "data_visualization"]
        assert "74.3 h of 60 h" in (digest.text or "")


async def test_a_run_cut_off_in_the_middle_goes_on_with_the_next(stage: Stage) -> None:
    crowd = [stage.box.slack.directory.add(f"crowd{n:02}", f"Crowd {n:02}", f"c{n:02}@example.com") for n in range(40)]
    for person in crowd:
        stage.box.sdp.people.add(person.real_name, email=person.email, key=person.key, role="technician")
    stage.box.sdp.add_release("For everybody", "odile", stage.levels([person.key for person in crowd]))
    with clock_at(datetime(2027, 3, 1, 8, 0, tzinfo=UTC)) as clock:
        house = await stage.start(worker=False, web=False, **QUICK)
        await house.inbox.poll()
        await house.planner.replan()
        clock.move_to(datetime(2027, 3, 1, 9, 0, tzinfo=UTC))
        for enough in (7, 19, 31):
            run = asyncio.create_task(house.digester.run())
            await until(partial(_came_to, stage, [one.key for one in crowd], enough))
            run.cancel()
            await asyncio.wait([run])
            await stage.stop()
            house = await stage.start(worker=False, web=False, **QUICK)
        await run_until(house, clock, datetime(2027, 3, 1, 9, 30, tzinfo=UTC))
        assert [len(digests(stage, one.key)) for one in crowd] == [1] * 40


def _came_to(stage: Stage, people: list[str], enough: int) -> bool:
    return sum(len(digests(stage, who)) for who in people) >= enough


async def test_slack_telling_of_a_new_time_zone_moves_the_digest(both_stages: Stage) -> None:
    stage = both_stages
    house = await stage.start(**QUICK)
    await stage.settled()
    mara = stage.box.slack.person("mara").id
    before = await house.digests.planned(mara)
    await stage.box.people.change_person("mara", tz="Asia/Kolkata")

    async def moved() -> bool:
        planned = await house.digests.planned(mara)
        return planned is not None and planned != before and planned.astimezone(ZoneInfo("Asia/Kolkata")).hour == 9

    await until(moved)


# --- what is in it -------------------------------------------------------------------------------------------


async def test_nobody_is_told_that_there_is_nothing(stage: Stage) -> None:
    with clock_at(MONDAY) as clock:
        house = await stage.start(worker=False, web=False, **QUICK)
        await house.releases.polled(datetime.now(UTC))  # and nothing was found
        await house.planner.replan()
        await run_until(house, clock, datetime(2027, 3, 2, 0, 0, tzinfo=UTC))
        assert digests(stage, "gil") == []
        gil = await house.digests.get(stage.box.slack.person("gil").id, datetime(2027, 3, 1).date())
        assert gil is None  # a guest is not even asked about


async def test_a_digest_has_what_is_somebodys_own(stage: Stage) -> None:
    house = await stage.start(worker=False, web=False, **QUICK)
    odile, wiremu = [str(await house.digester.preview(stage.box.slack.person(who).id)) for who in ("odile", "wiremu")]
    assert "Rotate the logs of the payment servers" in odile
    assert "Rotate the logs" not in wiremu
    assert "Leave the old mail archive" in wiremu
    assert "74.3 h of 60 h" in wiremu
    assert "Leave the old mail archive" not in odile


async def test_buttons_of_a_digest_decide_and_then_say_so(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start(**QUICK)
    await stage.settled()
    arjun = stage.box.people.as_("arjun")
    await arjun.type("/sdp digest now", in_="#general")
    digest = await arjun.until(lambda: next(iter(digests(stage, "arjun")), None))
    row = f"row:{stage.ref('Payment gateway 4.2', 'arjun')}"
    outcome = await arjun.click(_button_of(digest, row, "Approve"), in_=digest)
    assert outcome.ok, outcome.error
    await arjun.until(lambda: "Approved by Arjun Velloor" in words_of_message(digests(stage, "arjun")[0]))
    await stage.settled()
    assert stage.news("approval.approved") == 1
    assert not [block for block in digests(stage, "arjun")[0].blocks if block.get("block_id") == row]


async def test_a_decision_made_in_sdp_takes_the_buttons_out_of_the_digest(stage: Stage) -> None:
    await stage.start(**QUICK)
    await stage.settled()
    arjun = stage.box.people.as_("arjun")
    await arjun.type("/sdp digest now", in_="#general")
    digest = await arjun.until(lambda: next(iter(digests(stage, "arjun")), None))
    late = arjun.remembers(digest)
    approval = stage.approval("Payment gateway 4.2", "arjun")
    stage.box.sdp.decide(approval, "reject", by="arjun", comments="Not today")
    await stage.hint(approval.level.release.id)
    await arjun.until(lambda: "Rejected by Arjun Velloor" in words_of_message(digests(stage, "arjun")[0]))
    row = f"row:{stage.ref('Payment gateway 4.2', 'arjun')}"
    assert not [block for block in digests(stage, "arjun")[0].blocks if block.get("block_id") == row]
    before = stage.news("approval.approved")
    await arjun.click(_button_of(late, row, "Approve"), in_=late)
    await stage.settled()
    assert stage.news("approval.approved") == before


def _button_of(message: Message, block_id: str, label: str) -> str:
    """The value of a button, which names it among others with the same label."""
    block = next(block for block in message.blocks if block.get("block_id") == block_id)
    button = next(one for one in block["elements"] if one["text"]["text"] == label)
    return str(button["value"])


# --- /sdp digest -----------------------------------------------------------------------------------------------


async def test_asking_for_it_now_makes_it_todays(stage: Stage) -> None:
    with clock_at(datetime(2027, 3, 1, 7, 0, tzinfo=UTC)) as clock:
        house = await waiting_for(stage, "mara")
        mara = stage.box.slack.person("mara").id
        for request in ("one", "one", "other"):
            await house.digester.now(f"{mara}|{request}")
        assert len(digests(stage, "mara")) == 2
        await run_until(house, clock, datetime(2027, 3, 1, 23, 0, tzinfo=UTC))
        assert len(digests(stage, "mara")) == 2


async def test_times_are_typed_as_people_write_them(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start(**QUICK)
    arjun = stage.box.people.as_("arjun")
    for typed, told in (
        ("digest at 8.30am weekdays", "comes at 08:30, Mon to Fri"),
        ("digest at 8", "comes at 08:00, Mon to Fri"),
        ("digest at 20h15 daily", "comes at 20:15, every day"),
        ("digest off", "is off"),
        ("digest", "is off"),
        ("digest on", "comes at 20:15, every day"),
        ("digest at teatime", "I cannot read “teatime” as a time"),
    ):
        await arjun.type(f"/sdp {typed}", in_="#general")
        await arjun.waits_for(told, "#general")


async def test_a_preview_is_for_ones_own_eyes(stage: Stage) -> None:
    await stage.start(**QUICK)
    await stage.settled()
    arjun = stage.box.people.as_("arjun")
    await arjun.type("/sdp digest preview", in_="#general")
    await arjun.waits_for("A preview", "#general")
    assert "A preview" not in stage.box.people.as_("sam").sees("#general")
    assert digests(stage, "arjun") == []


async def test_a_team_gets_its_digest_in_its_channel(stage: Stage) -> None:
    await stage.start(**QUICK, OPERATORS="odile.marchetty@example.com")
    await stage.settled()
    odile = stage.box.people.as_("odile")
    await odile.type("/sdp digest channel #ops 8.30am mon-fri", in_="#ops")
    await odile.waits_for("#ops gets its digest at 08:30, Mon to Fri", "#ops")
    await stage.stop()
    ops = stage.box.slack.channel("ops").id
    monday = datetime(2027, 3, 1, 7, 29, tzinfo=UTC)
    with clock_at(monday) as clock:
        house = await stage.start(worker=False, web=False, **QUICK)
        await house.planner.replan()
        await run_until(house, clock, monday + timedelta(minutes=5))
        (digest,) = _digests_in(stage, ops, "odile")
        assert came_at(digest, "Europe/Paris").strftime("%H:%M") == "08:30"
        words = words_of_message(digest)
        assert "Payment gateway 4.2" in words
        assert "waits for Arjun Velloor" in words
        assert "[Approve]" not in words


async def test_a_team_s_digest_mentions_who_can_still_save_a_release(stage: Stage) -> None:
    sdp = stage.box.sdp
    soon, later = sdp.now() + timedelta(hours=5), sdp.now() + timedelta(days=9)
    sdp.add_release("About to slip", "odile", stage.levels(["mara", "tess"]), scheduled_start_time=soon)
    sdp.add_release("Far away", "odile", stage.levels(["mara"]), scheduled_start_time=later)
    house = await stage.start(worker=False, web=False, **QUICK)
    await house.inbox.poll()
    await house.preferences.change(stage.box.slack.person("tess").id, mentions=False)
    ops, mara = stage.box.slack.channel("ops").id, stage.box.slack.person("mara").id
    everyday = frozenset(range(7))
    await house.digests.keep_team(TeamDigest(ops, "ops", datetime(2027, 1, 1).time(), everyday, "UTC", mara))
    await house.digests.plan(ops, datetime.now(UTC))
    await house.digester.run()
    (digest,) = _digests_in(stage, ops, "odile")
    (listed,) = [line for line in _lines(digest) if "About to slip" in str(line)]
    assert [part["user_id"] for part in listed if part["type"] == "user"] == [mara]
    assert "Tess Harbourne" in str(listed)
    (far,) = [line for line in _lines(digest) if "Far away" in str(line)]
    assert not [part for part in far if part["type"] == "user"]


def _lines(message: Message) -> list[list[Any]]:
    """The lines of every list in a message."""
    lists = [part for block in message.blocks for part in block.get("elements", []) if part["type"] == "rich_text_list"]
    return [line["elements"] for one in lists for line in one["elements"]]


async def test_an_administrator_sends_and_looks_at_one(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    house = await stage.start(worker=False, web=False, **QUICK)
    await house.inbox.poll()
    assert await chores.digest(None, now=False)(house) == 0
    assert await chores.digest("arjun.velloor@example.com", now=False)(house) == 0
    assert digests(stage, "arjun") == []
    assert await chores.digest("arjun.velloor@example.com", now=True)(house) == 0
    assert len(digests(stage, "arjun")) == 1
    said = capsys.readouterr().out
    assert "No digest has been due yet." in said
    assert "RLS-1 Payment gateway 4.2" in said
    assert "Arjun Velloor has the digest." in said


async def test_the_doctor_tells_how_far_the_run_is(stage: Stage) -> None:
    with clock_at(MONDAY) as clock:
        house = await waiting_for(stage, "mara")
        await run_until(house, clock, datetime(2027, 3, 1, 9, 0, tzinfo=UTC))
        told = [finding.text for finding in await house.doctor.examine() if finding.about == "digests"]
        assert told == ["The last run: 1 posted, 0 had nothing to say, 0 failed, 0 to go."]


async def test_a_teams_digest_is_the_operators_to_set(stage: Stage) -> None:
    house = await stage.start(**QUICK, OPERATORS="odile.marchetty@example.com")
    mara = stage.box.people.as_("mara")
    await mara.type("/sdp digest channel #general 8:30", in_="#general")
    await mara.waits_for("Only operators may do this. Ask Odile Marchetty.", "#general")
    odile = stage.box.people.as_("odile")
    await odile.type("/sdp digest channel #nowhere 8:30", in_="#ops")
    await odile.waits_for("I do not see a channel nowhere", "#ops")
    assert await house.digests.teams() == []
