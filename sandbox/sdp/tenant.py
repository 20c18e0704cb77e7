"""Switches in which real tenants differ from each other, or in which the vendor's documents leave a question open."""

from dataclasses import dataclass
from typing import Literal


@dataclass
class Tenant:
    """The defaults are the plain case; a test turns one switch to see the other."""

    tz: str = "UTC"
    """The zone schedules are worked out in."""
    comments_required: bool = False
    """A decision without a comment is refused with 4012."""
    comment_max: int = 250
    """Characters; a newer vendor page says 1000."""
    service_decides: bool = True
    """A token of a person with the role "service" may decide for any approver."""
    decisions_touch_release: bool = False
    """Whether a decision moves the release's last_updated_time; nothing documents that it does."""
    leftover_status: str | None = None
    """What the undecided approvals of a decided level become; None leaves them "Pending Approval"."""
    rejected_name: Literal["Rejected", "Denied"] = "Rejected"
    """How this tenant calls a rejection."""
    lookups: bool = True
    """Whether the lists for menus (templates, statuses, services, …) can be read; else 4007."""
    association_lists: bool = True
    """Whether what is attached to a project can be read back; else 4007."""
    detach_without_ids: Literal["all", "refuse"] = "all"
    """What a detach without input does; the document leaves it open."""
    refusals_as_200: bool = False
    """Failures travel with HTTP 200 and the code only in the body."""
    scope_answer: Literal["401", "403", "bare 401"] = "401"
    """How a missing scope is answered; bare, like any other token that is not accepted."""
    names_scopes: bool = True
    """Whether the accounts server's token answers have a `scope`: seen, but not on every page of the vendor's."""
    demands_accept: bool = True
    """Whether a call without the documented Accept header is refused."""
    calls_per_minute: int | None = None
    """More calls than this per token and minute are answered with 429 and 4015; None: no limit."""
    max_upload: int = 500 * 1024 * 1024
    """Bytes of one attachment."""
