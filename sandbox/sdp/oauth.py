"""The accounts server over HTTP: token, refresh, revoke and who-is-this, with Zoho's answers."""

from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.sdp.accounts import ACCESS_LIVES, Access, OAuthError, Throttled
from sandbox.sdp.journal import Exchange
from sandbox.sdp.refusals import Refusal
from sandbox.sdp.world import SdpWorld

_SLOW_DOWN = {
    "error_description": "You have made too many requests continuously. Please try again after some time.",
    "error": "Access Denied",
    "status": "failure",
}


def routes(world: SdpWorld) -> list[Route]:
    async def token(request: Request) -> Response:
        return await _token(world, request)

    async def revoke(request: Request) -> Response:
        return await _revoke(world, request)

    async def user_info(request: Request) -> Response:
        return _user_info(world, request)

    return [
        Route("/oauth/user/info", user_info, methods=["GET"]),
        Route("/oauth/v2/token", token, methods=["POST"]),
        Route("/oauth/v2/token/revoke", revoke, methods=["POST"]),
    ]


async def _fields(request: Request) -> dict[str, str]:
    """Zoho takes the parameters from the form or the query."""
    form = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
    return {**request.query_params, **form}


async def _token(world: SdpWorld, request: Request) -> Response:
    fields = await _fields(request)
    exchange = cast(Exchange, request.scope["sdp.exchange"])
    exchange.input = {"grant_type": fields.get("grant_type"), "client_id": fields.get("client_id")}
    try:
        with world.journal.through("api"):
            return JSONResponse(_named(world, _exchange(world, fields)))
    except Throttled:
        return JSONResponse(_SLOW_DOWN, 400)
    except OAuthError as error:
        return JSONResponse({"error": str(error)})


def _exchange(world: SdpWorld, fields: dict[str, str]) -> dict[str, Any]:
    client = world.accounts.check_client(fields.get("client_id", ""), fields.get("client_secret", ""))
    match fields.get("grant_type"):
        case "refresh_token":
            return _answer(world.accounts.refresh(fields.get("refresh_token", ""), client.id))
        case "authorization_code":
            refresh, access = world.accounts.redeem(fields.get("code", ""), client.id, fields.get("redirect_uri", ""))
            return _answer(access) | ({"refresh_token": refresh} if refresh else {})
        case _:
            raise OAuthError("unsupported_grant_type")


def _named(world: SdpWorld, answer: dict[str, Any]) -> dict[str, Any]:
    return answer if world.tenant.names_scopes else {key: value for key, value in answer.items() if key != "scope"}


def _answer(access: Access) -> dict[str, Any]:
    return {
        "access_token": access.token,
        "scope": " ".join(access.grant.scopes),
        "api_domain": "https://api.example.com",
        "token_type": "Bearer",
        "expires_in": int(ACCESS_LIVES.total_seconds()),
    }


async def _revoke(world: SdpWorld, request: Request) -> Response:
    token = (await _fields(request)).get("token", "")
    if world.accounts.revoke(token):
        return JSONResponse({"status": "success"})
    return JSONResponse({"error": "invalid_token"}, 400)


PROFILE_SCOPE = "AaaServer.profile.READ"


def _user_info(world: SdpWorld, request: Request) -> Response:
    """Whose access token this is, in the shape of Zoho's accounts server; an address it does not have is left out."""
    token = request.headers.get("authorization", "").partition(" ")[2]
    try:
        grant = world.accounts.holder(token)
    except Refusal:
        return JSONResponse({"error": "invalid_token"}, 401)
    if PROFILE_SCOPE not in grant.scopes:
        return JSONResponse({"error": "INVALID_OAUTHSCOPE"}, 401)
    person = grant.person
    names = {"First_Name": person.first_name, "Last_Name": person.last_name, "Display_Name": person.name}
    return JSONResponse({**names, "ZUID": int(person.id[-9:]), **({"Email": person.email} if person.email else {})})
