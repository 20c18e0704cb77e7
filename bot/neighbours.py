"""What else happens in a release's planned window: other releases and maintenances on the same service or asset.

Reading every maintenance for every card would cost more than the answer is worth, so what is planned is read once
for all and kept for a few minutes. When SDP cannot be asked, cards show what was known, or nothing about this.
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

log = structlog.get_logger()


class Neighbours:
    """Finds what overlaps; safe to share."""

    def __init__(self, sdp: Sdp, releases: Releases) -> None:
        self._sdp = sdp.background()
        self._releases = releases
        self._planned = Calendar()
        self._maintenances: list[Maintenance] = []
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def of(self, release: Release) -> tuple[Collision, ...]:
        """What overlaps the planned window of `release`, the soonest first."""
        claim = claim_of_release(release)
        if claim is None or claim.end < datetime.now(UTC) or not (claim.services or claim.assets):
            return ()
        await self._refresh()
        runs = [run for one in self._maintenances for run in claims_of(one, claim.start, claim.end)]
        return collisions(claim, [*self._planned.around(claim.start, claim.end), *runs])

    async def _refresh(self) -> None:
        async with self._reading:
            if time.monotonic() - self._read_at < KEPT_SECONDS:
                return
            self._read_at = time.monotonic()
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
