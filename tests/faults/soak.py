"""A long quiet life: `python -m tests.faults.soak [--minutes 20] [--per-second 5]`. Nobody is killed.

People click at a steady pace; the memory and the open files of every process are watched. Exit status 1 if they grow,
if anything is lost or done twice, or if the queue is not empty at the end.
"""

import argparse
import asyncio
import contextlib
import logging
import statistics
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from sandbox.sdp.approvals import Approval
from sandbox.slack.errors import NoSuchThing, SlackError
from tests.faults.crowd import APPROVERS, ref_of
from tests.faults.run import Play, play

LOOK_SECONDS = 5.0
GROWTH_MOST = 1.15
"""The last quarter's memory may be this much above the second quarter's; the first one is warming up."""
FILES_MORE_MOST = 20


@dataclass
class Trail:
    """What one process had, look by look."""

    megabytes: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def look(self, pid: int) -> None:
        status = Path(f"/proc/{pid}/status").read_text()
        self.megabytes.append(next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmRSS")) / 1024)
        self.files.append(sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()))

    @property
    def growth(self) -> float:
        """The last quarter's memory as a multiple of the second quarter's."""
        quarter = max(1, len(self.megabytes) // 4)
        early = self.megabytes[quarter : 2 * quarter] or self.megabytes[:1]
        return statistics.median(self.megabytes[-quarter:]) / statistics.median(early)

    @property
    def flat(self) -> bool:
        quarter = max(1, len(self.files) // 4)  # by then the pools of connections have filled
        more = statistics.median(self.files[-quarter:]) - statistics.median(self.files[quarter : 2 * quarter] or [0])
        return self.growth <= GROWTH_MOST and more <= FILES_MORE_MOST

    @property
    def told(self) -> str:
        first, *_, last = self.megabytes
        return (
            f"{first:6.1f} MB at first, {max(self.megabytes):.1f} at most, {last:.1f} at the end, × {self.growth:.2f} "
            f"from the second to the last quarter; files {self.files[0]} → {self.files[-1]}  "
            f"{'flat' if self.flat else 'GROWS'}"
        )


async def soak(minutes: float, per_second: float) -> int:
    async with play(1, POLL_SECONDS="10") as made:
        async with watched(made) as trails:
            clicked, most_late = await _click(made, minutes * 60, per_second)
        verdict = await made.heal(120)
        for name, trail in trails.items():
            print(f"{name:8} {trail.told}")
        print(f"{clicked} clicks, {verdict.effects} effects, {len(verdict.lost)} lost, {len(verdict.twice)} twice")
        print(f"ledger entries, sound: {verdict.ledger}; the pace was behind by {most_late:.1f} s at most")
        print("queue empty at the end" if not verdict.troubles else "\n".join(verdict.troubles[:20]))
        return 0 if not verdict.troubles and all(trail.flat for trail in trails.values()) else 1


@contextlib.asynccontextmanager
async def watched(made: Play) -> AsyncIterator[dict[str, Trail]]:
    """Look at every process of the bot until the block ends."""
    trails = {member.name: Trail() for member in made.fleet.members}
    watching = asyncio.create_task(_watch(made, trails))
    try:
        yield trails
    finally:
        watching.cancel()


async def _watch(made: Play, trails: dict[str, Trail]) -> None:
    while True:
        for member in made.fleet.members:
            trails[member.name].look(member.process.pid)
        await asyncio.sleep(LOOK_SECONDS)


async def _click(made: Play, seconds: float, per_second: float) -> tuple[int, float]:
    """Approvals are asked for and clicked on at this pace; how many, and how far behind the pace it ever was."""
    began, late, clicked = time.monotonic(), 0.0, 0
    async with asyncio.TaskGroup() as group:
        while (passed := time.monotonic() - began) < seconds:
            due = clicked / per_second
            late = max(late, passed - due)
            await asyncio.sleep(max(0.0, due - passed))
            group.create_task(_one(made, made.crowd.ask(APPROVERS[clicked % len(APPROVERS)])))
            clicked += 1
    return clicked, late


async def _one(made: Play, approval: Approval) -> None:
    person = made.box.people.as_(approval.approver.key)
    title = approval.level.release.title
    try:
        card = await made.crowd.card(person, approval, seconds=60)
        if card is None:
            print(f"{title}: no card within a minute", file=sys.stderr)
            return
        await made.crowd.approve(person, card, ref_of(approval))
    except (NoSuchThing, SlackError, TimeoutError) as error:
        print(f"{title}: {type(error).__name__} {error}", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description="A long quiet life, watched.")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--per-second", type=float, default=5)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    return asyncio.run(soak(asked.minutes, asked.per_second))


if __name__ == "__main__":
    sys.exit(main())
