"""Decisions by the API: whose they are, what they change, what is refused."""

import asyncio

import pytest

from sandbox.sdp.approvals import Plan
from sandbox.sdp.refusals import Refusal
from sandbox.sdp.world import SdpWorld
from tests.sandbox.sdp.conftest import Tenant, path_of


async def test_approving_approves_and_moves_the_release_on(tenant: Tenant) -> None:
    (approval,) = [one for one in tenant.world.waiting("arjun") if one.level.rule == "anyone"]
    answer = await tenant.caller("arjun").put(path_of(approval) + "/_approve", {"approval": {"comments": "fine"}})
    assert (answer.status, answer.code) == (200, 2000)
    read = (await tenant.caller().get(path_of(approval))).body["approval"]
    assert (read["status"]["name"], read["comments"]) == ("Approved", "fine")
    release = (await tenant.caller().get(f"/releases/{approval.level.release.id}")).body["release"]
    assert (release["status"]["name"], release["stage"]["name"]) == ("Approved", "Development")


async def test_rejecting_ends_the_process(tenant: Tenant) -> None:
    release = tenant.world.add_release("Two steps", "mara", [Plan(["arjun"]), Plan(["tess"])])
    first, second = release.levels
    await tenant.caller("arjun").put(path_of(first.approvals[0]) + "/_reject", {"approval": {"comments": "not now"}})
    assert release.status.name == "Rejected"
    late = await tenant.caller("tess").put(path_of(second.approvals[0]) + "/_approve")
    assert (late.status, late.code) == (400, 4009)
    assert second.approvals[0].status.name == "To Be Sent"


