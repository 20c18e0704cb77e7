"""The approval process of a release: levels in order, a rule for each, one approval a person.

Facts: levels run one after the other, a rejected level ends the process, a decision cannot be taken back
(vendor's page on approval levels). What each rule means is in `rules`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sandbox.sdp.catalogue import Choice
from sandbox.sdp.ground import Ground
from sandbox.sdp.people import Person
from sandbox.sdp.refusals import BAD_KEY, MANDATORY, NOT_EDITABLE, Refusal, no_such, not_allowed
from sandbox.sdp.releases import Release
from sandbox.sdp.rules import Outcome, RuleName, outcome

Verdict = Literal["approve", "reject"]
OUTCOMES: dict[Verdict, Outcome] = {"approve": "approved", "reject": "rejected"}

TO_BE_SENT, PENDING, APPROVED, CLARIFICATION = "To Be Sent", "Pending Approval", "Approved", "Pending Clarification"


@dataclass
class Plan:
    """An approval level as it is set up: who is asked and what counts as approved. `percent` is for "percent"."""

    approvers: Sequence[Person | str]
    rule: RuleName = "everyone"
    percent: int = 50
    name: str | None = None


@dataclass(eq=False)
class Level:
    """One step of a release's approval; `number` counts from 1."""

    id: str
    release: Release
    number: int
    name: str
    rule: RuleName
    percent: int
    status: Choice
    created_time: datetime
    created_by: Person
    approvals: "list[Approval]" = field(default_factory=list)
    action_taken_on: datetime | None = None

    @property
    def is_current(self) -> bool:
        """Its people are asked now."""
        return self.status.name == PENDING


@dataclass(eq=False)
class Approval:
    """One person's say. `original_approver` is set once it was delegated; `approver` is who may act."""

    id: str
    level: Level
    approver: Person
    status: Choice
    original_approver: Person | None = None
    comments: str | None = None
    sent_on: datetime | None = None
    action_taken_on: datetime | None = None
    decided_by: Person | None = None

    @property
    def waits(self) -> bool:
        return self.status.name in (PENDING, CLARIFICATION)


