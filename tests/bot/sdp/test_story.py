"""One story through all 25 operations; then the same with every fault, each operation struck once.

The tenant counts what really changed: nothing may happen twice, and what the client says must be what happened.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from bot.errors import OutcomeUnknown, SdpError, SdpGarbled, SdpThrottled
from bot.models import ApprovalRef, ApprovalState, MaintenanceDraft, MaintenanceState, Named, ProjectDraft, SdpId
from bot.sdp import Sdp
from sandbox.sdp.world import SdpWorld
from tests.bot.sdp.conftest import Clients, ref_of
from tests.bot.sdp.operations import a_file, listed
from tests.conftest import until


class Story:
    """Somebody's day with SDP: what they know of it so far, and each operation as one step."""

    def __init__(self, world: SdpWorld, sdp: Sdp) -> None:
        self.world = world
        self.go_on_with(sdp)
        self.approve_ref, self.reject_ref = (ref_of(approval) for approval in world.waiting("arjun")[:2])
        self.changes = tuple(SdpId(world.changes.add(f"Change {n}", world.person("odile")).id) for n in (1, 2))
        self.requests = tuple(SdpId(world.requests.add(f"Request {n}", "mara").id) for n in (1, 2))

    def go_on_with(self, sdp: Sdp) -> None:
        """The service account decides, an administrator does the rest."""
        self.sdp, self.admin = sdp, sdp.acting_as(sdp.tokens_of(self.world.accounts.grant("sam")))

    def done(self, kind: str) -> int:
        """How often something really happened in the tenant by way of the API."""
        return sum(effect.via == "api" for effect in self.world.effects(kind))

    @property
    def maintenance(self) -> SdpId:
        """The one this story adds; found in the tenant, because its answer may have been lost."""
        return SdpId(self.world.maintenance("Story of a reboot").id)

    @property
    def project(self) -> SdpId:
        return SdpId(self.world.project("Story of a move").id)

    async def state(self, ref: ApprovalRef) -> ApprovalState:
        return (await self.sdp.approvals.get(ref)).state


Step = Callable[[Story], Awaitable[Any]]


@dataclass(frozen=True)
class Chapter:
    """One operation: how a request of it looks, what it changes in the tenant (None: nothing), and how it is done."""

    number: str
    method: str
    path: str
    effect: str | None
    step: Step


_NEW = MaintenanceDraft(
    title="Story of a reboot", stage=Named(None, "Submission"), status=Named(None, "Requested"), risk=Named(None, "Low")
)

STORY = (
    Chapter("A2", "GET", "*/approvals", None, lambda s: listed(s.sdp.approvals.list(*_level(s)))),
    Chapter("A1", "GET", "*/approvals/*", None, lambda s: s.sdp.approvals.get(s.approve_ref)),
    Chapter("A5", "GET", "*/_send_notification", None, lambda s: s.sdp.approvals.preview_notification(s.approve_ref)),
    Chapter(
        "A6", "PUT", "*/_send_notification", "approval.notified",
        lambda s: s.sdp.approvals.send_notification(s.approve_ref),
    ),
    Chapter("A3", "PUT", "*/_approve", "approval.approved", lambda s: s.sdp.approvals.approve(s.approve_ref, "Fine")),
    Chapter("A4", "PUT", "*/_reject", "approval.rejected", lambda s: s.sdp.approvals.reject(s.reject_ref, "Not yet")),
    Chapter("M1", "POST", "*/change_maintenances", "maintenance.added", lambda s: s.admin.maintenances.add(_NEW)),
    Chapter("M3", "GET", "*/change_maintenances/*", None, lambda s: s.admin.maintenances.get(s.maintenance)),
    Chapter("M4", "GET", "*/change_maintenances", None, lambda s: listed(s.admin.maintenances.list())),
    Chapter(
        "M2", "PUT", "*/change_maintenances/*", "maintenance.edited",
        lambda s: s.admin.maintenances.edit(s.maintenance, MaintenanceDraft(priority=Named(None, "High"))),
    ),
    Chapter(
        "M8", "PUT", "*/_suspend", "maintenance.suspended",
        lambda s: s.admin.maintenances.suspend(s.maintenance, "Holidays"),
    ),
    Chapter(
        "M6", "PUT", "*/_enable", "maintenance.enabled", lambda s: s.admin.maintenances.enable(s.maintenance, "Back")
    ),
    Chapter(
        "M7", "GET", "*/_execute_now", "maintenance.executed", lambda s: s.admin.maintenances.execute_now(s.maintenance)
    ),
    Chapter(
        "M5", "DELETE", "*/change_maintenances/*", "maintenance.deleted",
        lambda s: s.admin.maintenances.delete(s.maintenance),
    ),
    Chapter(
        "P1", "POST", "*/projects", "project.added",
        lambda s: s.admin.projects.add(ProjectDraft(title="Story of a move", estimated_hours=Decimal("12.5"))),
    ),
    Chapter("P3", "GET", "*/projects/*", None, lambda s: s.admin.projects.get(s.project)),
    Chapter("P4", "GET", "*/projects", None, lambda s: listed(s.admin.projects.list())),
    Chapter(
        "P2", "PUT", "*/projects/*", "project.edited",
        lambda s: s.admin.projects.edit(s.project, ProjectDraft(percent_complete=Decimal(50))),
    ),
    Chapter(
        "P6", "POST", "*/_change_associations", "project.changes_attached",
        lambda s: s.admin.projects.attach_changes(s.project, s.changes),
    ),
    Chapter(
        "P7", "DELETE", "*/_change_associations", "project.changes_detached",
        lambda s: s.admin.projects.detach_changes(s.project, s.changes[:1]),
    ),
    Chapter(
        "P8", "POST", "*/_request_associations", "project.requests_attached",
        lambda s: s.admin.projects.attach_requests(s.project, s.requests),
    ),
    Chapter(
        "P9", "DELETE", "*/_request_associations", "project.requests_detached",
        lambda s: s.admin.projects.detach_requests(s.project, s.requests[:1]),
    ),
    Chapter("P10", "GET", "*/_timesheet", None, lambda s: s.admin.projects.timesheet(s.project)),
    Chapter(
        "P11", "POST", "*/_uploads", "project.uploaded",
        lambda s: s.admin.projects.upload(s.project, a_file(b"0123456789" * 5_000)),
    ),
    Chapter("P5", "DELETE", "*/projects/*", "project.deleted", lambda s: s.admin.projects.delete(s.project)),
)  # fmt: skip


