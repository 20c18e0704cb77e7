"""Whether an address answers, and what its clock says; for the doctor, who sends nothing along."""

from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp


class Reach:
    """Asks the addresses of the settings, and follows nobody elsewhere."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def answers(self, url: str) -> bool:
        """Somebody answers there, and well."""
        try:
            async with self._session.get(url, allow_redirects=False) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def date(self, url: str) -> datetime | None:
        """The `Date` header of whoever answers there; None when nobody does, or without one."""
        try:
            async with self._session.get(url, allow_redirects=False) as answer:
                return parsedate_to_datetime(answer.headers["Date"])
        except (aiohttp.ClientError, TimeoutError, KeyError, ValueError):
            return None
