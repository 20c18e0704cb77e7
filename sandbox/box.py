"""Both sides in a box: the Slack and the SDP stand-ins side by side, and the settings that point a bot at them."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from sandbox.scenarios import SCENARIOS, Scenario, scenario_called
from sandbox.sdp.accounts import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from sandbox.sdp.app import create_app as sdp_app
from sandbox.sdp.seeds import seed as seed_sdp
from sandbox.sdp.world import SdpWorld
from sandbox.serve import serve
from sandbox.slack.app import create_app as slack_app
from sandbox.slack.appconfig import from_manifest
from sandbox.slack.people import Slack
from sandbox.slack.seeds import seed as seed_slack
from sandbox.slack.world import SlackWorld

WEBHOOK_SECRET = "sandbox-webhook-secret"  # noqa: S105 - of the sandbox, for everybody to see
APPROVALS_CHANNEL = "#release-approvals"


@dataclass(frozen=True, slots=True)
class Box:
    """Two running stand-ins; `people` makes gestures in Slack, `page` is the application that serves it.

    There is one clock: Slack's is SDP's, so `sdp.advance(…)` moves both.
    """

    slack: SlackWorld
    sdp: SdpWorld
    people: Slack
    page: Starlette
    scenario: Scenario

    def settings(self, *, socket_mode: bool = False) -> dict[str, str]:
        """What a bot needs to talk to this box, by the names of its settings (environment variables)."""
        channel = self.slack.channel(APPROVALS_CHANNEL).id
        app_token = {"SLACK_APP_TOKEN": self.slack.app_token} if socket_mode else {}
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "SLACK_API_URL": f"{self.slack.url}/api",
            "SDP_URL": f"{self.sdp.url}/app/{self.sdp.portal}",
            "SDP_ACCOUNTS_URL": self.sdp.url,
            "SDP_CLIENT_ID": CLIENT_ID,
            "SDP_CLIENT_SECRET": CLIENT_SECRET,
            "SDP_REFRESH_TOKEN": REFRESH_TOKEN,
            "SDP_ACT_AS": "service",
            "SDP_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "APPROVALS_CHANNEL": channel,
            **app_token,
            **self.scenario.settings,
        }


@contextlib.asynccontextmanager
async def open_box(scenario: str = SCENARIOS[0].name, *, seed: int = 1, port: int = 0) -> AsyncIterator[Box]:
    """Both stand-ins, seeded and served: Slack's page on `port` (0: any, else the next free one).

    Raises NoSuchScenario.
    """
    start = scenario_called(scenario)
    sdp = seed_sdp(SdpWorld(seed=seed), start.name)
    slack = SlackWorld(seed=seed, now=lambda: sdp.now().timestamp(), app=from_manifest(manifest()))
    seed_slack(slack, start.slack)
    page = slack_app(slack)
    async with contextlib.AsyncExitStack() as stack:
        slack.url = await stack.enter_async_context(serve(page, port=port))
        sdp.url = await stack.enter_async_context(serve(sdp_app(sdp), port=port + 1 if port else 0))
        yield Box(slack, sdp, Slack(slack), page, start)


def manifest() -> dict[str, Any]:
    """The app's manifest: beside this module in a wheel, at the root of a checkout."""
    packaged = Path(__file__).with_name("manifest.json")
    path = packaged if packaged.exists() else Path(__file__).parent.parent / packaged.name
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
