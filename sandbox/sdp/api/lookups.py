"""The lists behind menus. The vendor's documents do not have them, tenants differ: `Tenant.lookups` turns them off."""

from operator import attrgetter

from sandbox.sdp.api.call import Call, Handler, Operation
from sandbox.sdp.catalogue import Choice
from sandbox.sdp.refusals import no_such
from sandbox.sdp.wire.basics import Json, choice, only
from sandbox.sdp.wire.envelope import listed
from sandbox.sdp.wire.lists import Listing

LOOKUPS = {
    "change_templates": "change_template",
    "change_stages": "change_stage",
    "change_statuses": "change_status",
    "change_types": "change_type",
    "change_roles": "change_role",
    "change_workflows": "workflow",
    "release_stages": "release_stage",
    "release_statuses": "release_status",
    "impacts": "impact",
    "urgencies": "urgency",
    "priorities": "priority",
    "risks": "risk",
    "categories": "category",
    "subcategories": "subcategory",
    "items": "item",
    "services": "service",
    "service_categories": "service",
    "assets": "asset",
    "reasons_for_change": "reason_for_change",
    "sites": "site",
    "groups": "group",
    "departments": "department",
    "project_templates": "project_template",
    "project_types": "project_type",
    "project_statuses": "project_status",
}
"""Path and key of the answer → list of the catalogue."""

CHOICES: Listing[Choice] = Listing({"id": attrgetter("id"), "name": attrgetter("name")})


def _list(key: str) -> Handler:
    def handle(call: Call) -> Json:
        if not call.world.tenant.lookups:
            raise no_such("URL")
        page = call.page(call.world.catalogue.of(LOOKUPS[key]), CHOICES)
        rows = [only(choice(one) or {}, page.wanted) for one in page.rows]
        return listed(**{key: rows, "list_info": page.info})

    return handle


OPERATIONS = tuple(Operation("GET", f"/{key}", "setup", "READ", _list(key)) for key in LOOKUPS)
