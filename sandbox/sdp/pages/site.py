"""SDP's own pages: lists and records, with the buttons a person would press there."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.sdp.pages.render import Pages, is_from_here
from sandbox.sdp.refusals import Refusal
from sandbox.sdp.world import SdpWorld

ROWS = 50
"""Records on a page of a list."""

Action = Callable[[SdpWorld, str, FormData], Any]

ACTIONS: dict[str, Action] = {
    "approve": lambda world, id_, form: _decide(world, id_, form, "approve"),
    "reject": lambda world, id_, form: _decide(world, id_, form, "reject"),
    "delegate": lambda world, id_, form: world.approvals.delegate(id_, to=str(form["person"])),
    "replace": lambda world, id_, form: world.approvals.replace_approver(id_, to=str(form["person"])),
    "clarify": lambda world, id_, _form: world.approvals.clarify(id_),
    "supersede": lambda world, id_, _form: world.approvals.supersede(id_),
    "cancel": lambda world, id_, _form: world.releases.cancel(id_),
    "rename": lambda world, id_, form: world.releases.edit(id_, title=str(form["title"])),
    "execute": lambda world, id_, form: world.maintenances.execute(id_, by=str(form["person"])),
    "suspend": lambda world, id_, form: world.maintenances.suspend(id_, by=str(form["person"])),
    "enable": lambda world, id_, form: world.maintenances.enable(id_, by=str(form["person"])),
}
"""A form's verb → what it does to the record with that id."""


def _decide(world: SdpWorld, id_: str, form: FormData, verdict: Any) -> None:
    approval = world.approval(id_)
    world.decide(approval, verdict, by=approval.approver, comments=str(form.get("comments", "")))


class Site:
    """The pages of one world."""

    def __init__(self, world: SdpWorld, pages: Pages) -> None:
        self._world, self._pages = world, pages

    def listing(self, kind: str) -> Callable[[Request], Awaitable[Response]]:
        """A list of records, newest first."""

        async def page(request: Request) -> Response:
            records = [one for one in reversed(list(getattr(self._world, kind))) if not getattr(one, "deleted", False)]
            number = (
                int(request.query_params.get("page", "1")) if request.query_params.get("page", "1").isdigit() else 1
            )
            shown = records[(number - 1) * ROWS : number * ROWS]
            more = len(records) > number * ROWS
            return self._pages.show(
                f"{kind}.html", records=shown, number=number, more=more, total=len(records), here=kind
            )

        return page

    def record(self, kind: str) -> Callable[[Request], Awaitable[Response]]:
        """One record."""

        async def page(request: Request) -> Response:
            try:
                record = getattr(self._world, kind).shelf.by_id(request.path_params["id"])
            except Refusal as refusal:
                return self._pages.problem(refusal.message, 404)
            return self._pages.show(f"{kind.removesuffix('s')}.html", record=record, here=kind)

        return page

    async def act(self, request: Request) -> Response:
        """A button: do it, and go back to the record's page."""
        if not is_from_here(request):
            return self._pages.problem("This form was sent by another site.", 403)
        action = ACTIONS.get(request.path_params["verb"])
        if not action:
            return self._pages.problem("There is no such button.", 404)
        form = await request.form()
        try:
            action(self._world, request.path_params["id"], form)
        except (Refusal, KeyError) as error:
            words = error.message if isinstance(error, Refusal) else f"The form lacks {error}"
            return self._pages.problem(words or str(error), 400)
        return RedirectResponse(self._back(str(form.get("back", "/"))), 303)

    def _back(self, wanted: str) -> str:
        return wanted if wanted.startswith(f"/app/{self._world.portal}/ui/") else "/"


KINDS = ("releases", "maintenances", "projects", "changes", "requests")


def routes(world: SdpWorld, pages: Pages) -> list[Route]:
    site, base = Site(world, pages), f"/app/{world.portal}/ui"
    lists = [Route(f"{base}/{kind}", site.listing(kind)) for kind in KINDS]
    records = [Route(f"{base}/{kind}/{{id}}/details", site.record(kind)) for kind in KINDS]
    return [
        Route("/", site.listing("releases")),
        *lists,
        *records,
        Route(f"{base}/do/{{verb}}/{{id}}", site.act, methods=["POST"]),
    ]
