"""The page: a workspace in the browser on which one person plays every side, with no account.

    routes(world) -> list of Starlette routes, mounted by the stand-in's app at "/"

`/` opens on the first waiting card; `/?as=arjun&channel=C…&thread=ts` and `/?as=arjun&tab=home` open on a place, for
one person (a cast key or a Slack id). `/panel` is the control panel. What else the panel can do, and what the composer
offers after a slash, is given by whoever starts the demo:

    app = create_app(world)
    app.state.controls = Controls(sdp_url=…, jump_time=…)     # sandbox.slack.page.controls; absent parts are hidden
    app.state.hints = [Hint("/sdp approvals", "what waits for me"), …]

Every answer carries a Content-Security-Policy that allows nothing from elsewhere and no inline script or style.
"""

from starlette.routing import BaseRoute

from sandbox.slack.page.controls import Controls, Exchange, FaultSwitch, Hint
from sandbox.slack.page.site import Site
from sandbox.slack.world import SlackWorld

__all__ = ["Controls", "Exchange", "FaultSwitch", "Hint", "routes"]


def routes(world: SlackWorld) -> list[BaseRoute]:
    """Everything the page serves, for the app that serves the workspace."""
    return Site(world).routes()
