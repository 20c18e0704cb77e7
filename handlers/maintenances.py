"""`/sdp maintenance …`: show, preview, forms. What changes SDP is offered here and done by `bot.operations`."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_bolt.async_app import AsyncAck

from blocks import ids
from blocks import maintenances as cards
from blocks.commands import option
from blocks.kit import Block, clip
from bot.accounts import Accounts
from bot.commands import searchable
from bot.errors import BadInput, NotAllowed
from bot.maintenance_form import CHOICES, THEIRS, TITLE, TITLE_MAX, changed, check_new, draft_of, text_of, values_of
from bot.maintenances import MaintenanceService, fingerprint
from bot.models import Maintenance, MaintenanceState, Operation, OperationState, Origin
from bot.operations import OperationService
from bot.permissions import Standing, check_may_operate
from bot.store import Memory
from handlers import payloads
from handlers.asking import Call, Reply
from handlers.listeners import Listeners

Body = dict[str, Any]

SWITCHED = {
    "enable": (MaintenanceState.ENABLED, "runs already", "suspend"),
    "suspend": (MaintenanceState.SUSPENDED, "is suspended already", "enable"),
}
"""Verb → the state it brings about, how that is said, and the verb to offer instead."""
AGAIN = frozenset({OperationState.DENIED, OperationState.REFUSED, OperationState.NOT_DONE})
"""Ends of a submitted form after which it is shown again."""
OPTIONS_MAX = 100
FORM = "maintenance-form"
FORM_KEPT = timedelta(days=1)


def register(listen: Listeners) -> None:
    """Listeners of this topic."""
    listen.options(re.compile(rf"^{re.escape(ids.MAINTENANCE_CHOICE)}:"), suggest)
    listen.view(ids.MAINTENANCE_FORM, save)


# --- looking --------------------------------------------------------------------------------------------


async def list_(call: Call, accounts: Accounts, maintenances: MaintenanceService) -> Reply:
    actor = await accounts.reader_for(call.ask.person)
    found, more = await maintenances.listed(actor.sdp, searchable(call.rest))
    return Reply(cards.listed(found, call.rest, more=more), command=f"maintenance list {call.rest}".strip())


async def show(call: Call, maintenance_link: str) -> Reply:
    maintenance: Maintenance = call.record
    shown = cards.shown(maintenance, maintenance_link, may_operate=_may_operate(call.standing))
    return Reply(shown, command=f"maintenance show {maintenance.id}")


def _may_operate(standing: Standing) -> bool:
    try:
        check_may_operate(standing)
    except NotAllowed:
        return False
    return True


# --- previews -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Previewer:
    """Shows what a verb will do to a maintenance, with the button that does it."""

    accounts: Accounts
    maintenances: MaintenanceService
    operations: OperationService

    async def preview(self, verb: str, call: Call) -> Reply:
        """Nothing is changed here; what is confirmed is carried out by `bot.operations`."""
        maintenance: Maintenance = call.record
        if (switched := SWITCHED.get(verb)) and maintenance.state is switched[0]:
            return Reply(cards.already(maintenance, *switched[1:]))
        actor = await self.accounts.actor_for(call.ask.person)
        in_the_way = await self.maintenances.in_the_way(actor.sdp, maintenance, verb)
        operation = await self.operations.offer(
            f"maintenance.{verb}",
            record=maintenance.id,
            name=f"{maintenance.label} {maintenance.title}",
            person=call.ask.person,
            person_name=actor.name,
            arguments={"comment": call.rest, "shown": fingerprint(maintenance)},
        )
        return Reply(cards.preview(operation, maintenance, verb, in_the_way))


async def execute(call: Call, previewer: Previewer) -> Reply:
    return await previewer.preview("execute", call)


async def enable(call: Call, previewer: Previewer) -> Reply:
    return await previewer.preview("enable", call)


async def suspend(call: Call, previewer: Previewer) -> Reply:
    return await previewer.preview("suspend", call)


async def delete(call: Call, previewer: Previewer) -> Reply:
    return await previewer.preview("delete", call)


# --- the form -------------------------------------------------------------------------------------------


async def create(call: Call, accounts: Accounts, maintenances: MaintenanceService) -> Reply:
    sdp = (await accounts.actor_for(call.ask.person)).sdp
    offered, values = await asyncio.gather(maintenances.offered(sdp), maintenances.first_values(sdp))
    values |= {TITLE: clip(call.rest, TITLE_MAX)} if call.rest else {}
    return Reply(modal=cards.form(label="", values=values, offered=offered, private_metadata=""))


async def edit(call: Call, accounts: Accounts, maintenances: MaintenanceService, memory: Memory) -> Reply:
    """What the form showed is remembered, so that only what was changed is written."""
    maintenance: Maintenance = call.record
    offered = await maintenances.offered((await accounts.actor_for(call.ask.person)).sdp)
    values = values_of(maintenance)
    await memory.keep(FORM, call.ask.view, json.dumps(values), FORM_KEPT)
    about = f"{maintenance.id}|{clip(f'{maintenance.label} {maintenance.title}', 300)}"
    return Reply(modal=cards.form(label=maintenance.label, values=values, offered=offered, private_metadata=about))


async def suggest(ack: AsyncAck, body: Body, accounts: Accounts) -> Any:
    """The entries of one of SDP's lists, as somebody types."""
    field = body["action_id"].partition(":")[2]
    lookup = next(choice.lookup for choice in CHOICES if choice.name == field)
    sdp = (await accounts.reader_for(body["user"]["id"])).sdp
    found = await sdp.lookups.choices(lookup, body.get("value") or "") or ()
    return await ack(options=[option(choice.name, clip(text_of(choice), 150)) for choice in found[:OPTIONS_MAX]])


