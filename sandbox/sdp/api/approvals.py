"""Releases, approval levels and approvals (A1 to A6, and what finding them needs)."""

from operator import attrgetter

from sandbox.sdp.api.call import Call, Operation
from sandbox.sdp.approvals import Approval, Level, Verdict
from sandbox.sdp.refusals import WRONG_TYPE, Refusal, no_such
from sandbox.sdp.releases import Release
from sandbox.sdp.wire import approvals as wire
from sandbox.sdp.wire import releases as release_wire
from sandbox.sdp.wire.basics import Json, only
from sandbox.sdp.wire.envelope import listed, success, told
from sandbox.sdp.wire.lists import Listing
from sandbox.sdp.wire.reading import check_keys, text

CLOSED = frozenset({"Cancelled", "Completed", "Rejected"})


RELEASES: Listing[Release] = Listing(
    {
        "id": attrgetter("id"),
        "title": attrgetter("title"),
        "display_id": attrgetter("display"),
        "display_id.value": attrgetter("display"),
        "display_id.display_value": attrgetter("label"),
        "stage.name": attrgetter("stage.name"),
        "stage.id": attrgetter("stage.id"),
        "stage.internal_name": lambda one: one.stage.extra["internal_name"],
        "status.name": attrgetter("status.name"),
        "status.id": attrgetter("status.id"),
        "status.internal_name": lambda one: one.status.extra["internal_name"],
        "priority.name": lambda one: one.priority and one.priority.name,
        "risk.name": lambda one: one.risk and one.risk.name,
        "release_requester.email_id": attrgetter("requester.email"),
        "release_requester.id": attrgetter("requester.id"),
        "release_requester.name": attrgetter("requester.name"),
        "created_time": attrgetter("created_time"),
        "last_updated_time": attrgetter("last_updated_time"),
        "scheduled_start_time": attrgetter("scheduled_start_time"),
        "scheduled_end_time": attrgetter("scheduled_end_time"),
    },
    {"open": lambda one: one.status.name not in CLOSED, "closed": lambda one: one.status.name in CLOSED},
)
LEVELS: Listing[Level] = Listing(
    {"id": attrgetter("id"), "level": attrgetter("number"), "status.name": attrgetter("status.name")}
)
APPROVALS: Listing[Approval] = Listing(
    {
        "id": attrgetter("id"),
        "status.name": attrgetter("status.name"),
        "approver.id": attrgetter("approver.id"),
        "approver.email_id": attrgetter("approver.email"),
        "sent_on": attrgetter("sent_on"),
    }
)


def _release(call: Call) -> Release:
    """The release of the path; whoever may not read all sees only what they have to do with."""
    release = call.world.releases.shelf.by_id(call.ids[0])
    if release.deleted or not release.is_seen_by(call.person):
        raise no_such("release")
    return release


def _level(call: Call) -> Level:
    level = call.world.approvals.level(call.ids[1])
    if level.release is not _release(call):
        raise no_such("approval level")
    return level


def _approval(call: Call) -> Approval:
    approval = call.world.approvals.get(call.ids[2])
    if approval.level is not _level(call):
        raise no_such("approval")
    return approval


def list_releases(call: Call) -> Json:
    page = call.page(call.world.releases.seen_by(call.person), RELEASES)
    rows = [release_wire.release(one, call.person, page.wanted) for one in page.rows]
    return listed(releases=rows, list_info=page.info)


def get_release(call: Call) -> Json:
    return success(release=release_wire.release(_release(call), call.person))


def _level_json(call: Call, level: Level) -> Json:
    rule = call.world.catalogue.get("approval_rule", wire.RULE_NAMES[level.rule])
    return wire.level(level, call.person, rule.id)


def list_levels(call: Call) -> Json:
    page = call.page(_release(call).levels, LEVELS)
    rows = [only(_level_json(call, level), page.wanted) for level in page.rows]
    return listed(approval_levels=rows, list_info=page.info)


def get_level(call: Call) -> Json:
    return success(approval_level=_level_json(call, _level(call)))


def list_approvals(call: Call) -> Json:
    page = call.page(_level(call).approvals, APPROVALS)
    rows = [only(wire.approval(one, call.person, listed=True), page.wanted) for one in page.rows]
    return listed(approvals=rows, list_info=page.info)


def get_approval(call: Call) -> Json:
    return success(approval=wire.approval(_approval(call), call.person))


def _decide(call: Call, verdict: Verdict) -> Json:
    approval = _approval(call)
    said = call.data.get("approval", {})
    check_keys(call.data, frozenset({"approval"}))
    if not isinstance(said, dict):
        raise Refusal(WRONG_TYPE, "approval must be an object", ["approval"])
    check_keys(said, frozenset({"comments"}))
    comments = text(said.get("comments"), "comments")
    call.world.approvals.decide(approval, verdict, by=call.person, comments=comments)
    return told("Your decision has been recorded. Thank you for your cooperation!")


def approve(call: Call) -> Json:
    return _decide(call, "approve")


def reject(call: Call) -> Json:
    return _decide(call, "reject")


SUBJECT = "Recommendation required for a Release"
BODY = (
    "${submitter} has requested your recommendations for this Release - ${title}. "
    "Click here to view Release details ${approval_link}"
)


def preview_notification(call: Call) -> Json:
    """The template as it stands, with its placeholders, as the vendor's document shows it."""
    _approval(call)
    return success(notification={"subject": SUBJECT, "description": BODY})


def send_notification(call: Call) -> Json:
    call.world.approvals.notify(_approval(call), call.person)
    return told("Approval Mail Sent ")


_LEVEL = "/releases/{}/approval_levels/{}"

OPERATIONS = (
    Operation("GET", "/releases", "releases", "READ", list_releases),
    Operation("GET", "/releases/{}", "releases", "READ", get_release),
    Operation("GET", "/releases/{}/approval_levels", "releases", "READ", list_levels),
    Operation("GET", _LEVEL, "releases", "READ", get_level),
    Operation("GET", f"{_LEVEL}/approvals", "releases", "READ", list_approvals),
    Operation("GET", f"{_LEVEL}/approvals/{{}}", "releases", "READ", get_approval),
    Operation("PUT", f"{_LEVEL}/approvals/{{}}/_approve", "releases", "UPDATE", approve),
    Operation("PUT", f"{_LEVEL}/approvals/{{}}/_reject", "releases", "UPDATE", reject),
    Operation("GET", f"{_LEVEL}/approvals/{{}}/_send_notification", "releases", "READ", preview_notification),
    Operation("PUT", f"{_LEVEL}/approvals/{{}}/_send_notification", "releases", "UPDATE", send_notification),
)
