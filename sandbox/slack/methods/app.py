"""auth.*, api.test, apps.connections.open, team.info, bots.info."""

from sandbox.slack.errors import SlackError
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.model import Json
from sandbox.slack.rates import TIER_1, TIER_3, UNLIMITED


@method("api.test", rate=UNLIMITED, caller="anyone")
def api_test(call: Call) -> Json:
    arguments = {name: value for name, value in call.arguments.items() if name != "token"}
    if "error" in arguments:
        raise SlackError(str(arguments["error"]), args=arguments)
    return {"args": arguments}


@method("auth.test", rate=UNLIMITED)
def auth_test(call: Call) -> Json:
    world = call.world
    return {
        "url": f"{world.url}/",
        "team": world.team_name,
        "user": world.bot.handle,
        "team_id": world.team_id,
        "user_id": world.bot.id,
        "bot_id": world.bot_id,
        "is_enterprise_install": False,
    }


@method("auth.revoke")
def auth_revoke(call: Call) -> Json:
    if call.flag("test"):
        return {"revoked": False}
    call.world.revoke(call.world.bot_token)
    return {"revoked": True}


@method("apps.connections.open", scopes=("connections:write",), rate=TIER_1, caller="app")
def open_connection(call: Call) -> Json:
    sockets = call.world.sockets
    return {"url": f"{sockets.served_at}/link/?ticket={sockets.new_ticket()}&app_id={call.world.app_id}"}


@method("team.info", scopes=("team:read",), rate=TIER_3)
def team_info(call: Call) -> Json:
    world = call.world
    if call.text("team", world.team_id) != world.team_id:
        raise SlackError("team_not_found")
    return {
        "team": {
            "id": world.team_id,
            "name": world.team_name,
            "url": f"{world.url}/",
            "domain": world.team_domain,
            "email_domain": "example.com",
            "icon": {},
        }
    }


@method("bots.info", scopes=("users:read",))
def bots_info(call: Call) -> Json:
    world = call.world
    if call.text("bot", world.bot_id) != world.bot_id:
        raise SlackError("bot_not_found")
    return {
        "bot": {
            "id": world.bot_id,
            "deleted": False,
            "name": world.app.name,
            "updated": 0,
            "app_id": world.app_id,
            "user_id": world.bot.id,
            "icons": {},
        }
    }
