"""Approval levels and approvals as JSON (A1, A2, A5 of the vendor's document; the level itself after its page)."""

from sandbox.sdp.approvals import Approval, Level
from sandbox.sdp.people import Person
from sandbox.sdp.wire.basics import Json, approver, bare, choice, moment

RULE_NAMES = {
    "anyone": "Anyone to approve",
    "everyone": "Everyone to approve",
    "first_response": "First response action",
    "percent": "% to approve",
    "majority": "Majority to approve",
}


def _level_in_approval(level: Level, viewer: Person, *, listed: bool) -> Json:
    """A2 names the entities it does not belong to, A1 names the kind of the one it belongs to."""
    shared = {
        "created_time": moment(level.created_time, viewer),
        "level": level.number,
        "release": {"id": level.release.id},
        "id": level.id,
        "created_by": {"id": level.created_by.id},
        "status": {"id": level.status.id},
    }
    if listed:
        return {**shared, "request": None, "purchase_order": None, "change": None}
    return {**shared, "associated_entity": "release"}


def approval(one: Approval, viewer: Person, *, listed: bool = False) -> Json:
    """An approval as A1 shows it, or as a row of A2."""
    return {
        "approver": approver(one.approver),
        "xpath": {"path": None},
        "comments": one.comments,
        "original_approver": approver(one.original_approver) if one.original_approver else None,
        "approval_level": _level_in_approval(one.level, viewer, listed=listed),
        "id": one.id,
        "sent_on": moment(one.sent_on, viewer),
        "status": bare(one.status),
        "action_taken_on": moment(one.action_taken_on, viewer),
    }


def level(one: Level, viewer: Person, rule_id: str) -> Json:
    """An approval level on its own."""
    return {
        "id": one.id,
        "level": one.number,
        "name": one.name,
        "rule": {"name": RULE_NAMES[one.rule], "id": rule_id},
        "percentage": str(one.percent) if one.rule == "percent" else None,
        "status": bare(one.status),
        "release_stage": choice(one.release.stage),
        "associated_entity": "release",
        "release": {"id": one.release.id},
        "created_time": moment(one.created_time, viewer),
        "created_by": {"id": one.created_by.id, "name": one.created_by.name},
        "action_taken_on": moment(one.action_taken_on, viewer),
    }
