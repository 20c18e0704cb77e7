"""`/sdp`: the one table of sub-commands, and the listeners that take them.

A row is route, usage, help, right and test at once: `handlers.answering` routes by it, `/sdp help` shows those the
reader may run, and tests run every row's example against the sandbox.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from slack_bolt.async_app import AsyncAck

from blocks import commands as cards
from blocks import ids
from bot.commands import SAME
from bot.errors import Refused
from bot.permissions import check_may_operate, check_may_read
from handlers import admin, approval_commands, digest, maintenances, payloads, people, projects
from handlers.answering import Desk
from handlers.asking import Call, Reply, Row
from handlers.listeners import Listeners

Body = dict[str, Any]


async def help_(call: Call, desk: Desk) -> Reply:
    """Only what the person may run."""
    topic = SAME.get(call.rest.casefold(), call.rest.casefold())
    allowed = [row for row in desk.rows if _may(row, call)]
    shown = [(row.usage, row.says) for row in allowed if topic in ("", row.topic)]
    if not shown:
        return Reply(cards.no_help(topic))
    return Reply(cards.help_(topic, shown, _topics(allowed)))


def _topics(rows: Sequence[Row]) -> list[str]:
    """Topics that have several commands."""
    counted = Counter(row.topic for row in rows)
    return [topic for topic, count in counted.items() if count > 1]


def _may(row: Row, call: Call) -> bool:
    try:
        row.may(call.standing)
    except Refused:
        return False
    return True


TABLE: tuple[Row, ...] = (
    Row(
        path="",
        says="What waits for me, and what I can do",
        run=approval_commands.overview,
        may=check_may_read,
    ),
    Row(
        path="approvals",
        takes="[all]",
        says="What waits for me, or for everyone, soonest first",
        run=approval_commands.list_,
        may=check_may_read,
        example="approvals all",
    ),
    Row(
        path="approval",
        takes="<release> [approve|reject|remind|preview] [comment]",
        says="One release: decide it, see SDP's mail, have SDP send it",
        run=approval_commands.approval,
        may=check_may_read,
        record="release",
        then=("approve", "reject", "remind", "preview"),
        example="approval RLS-1 preview",
    ),
    Row(
        path="maintenance list",
        takes="[words]",
        says="Maintenances, next run first",
        run=maintenances.list_,
        may=check_may_read,
        topic_alone=True,
        example="maintenance list patch",
    ),
    Row(
        path="maintenance show",
        takes="<id>",
        says="Its schedule, state, services, assets and people",
        run=maintenances.show,
        may=check_may_read,
        record="maintenance",
        by_id=True,
        example="maintenance show CHM-1",
    ),
    Row(
        path="maintenance execute",
        takes="<id> [comment]",
        says="Create its change now, after a preview",
        run=maintenances.execute,
        may=check_may_operate,
        record="maintenance",
        shares=False,
        example="maintenance execute CHM-1",
    ),
    Row(
        path="maintenance enable",
        takes="<id> [comment]",
        says="Let its schedule run again, after a preview",
        run=maintenances.enable,
        may=check_may_operate,
        record="maintenance",
        shares=False,
        example="maintenance enable CHM-5",
    ),
    Row(
        path="maintenance suspend",
        takes="<id> [comment]",
        says="Stop its schedule, after a preview",
        run=maintenances.suspend,
        may=check_may_operate,
        record="maintenance",
        shares=False,
        example="maintenance suspend CHM-1 until the audit is over",
    ),
    Row(
        path="maintenance edit",
        takes="<id>",
        says="Change it in a form",
        run=maintenances.edit,
        may=check_may_operate,
        record="maintenance",
        opens=True,
        shares=False,
        example="maintenance edit CHM-1",
    ),
    Row(
        path="maintenance delete",
        takes="<id> [comment]",
        says="Delete it, after a preview",
        run=maintenances.delete,
        may=check_may_operate,
        record="maintenance",
        shares=False,
        example="maintenance delete CHM-1",
    ),
    Row(
        path="maintenance create",
        takes="[title]",
        says="A new one, in a form",
        run=maintenances.create,
        may=check_may_operate,
        opens=True,
        shares=False,
        example="maintenance create",
    ),
    Row(
        path="digest show",
        says="When my daily digest comes",
        run=digest.status,
        may=check_may_read,
        topic_alone=True,
        shares=False,
        example="digest",
    ),
    Row(
        path="digest now",
        says="My digest at once",
        run=digest.now,
        may=check_may_read,
        shares=False,
        example="digest now",
    ),
    Row(
        path="digest preview",
        says="What my digest would say now",
        run=digest.preview,
        may=check_may_read,
        shares=False,
        example="digest preview",
    ),
    Row(
        path="digest on",
        says="Send me the daily digest",
        run=digest.on,
        may=check_may_read,
        shares=False,
        example="digest on",
    ),
    Row(path="digest off", says="Send me none", run=digest.off, shares=False, example="digest off"),
    Row(
        path="digest at",
        takes="<time> [days]",
        says="Send it at this time, like 8:30 or 8.30am weekdays",
        run=digest.at,
        may=check_may_read,
        shares=False,
        example="digest at 8.30am weekdays",
    ),
    Row(
        path="digest channel",
        takes="[#channel] <time> [days] | off",
        says="Send a team's digest to a channel",
        run=digest.channel,
        may=check_may_operate,
        shares=False,
        example="digest channel #ops 08:30 mon-fri",
    ),
    *projects.ROWS,
    Row(path="help", takes="[topic]", says="What I may run", run=help_, example="help"),
    *people.ROWS,
    *admin.ROWS,
)
"""Every sub-command, in the order of help."""


def register(listen: Listeners) -> None:
    """Listeners of this topic."""
    listen.command("/sdp", typed)
    listen.action(re.compile(rf"^{re.escape(ids.RUN_COMMAND)}(:|$)"), pressed)
    listen.action(ids.WHICH, picked)
    listen.options(ids.WHICH, suggest)


async def typed(ack: AsyncAck, body: Body, desk: Desk) -> Any:
    return await ack(**await desk.take(payloads.typed(body), body["trigger_id"]))


async def pressed(ack: AsyncAck, body: Body, desk: Desk) -> Any:
    await desk.take(payloads.pressed(body), body["trigger_id"])
    return await ack()


async def picked(ack: AsyncAck, body: Body, desk: Desk) -> Any:
    question, chosen = payloads.picked(body)
    await desk.choose(question, chosen, payloads.pressed(body), body["trigger_id"])
    return await ack()


async def suggest(ack: AsyncAck, body: Body, desk: Desk) -> Any:
    question = body["block_id"].partition(":")[2]
    return await ack(options=await desk.options(question, body.get("value") or ""))
