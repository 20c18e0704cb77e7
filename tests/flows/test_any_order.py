"""Random people, clicks, changes in SDP, deliveries out of order or doubled, faults and restarts, in any order.

Whatever happens, once everything has come to rest: every card shows what SDP has, no decision is lost, none is sent
twice, and nobody changed what was not theirs.
"""

import asyncio
import contextlib
import re
import shutil
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from bot.models import DecisionState
from bot.store import Store, connect
from sandbox.box import open_box
from sandbox.sdp.approvals import Approval, Plan
from sandbox.sdp.refusals import Refusal
from sandbox.slack.errors import NoSuchThing
from sandbox.slack.model import Message
from sandbox.slack.reading import words_of_message
from tests.conftest import until
from tests.flows.conftest import Stage

WORLDS, STEPS = 14, 150
"""2,100 steps: each world starts afresh, so that troubles do not hide behind each other."""

PATIENCE = 60.0
"""Seconds until all is at rest: who was told by SDP to call later does so, ten seconds at a time."""

PEOPLE = ("arjun", "tess", "wiremu", "odile")
RULES = ("anyone", "everyone", "first_response", "majority")
FAULTS = ("drop_after", "drop_before", "error_500", "garbage", "rate_limited", "empty")
SPEAKING = ("chat.postMessage", "chat.update")
DECIDING = ("approval.approve", "approval.undo")

person = st.sampled_from(PEOPLE)
pick = st.integers(min_value=0, max_value=10_000)


