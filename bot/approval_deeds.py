"""Having SDP remind an approver (A6): its mail, at most once an hour for an approval."""

from collections.abc import Mapping
from datetime import timedelta

from bot.accounts import Actor
from bot.errors import AlreadyDecided, BadInput, SdpThrottled, SdpUnreachable
from bot.models import Approval, ApprovalRef, Operation
from bot.operations import Deed, Finding
from bot.sdp import Sdp
from bot.store import Memory

PAUSE = timedelta(hours=1)
KIND = "sdp-reminded"
TOO_SOON = "SDP was asked to remind them within the last hour, so nothing was sent. Once an hour is enough."


class ReminderDeeds:
    """How `approval.remind` is done. The hour is claimed before SDP is asked, and given back if nothing was sent."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def deeds(self) -> Mapping[str, Deed]:
        """The verbs of this topic."""
        return {"approval.remind": Deed(self._check, self._send, self._was_sent)}

    async def _check(self, actor: Actor, operation: Operation) -> Mapping[str, str]:
        approval = await actor.sdp.approvals.get(ApprovalRef.parse(operation.record))
        if not approval.state.waits:
            raise AlreadyDecided(f"{approval.approver.name} is no longer asked. Nothing was sent.")
        if await self._memory.recall(KIND, operation.record) is not None:
            raise BadInput(TOO_SOON)
        return {"sent_on": _sent_on(approval)}

    async def _send(self, actor: Actor, operation: Operation) -> Mapping[str, str]:
        if not await self._memory.first(KIND, operation.record, PAUSE):
            raise BadInput(TOO_SOON)
        try:
            await actor.sdp.approvals.send_notification(ApprovalRef.parse(operation.record))
        except (SdpUnreachable, SdpThrottled):
            await self._memory.forget(KIND, operation.record)
            raise
        return {"mail": "sent"}

    async def _was_sent(self, sdp: Sdp, operation: Operation) -> Finding:
        """SDP's own word, or a later `sent_on`; a mail leaves no other trace."""
        if operation.result.get("mail"):
            return Finding(True)
        approval = await sdp.approvals.get(ApprovalRef.parse(operation.record))
        return Finding(True if _sent_on(approval) != operation.before.get("sent_on", "") else None)


def _sent_on(approval: Approval) -> str:
    return approval.sent_on.isoformat() if approval.sent_on else ""
