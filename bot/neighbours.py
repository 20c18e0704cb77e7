"""What else happens in a release's planned window: other releases and maintenances on the same service or asset.

Reading every maintenance for every card would cost more than the answer is worth, so what is planned is read once
for all and kept for a few minutes. When SDP cannot be asked, or takes its time, cards show what was known, or nothing
about this.
"""

import asyncio
import time
from datetime import UTC, datetime

import structlog

from bot.approvals import is_closed
from bot.collisions import Calendar, Collision, claim_of_release, claims_of, collisions
from bot.errors import SdpError
from bot.models import Maintenance, Release
from bot.sdp import Sdp
from bot.store import Releases

KEPT_SECONDS = 300.0
PATIENCE_SECONDS = 2.0
"""How long a card waits for this: it has more important things to say, such as that SDP is silent."""

log = structlog.get_logger()


class Neighbours:
    """Finds what overlaps; safe to share."""

    def __init__(self, sdp: Sdp, releases: Releases) -> None:
        self._sdp = sdp.background()
        self._releases = releases
        self._planned = Calendar()
        self._maintenances: list[Maintenance] = []
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def of(self, release: Release) -> tuple[Collision, ...]:
        """What overlaps the planned window of `release`, the soonest first."""
        claim = claim_of_release(release)
        if claim is None or claim.end < datetime.now(UTC) or not (claim.services or claim.assets):
            return ()
        await self._refresh()
        runs = [run for one in self._maintenances for run in claims_of(one, claim.start, claim.end)]
        return collisions(claim, [*self._planned.around(claim.start, claim.end), *runs])

    async def _refresh(self) -> None:
        """Read what is too old, or let it go on being read."""
        if self._reading is None or self._reading.done():
            if time.monotonic() - self._read_at < KEPT_SECONDS:
                return
            self._read_at = time.monotonic()
            self._reading = asyncio.create_task(self._read(), name="neighbours")
        done, _ = await asyncio.wait({self._reading}, timeout=PATIENCE_SECONDS)
        for task in done:
            task.result()

    async def _read(self) -> None:
        claims = [
            claim_of_release(snapshot.release)
            async for snapshot in self._releases.every()
            if not is_closed(snapshot.release)
        ]
        self._planned = Calendar(claim for claim in claims if claim is not None)
        try:
            self._maintenances = [one async for one in self._sdp.maintenances.list()]
        except SdpError as error:
            log.warning("neighbours.not_read", error=str(error))