def _level(story: Story) -> tuple[SdpId, SdpId]:
    return story.approve_ref.release, story.approve_ref.level


async def test_all_25_operations_do_what_they_say(clients: Clients, world: SdpWorld) -> None:
    story = Story(world, await clients.new())
    told = {chapter.number: await chapter.step(story) for chapter in STORY}

    assert {chapter.number for chapter in STORY} == {f"A{n}" for n in range(1, 7)} | {f"M{n}" for n in range(1, 9)} | {
        f"P{n}" for n in range(1, 12)
    }
    for chapter in STORY:
        if chapter.effect:
            assert story.done(chapter.effect) == 1, chapter
    assert [approval.ref for approval in told["A2"]].count(story.approve_ref) == 1
    assert told["A1"].state is ApprovalState.PENDING
    assert await story.state(story.approve_ref) is ApprovalState.APPROVED
    assert await story.state(story.reject_ref) is ApprovalState.REJECTED
    assert told["M1"].risk.name == "Low"
    assert told["M2"].priority.name == "High"
    assert told["M3"].state is MaintenanceState.ENABLED
    assert told["M1"].id in [one.id for one in told["M4"]]
    assert told["M7"].change.text == world.change(world.effects("change.added")[-1].record).label
    assert told["P1"].estimated_hours == Decimal("12.5")
    assert told["P2"].percent_complete == 50
    assert told["P6"].attached == story.changes
    assert told["P7"].there == story.changes[1:]
    assert told["P8"].attached == story.requests
    assert told["P9"].not_attached == story.requests[:1]
    assert told["P10"] == ()
    assert told["P11"].size == 50_000


@dataclass(frozen=True)
class Strike:
    """A fault, how reads and acts that it strikes end (None: well), and whether a struck act took effect.

    `acted` None: the stand-in answers too late and finds nobody there any more; it may or may not have acted.
    """

    kind: str
    read: type[SdpError] | None
    act: type[SdpError] | None
    acted: bool | None
    how: tuple[tuple[str, Any], ...] = ()


STRIKES = {
    "slow": Strike("slow", None, None, True, (("seconds", 0.02),)),
    "silent": Strike("slow", None, OutcomeUnknown, None, (("seconds", 0.6),)),
    "dropped before it acted": Strike("drop_before", None, OutcomeUnknown, False),
    "dropped after it acted": Strike("drop_after", None, OutcomeUnknown, True),
    "500": Strike("error_500", None, OutcomeUnknown, False),
    "500 after it acted": Strike("error_500", None, OutcomeUnknown, True, (("acts", True),)),
    "503": Strike("error_503", None, OutcomeUnknown, False),
    "503 after it acted": Strike("error_503", None, OutcomeUnknown, True, (("acts", True),)),
    "rate limited": Strike("rate_limited", None, SdpThrottled, False, (("retry_after", 0),)),
    "throttled": Strike("throttled", SdpThrottled, SdpThrottled, False),
    "HTML": Strike("html", SdpGarbled, OutcomeUnknown, False),
    "HTML after it acted": Strike("html", SdpGarbled, OutcomeUnknown, True, (("acts", True),)),
    "garbage": Strike("garbage", SdpGarbled, OutcomeUnknown, True),
    "truncated": Strike("truncated", SdpGarbled, OutcomeUnknown, True),
    "empty": Strike("empty", SdpGarbled, OutcomeUnknown, True),
}


@pytest.mark.parametrize("name", STRIKES)
async def test_struck_by_a_fault_nothing_is_done_twice(clients: Clients, world: SdpWorld, name: str) -> None:
    strike = STRIKES[name]
    story = Story(world, await clients.new(answer_seconds=0.4 if name == "silent" else 5.0))
    for chapter in STORY:
        before = story.done(chapter.effect) if chapter.effect else 0
        fault = world.break_with(strike.kind, chapter.path, chapter.method, **dict(strike.how))
        ended = await _ending(chapter.step(story))
        world.mend(fault)

        assert fault.hits == 1, chapter.number
        assert ended is (strike.act if chapter.effect else strike.read), chapter.number
        if strike.kind == "throttled":
            story.go_on_with(await clients.new())  # the other one holds itself back for 22 minutes
        if chapter.effect:
            await until(lambda: all(exchange.ms for exchange in world.log))
            acted = story.done(chapter.effect) - before
            assert strike.acted in (None, acted), chapter.number
            if not acted:
                await chapter.step(story)  # the story needs it to go on; it was not done, so this is not twice
            assert story.done(chapter.effect) - before == 1, chapter.number


async def _ending(step: Awaitable[Any]) -> type[SdpError] | None:
    try:
        await step
    except SdpError as error:
        return type(error)
    return None