class Approvals:
    """The desk where levels are opened and decisions are taken."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._by_id: dict[str, Approval] = {}
        self._levels: dict[str, Level] = {}

    # --- finding ------------------------------------------------------------------------------

    def get(self, which: Approval | str) -> Approval:
        """The approval with that id; raises Refusal 4007."""
        found = which if isinstance(which, Approval) else self._by_id.get(which)
        if not found:
            raise no_such("approval")
        return found

    def level(self, which: Level | str) -> Level:
        """The level with that id; raises Refusal 4007."""
        found = which if isinstance(which, Level) else self._levels.get(which)
        if not found:
            raise no_such("approval level")
        return found

    def waiting(self, who: Person | None = None) -> list[Approval]:
        """What can be decided now, of that person or of everybody, in the order of asking."""
        return [
            approval
            for approval in self._by_id.values()
            if who in (None, approval.approver) and self._why_closed(approval) is None
        ]

    # --- setting up -----------------------------------------------------------------------------

    def open(self, release: Release, plans: Iterable[Plan], by: Person) -> list[Level]:
        """Set up further levels of a release, and ask the people of the first of them when nobody else is asked."""
        start = len(release.levels) + 1
        new = [self._new_level(release, number, plan, by) for number, plan in enumerate(plans, start)]
        nobody_is_asked = not any(level.is_current for level in release.levels)
        release.levels += new
        if new and nobody_is_asked:
            self._send(new[0])
        return new

    def keep(self, level: Level) -> None:
        """Index a level and its approvals."""
        self._levels[level.id] = level
        self._by_id.update({approval.id: approval for approval in level.approvals})

    def forget(self, level: Level) -> None:
        del self._levels[level.id]
        for approval in level.approvals:
            del self._by_id[approval.id]

    def _new_level(self, release: Release, number: int, plan: Plan, by: Person) -> Level:
        ids, status, people = self._ground.ids, self._status(TO_BE_SENT), self._ground.people
        level = Level(
            ids.next(), release, number, plan.name or f"Level {number}", plan.rule, plan.percent, status,
            self._ground.now(), by,
        )  # fmt: skip
        level.approvals = [Approval(ids.next(), level, people.get(who), status) for who in plan.approvers]
        self.keep(level)
        return level

    def _send(self, level: Level) -> None:
        level.status = self._status(PENDING)
        for approval in level.approvals:
            approval.status, approval.sent_on = level.status, self._ground.now()
        self._ground.journal.note("level.sent", level.id, release=level.release.id, number=level.number)

    # --- deciding ---------------------------------------------------------------------------------

    def decide(self, which: Approval | str, verdict: Verdict, *, by: Person, comments: str | None = None) -> Approval:
        """Take a decision; the release follows.

        Raises Refusal: 4002 for somebody else's approval, 4009 when it is not (or no longer) open, 4012 when this
        tenant demands a comment and there is none, 4001 for a comment that is too long or has line breaks.
        """
        approval = self.get(which)
        self._check_whose(approval, by)
        if closed := self._why_closed(approval):
            raise Refusal(NOT_EDITABLE, closed)
        approval.comments = self._checked(comments)
        how = OUTCOMES[verdict]
        approval.status = self._decided(how)
        approval.action_taken_on, approval.decided_by = self._ground.now(), by
        self._note(how, approval, by, comments=approval.comments)
        self._settle(approval.level)
        return approval

    def _check_whose(self, approval: Approval, by: Person) -> None:
        if by is approval.approver or (by.role == "service" and self._ground.tenant.service_decides):
            return
        raise not_allowed("You are not authorized to take action on this approval")

    def _why_closed(self, approval: Approval) -> str | None:
        release = approval.level.release
        if approval.action_taken_on:
            return "The approval has already been processed"
        if release.deleted or release.status.name in ("Cancelled", "Completed"):
            return "The release is no longer open for approval"
        if not approval.level.is_current or not approval.waits:
            return "The approval is not pending"
        return None

    def _checked(self, comments: str | None) -> str | None:
        tenant, said = self._ground.tenant, comments or ""
        if not said.strip():
            if tenant.comments_required:
                raise Refusal(MANDATORY, "", ["comments"])
            return None
        if len(said) > tenant.comment_max:
            raise Refusal(BAD_KEY, f"comments can have at most {tenant.comment_max} characters", ["comments"])
        if any(mark in said for mark in "\r\n"):
            raise Refusal(BAD_KEY, "comments cannot have line breaks", ["comments"])
        return said

    def _settle(self, level: Level) -> None:
        """Let the level, and then the release, follow from the decisions taken."""
        if self._ground.tenant.decisions_touch_release:
            level.release.last_updated_time = self._ground.now()
        yes = sum(approval.status.name == APPROVED for approval in level.approvals)
        no = sum(approval.action_taken_on is not None for approval in level.approvals) - yes
        if found := outcome(level.rule, level.percent, yes=yes, no=no, total=len(level.approvals)):
            self._close(level, found)
            self._go_on(level, found)

    def _close(self, level: Level, how: Outcome) -> None:
        level.status, level.action_taken_on = self._decided(how), self._ground.now()
        if leftover := self._ground.tenant.leftover_status:
            for approval in level.approvals:
                if not approval.action_taken_on:
                    approval.status = self._status(leftover)
        self._ground.journal.note(f"level.{how}", level.id, release=level.release.id, number=level.number)

    def _go_on(self, level: Level, how: Outcome) -> None:
        """The next level's turn, or the end of the process."""
        following = next((other for other in level.release.levels if other.number > level.number), None)
        if how == "approved" and following:
            self._send(following)
        else:
            self._finish(level.release, how)

    def _finish(self, release: Release, how: Outcome) -> None:
        """Approved: the next stage; rejected: it stays where it is."""
        catalogue = self._ground.catalogue
        release.status = catalogue.get("release_status", how.capitalize())
        release.approval_status, release.last_updated_time = self._decided(how), self._ground.now()
        if how == "approved":
            stages = catalogue.of("release_stage")
            release.stage = stages[min(stages.index(release.stage) + 1, len(stages) - 1)]
        self._ground.journal.note(f"release.{how}", release.id)

    def _decided(self, how: Outcome) -> Choice:
        return self._status(APPROVED if how == "approved" else self._ground.tenant.rejected_name)

    # --- everything else that can happen to an approval ---------------------------------------------

    def notify(self, which: Approval | str, by: Person) -> None:
        """Send the approval's mail again."""
        approval = self.get(which)
        if closed := self._why_closed(approval):
            raise Refusal(NOT_EDITABLE, closed)
        self._note("notified", approval, by)

    def delegate(self, which: Approval | str, *, to: Person | str) -> Approval:
        """The approver hands it to somebody else and stays visible as the original approver."""
        approval = self._open_one(which)
        approval.original_approver = approval.original_approver or approval.approver
        approval.approver = self._ground.people.get(to)
        self._note("delegated", approval, approval.original_approver, to=approval.approver.id)
        return approval

    def replace_approver(self, which: Approval | str, *, to: Person | str) -> Approval:
        """An administrator puts somebody else in the approver's place; nothing reminds of the former one."""
        approval = self._open_one(which)
        approval.approver, approval.original_approver = self._ground.people.get(to), None
        self._note("replaced", approval, None, to=approval.approver.id)
        return approval

    def clarify(self, which: Approval | str) -> Approval:
        """The approver asks the requester something: Pending Clarification, still to be decided."""
        approval = self._open_one(which)
        approval.status = self._status(CLARIFICATION)
        self._note("clarification", approval, approval.approver)
        return approval

    def mark(self, which: Approval | str, status: str) -> Approval:
        """Give an open approval a status of the tenant's own, entered into the list of statuses if it is new."""
        approval, catalogue = self._open_one(which), self._ground.catalogue
        known = {choice.name for choice in catalogue.of("approval_status")}
        approval.status = self._status(status) if status in known else catalogue.add("approval_status", status)
        self._note("marked", approval, None, status=status)
        return approval

    def supersede(self, which: Level | str, approvers: Sequence[Person | str] | None = None) -> Level:
        """Ask the level anew: it gets new ids and open approvals, the old ones are gone (4007)."""
        old = self.level(which)
        before = [approval.original_approver or approval.approver for approval in old.approvals]
        plan = Plan(before if approvers is None else approvers, old.rule, old.percent, old.name)
        new = self._new_level(old.release, old.number, plan, old.created_by)
        self.forget(old)
        old.release.levels[old.release.levels.index(old)] = new
        old.release.last_updated_time = self._ground.now()
        self._ground.journal.note("level.superseded", old.id, release=old.release.id, by_level=new.id)
        if old.is_current:
            self._send(new)
        return new

    def _open_one(self, which: Approval | str) -> Approval:
        approval = self.get(which)
        if approval.action_taken_on:
            raise Refusal(NOT_EDITABLE, "The approval has already been processed")
        return approval

    def _status(self, name: str) -> Choice:
        return self._ground.catalogue.get("approval_status", name)

    def _note(self, what: str, approval: Approval, by: Person | None, **detail: object) -> None:
        whose = {"release": approval.level.release.id, "level": approval.level.number}
        self._ground.journal.note(f"approval.{what}", approval.id, by.id if by else None, **whose, **detail)
