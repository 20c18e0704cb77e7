"""Release approvals: who has to decide, what they said, and saying it (operations A1 to A6)."""

from collections.abc import AsyncIterator

from bot.errors import BadInput
from bot.models import Approval, ApprovalRef, ApprovalState, Mrkdwn, NotificationPreview, SdpId, Verb
from bot.sdp.client import Client
from bot.sdp.lists import record_of
from bot.sdp.shapes import Approver, Choice, Html, Integer, Moment, One, Shape, Someone, Text, approver, with_ids
from bot.sdp.wire import Call, JsonObject, Method

APPROVALS = "releases/{}/approval_levels/{}/approvals"
APPROVAL = f"{APPROVALS}/{{}}"

COMMENT_LIMIT = 250
"""Characters of an approval's comment; a newer page of the vendor says 1,000, so it is configurable."""

_STATES = {
    "approved": ApprovalState.APPROVED,
    "rejected": ApprovalState.REJECTED,
    "denied": ApprovalState.REJECTED,
    "pending approval": ApprovalState.PENDING,
    "pending": ApprovalState.PENDING,
    "pending clarification": ApprovalState.CLARIFICATION,
    "to be sent": ApprovalState.TO_BE_SENT,
}
"""Status names that were seen or are documented, in lower case; tenants can rename them."""


def classify(status_name: str, *, was_sent: bool = False, was_acted_on: bool = False) -> ApprovalState:
    """What a status name means, in any case.

    A name nobody foresaw is UNKNOWN whatever it resembles, except that an approval SDP has sent and nobody has acted
    on is pending under any name.
    """
    known = _STATES.get(" ".join(status_name.lower().split()))
    if known:
        return known
    return ApprovalState.PENDING if was_sent and not was_acted_on else ApprovalState.UNKNOWN


class _LevelNumber(Shape):
    level: Integer = None


class _OrganisationRole(Shape):
    display_name: Text = None


class ApprovalShape(Shape):
    """A row of `approvals`, or the object `approval`."""

    approver: Approver = approver(None)
    original_approver: Someone = None
    status: Choice = None
    comments: Text = None
    sent_on: Moment = None
    action_taken_on: Moment = None
    approval_level: One[_LevelNumber] = None
    xpath: One[_OrganisationRole] = None

    def approval(self, release: SdpId, level: SdpId) -> Approval | None:
        if self.id is None:
            return None
        status = self.status.name if self.status else ""
        return Approval(
            ref=ApprovalRef(release, level, self.id),
            approver=self.approver,
            state=classify(status, was_sent=self.sent_on is not None, was_acted_on=self.action_taken_on is not None),
            status_name=status,
            original_approver=self.original_approver,
            comments=self.comments,
            sent_on=self.sent_on,
            decided_on=self.action_taken_on,
            level_number=self.approval_level.level if self.approval_level else None,
            role=self.xpath.display_name if self.xpath else None,
        )


def _read(row: JsonObject, release: SdpId, level: SdpId) -> Approval | None:
    return ApprovalShape.model_validate(row).approval(release, level)


class PreviewShape(Shape):
    """The object `notification`: a subject, and a body with `${…}` placeholders."""

    subject: Text = None
    description: Html = Mrkdwn("")


class Approvals:
    """`sdp.approvals`. SDP cannot revoke a decision and answers approving and rejecting in the same words, so only a
    fresh `get` tells what happened.
    """

    def __init__(self, client: Client, comment_limit: int = COMMENT_LIMIT) -> None:
        self._client = client
        self._comment_limit = comment_limit

    async def get(self, ref: ApprovalRef) -> Approval:
        """The approval as it is now (A1). Raises SdpNotFound when it was withdrawn or its level was asked anew."""
        row = record_of(await self._client.read(_call("GET", APPROVAL, ref)), "approval")
        approval = _read({**row, "id": ref.approval}, ref.release, ref.level)
        assert approval is not None  # noqa: S101  # it has the id it was asked by
        return approval

    async def list(self, release: SdpId, level: SdpId) -> AsyncIterator[Approval]:
        """Everybody's approval on one level (A2)."""
        rows = self._client.rows(APPROVALS, (release, level), "approvals")
        async for approval in with_ids(rows, lambda row: _read(row, release, level)):
            yield approval

    async def approve(self, ref: ApprovalRef, comments: str = "") -> None:
        """Approve as the owner of the token (A3). Raises BadInput, SdpRefused, SdpUnreachable, OutcomeUnknown."""
        await self._decide(ref, Verb.APPROVE, comments)

    async def reject(self, ref: ApprovalRef, comments: str = "") -> None:
        """Reject as the owner of the token (A4); raises like `approve`."""
        await self._decide(ref, Verb.REJECT, comments)

    async def _decide(self, ref: ApprovalRef, verb: Verb, comments: str) -> None:
        approval = {"comments": plain_comment(comments, self._comment_limit)} if comments.strip() else {}
        await self._client.act(_call("PUT", f"{APPROVAL}/_{verb}", ref, {"approval": approval}))

    async def preview_notification(self, ref: ApprovalRef) -> NotificationPreview:
        """The mail SDP would send to the approver (A5); nothing is sent."""
        body = await self._client.read(_call("GET", f"{APPROVAL}/_send_notification", ref))
        shape = PreviewShape.model_validate(record_of(body, "notification"))
        return NotificationPreview(shape.subject or "", shape.description)

    async def send_notification(self, ref: ApprovalRef) -> None:
        """Have SDP send that mail (A6)."""
        await self._client.act(_call("PUT", f"{APPROVAL}/_send_notification", ref, {}))


def plain_comment(comments: str, limit: int = COMMENT_LIMIT) -> str:
    """A comment as SDP takes it: plain text on one line. Raises BadInput above `limit` characters."""
    line = " ".join(comments.split())
    if len(line) > limit:
        raise BadInput(f"A comment can have {limit} characters, this one has {len(line)}.", field="comments")
    return line


def _call(method: Method, template: str, ref: ApprovalRef, input_data: dict[str, object] | None = None) -> Call:
    return Call(method, template, (ref.release, ref.level, ref.approval), input_data)
