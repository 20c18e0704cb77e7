"""What SDP has, read once for everybody: by how many calls, and what is left out."""

from datetime import UTC, datetime, timedelta

from freezegun import freeze_time

from bot import app
from sandbox.sdp import seed_many
from tests.flows.conftest import Stage

MINUTE = timedelta(minutes=1)


def lists_read(stage: Stage) -> int:
    return sum(path.endswith(("/change_maintenances", "/projects")) for path in stage.calls("GET"))


async def test_all_processes_share_one_reading(stage: Stage) -> None:
    house = await stage.start(worker=False, web=False)
    async with app.build(house.settings, house.redis_url) as other:
        first = await house.overviews.fresh(MINUTE)
        read = lists_read(stage)
        assert read == 2
        assert (await other.overviews.fresh(MINUTE)).overview == first.overview
        assert await house.overviews.known() is first
        assert lists_read(stage) == read


async def test_a_large_portfolio_is_not_read_again_each_minute(stage: Stage) -> None:
    seed_many.maintenances(stage.box.sdp, 3000)
    with freeze_time(datetime(2027, 3, 1, 9, 0, tzinfo=UTC), real_asyncio=True) as clock:
        house = await stage.start(worker=False, web=False)
        await house.overviews.fresh(MINUTE)
        read = lists_read(stage)
        stage.box.sdp.add_release("Just asked", "mara", stage.levels(["arjun"]))
        await house.inbox.poll()
        clock.tick(2 * MINUTE)
        index = await house.overviews.fresh(MINUTE)
        assert "Just asked" in [line.title for line in index.overview.releases if line.asked]
        assert lists_read(stage) == read
        clock.tick(2 * MINUTE)
        await house.overviews.fresh(MINUTE)
        assert lists_read(stage) == 2 * read


async def test_what_moved_is_noticed_by_comparing(stage: Stage) -> None:
    release = stage.box.sdp.add_release("Moving on", "mara", stage.levels(["arjun"]))
    with freeze_time(datetime(2027, 3, 1, 9, 0, tzinfo=UTC), real_asyncio=True) as clock:
        house = await stage.start(worker=False, web=False)
        await house.inbox.poll()
        await house.overviews.fresh(MINUTE)
        stage.box.sdp.decide(stage.approval("Moving on", "arjun"), "approve", by="arjun", comments="Go")
        clock.tick(5 * MINUTE)
        await house.inbox.poll()
        index = await house.overviews.fresh(MINUTE)
        line = next(line for line in index.overview.releases if line.id == release.id)
        assert [said.person.name for said in line.said] == ["Arjun Velloor"]
        assert line.asked == ()
        (move,) = line.moves
        assert move.before == "Submission · Requested"
        assert move.after.endswith("Approved")


async def test_a_long_run_reads_its_lists_once(stage: Stage) -> None:
    with freeze_time(datetime(2027, 3, 1, 9, 0, tzinfo=UTC), real_asyncio=True) as clock:
        house = await stage.start(worker=False, web=False)
        for _ in range(3):
            await house.overviews.fresh(10 * MINUTE, lists=30 * MINUTE)
            clock.tick(9 * MINUTE)
        assert lists_read(stage) == 2
