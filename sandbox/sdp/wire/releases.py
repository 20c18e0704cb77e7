"""Releases as JSON."""

from collections.abc import Callable
from typing import Any

from sandbox.sdp.people import Person
from sandbox.sdp.releases import PLANS, Release
from sandbox.sdp.wire.basics import Json, bare, change_user, choice, descriptive, display_id, moment

Field = Callable[[Release, Person], Any]


def _plan(name: str) -> Field:
    return lambda one, _: descriptive(name, one.plans.get(name))


FIELDS: dict[str, Field] = {
    "id": lambda one, _: one.id,
    "display_id": lambda one, _: display_id("RLS", one.display),
    "title": lambda one, _: one.title,
    "description": lambda one, _: one.description or None,
    "template": lambda one, _: choice(one.template),
    "stage": lambda one, _: choice(one.stage),
    "status": lambda one, _: {**(choice(one.status) or {}), "stage": {"id": one.stage.id}},
    "approval_status": lambda one, _: bare(one.approval_status) if one.approval_status else None,
    "release_type": lambda one, _: choice(one.release_type),
    "priority": lambda one, _: choice(one.priority),
    "urgency": lambda one, _: choice(one.urgency),
    "impact": lambda one, _: choice(one.impact),
    "risk": lambda one, _: choice(one.risk),
    "category": lambda one, _: choice(one.category),
    "site": lambda one, _: choice(one.site),
    "emergency": lambda one, _: one.emergency,
    "release_requester": lambda one, _: change_user(one.requester),
    "release_engineer": lambda one, _: change_user(one.engineer) if one.engineer else None,
    "release_manager": lambda one, _: change_user(one.manager) if one.manager else None,
    "services": lambda one, _: [choice(service) for service in one.services],
    "assets": lambda one, _: [bare(asset) for asset in one.assets],
    "scheduled_start_time": lambda one, viewer: moment(one.scheduled_start_time, viewer),
    "scheduled_end_time": lambda one, viewer: moment(one.scheduled_end_time, viewer),
    "created_time": lambda one, viewer: moment(one.created_time, viewer),
    "last_updated_time": lambda one, viewer: moment(one.last_updated_time, viewer),
    "completed_time": lambda one, viewer: moment(one.completed_time, viewer),
    "deleted_time": lambda _one, _: None,
    "udf_fields": lambda _one, _: {},
    "attachments": lambda _one, _: [],
    **{plan: _plan(plan) for plan in PLANS},
}
"""How each field is made, so that a list of few fields costs no more than these."""


def release(one: Release, viewer: Person, wanted: frozenset[str] | None = None) -> Json:
    """A release with every field the stand-in has, or with those `wanted` and its id."""
    names = FIELDS if wanted is None else [name for name in FIELDS if name in wanted or name == "id"]
    return {name: FIELDS[name](one, viewer) for name in names}
