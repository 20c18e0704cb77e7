"""users.*, usergroups.*, dnd.info."""

from sandbox.slack.errors import SlackError
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.model import Json, Person
from sandbox.slack.rates import TIER_2, TIER_3, TIER_4


def shown(call: Call, person: Person) -> Json:
    """The user object; the address is in it only for tokens with users:read.email."""
    with_email = "users:read.email" in call.grant.scopes
    user = person.as_api(call.world.now(), with_email=with_email)
    return user | ({"is_stranger": True} if person.team_id != call.world.team_id else {})


@method("users.info", scopes=("users:read",), rate=TIER_4)
def info(call: Call) -> Json:
    return {"user": shown(call, call.world.directory.by_id(call.need("user", "user_not_found")))}


@method("users.list", scopes=("users:read",), rate=TIER_2)
def list_users(call: Call) -> Json:
    own = [person for person in call.world.people() if person.team_id == call.world.team_id]
    page, cursor = call.page(own, limit=call.whole("limit", 1000) or 1000, most=1000)
    return {
        "members": [shown(call, person) for person in page],
        "cache_ts": int(call.world.now()),
        "response_metadata": {"next_cursor": cursor},
    }


@method("users.lookupByEmail", scopes=("users:read.email",), rate=TIER_3)
def lookup_by_email(call: Call) -> Json:
    wanted = call.need("email", "users_not_found").casefold()
    for person in call.world.people():
        here = person.team_id == call.world.team_id and not person.deleted
        if here and person.email.casefold() == wanted:
            return {"user": shown(call, person)}
    raise SlackError("users_not_found")


@method("users.profile.get", scopes=("users.profile:read",), rate=TIER_4)
def profile(call: Call) -> Json:
    person = call.world.directory.by_id(call.text("user", call.world.bot.id))
    return {"profile": person.profile(with_email="users:read.email" in call.grant.scopes)}


@method("usergroups.list", scopes=("usergroups:read",), rate=TIER_2)
def list_groups(call: Call) -> Json:
    groups = call.world.directory.groups.values()
    wanted = [group for group in groups if call.flag("include_disabled") or not group.disabled]
    with_users = call.flag("include_users")
    return {"usergroups": [group.as_api(call.world.team_id, with_users=with_users) for group in wanted]}


@method("usergroups.users.list", scopes=("usergroups:read",), rate=TIER_2)
def list_group_users(call: Call) -> Json:
    group = call.world.directory.group(call.need("usergroup", "no_such_subteam"))
    if group.disabled and not call.flag("include_disabled"):
        raise SlackError("subteam_disabled")  # the same for every kind of deactivated group
    return {"users": list(group.members)}


@method("dnd.info", scopes=("dnd:read",), rate=TIER_3)
def dnd_info(call: Call) -> Json:
    call.world.directory.by_id(call.text("user", call.world.bot.id))
    return {"dnd_enabled": False, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1, "snooze_enabled": False}
