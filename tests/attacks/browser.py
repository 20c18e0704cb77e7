"""A browser without scripts, for the pages of connecting an account: it keeps cookies, follows links, sends forms."""

import re
from dataclasses import dataclass, field
from html import unescape
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import aiohttp
from multidict import CIMultiDictProxy

_FORM = re.compile(r'<form method="post" action="([^"]*)">(.*?)</form>', re.DOTALL)
_FIELD = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


@dataclass
class Page:
    """What is on the screen."""

    status: int = 0
    url: str = ""
    text: str = ""
    headers: CIMultiDictProxy[str] | None = None

    def form(self) -> tuple[str, dict[str, str]]:
        """Where the page's form goes, and its hidden fields."""
        found = _FORM.search(self.text)
        assert found, f"no form on the page:\n{self.text}"
        return unescape(found[1]), {unescape(name): unescape(value) for name, value in _FIELD.findall(found[2])}


@dataclass
class Browser:
    """One person's browser; two of them share nothing."""

    page: Page = field(default_factory=Page)
    _session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session
        await self._session.close()

    async def open(self, url: str, **headers: str) -> Page:
        return await self._ask("GET", url, headers=headers)

    async def press(self, **fields: str) -> Page:
        """Send the page's form with these fields filled in, and follow where it leads."""
        action, hidden = self.page.form()
        headers = {"Sec-Fetch-Site": "same-origin"}
        return await self._ask("POST", urljoin(self.page.url, action), data={**hidden, **fields}, headers=headers)

    async def leave(self, **fields: str) -> str:
        """Send the page's form but stop before following; answers where it would lead."""
        assert self._session
        action, hidden = self.page.form()
        url, form = urljoin(self.page.url, action), {**hidden, **fields}
        headers = {"Sec-Fetch-Site": "same-origin"}
        async with self._session.post(url, data=form, headers=headers, allow_redirects=False) as answer:
            return str(answer.headers.get("Location", ""))

    async def _ask(self, method: str, url: str, **more: object) -> Page:
        assert self._session
        async with self._session.request(method, url, **more) as answer:  # type: ignore[arg-type]
            self.page = Page(answer.status, str(answer.url), await answer.text(), answer.headers)
        return self.page
