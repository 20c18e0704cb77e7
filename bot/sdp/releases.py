"""Releases and their approval levels: what has to be known before somebody can decide.

The vendor documents only the approvals below them; the bodies here were never seen, so every field is looked for under
the names that changes and other releases of the vendor use, and any of them may be missing.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from pydantic import AliasChoices, Field, model_validator

from bot.errors import SdpRefused
from bot.models import ApprovalLevel, Mrkdwn, Release, Rule, SdpId
from bot.sdp.approvals import classify
from bot.sdp.client import Client
from bot.sdp.html import to_mrkdwn
from bot.sdp.lists import ListInfo, record_of, where
from bot.sdp.records import NOT_SEARCHABLE, UNTITLED, Module, Records
from bot.sdp.shapes import (
    Choice,
    Choices,
    Display,
    Html,
    Integer,
    Moment,
    Number,
    Shape,
    Someone,
    Text,
    id_in,
    log,
    moment,
    named,
    with_ids,
)
from bot.sdp.sweeps import Sweep
from bot.sdp.wire import Call, JsonObject

LEVELS = "releases/{}/approval_levels"
LEVEL = f"{LEVELS}/{{}}"

CLOSED = ("Closed", "Completed", "Cancelled", "Canceled", "Rejected")
"""Statuses after which nobody is asked any more; tenants that rename them only cost the poll some calls."""
_OVER = {status.casefold() for status in CLOSED}

STILL_OPEN = where("status.name").is_not(*CLOSED)
MARKS = ("id", "status", "last_updated_time")
"""All that tells whether a release has to be read: fields of a list that need not come unless they are asked for."""

_PLAN_SUFFIX = "_description"


class ReleaseShape(Shape):
    """A row of `releases`, or the object `release`."""

    title: Text = None
    display_id: Display = None
    description: Html = Mrkdwn("")
    stage: Choice = None
    status: Choice = None
    priority: Choice = None
    risk: Choice = None
    impact: Choice = None
    release_type: Choice = None
    requester: Someone = Field(None, validation_alias=AliasChoices("release_requester", "requester"))
    owner: Someone = Field(
        None, validation_alias=AliasChoices("release_engineer", "release_owner", "owner", "release_manager")
    )
    services: Choices = ()
    assets: Choices = ()
    scheduled_start: Moment = Field(None, validation_alias=AliasChoices("scheduled_start_time", "planned_start_time"))
    scheduled_end: Moment = Field(None, validation_alias=AliasChoices("scheduled_end_time", "planned_end_time"))
    created_time: Moment = None
    last_updated_time: Moment = None
    plans: dict[str, Mrkdwn] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _collect_plans(cls, value: Any) -> Any:
        return {**value, "plans": plans_in(value)} if isinstance(value, dict) else value

    def release(self) -> Release | None:
        if self.id is None:
            return None
        return Release(
            id=self.id,
            title=self.title or UNTITLED,
            display_id=self.display_id,
            stage=self.stage,
            status=self.status,
            priority=self.priority,
            risk=self.risk,
            impact=self.impact,
            release_type=self.release_type,
            requester=self.requester,
            owner=self.owner,
            planned_start=self.scheduled_start,
            planned_end=self.scheduled_end,
            description=self.description,
            plans=self.plans,
            services=self.services,
            assets=self.assets,
            created_on=self.created_time,
            updated_on=self.last_updated_time,
        )


def plans_in(row: JsonObject) -> dict[str, Mrkdwn]:
    """The HTML of every `{"roll_out_plan": {"roll_out_plan_description": …}}`, by a label such as "Roll out plan"."""
    found = {}
    for name, part in row.items():
        html = part.get(f"{name}{_PLAN_SUFFIX}") if isinstance(part, dict) else None
        if isinstance(html, str) and (text := to_mrkdwn(html)):
            found[name.replace("_", " ").capitalize()] = text
    return found


_RULES = (
    ("everyone", Rule.EVERYONE),
    ("anyone", Rule.ANYONE),
    ("first", Rule.FIRST_RESPONSE),
    ("majority", Rule.MAJORITY),
    ("percent", Rule.PERCENT),
    ("%", Rule.PERCENT),
    ("all ", Rule.EVERYONE),
    ("any ", Rule.ANYONE),
)
"""How a rule's name begins to be recognised: the names in SDP's pages are sentences ("Everyone to approve")."""


class LevelShape(Shape):
    """A row of `approval_levels`, or the object `approval_level`."""

    level: Integer = Field(None, validation_alias=AliasChoices("level", "level_number"))
    name: Text = None
    status: Choice = None
    rule: Choice = Field(None, validation_alias=AliasChoices("rule", "approval_rule", "approval_type", "rule_type"))
    percent: Number = Field(None, validation_alias=AliasChoices("percentage", "percent", "approval_percentage"))
    created_time: Moment = None

    def approval_level(self, release: SdpId) -> ApprovalLevel | None:
        if self.id is None:
            return None
        status = self.status.name if self.status else ""
        return ApprovalLevel(
            id=self.id,
            release=release,
            number=self.level or 1,
            state=classify(status),
            status_name=status,
            rule=rule_called(self.rule.name if self.rule else ""),
            percent=self.percent,
            name=self.name,
            created_on=self.created_time,
        )


def rule_called(name: str) -> Rule:
    """The rule with this name, in any case; UNKNOWN when nothing in it is recognised."""
    words = name.lower().replace("_", " ") + " "
    return next((rule for sign, rule in _RULES if sign in words), Rule.UNKNOWN)


def _mark(row: JsonObject) -> tuple[SdpId, datetime | None] | None:
    """An open release's id and when it was last updated, None for any other row; no shape, for there are thousands."""
    status = named(row.get("status"))
    if (status and status.name.casefold() in _OVER) or (id_ := id_in(row.get("id"))) is None:
        return None
    return id_, moment(row.get("last_updated_time"))


