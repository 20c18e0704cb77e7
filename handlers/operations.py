"""Confirm and cancel buttons of previews, and the one writer of what becomes of an operation."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from blocks import ids
from blocks.commands import as_modal, text_only
from bot.models import Operation, OperationState, Origin
from bot.operations import OperationService
from bot.store import Memory
from handlers import payloads
from handlers.asking import Reply
from handlers.listeners import Listeners
from handlers.messenger import BlocksRefused, MessageGone, Messenger

Body = dict[str, Any]
Face = Callable[[Operation], Reply]
"""Draws an operation in its state: a message, and a modal if it began in one."""

SHOWN_KEPT = timedelta(days=1)

log = structlog.get_logger()


def register(listen: Listeners) -> None:
    """Listeners of this topic."""
    listen.action(ids.CONFIRM, confirm)
    listen.action(ids.CANCEL, cancel)


async def confirm(ack: AsyncAck, body: Body, operations: OperationService) -> Any:
    press = payloads.pressed(body)
    await operations.confirm(press.text, press.person, Origin(press.channel, press.response_url, press.view))
    return await ack()


async def cancel(ack: AsyncAck, body: Body, operations: OperationService) -> Any:
    press = payloads.pressed(body)
    await operations.cancel(press.text, press.person, Origin(press.channel, press.response_url, press.view))
    return await ack()


class OperationWriter:
    """Shows each state of an operation where its person waits; `faces` by topic."""

    def __init__(
        self, *, operations: OperationService, messenger: Messenger, memory: Memory, faces: Mapping[str, Face]
    ) -> None:
        self._operations = operations
        self._messenger = messenger
        self._memory = memory
        self._faces = faces

    async def show(self, key: str) -> None:
        """Bring what the person sees up to the operation's state. A job."""
        operation = await self._operations.get(key)
        if operation is None or operation.state is OperationState.OFFERED:
            return
        face = f"{operation.state}:{operation.note}:{operation.origin.response_url}"
        if await self._memory.recall("operated", key) == face:
            return
        await self._bring(operation, self._faces[operation.topic](operation))
        await self._memory.keep("operated", key, face, SHOWN_KEPT)

    async def _bring(self, operation: Operation, reply: Reply) -> None:
        origin = operation.origin
        if origin.view and await self._into_view(operation, reply):
            return
        if origin.response_url and await self._into_answer(operation, reply):
            return
        if operation.final or operation.state is OperationState.UNKNOWN:
            await self._messenger.tell(operation.person, origin.channel, reply.message)

    async def _into_answer(self, operation: Operation, reply: Reply) -> bool:
        """False when the response URL takes no more answers."""
        url = operation.origin.response_url
        try:
            return await self._messenger.respond(url, reply.message, replace=True)
        except BlocksRefused as refused:
            log.warning("operations.blocks_refused", operation=operation.id, said=str(refused))
            return await self._messenger.respond(url, text_only(reply.message), replace=True)

    async def _into_view(self, operation: Operation, reply: Reply) -> bool:
        """False when the window is closed."""
        try:
            await self._messenger.update_view(operation.origin.view, reply.modal or as_modal(reply.message))
        except MessageGone:
            log.info("operations.window_closed", operation=operation.id)
            return False
        return True
