"""A bot that acts for people with their own accounts, and the people and browsers that use or abuse it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from bot.app import House
from bot.ledger import Entry
from bot.sockets import listening_socket
from bot.store import Store
from sandbox.box import open_box
from sandbox.slack.model import Message
from tests.attacks.browser import Browser
from tests.conftest import until
from tests.flows.conftest import Stage

PORTAL = "Payment gateway 4.2"
"""A release of the demo's world that waits for Arjun."""


@dataclass
class Street(Stage):
    """The stage with a public address; `people_act` has the bot act with people's own accounts."""

    key: str = field(default_factory=lambda: Fernet.generate_key().decode())

    async def start(self, *, worker: bool = True, web: bool = True, **options: str) -> House:
        door = listening_socket("127.0.0.1", 0)
        port = door.getsockname()[1]
        door.close()
        own = {"PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}", "TOKEN_KEYS": self.key}
        given = {name: value for name, value in {**own, **options}.items() if value}
        return await super().start(worker=worker, web=web, **given)

    async def people_act(self, **options: str) -> House:
        return await self.start(**{"SDP_ACT_AS": "person", **options})

    # --- connecting ------------------------------------------------------------------------------------

    async def link_for(self, who: str) -> str:
        """A fresh link made for somebody."""
        return await self.bot.linking.offer(self.box.slack.person(who).id)

    def button_link(self, message: Message) -> str:
        """The address behind the Connect button of a message."""
        urls = [one.get("url", "") for block in message.blocks for one in block.get("elements", [])]
        return next(url for url in urls if url)

    async def consent(self, browser: Browser, as_: str, answer: str = "accept") -> None:
        """On Zoho's page: sign in as somebody and say yes."""
        await browser.press(person=self.box.sdp.person(as_).id, answer=answer)

    async def connects(self, who: str, as_: str | None = None) -> Browser:
        """Somebody goes the whole way with a link made for them; answers the browser with the last page."""
        async with Browser() as browser:
            await browser.open(await self.link_for(who))
            await browser.press()
            await self.consent(browser, as_ or who)
        return browser

    # --- looking -----------------------------------------------------------------------------------------

    async def linked(self, who: str) -> str | None:
        """The name of the SDP account somebody is connected with."""
        link = await self.bot.links.of(self.box.slack.person(who).id)
        return link.name if link else None

    async def entries(self, what: str = "") -> list[Entry]:
        return [entry async for entry in self.bot.ledger.entries() if what in ("", entry.what)]

    async def noted(self, what: str, **details: str) -> Entry:
        """The ledger's entry about this, as soon as it is there."""

        async def there() -> Entry | None:
            found = [entry for entry in await self.entries(what) if details.items() <= entry.details.items()]
            return found[-1] if found else None

        entry: Entry = await until(there)
        return entry

    def id(self, who: str) -> str:
        return self.box.slack.person(who).id

    def decided(self) -> list[Any]:
        """Every decision SDP has taken since the stage was built."""
        kinds = ("approval.approved", "approval.rejected")
        return [effect for kind in kinds for effect in self.box.sdp.effects(kind) if effect.via == "api"]


@pytest.fixture
async def street(
    store: Store, valkey_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Street]:
    """The demo's world with no bot on it yet."""
    async with open_box("demo") as box:
        street = Street(box, valkey_url, tmp_path)
        yield street
        await street.end(request.node)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with Browser() as browser:
        yield browser