def _read(row: JsonObject) -> Release | None:
    return ReleaseShape.model_validate(row).release()


class Releases(Records[Release]):
    """`sdp.releases`"""

    def __init__(self, client: Client) -> None:
        super().__init__(client, Module("releases", "release", "RLS", _read))

    def open(self) -> AsyncIterator[Release]:
        """Every release in which somebody may still be asked."""
        return self.matching(
            STILL_OPEN,
            lambda release: release.status is None or release.status.name.casefold() not in _OVER,
            scan=None,
        )

    async def last_updates(self) -> dict[SdpId, datetime | None]:
        """Every release in which somebody may still be asked → when SDP last updated it, None when it does not say.

        Costs a page's call for every hundred of them, a few fields each. A tenant that does not list by these fields
        or search by the status (4001) is asked for more, and the rest is done here.
        """
        for info in (ListInfo(STILL_OPEN, fields=MARKS), ListInfo(STILL_OPEN)):
            try:
                return await self._last_updates(info)
            except SdpRefused as refused:
                if refused.code != NOT_SEARCHABLE:
                    raise
                log.info("sdp.not_searchable", module="releases", said=str(refused))
        return await self._last_updates(ListInfo())

    async def _last_updates(self, info: ListInfo) -> dict[SdpId, datetime | None]:
        marks = await Sweep(self._client, "releases", _mark).run(info)
        return dict(mark for mark in marks.values() if mark)

    async def levels(self, release: SdpId) -> AsyncIterator[ApprovalLevel]:
        """The approval levels of a release; they run in order of their numbers, which need not be SDP's order here."""
        rows = self._client.rows(LEVELS, (release,), "approval_levels")
        async for level in with_ids(rows, lambda row: LevelShape.model_validate(row).approval_level(release)):
            yield level

    async def level(self, release: SdpId, level: SdpId) -> ApprovalLevel:
        """One approval level. Raises SdpNotFound when the level was asked anew and has another id now."""
        row = record_of(await self._client.read(Call("GET", LEVEL, (release, level))), "approval_level")
        found = LevelShape.model_validate({**row, "id": level}).approval_level(release)
        assert found is not None  # noqa: S101  # it has the id it was asked by
        return found