async def save(ack: AsyncAck, body: Body, operations: OperationService, memory: Memory) -> Any:
    """The form was sent: what is wrong with it is said at once, else that it is being saved."""
    sent = payloads.form(body)
    record, _, name = sent.metadata.partition("|")
    before = json.loads(await memory.recall(FORM, sent.view) or "{}") if record else {}
    wanted = changed(sent.values, before) if record else sent.values
    _check(wanted, sent.values, new=not record)
    await operations.start(
        Operation(
            id=sent.id,
            verb="maintenance.edit" if record else "maintenance.create",
            record=record,
            name=name if record else sent.values.get(TITLE, ""),
            person=sent.person,
            person_name=sent.person_name,
            state=OperationState.OFFERED,
            offered_at=datetime.now(UTC),
            arguments={
                "values": json.dumps(wanted, ensure_ascii=False),
                "typed": json.dumps(sent.values, ensure_ascii=False),
                "offered": ",".join(sorted(_menus(body))),
            },
            origin=Origin(view=sent.view),
        )
    )
    return await ack(response_action="update", view=cards.saving())


def _check(wanted: Mapping[str, str], typed: Mapping[str, str], *, new: bool) -> None:
    if new:
        check_new(typed)
    elif not wanted:
        raise BadInput("Nothing was changed.", field=TITLE)
    draft_of(wanted)


def _menus(body: Body) -> set[str]:
    """Which choices the form offered as menus, to show it again as it was."""
    blocks = (block for block in body["view"]["blocks"] if block["type"] == "input")
    return {block["block_id"] for block in blocks if block["element"]["type"].endswith("external_select")}


# --- what came of it ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MaintenanceFace:
    """Draws an operation on a maintenance; a form that SDP refused is shown again with everything typed in."""

    change_link: str

    def __call__(self, operation: Operation) -> Reply:
        message = cards.came_of_it(operation, self.change_link)
        if not operation.origin.view or "typed" not in operation.arguments:
            return Reply(message)
        if operation.state in AGAIN:
            return Reply(message, modal=self._form_again(operation))
        return Reply(message, modal=cards.saved(operation, self.change_link))

    def _form_again(self, operation: Operation) -> Block:
        named = {THEIRS[field]: operation.note for field in operation.fields if field in THEIRS}
        return cards.form(
            label=operation.name.partition(" ")[0] if operation.record else "",
            values=json.loads(operation.arguments["typed"]),
            offered=frozenset(filter(None, operation.arguments["offered"].split(","))),
            private_metadata=f"{operation.record}|{clip(operation.name, 300)}" if operation.record else "",
            troubles=named or {"": operation.note},
        )
