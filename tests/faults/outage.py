"""SDP is down, and people go on clicking: `python -m tests.faults.outage [--minutes 60] [--clicks 240]`.

Cards are posted first; then every call to SDP fails while people click, at an even pace over four fifths of the time.
Then SDP comes back. Exit status 1 if anything was sent meanwhile, if memory grew, or if anything is lost or untrue at
the end.
"""

import argparse
import asyncio
import logging
import sys

import structlog

from sandbox.sdp.approvals import Approval
from sandbox.slack.model import Message
from tests.faults.crowd import APPROVERS, ref_of
from tests.faults.run import Play, play
from tests.faults.soak import watched

AT_ONCE = 20
"""Releases that are asked about together, while SDP is still there."""
CLICKED_WITHIN = 0.8

Card = tuple[Approval, Message]


async def outage(minutes: float, clicks: int) -> int:
    async with play(1, POLL_SECONDS="10") as made:
        cards = await _cards(made, clicks)
        before = len(_decided(made))
        down = made.box.sdp.break_with("error_503", path="*/api/v3/*", times=None)
        async with watched(made) as trails:
            await _click(made, cards, minutes * 60)
        sent = len(_decided(made)) - before
        left = await made.house.jobs.depth()
        made.box.sdp.mend(down)
        verdict = await made.heal(180)
        for name, trail in trails.items():
            print(f"{name:8} {trail.told}")
        print(f"{len(cards)} clicks while SDP was down for {minutes:g} minutes; sent meanwhile: {sent}")
        print(f"jobs at its end: {left.due} due, {left.later} later, {left.running} running")
        print(f"{verdict.acknowledged} acknowledged; {dict(verdict.ends)}; {verdict.effects} effects")
        print("\n".join(verdict.troubles[:20]) or "0 lost, 0 twice, 0 untrue, queue empty")
        return 1 if sent or verdict.troubles or not all(trail.flat for trail in trails.values()) else 0


async def _cards(made: Play, count: int) -> list[Card]:
    found: list[Card] = []
    while len(found) < count:
        asked = [made.crowd.ask(APPROVERS[n % len(APPROVERS)]) for n in range(min(AT_ONCE, count - len(found)))]
        found += await asyncio.gather(*(_card(made, approval) for approval in asked))
    return found


async def _card(made: Play, approval: Approval) -> Card:
    card = await made.crowd.card(made.box.people.as_(approval.approver.key), approval, seconds=60)
    assert card is not None, f"no card for {approval.level.release.title}"
    return approval, card


async def _click(made: Play, cards: list[Card], seconds: float) -> None:
    pause = seconds * CLICKED_WITHIN / len(cards)
    for approval, card in cards:
        person = made.box.people.as_(approval.approver.key)
        await made.crowd.approve(person, card, ref_of(approval))
        await asyncio.sleep(pause)
    await asyncio.sleep(seconds * (1 - CLICKED_WITHIN))


def _decided(made: Play) -> list[object]:
    return [*made.box.sdp.effects("approval.approved"), *made.box.sdp.effects("approval.rejected")]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.outage", description="SDP is down, watched.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clicks", type=int, default=240)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    return asyncio.run(outage(asked.minutes, asked.clicks))


if __name__ == "__main__":
    sys.exit(main())
