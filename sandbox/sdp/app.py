"""The stand-in as an ASGI application: the API, the accounts server, the control interface, the pages."""

from starlette.applications import Starlette
from starlette.types import ASGIApp

from sandbox.sdp import control, oauth
from sandbox.sdp.api import dispatch
from sandbox.sdp.faulty import Faulty
from sandbox.sdp.hooks import Caller
from sandbox.sdp.pages import consent, site
from sandbox.sdp.pages.render import Pages, static
from sandbox.sdp.world import SdpWorld


class StandIn(Starlette):
    """Starlette with `Faulty` outside of everything: it needs uvicorn's own `send` to hang up."""

    def __init__(self, world: SdpWorld) -> None:
        pages = Pages(world)
        super().__init__(
            routes=[
                static(),
                *site.routes(world, pages),
                *consent.routes(world, pages),
                *control.routes(world),
                *oauth.routes(world),
                *dispatch.routes(world),
            ],
            lifespan=Caller(world).running,
        )
        self.world = world

    def build_middleware_stack(self) -> ASGIApp:
        return Faulty(super().build_middleware_stack(), self.world)


def create_app(world: SdpWorld) -> Starlette:
    """A server for this world; serve it with `sandbox.serve.serve`, which is uvicorn as the faults need it."""
    return StandIn(world)
