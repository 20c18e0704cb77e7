"""The accounts server's consent: who are you, and may this client act for you?

The parameters are Zoho's: response_type=code, client_id, scope (commas), redirect_uri, access_type, prompt, state; the
way back carries code, location, accounts-server and state, or error=access_denied and state.
"""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.sdp.accounts import Client, OAuthError
from sandbox.sdp.pages.render import Pages, is_from_here
from sandbox.sdp.world import SdpWorld

LOCATION = "us"


@dataclass(frozen=True)
class Wish:
    """What a client asks for."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    access_type: str

    @classmethod
    def of(cls, given: "QueryParams | FormData") -> "Wish":
        """Out of the query of the link or of the form it became."""
        return cls(*(str(given.get(name, "")) for name in cls.__dataclass_fields__))

    @property
    def scopes(self) -> list[str]:
        return [scope for scope in self.scope.replace(" ", ",").split(",") if scope]

    @property
    def offline(self) -> bool:
        return self.access_type == "offline"

    @property
    def origin(self) -> str:
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"

    def back(self, **answer: str) -> str:
        """The address to return to."""
        joint = "&" if urlsplit(self.redirect_uri).query else "?"
        return f"{self.redirect_uri}{joint}{urlencode({**answer, 'state': self.state})}"


class Consent:
    """The page and what its buttons do."""

    def __init__(self, world: SdpWorld, pages: Pages) -> None:
        self._world, self._pages = world, pages

    async def ask(self, request: Request) -> Response:
        wish = Wish.of(request.query_params)
        try:
            client = self._check(wish, request.query_params.get("response_type", ""))
        except OAuthError as error:
            return self._pages.problem(f"The application's request cannot be served: {error}")
        people = [person for person in self._world.people if person.role != "service"]
        chosen = request.query_params.get("login_hint", "")
        return self._pages.show(
            "consent.html", forms_go_to=wish.origin, wish=wish, client=client, people=people, chosen=chosen
        )

    async def answer(self, request: Request) -> Response:
        form = await request.form()
        wish = Wish.of(form)
        try:
            self._check(wish, "code")
        except OAuthError as error:
            return self._pages.problem(f"The application's request cannot be served: {error}")
        if not is_from_here(request):
            return self._pages.problem("This form was sent by another site.", 403)
        if form.get("answer") != "accept":
            return RedirectResponse(wish.back(error="access_denied"), 302)
        person = self._world.person(str(form.get("person", "")))
        code = self._world.accounts.consent(
            person, wish.client_id, wish.redirect_uri, wish.scopes, offline=wish.offline
        )
        server = self._world.url or str(request.base_url).rstrip("/")
        return RedirectResponse(wish.back(code=code, location=LOCATION, **{"accounts-server": server}), 302)

    def _check(self, wish: Wish, response_type: str) -> Client:
        client = self._world.accounts.check_client(wish.client_id, redirect=wish.redirect_uri)
        if urlsplit(wish.redirect_uri).scheme not in ("http", "https"):
            raise OAuthError("invalid_redirect_uri")
        if response_type != "code":
            raise OAuthError("invalid_response_type")
        if not wish.scopes:
            raise OAuthError("invalid_scope")
        return client


def routes(world: SdpWorld, pages: Pages) -> list[Route]:
    consent = Consent(world, pages)
    return [
        Route("/oauth/v2/auth", consent.ask, methods=["GET"]),
        Route("/oauth/v2/auth", consent.answer, methods=["POST"]),
    ]
