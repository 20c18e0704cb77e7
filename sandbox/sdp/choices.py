"""What the tenant's lists hold when it starts. Where an entry's JSON carries more than a name and an id, it is here."""

from collections.abc import Mapping
from typing import Any

Entry = tuple[str, Mapping[str, Any]]


def _plain(*names: str, **extra: Any) -> tuple[Entry, ...]:
    """Entries that are alike but for their names."""
    return tuple((name, extra) for name in names)


def _coded(*names: str, **extra: Any) -> tuple[Entry, ...]:
    """Entries with the name the product uses inside."""
    return tuple((name, {"internal_name": name.lower().replace(" ", "_"), **extra}) for name in names)


def _staged(*names: str) -> tuple[Entry, ...]:
    """Stages, which are counted from 1."""
    return tuple((name, {"internal_name": name.lower(), "stage_index": index}) for index, name in enumerate(names, 1))


def _coloured(**colours: str) -> tuple[Entry, ...]:
    return tuple((name, {"color": colour}) for name, colour in colours.items())


def _project_status(name: str, colour: str) -> Entry:
    return name, {"internal_name": name, "color": colour}


def _service(name: str, description: str) -> Entry:
    return name, {
        "image": name.lower().replace(" ", "-"),
        "parent_service_category": None,
        "inactive": False,
        "description": description,
        "sort_index": 0,
    }


_WORKFLOW = {
    "inactive": False,
    "validated": True,
    "sub_module_details": None,
    "guided_path": False,
    "type": "General",
    "allowed_stages_config": "APPLY_GLOBAL",
    "has_transitions": False,
}

LISTS: dict[str, tuple[Entry, ...]] = {
    "approval_status": _plain(
        "To Be Sent", "Pending Approval", "Approved", "Rejected", "Denied", "Pending Clarification", "Cancelled"
    ),
    "approval_rule": _plain(
        "Anyone to approve", "Everyone to approve", "First response action", "% to approve", "Majority to approve"
    ),
    "release_stage": _staged(
        "Submission", "Planning", "Development", "Testing", "UAT", "Deployment", "Review", "Closure"
    ),
    "release_status": _coded(
        "Requested", "In Progress", "Approval Pending", "Approved", "Rejected", "On Hold", "Cancelled", "Completed"
    ),
    "release_template": _plain("General Release", "Major Release", inactive=False),
    "change_stage": _staged("Submission", "Planning", "Approval", "Implementation", "Review", "Closure"),
    "change_status": _coded("Requested", "In Progress", "Approved", "Rejected", "On Hold", "Completed", "Cancelled"),
    "change_template": _plain(
        "General Template",
        "Patch Template",
        "Network Template",
        inactive=False,
        is_planning_needed_in_submission=True,
    ),
    "change_type": (
        ("Standard", {"color": "#66cc66", "pre_approved": True}),
        ("Minor", {"color": "#ffcc66", "pre_approved": False}),
        ("Significant", {"color": "#ff9966", "pre_approved": False}),
        ("Major", {"color": "#ff6666", "pre_approved": False}),
    ),
    "change_role": (
        *_coded("Change Approver", "Reviewer", "Line Manager", "Implementer", user_type="TECH"),
        *_coded("UAT Owner", user_type="ALL"),
    ),
    "workflow": _plain("General Change Workflow", **_WORKFLOW),
    "priority": _coloured(Low="#0066ff", Normal="#006600", Medium="#ff9900", High="#ff3300"),
    "urgency": _plain("Low", "Normal", "High", "Urgent"),
    "impact": _plain("1. Urgent", "Affects Business", "Affects Department", "Affects Group", "Affects User"),
    "risk": _plain("Low", "Medium", "High"),
    "category": _plain("General", "Hardware", "Network", "Software", deleted=False),
    "subcategory": _plain("Servers", "Switches", "Databases", "Seating location"),
    "item": _plain("New hire", "Upgrade", "Patch", "Renewal"),
    "reason_for_change": _plain("New services", "Security", "Capacity", "Compliance"),
    "service": (
        _service("Email", "Mail boxes and calendars."),
        _service("Payments", "Card and bank payments of the shop."),
        _service("Corporate Website", "What visitors see."),
        _service("Core Network", "Switching and routing between the sites."),
        _service("Identity", "Sign-in for everybody."),
        _service("Warehouse", "Stock and dispatch."),
    ),
    "asset": _plain("pay-db-01", "pay-app-01", "pay-app-02", "core-sw-01", "core-sw-02", "mail-01", "idp-01", "web-01"),
    "site": _plain("Base Site", deleted=False, is_default=True),
    "group": _plain("Hardware Problems", "Network", "Applications", deleted=False),
    "department": _plain("Engineering", "Administration", "Finance"),
    "project_status": (
        _project_status("Open", "#0066ff"),
        _project_status("In Progress", "#ff9900"),
        _project_status("On Hold", "#999999"),
        _project_status("Completed", "#006600"),
        _project_status("Cancelled", "#cc0000"),
    ),
    "project_type": _coloured(Business="#0066ff", Infrastructure="#006600"),
    "project_template": _plain("Default", title="Default project", active=True),
    "request_status": _plain("Open", "In Progress", "Resolved", "Closed"),
}
"""List → its entries in order."""
