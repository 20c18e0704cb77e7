"""What every part of the tenant stands on: the clock, the ids, the people, the lists, the journal, the switches."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sandbox.sdp.catalogue import Catalogue
from sandbox.sdp.ids import Ids
from sandbox.sdp.journal import Journal
from sandbox.sdp.people import People
from sandbox.sdp.tenant import Tenant


@dataclass
class Ground:
    """Handed to every desk of the tenant; `now` gives the tenant's time in UTC."""

    now: Callable[[], datetime]
    ids: Ids
    people: People
    catalogue: Catalogue
    journal: Journal
    tenant: Tenant
