"""The tenant's lists of choices: statuses, stages, priorities, services and the like, each with its id.

A record holds the `Choice` itself, so an administrator's rename shows everywhere at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.sdp.ids import Ids
from sandbox.sdp.refusals import BAD_KEY, Refusal


@dataclass(eq=False)
class Choice:
    """An entry of a list. `extra` holds what its JSON has beside name and id: a colour, a stage index, …"""

    id: str
    list: str
    name: str
    extra: dict[str, Any] = field(default_factory=dict)


_COLOURS = ("#0066ff", "#006600", "#ff9900", "#ff3300")

LISTS: dict[str, tuple[str | tuple[str, dict[str, Any]], ...]] = {
    "approval_status": (
        "To Be Sent", "Pending Approval", "Approved", "Rejected", "Denied", "Pending Clarification",
        "Cancelled",
    ),
    "approval_rule": (
        "Anyone to approve", "Everyone to approve", "First response action", "% to approve", "Majority to approve",
    ),
    "release_stage": tuple(
        (name, {"internal_name": name.lower(), "stage_index": index})
        for index, name in enumerate(
            ("Submission", "Planning", "Development", "Testing", "UAT", "Deployment", "Review", "Closure"), start=1
        )
    ),
    "release_status": tuple(
        (name, {"internal_name": name.lower().replace(" ", "_")})
        for name in (
            "Requested", "In Progress", "Approval Pending", "Approved", "Rejected", "On Hold", "Cancelled", "Completed",
        )
    ),
    "change_stage": tuple(
        (name, {"internal_name": name.lower(), "stage_index": index})
        for index, name in enumerate(
            ("Submission", "Planning", "Approval", "Implementation", "Review", "Closure"), start=1
        )
    ),
    "change_status": tuple(
        (name, {"internal_name": name.lower().replace(" ", "_")})
        for name in ("Requested", "In Progress", "Approved", "Rejected", "On Hold", "Completed", "Cancelled")
    ),
    "change_type": (
        ("Standard", {"color": "#66cc66", "pre_approved": True}),
        ("Minor", {"color": "#ffcc66", "pre_approved": False}),
        ("Significant", {"color": "#ff9966", "pre_approved": False}),
        ("Major", {"color": "#ff6666", "pre_approved": False}),
    ),
    "priority": tuple(
        (name, {"color": color}) for name, color in zip(("Low", "Normal", "Medium", "High"), _COLOURS, strict=True)
    ),
    "urgency": ("Low", "Normal", "High", "Urgent"),
    "impact": ("1. Urgent", "Affects Business", "Affects Department", "Affects Group", "Affects User"),
    "risk": ("Low", "Medium", "High"),
    "category": tuple((name, {"deleted": False}) for name in ("General", "Hardware", "Network", "Software")),
    "subcategory": ("Servers", "Switches", "Databases", "Seating location"),
    "item": ("New hire", "Upgrade", "Patch", "Renewal"),
    "reason_for_change": ("New services", "Security", "Capacity", "Compliance"),
    "change_template": tuple(
        (name, {"inactive": False, "is_planning_needed_in_submission": True})
        for name in ("General Template", "Patch Template", "Network Template")
    ),
    "release_template": tuple((name, {"inactive": False}) for name in ("General Release", "Major Release")),
    "workflow": (
        (
            "General Change Workflow",
            {
                "inactive": False, "validated": True, "sub_module_details": None, "guided_path": False,
                "type": "General", "allowed_stages_config": "APPLY_GLOBAL", "has_transitions": False,
            },
        ),
    ),
    "service": tuple(
        (
            name,
            {
                "image": name.lower().replace(" ", "-"), "parent_service_category": None, "inactive": False,
                "description": text, "sort_index": 0,
            },
        )
        for name, text in (
            ("Email", "Mail boxes and calendars."),
            ("Payments", "Card and bank payments of the shop."),
            ("Corporate Website", "What visitors see."),
            ("Core Network", "Switching and routing between the sites."),
            ("Identity", "Sign-in for everybody."),
            ("Warehouse", "Stock and dispatch."),
        )
    ),
    "asset": ("pay-db-01", "pay-app-01", "pay-app-02", "core-sw-01", "core-sw-02", "mail-01", "idp-01", "web-01"),
    "change_role": tuple(
        (name, {"internal_name": name.lower().replace(" ", "_"), "user_type": kind})
        for name, kind in (
            ("Change Approver", "TECH"), ("Reviewer", "TECH"), ("UAT Owner", "ALL"), ("Line Manager", "TECH"),
            ("Implementer", "TECH"),
        )
    ),
    "site": (("Base Site", {"deleted": False, "is_default": True}),),
    "group": tuple((name, {"deleted": False}) for name in ("Hardware Problems", "Network", "Applications")),
    "department": ("Engineering", "Administration", "Finance"),
    "project_status": tuple(
        (name, {"internal_name": name, "color": color})
        for name, color in (
            ("Open", "#0066ff"), ("In Progress", "#ff9900"), ("On Hold", "#999999"), ("Completed", "#006600"),
            ("Cancelled", "#cc0000"),
        )
    ),
    "project_type": (("Business", {"color": "#0066ff"}), ("Infrastructure", {"color": "#006600"})),
    "project_template": (("Default", {"title": "Default project", "active": True}),),
    "request_status": ("Open", "In Progress", "Resolved", "Closed"),
}  # fmt: skip
"""Every list with its entries in order; where a list's JSON carries more than a name and an id, that is beside it."""


class Catalogue:
    """All lists, by list and id or name."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._by_id: dict[str, Choice] = {}
        self._lists: dict[str, dict[str, Choice]] = {}
        for kind, entries in LISTS.items():
            for entry in entries:
                name, extra = entry if isinstance(entry, tuple) else (entry, {})
                self.add(kind, name, **extra)

    def add(self, kind: str, name: str, **extra: Any) -> Choice:
        """A further entry of a list, such as a status nobody has heard of."""
        return self.keep(Choice(self._ids.next(), kind, name, extra))

    def all(self) -> list[Choice]:
        return list(self._by_id.values())

    def replace(self, choices: "Iterable[Choice]") -> None:
        """Have these entries and no others."""
        self._by_id.clear()
        self._lists.clear()
        for choice in choices:
            self.keep(choice)

    def keep(self, choice: Choice) -> Choice:
        self._by_id[choice.id] = choice
        self._lists.setdefault(choice.list, {})[choice.name.casefold()] = choice
        return choice

    def of(self, kind: str) -> list[Choice]:
        """The entries of a list in their order."""
        return list(self._lists[kind].values())

    def get(self, kind: str, which: "Choice | str", field: str = "") -> Choice:
        """The entry of that list with this id or name; raises Refusal 4001 naming `field` when the list has none."""
        if isinstance(which, Choice):
            return which
        found = self._by_id.get(which) or self._lists[kind].get(which.casefold())
        if not found or found.list != kind:
            raise Refusal(BAD_KEY, f"Invalid reference for {field or kind}", [field or kind])
        return found

    def some(self, kind: str, which: "Iterable[Choice | str]", field: str = "") -> list[Choice]:
        return [self.get(kind, one, field) for one in which]

    def maybe(self, kind: str, which: "Choice | str | None", field: str = "") -> Choice | None:
        return None if which is None else self.get(kind, which, field)