class Tenant(RuleBasedStateMachine):
    """Both sides and the bot, driven by Hypothesis."""

    valkey_url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = contextlib.AsyncExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="any-order-"))
        self.old_cards: list[tuple[str, Message]] = []
        self.titles: list[str] = []
        self.unknown: set[tuple[str, str]] = set()
        self.held: defaultdict[str, set[str]] = defaultdict(set)
        self.stage: Stage

    def do(self, step: Any) -> Any:
        return self.runner.run(step)

    # --- the world -------------------------------------------------------------------------------

    @initialize(undo=st.sampled_from(["0", "1"]))
    def open(self, undo: str) -> None:
        async def go() -> None:
            store = Store(connect(self.valkey_url))
            await store.redis.flushall()
            await store.aclose()
            box = await self.stack.enter_async_context(open_box("demo"))
            self.stage = Stage(box, self.valkey_url, self.folder, options={"UNDO_SECONDS": undo})
            await self.stage.start()
            await self.stage.settled(seconds=PATIENCE)

        self.do(go())
        self.titles = [release.title for release in self.stage.box.sdp.releases]

    @rule(who=st.lists(person, min_size=1, max_size=3, unique=True), how=st.sampled_from(RULES), hint=st.booleans())
    def a_release_is_submitted(self, who: list[str], how: Any, hint: bool) -> None:
        title = f"Release {len(self.titles)}"
        release = self.stage.box.sdp.add_release(title, "mara", (Plan(who, how), Plan(["odile"], "anyone")))
        self.titles.append(title)
        if hint:
            self.do(self.stage.hint(release.id))

    # --- people in Slack ---------------------------------------------------------------------------

    @rule(who=person, which=pick, times=st.sampled_from([1, 1, 1, 3]), action=st.sampled_from(DECIDING))
    def somebody_presses_a_button(self, who: str, which: int, times: int, action: str) -> None:
        """A press on any of their cards; some are double clicks, some come on a card that has changed since."""
        cards = [one for one in self.stage.box.people.as_(who).messages() if _button(one, action)]
        if not cards:
            return
        card = cards[which % len(cards)]
        self.old_cards.append((who, card))
        with contextlib.suppress(NoSuchThing):  # the bot may have changed the card under their finger
            self.do(self.stage.box.people.as_(who).click(action, in_=card, times=times))

    @precondition(lambda self: self.old_cards)
    @rule(who=person, which=pick)
    def an_old_card_is_pressed_by_anybody(self, who: str, which: int) -> None:
        """What Slack would deliver for a payload that is late, repeated, or somebody else's."""
        _, card = self.old_cards[which % len(self.old_cards)]
        button = _button(card, "approval.approve")
        if button is not None:
            self.do(self.stage.forge(who, button, card))

    @rule(one=person, other=person, which=pick)
    def two_clicks_arrive_in_the_wrong_order(self, one: str, other: str, which: int) -> None:
        async def go() -> None:
            people = self.stage.box.people
            presses = []
            for who in (one, other):
                cards = [card for card in people.as_(who).messages() if _button(card, "approval.approve")]
                if cards:
                    presses.append((who, cards[which % len(cards)]))
            async with people.courier.holding() as held:
                tasks = [asyncio.ensure_future(people.as_(who).click("Approve", in_=card)) for who, card in presses]
                await held.until(len(presses))
                held.release(*reversed(range(len(presses))))
                await asyncio.gather(*tasks)

        self.do(go())

    # --- people in SDP -----------------------------------------------------------------------------

    @rule(which=pick, verdict=st.sampled_from(["approve", "reject"]), hint=st.booleans())
    def somebody_decides_in_sdp(self, which: int, verdict: Any, hint: bool) -> None:
        approval = self._waiting(which)
        if approval is not None:
            self.stage.box.sdp.decide(approval, verdict, by=approval.approver, comments="in SDP")
            self._maybe_hint(approval, hint)

    @rule(which=pick, to=person, hint=st.booleans())
    def an_approval_changes_hands(self, which: int, to: str, hint: bool) -> None:
        approval = self._waiting(which)
        if approval is not None:
            self.held[approval.id].add(approval.approver.name)
            with contextlib.suppress(Refusal):
                self.stage.box.sdp.approvals.replace_approver(approval, to=to)
            self._maybe_hint(approval, hint)

    @rule(which=pick, risk=st.sampled_from(["Low", "Medium", "High"]), hint=st.booleans())
    def a_release_changes(self, which: int, risk: str, hint: bool) -> None:
        approval = self._waiting(which)
        if approval is not None:
            self.stage.box.sdp.releases.edit(approval.level.release, risk=risk)
            self._maybe_hint(approval, hint)

    @rule(which=pick)
    def a_release_is_cancelled(self, which: int) -> None:
        approval = self._waiting(which)
        if approval is not None and which % 4 == 0:
            self.stage.box.sdp.releases.cancel(approval.level.release)

    # --- trouble -----------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(FAULTS))
    def sdp_spoils_the_next_decision(self, kind: str) -> None:
        self.stage.box.sdp.break_with(kind, path="*/_approve")

    @rule(
        kind=st.sampled_from(["lost", "ratelimited", "status"]),
        method=st.sampled_from(["chat.postMessage", "chat.update"]),
    )
    def slack_spoils_the_next_message(self, kind: Any, method: str) -> None:
        self.stage.box.slack.faults.add(kind, method)

    @rule()
    def the_bot_restarts(self) -> None:
        async def go() -> None:
            await self.stage.stop()
            await self.stage.start()

        self.do(go())

    @rule()
    def a_poll_is_due(self) -> None:
        self.do(self.stage.bot.jobs.wake("poll"))

    @rule()
    def everything_comes_to_rest(self) -> None:
        self.do(self.stage.settled(seconds=PATIENCE))

    # --- what must be true at the end --------------------------------------------------------------

    def teardown(self) -> None:
        try:
            if hasattr(self, "stage"):
                self.do(self._rest_and_check())
        finally:
            self.do(self._close())
            self.runner.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    async def _rest_and_check(self) -> None:
        self.stage.box.sdp.mend()
        self.stage.box.slack.faults.clear()
        await self.stage.bot.jobs.wake("poll")
        await until(self._all_settled, seconds=PATIENCE)
        await self.stage.settled(seconds=PATIENCE)
        await self.stage.bot.jobs.wake("poll")
        with contextlib.suppress(AssertionError):
            await until(lambda: not self._lies(), seconds=15)
        assert self._lies() == []
        assert (await self.stage.bot.ledger.verify()).trouble is None
        self._check_nothing_twice()
        self._check_nobody_else()

    async def _all_settled(self) -> bool:
        """No decision is under way but those SDP is silent about, which stay unknown for half an hour.

        That holds for whoever decided: should SDP give the approval to somebody else meanwhile, it asks them now.
        """
        records = self.stage.bot.records
        under_way = [await records.get(ref, who) for ref, who in await records.open()]
        self.unknown = {(one.person, str(one.ref)) for one in under_way if one and one.state is DecisionState.UNKNOWN}
        return all(one is None or one.state is DecisionState.UNKNOWN for one in under_way)

    def _lies(self) -> list[str]:
        """Cards that show something else than SDP has."""
        return [lie for who in PEOPLE for lie in self._lies_to(who)]

    def _lies_to(self, who: str) -> list[str]:
        waiting = {self._pointer(one) for one in self.stage.box.sdp.waiting(who)}
        mine = [one for one in self.stage.box.people.as_(who).messages() if _is_card(one, who)]
        live = {_ref(button) for one in mine if (button := _button(one, "approval.approve")) is not None}
        dead = [f"{who} can press {ref}, which does not wait for them" for ref in live - waiting]
        summed = {_of_option(value) for one in mine for value in _options(one)}
        unknown = {ref for person, ref in self.unknown if person == self.stage.box.slack.person(who).id}
        missing = [f"{who} is not asked for {ref}" for ref in waiting - live - summed - unknown]
        early = [f"{who} can press {ref}, of which nobody knows" for ref in live & unknown]
        return dead + missing + early

    def _check_nothing_twice(self) -> None:
        """SDP was asked to decide at most once for each time a decision was marked as being sent."""
        acted = Counter(effect.record for effect in self.stage.box.sdp.effects() if effect.kind in DECIDED)
        assert all(count == 1 for count in acted.values()), acted

    def _check_nobody_else(self) -> None:
        """What the service account decided carries the name of the approver.

        Or of whoever held the approval before: SDP has no conditional write, so an approval that is moved in SDP in
        the milliseconds between the last check and the call is decided by whom it was just taken from. With people's
        own accounts SDP refuses that by itself.
        """
        for approval in (one for title in self.titles for one in self.stage.approvals(title)):
            said = re.search(r"by (.+) in Slack$", approval.comments or "")
            if said:
                assert said[1] in {approval.approver.name, *self.held[approval.id]}

    async def _close(self) -> None:
        if hasattr(self, "stage"):
            await self.stage.stop()
        await self.stack.aclose()

    # --- small helpers -----------------------------------------------------------------------------

    def _waiting(self, which: int) -> Approval | None:
        waiting = self.stage.box.sdp.waiting()
        return waiting[which % len(waiting)] if waiting else None

    def _maybe_hint(self, approval: Approval, hint: bool) -> None:
        if hint:
            self.do(self.stage.hint(approval.level.release.id))

    @staticmethod
    def _pointer(approval: Approval) -> str:
        return f"{approval.level.release.id}.{approval.level.id}.{approval.id}"


DECIDED = frozenset({"approval.approved", "approval.rejected"})


def _elements(message: Message) -> list[dict[str, Any]]:
    return [element for block in message.blocks for element in block.get("elements", [])]


def _button(message: Message, action: str) -> dict[str, Any] | None:
    return next((one for one in _elements(message) if one.get("action_id") == action), None)


def _options(message: Message) -> list[str]:
    menus = [one for one in _elements(message) if one.get("action_id") == "approval.show"]
    return [option["value"] for menu in menus for option in menu["options"]]


def _is_card(message: Message, who: str) -> bool:
    return not message.is_ephemeral and bool(words_of_message(message))


def _ref(button: dict[str, Any]) -> str:
    return str(button["value"]).partition(":")[0]


def _of_option(value: str) -> str:
    return value


@pytest.mark.timeout(900)
def test_whatever_happens_in_whatever_order_no_card_lies(valkey_url: str) -> None:
    Tenant.valkey_url = valkey_url
    run_state_machine_as_test(
        Tenant,
        settings=settings(
            max_examples=WORLDS,
            stateful_step_count=STEPS,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
