"""views.*: modals by trigger id, updates by view id, the Home tab by person."""

from sandbox.slack.errors import SlackError
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.model import Json
from sandbox.slack.rates import TIER_4


@method("views.open", rate=TIER_4)
def open_view(call: Call) -> Json:
    view = call.json("view")
    trigger = call.world.tickets.exchange(call.need("trigger_id", "invalid_trigger_id"))
    return {"view": call.world.views.open(trigger.person, view).as_api()}


@method("views.push", rate=TIER_4)
def push(call: Call) -> Json:
    view = call.json("view")
    trigger = call.world.tickets.exchange(call.need("trigger_id", "invalid_trigger_id"))
    return {"view": call.world.views.push(trigger.person, view).as_api()}


@method("views.update", rate=TIER_4)
def update(call: Call) -> Json:
    view_id, external_id = call.text("view_id") or None, call.text("external_id") or None
    if not view_id and not external_id:
        raise SlackError("invalid_arguments", ["missing required field: view_id or external_id"])
    view = call.world.views.update(view_id, external_id, call.json("view"), call.text("hash") or None)
    return {"view": view.as_api()}


@method("views.publish", rate=TIER_4)
def publish(call: Call) -> Json:
    if not call.world.app.home_tab:
        raise SlackError("not_enabled")
    person = call.world.directory.by_id(call.need("user_id"))
    return {"view": call.world.views.publish(person.id, call.json("view"), call.text("hash") or None).as_api()}
