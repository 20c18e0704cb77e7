"""How fast messages may leave in bulk, all processes together: so many a second, and not before Slack's Retry-After."""

from datetime import UTC, datetime

from bot.store.connection import Store
from bot.store.scripts import ADMIT_POST, EXTEND_HOLD

MADE_UP_MS = 200


class PostPace:
    """Turns for posting in bulk: `per_second` overall and `channel_per_second` to one channel.

    Slack allows about one message a second to a channel and some hundreds a minute to a workspace
    (https://docs.slack.dev/apis/web-api/rate-limits). What was overslept may be made up for, one turn or a fifth of a
    second's worth, no more: a burst at nine o'clock is what this is here to prevent.
    """

    def __init__(self, store: Store, per_second: float, channel_per_second: float = 1.0) -> None:
        self._store = store
        self.per_second = per_second
        self._gap = 1000 / per_second
        self._reach = max(2 * self._gap, MADE_UP_MS)
        self._channel_gap = 1000 / channel_per_second

    async def turn(self, channel: str) -> float:
        """0 when one message may go to this channel now, and it is counted; else the seconds to wait."""
        keys = self._store.keys
        names = [keys.pace("all"), keys.pace(channel), keys.pace("hold")]
        wait = await self._store.run(ADMIT_POST, names, self._gap, self._reach, self._channel_gap, self._channel_gap)
        return int(wait) / 1000

    async def hold(self, until: datetime) -> None:
        """Slack asks for patience: nobody posts in bulk before `until`."""
        left = int((until - datetime.now(UTC)).total_seconds() * 1000)
        if left > 0:
            await self._store.run(EXTEND_HOLD, [self._store.keys.pace("hold")], left)
