"""Releases as JSON."""

from sandbox.sdp.people import Person
from sandbox.sdp.releases import PLANS, Release
from sandbox.sdp.wire.basics import Json, bare, change_user, choice, descriptive, display_id, moment


def release(one: Release, viewer: Person) -> Json:
    """A release with every field the stand-in has."""
    return {
        "id": one.id,
        "display_id": display_id("RLS", one.display),
        "title": one.title,
        "description": one.description or None,
        "template": choice(one.template),
        "stage": choice(one.stage),
        "status": {**(choice(one.status) or {}), "stage": {"id": one.stage.id}},
        "approval_status": bare(one.approval_status) if one.approval_status else None,
        "release_type": choice(one.release_type),
        "priority": choice(one.priority),
        "urgency": choice(one.urgency),
        "impact": choice(one.impact),
        "risk": choice(one.risk),
        "category": choice(one.category),
        "site": choice(one.site),
        "emergency": one.emergency,
        "release_requester": change_user(one.requester),
        "release_engineer": change_user(one.engineer) if one.engineer else None,
        "release_manager": change_user(one.manager) if one.manager else None,
        "services": [choice(service) for service in one.services],
        "assets": [bare(asset) for asset in one.assets],
        "scheduled_start_time": moment(one.scheduled_start_time, viewer),
        "scheduled_end_time": moment(one.scheduled_end_time, viewer),
        "created_time": moment(one.created_time, viewer),
        "last_updated_time": moment(one.last_updated_time, viewer),
        "completed_time": moment(one.completed_time, viewer),
        "deleted_time": None,
        "udf_fields": {},
        "attachments": [],
        **{plan: descriptive(plan, one.plans.get(plan)) for plan in PLANS},
    }