async def test_second_decision_changes_nothing(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    caller = tenant.caller("arjun")
    await caller.put(path_of(approval) + "/_approve")
    again = await caller.put(path_of(approval) + "/_reject", {"approval": {"comments": "no"}})
    assert again.code == 4009
    assert [effect.kind for effect in tenant.world.effects("approval.", approval.id)] == ["approval.approved"]


async def test_many_clicks_at_once_have_one_effect(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    caller = tenant.caller("arjun")
    answers = await asyncio.gather(*(caller.put(path_of(approval) + "/_approve") for _ in range(20)))
    assert sorted(answer.code for answer in answers) == [2000] + [4009] * 19
    assert len(tenant.world.effects("approval.approved", approval.id)) == 1


async def test_somebody_elses_token_decides_nothing(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    answer = await tenant.caller("sam").put(path_of(approval) + "/_approve")
    assert (answer.status, answer.code) == (403, 4002)
    assert approval.waits


async def test_service_account_decides_only_where_the_tenant_lets_it(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    tenant.world.tenant.service_decides = False
    assert (await tenant.caller().put(path_of(approval) + "/_approve")).code == 4002
    tenant.world.tenant.service_decides = True
    assert (await tenant.caller().put(path_of(approval) + "/_approve")).code == 2000


async def test_next_level_is_asked_when_its_turn_comes(tenant: Tenant) -> None:
    release = tenant.world.add_release("Two steps", "mara", [Plan(["arjun"]), Plan(["tess"])])
    later = release.levels[1].approvals[0]
    before = (await tenant.caller().get(path_of(later))).body["approval"]
    assert (before["status"]["name"], before["sent_on"]) == ("To Be Sent", None)
    await tenant.caller("arjun").put(path_of(release.levels[0].approvals[0]) + "/_approve")
    after = (await tenant.caller().get(path_of(later))).body["approval"]
    assert after["status"]["name"] == "Pending Approval"
    assert after["sent_on"]["value"].isdigit()


@pytest.mark.parametrize(
    ("rule", "percent", "said", "outcome"),
    [
        ("anyone", 0, ["approve"], "Approved"),
        ("anyone", 0, ["reject", "reject"], "Pending Approval"),
        ("anyone", 0, ["reject", "reject", "reject"], "Rejected"),
        ("everyone", 0, ["approve", "approve"], "Pending Approval"),
        ("everyone", 0, ["approve", "approve", "approve"], "Approved"),
        ("everyone", 0, ["approve", "reject"], "Rejected"),
        ("first_response", 0, ["reject"], "Rejected"),
        ("first_response", 0, ["approve"], "Approved"),
        ("percent", 60, ["approve"], "Pending Approval"),
        ("percent", 60, ["approve", "approve"], "Approved"),
        ("percent", 60, ["approve", "reject", "reject"], "Rejected"),
        ("majority", 0, ["reject", "approve"], "Pending Approval"),
        ("majority", 0, ["reject", "approve", "approve"], "Approved"),
        ("majority", 0, ["reject", "reject"], "Rejected"),
    ],
)
def test_rule_decides_the_level(world: SdpWorld, rule: str, percent: int, said: list[str], outcome: str) -> None:
    plan = Plan(["arjun", "tess", "wiremu"], rule, percent)  # type: ignore[arg-type]
    (level,) = world.add_release("Ruled", "mara", [plan]).levels
    for approval, verdict in zip(level.approvals, said, strict=False):
        world.decide(approval, verdict, by=approval.approver)  # type: ignore[arg-type]
    assert level.status.name == outcome


def test_people_a_decided_level_did_not_need_can_no_longer_decide(world: SdpWorld) -> None:
    (level,) = world.add_release("Any", "mara", [Plan(["arjun", "tess"], "anyone")]).levels
    world.decide(level.approvals[0], "approve", by="arjun")
    assert level.approvals[1].status.name == "Pending Approval"
    with pytest.raises(Refusal) as refused:
        world.decide(level.approvals[1], "reject", by="tess")
    assert refused.value.code == 4009


def test_tenant_may_have_its_own_words_for_what_is_decided(world: SdpWorld) -> None:
    world.tenant.rejected_name, world.tenant.leftover_status = "Denied", "Cancelled"
    (level,) = world.add_release("Words", "mara", [Plan(["arjun", "tess"], "everyone")]).levels
    world.decide(level.approvals[0], "reject", by="arjun")
    assert [approval.status.name for approval in level.approvals] == ["Denied", "Cancelled"]
    assert (level.status.name, level.release.status.name) == ("Denied", "Rejected")


async def test_status_nobody_has_heard_of_can_be_met(tenant: Tenant) -> None:
    approval = tenant.world.approvals.mark(tenant.world.waiting("arjun")[0], "Escalated")
    read = (await tenant.caller().get(path_of(approval))).body["approval"]
    assert read["status"]["name"] == "Escalated"
    assert (await tenant.caller("arjun").put(path_of(approval) + "/_approve")).code == 4009


async def test_clarification_can_still_be_decided(tenant: Tenant) -> None:
    approval = tenant.world.approvals.clarify(tenant.world.waiting("arjun")[0])
    assert (await tenant.caller("arjun").put(path_of(approval) + "/_approve")).code == 2000


async def test_replaced_approver_has_no_say_any_more(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    tenant.world.approvals.replace_approver(approval, to="tess")
    assert (await tenant.caller("arjun").put(path_of(approval) + "/_approve")).code == 4002
    read = (await tenant.caller().get(path_of(approval))).body["approval"]
    assert (read["approver"]["name"], read["original_approver"]) == ("Tess Harbourne", None)


def test_rejected_release_can_be_asked_anew(world: SdpWorld) -> None:
    release = world.add_release("Again", "mara", [Plan(["arjun"])])
    world.decide(release.levels[0].approvals[0], "reject", by="arjun")
    (second,) = world.approvals.open(release, [Plan(["tess"])], world.person("mara"))
    assert (second.number, second.is_current) == (2, True)
    assert release.levels[0].status.name == "Rejected"
    world.decide(second.approvals[0], "approve", by="tess")
    assert release.status.name == "Approved"


def test_level_added_while_another_is_asked_waits_its_turn(world: SdpWorld) -> None:
    release = world.add_release("Longer", "mara", [Plan(["arjun"])])
    (second,) = world.approvals.open(release, [Plan(["tess"])], world.person("mara"))
    assert not second.is_current
    world.decide(release.levels[0].approvals[0], "approve", by="arjun")
    assert second.is_current


async def test_tenant_that_demands_comments_names_the_field(tenant: Tenant) -> None:
    tenant.world.tenant.comments_required = True
    answer = await tenant.caller("arjun").put(path_of(tenant.world.waiting("arjun")[0]) + "/_approve")
    assert (answer.status, answer.code, answer.named) == (400, 4012, ["comments"])


@pytest.mark.parametrize("comments", ["x" * 251, "two\nlines", "two\rlines"])
async def test_comment_sdp_cannot_keep_is_refused(tenant: Tenant, comments: str) -> None:
    approval = tenant.world.waiting("arjun")[0]
    answer = await tenant.caller("arjun").put(path_of(approval) + "/_reject", {"approval": {"comments": comments}})
    assert (answer.code, answer.named) == (4001, ["comments"])
    assert approval.waits


async def test_unknown_key_in_a_decision_is_refused(tenant: Tenant) -> None:
    path = path_of(tenant.world.waiting("arjun")[0]) + "/_approve"
    answer = await tenant.caller("arjun").put(path, {"approval": {"comment": "typo"}})
    assert (answer.code, answer.named) == (4001, ["comment"])
    assert answer.body["response_status"]["messages"][0]["message"] == "EXTRA_KEY_FOUND_IN_JSON"


async def test_delegate_decides_and_the_original_stays_visible(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    tenant.world.approvals.delegate(approval, to="wiremu")
    assert (await tenant.caller("arjun").put(path_of(approval) + "/_approve")).code == 4002
    assert (await tenant.caller("wiremu").put(path_of(approval) + "/_approve")).code == 2000
    read = (await tenant.caller().get(path_of(approval))).body["approval"]
    assert read["original_approver"]["name"] == "Arjun Velloor"
    assert read["approver"]["name"] == "Wiremu Kaleha"


async def test_cancelled_release_takes_no_decision(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    tenant.world.releases.cancel(approval.level.release)
    assert (await tenant.caller("arjun").put(path_of(approval) + "/_approve")).code == 4009
    assert approval not in tenant.world.waiting("arjun")


async def test_superseded_level_is_gone_and_asked_anew(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    new = tenant.world.approvals.supersede(approval.level, ["tess"])
    gone = await tenant.caller().get(path_of(approval))
    assert (gone.status, gone.code) == (404, 4007)
    assert [one.approver.key for one in new.approvals] == ["tess"]
    assert (await tenant.caller("tess").put(path_of(new.approvals[0]) + "/_approve")).code == 2000


@pytest.mark.parametrize("which", [0, 1, 2])
async def test_wrong_id_anywhere_in_the_path_is_4007(tenant: Tenant, which: int) -> None:
    approval, other = tenant.world.waiting("arjun")[0], tenant.world.waiting("tess")[-1]
    level = approval.level
    ids = [level.release.id, level.id, approval.id]
    ids[which] = [other.level.release.id, other.level.id, other.id][which]
    path = "/releases/{}/approval_levels/{}/approvals/{}".format(*ids)
    answer = await tenant.caller().get(path)
    assert (answer.status, answer.code) == (404, 4007)


async def test_notification_goes_out_only_while_it_is_asked(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    caller = tenant.caller()
    assert (await caller.put(path_of(approval) + "/_send_notification", {})).code == 2000
    await tenant.caller("arjun").put(path_of(approval) + "/_approve")
    assert (await caller.put(path_of(approval) + "/_send_notification", {})).code == 4009
    assert len(tenant.world.effects("approval.notified", approval.id)) == 1


async def test_guest_reads_nothing_and_requester_only_their_own(tenant: Tenant) -> None:
    world = tenant.world
    other = world.add_release("Not Mara's", "sam", [Plan(["tess"])])
    assert (await tenant.caller("gil").get("/releases")).code == 4002
    rows = (await tenant.caller("mara").get("/releases", {"list_info": {"row_count": 100}})).body["releases"]
    assert other.id not in {row["id"] for row in rows}
    assert {row["release_requester"]["name"] for row in rows} == {"Mara Vossberg"}
    assert (await tenant.caller("mara").get(f"/releases/{other.id}")).code == 4007


async def test_release_does_not_move_with_decisions_unless_the_tenant_does_so(tenant: Tenant) -> None:
    release = tenant.world.release("Core switch firmware 17.9")
    before = release.last_updated_time
    tenant.world.decide(tenant.world.waiting("arjun")[1], "approve", by="arjun")
    assert release.last_updated_time == before
    tenant.world.tenant.decisions_touch_release = True
    mine = next(one for one in tenant.world.waiting("wiremu") if one.level.release is release)
    tenant.world.decide(mine, "reject", by="wiremu")
    assert release.last_updated_time != before
