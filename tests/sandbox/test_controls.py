"""The levers of the control panel, pulled by HTTP as the page does, and what they do to SDP."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.box import Box, open_box
from sandbox.controls import TROUBLES, Levers
from sandbox.processes import BotProcesses


@dataclass
class Panel:
    """A box whose panel has every lever, and a bot's way of asking SDP."""

    box: Box
    session: aiohttp.ClientSession

    async def pull(self, lever: str, **body: object) -> tuple[int, str]:
        async with self.session.post(f"{self.box.slack.url}/panel/do/{lever}", json=body) as answer:
            said = await answer.json()
            return answer.status, said.get("said") or said["error"]

    async def ask(self, path: str = "releases", method: str = "GET", **more: Any) -> tuple[int, Any]:
        """A call of the API as somebody who may; its status and body, 0 when nobody answered."""
        token = self.box.sdp.accounts.access_token("sam")
        headers = {
            "Authorization": f"Zoho-oauthtoken {token}",
            "Accept": "application/vnd.manageengine.sdp.v3+json",
        }
        url = f"{self.box.sdp.url}/app/itdesk/api/v3/{path}"
        try:
            async with self.session.request(method, url, headers=headers, **more) as answer:
                return answer.status, await answer.text()
        except aiohttp.ClientError:
            return 0, ""

    async def lines(self, words: str) -> list[str]:
        """The first lines of the panel's log that have these words, once there is one."""
        found: list[str] = []
        async with asyncio.timeout(10), self.session.get(f"{self.box.slack.url}/panel/log") as stream:
            while not found:
                line = (await stream.content.readline()).decode()
                if line.startswith("data: ") and words in line:
                    found.append(json.loads(line.removeprefix("data: "))["html"])
        return found


@pytest.fixture
async def panel(tmp_path: Path) -> AsyncIterator[Panel]:
    async with open_box("quiet-day") as box, aiohttp.ClientSession() as session:
        box.page.state.controls = Levers(box, BotProcesses(tmp_path, {})).controls()
        yield Panel(box, session)


@pytest.mark.parametrize("key", [one.key for one in TROUBLES if one.key not in ("slow", "silent", "signin")])
async def test_a_trouble_lasts_until_it_is_switched_off(panel: Panel, key: str) -> None:
    status, healthy = await panel.ask()
    assert status == 200
    assert (await panel.pull("sdp_fault", key=key, on=True))[0] == 200
    for _ in range(2):
        assert await panel.ask() != (200, healthy)
    await panel.pull("sdp_fault", key=key, on=False)
    assert (await panel.ask())[0] == 200


async def test_silent_after_acting_does_what_it_was_told(panel: Panel) -> None:
    approval = next(one for one in panel.box.sdp.waiting("arjun"))
    level = approval.level
    path = f"releases/{level.release.id}/approval_levels/{level.id}/approvals/{approval.id}/_approve"
    await panel.pull("sdp_fault", key="silent", on=True)
    assert (await panel.ask())[0] == 200
    decided = {"input_data": json.dumps({"approval": {"comments": "fine"}})}
    token = panel.box.sdp.accounts.access_token("arjun")
    headers = {"Authorization": f"Zoho-oauthtoken {token}", "Accept": "application/vnd.manageengine.sdp.v3+json"}
    url = f"{panel.box.sdp.url}/app/itdesk/api/v3/{path}"
    with pytest.raises(aiohttp.ClientError):
        await panel.session.put(url, headers=headers, data=decided)
    assert approval.status.name == "Approved"


async def test_exchanges_with_sdp_are_in_the_log_without_tokens(panel: Panel) -> None:
    await panel.ask()
    [line] = await panel.lines("GET /releases")
    assert "Bot → SDP" in line
    assert panel.box.sdp.accounts.access_token("sam") not in line


async def test_load_makes_so_many_approvals_and_no_more_than_it_can(panel: Panel) -> None:
    before = len(panel.box.sdp.waiting())
    assert await panel.pull("load", count=30) == (200, "30 more approvals wait.")
    assert len(panel.box.sdp.waiting()) == before + 30
    status, words = await panel.pull("load", count=0)
    assert (status, words) == (400, "Between 1 and 5000 approvals can be made at once.")


async def test_what_is_not_there_is_answered_with_what_is(panel: Panel) -> None:
    status, words = await panel.pull("sdp_fault", key="rain", on=True)
    assert (status, "silent" in words) == (400, True)
    status, words = await panel.pull("make_coffee")
    assert (status, "jump_time" in words) == (404, True)
