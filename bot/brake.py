"""The brake: an administrator's word that nothing may be changed, in all processes at once.

It is looked at again right before anything is sent, so that what was recorded before is held back, too.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from bot.errors import Stopped
from bot.store.brake import BrakeMark, Brakes


@dataclass(frozen=True, slots=True)
class Brake:
    """Pulls, releases, and asks."""

    marks: Brakes

    async def stop(self, by: str, why: str = "") -> bool:
        """Nothing is changed from now on; False when that was so already. `by` is a name people know."""
        return await self.marks.pull(BrakeMark(by, why, datetime.now(UTC)))

    async def start(self) -> BrakeMark | None:
        """Changes are made again; answers who had stopped them, None when nobody had.

        Two who say so at once both hear who it was: better than that neither does after an answer was lost.
        """
        mark = await self.marks.pulled()
        if mark is not None:
            await self.marks.release(mark)
        return mark

    async def check(self) -> None:
        """Raises Stopped while the bot is stopped."""
        mark = await self.marks.pulled()
        if mark is not None:
            why = f" ({mark.why})" if mark.why else ""
            raise Stopped(
                f"{mark.by} has stopped all changes{why}, so nothing was sent. "
                "You can read here, and decide in SDP itself."
            )
