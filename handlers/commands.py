"""`/sdp`: the one table of sub-commands, and the listeners that take them.

A row is route, usage, help, right and test at once: `handlers.answering` routes by it, `/sdp help` shows those the
reader may run, and tests run every row's example against the sandbox.
"""

import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from blocks import commands as cards
from blocks import ids
from bot.errors import Refused
from handlers import payloads
from handlers.answering import Desk
from handlers.asking import Call, Reply, Row

Body = dict[str, Any]


async def help_(call: Call, desk: Desk) -> Reply:
    """Only what the person may run."""
    topic = call.rest.casefold()
    allowed = [row for row in desk.rows if _may(row, call)]
    shown = [(row.usage, row.says) for row in allowed if topic in ("", row.topic)]
    if not shown:
        return Reply(cards.no_help(topic))
    return Reply(cards.help_(topic, shown, list(dict.fromkeys(row.topic for row in allowed if row.topic))))


def _may(row: Row, call: Call) -> bool:
    try:
        row.may(call.standing)
    except Refused:
        return False
    return True


TABLE: tuple[Row, ...] = (
    Row(path="", says="What waits for me, and what I can do", run=help_),
    Row(path="help", takes="[topic]", says="What I may run", run=help_, example="help"),
)
"""Every sub-command, in the order of help."""


def register(app: AsyncApp) -> None:
    """Listeners of this topic."""
    app.command("/sdp")(typed)
    app.action(re.compile(rf"^{re.escape(ids.RUN_COMMAND)}(:|$)"))(pressed)
    app.action(ids.WHICH)(picked)
    app.options(ids.WHICH)(suggest)


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
