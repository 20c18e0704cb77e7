"""The lists behind menus: templates, statuses, services and the like.

None of them is in the documents this client is written from, and tenants differ. So a list is tried, and where there is
none the caller lets people type a name or an id instead.
"""

from collections.abc import Sequence
from typing import Literal

from bot.errors import SdpForbidden, SdpNotFound, SdpRefused
from bot.models import Named
from bot.sdp.client import Client
from bot.sdp.lists import ListInfo, rows_of, where
from bot.sdp.shapes import all_named
from bot.sdp.wire import Call

Kind = Literal[
    "template", "stage", "status", "change_type", "impact", "urgency", "priority", "risk", "category", "service",
    "asset", "change_role", "workflow", "project_template", "project_type", "project_status",
]  # fmt: skip

PATHS: dict[Kind, Sequence[str]] = {
    "template": ("change_templates",),
    "stage": ("change_stages",),
    "status": ("change_statuses",),
    "change_type": ("change_types",),
    "impact": ("impacts",),
    "urgency": ("urgencies",),
    "priority": ("priorities",),
    "risk": ("risks",),
    "category": ("categories",),
    "service": ("services", "service_categories"),
    "asset": ("assets",),
    "change_role": ("change_roles", "roles"),
    "workflow": ("change_workflows", "workflows"),
    "project_template": ("project_templates",),
    "project_type": ("project_types",),
    "project_status": ("project_statuses",),
}
"""Where each list is looked for, likeliest first."""


class Lookups:
    """`sdp.lookups`"""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def choices(self, kind: Kind, typed: str = "") -> tuple[Named, ...] | None:
        """At most 100 entries whose name has `typed` in it, in any case; None where the tenant offers no such list."""
        for path in PATHS[kind]:
            rows = await self._rows(path, typed.strip())
            if rows is not None:
                wanted = typed.strip().casefold()
                return tuple(choice for choice in rows if wanted in choice.name.casefold())
        return None

    async def _rows(self, path: str, typed: str) -> tuple[Named, ...] | None:
        criteria = where("name").contains(typed) if typed else None
        try:
            body = await self._client.read(Call("GET", path, (), ListInfo(criteria).input_data()))
        except (SdpNotFound, SdpForbidden):
            return None
        except SdpRefused:
            return await self._rows(path, "") if typed else None  # perhaps only the search was refused
        return all_named(rows_of(body, path))
