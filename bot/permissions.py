"""Who may do what. Pure: a check looks at what it is given and raises, or returns nothing.

SDP's own rules stay above these: a check here only says no earlier and in plainer words.
"""

from bot.errors import NotAllowed, NotLinked, NotTheApprover
from bot.models import Approval, SlackPerson


def check_may_decide(actor: SlackPerson, approval: Approval) -> None:
    """Whether `actor` is the approver, by the one e-mail address both systems know. Raises Refused."""
    approver = approval.approver
    if actor.deleted or actor.is_bot:
        raise NotAllowed("This Slack account cannot decide approvals.")
    if actor.is_guest:
        raise NotAllowed(f"Guests cannot decide approvals. This decision is {approver.name}'s.")
    if approver.email is None:
        raise NotLinked(
            f"This decision is {approver.name}'s, and SDP has no e-mail address for them, so Slack cannot tell who "
            f"that is. {approver.name} can decide in SDP."
        )
    if actor.email is None or actor.email != approver.email:
        raise NotTheApprover(approver.name)
