"""What must be true once everything runs again, whatever was killed: nothing lost, nothing twice, every card true."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from blocks.ids import CARD_EVENT, DIGEST_EVENT
from bot.app import House
from bot.models import DecisionState, OperationState
from sandbox.box import Box
from sandbox.sdp.approvals import Approval
from sandbox.slack.model import Message
from sandbox.slack.reading import words_of_message
from tests.faults.crowd import Gesture, labels, pointer, ref_of

ENDS = {state.value for state in DecisionState if state.final}
OPERATION_ENDS = {state.value for state in OperationState if state.final}
EFFECTS = {"maintenance.suspend": "maintenance.suspended", "maintenance.enable": "maintenance.enabled"}
MENU = "inbox:"
"""How the pointer of the one message begins that stands for many: who is asked too often gets it instead of cards."""
WORDS = {"Approved": "Approved by", "Rejected": "Rejected by", "Pending Approval": "approval is needed"}
"""How a card begins for what SDP has."""


@dataclass
class Verdict:
    """What was found. `lost`, `twice` and `untrue` are the troubles, a sentence each; the rest are counts."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    intents: int = 0
    acknowledged: int = 0
    effects: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    settled: int = 0
    operations: int = 0
    digests: int = 0
    ledger: int = 0

    @property
    def troubles(self) -> list[str]:
        return [*self.lost, *self.twice, *self.untrue]


@dataclass
class _Story:
    """What the ledger tells of one decision or operation: its states in order."""

    about: str
    verb: str
    states: list[str] = field(default_factory=list)


async def judge(box: Box, house: House, gestures: Iterable[Gesture]) -> Verdict:
    """Look at both worlds, the ledger and the queue."""
    verdict = Verdict()
    await _ledger(house, verdict)
    stories = await _stories(house)
    decisions = {id_: one for id_, one in stories.items() if one.verb in ("approve", "reject")}
    _decisions(box, list(decisions.values()), list(gestures), verdict)
    _operations(box, [one for id_, one in stories.items() if id_ not in decisions], verdict)
    _cards(box, verdict)
    _digests(box, verdict)
    await _rest(house, verdict)
    return verdict


async def _ledger(house: House, verdict: Verdict) -> None:
    verdict.ledger, trouble = await house.ledger.verify()
    if trouble is not None:
        verdict.untrue.append(f"the ledger: {trouble}")


async def _stories(house: House) -> dict[str, _Story]:
    stories: dict[str, _Story] = {}
    async for entry in house.ledger.entries():
        details = entry.details or {}
        if "verb" in details:
            id_ = entry.event.partition(":")[0]
            about = details.get("approval") or details["record"]
            stories.setdefault(id_, _Story(about, details["verb"])).states.append(entry.what.rpartition(".")[2])
    return stories


def _decisions(box: Box, decisions: list[_Story], gestures: list[Gesture], verdict: Verdict) -> None:
    by_ref = defaultdict(list)
    for story in decisions:
        by_ref[story.about].append(story)
    done: dict[str, list[Gesture]] = defaultdict(list)
    for gesture in gestures:
        done[gesture.ref].append(gesture)
    effects = Counter(one.record for kind in ("approved", "rejected") for one in box.sdp.effects(f"approval.{kind}"))
    verdict.intents = sum(gesture.verb != "undo" for gesture in gestures)
    verdict.acknowledged = sum(gesture.verb != "undo" and gesture.heard for gesture in gestures)
    for ref in {**by_ref, **done}:
        _one(ref, by_ref[ref], done[ref], effects[ref.rpartition(".")[2]], verdict)
    for story in decisions:
        verdict.ends[story.states[-1]] += 1
        verdict.unknown += "unknown" in story.states
        verdict.settled += "unknown" in story.states and story.states[-1] in ENDS


def _one(ref: str, stories: list[_Story], gestures: list[Gesture], effects: int, verdict: Verdict) -> None:
    """One approval: each intent ended, the effects are as many as decisions confirmed, and never two."""
    verdict.effects += effects
    confirmed = sum(story.states[-1] == "confirmed" for story in stories)
    asked = [gesture for gesture in gestures if gesture.verb != "undo"]
    if effects > 1:
        verdict.twice.append(f"{ref}: SDP was told {effects} times")
    if effects != confirmed:
        verdict.untrue.append(f"{ref}: {effects} effects, {confirmed} decisions confirmed")
    if any(gesture.heard for gesture in asked) and not stories:
        verdict.lost.append(f"{ref}: acknowledged, and nothing is known of it")
    verdict.lost += [f"{ref}: stopped at {story.states[-1]}" for story in stories if story.states[-1] not in ENDS]
    if stories and stories[-1].states[-1] == "undone" and not _was_taken_back(gestures):
        verdict.lost.append(f"{ref}: undone although the last word was to decide")


def _was_taken_back(gestures: list[Gesture]) -> bool:
    """Whether somebody pressed Undo after the last decision that was acknowledged."""
    heard = [at for at, gesture in enumerate(gestures) if gesture.verb != "undo" and gesture.heard]
    return any(gesture.verb == "undo" for gesture in gestures[max(heard, default=0) :])


def _operations(box: Box, operations: list[_Story], verdict: Verdict) -> None:
    """As many effects on a maintenance as operations whose answer came; one that was unknown may own up to one more.

    What became of an unknown one is told by what SDP shows, and another operation may have brought that about.
    """
    verdict.operations = len(operations)
    for verb, kind in EFFECTS.items():
        mine = [one for one in operations if one.verb == verb]
        for record in {one.about for one in mine}:
            here = [one for one in mine if one.about == record]
            heard = sum(one.states[-1] == "done" and "unknown" not in one.states for one in here)
            unknown = sum("unknown" in one.states for one in here)
            effects = sum(one.via == "api" for one in box.sdp.effects(kind, record))
            if not heard <= effects <= heard + unknown:
                verdict.twice.append(f"{verb} {record}: {effects} effects, {heard} done, {unknown} were unknown")
    stuck = [one for one in operations if one.states[-1] not in OPERATION_ENDS | {"offered"}]
    verdict.lost += [f"{one.verb} {one.about}: stopped at {one.states[-1]}" for one in stuck]


# --- what people see ------------------------------------------------------------------------------------------


def _cards(box: Box, verdict: Verdict) -> None:
    """Every message of ours is there once, everybody who is asked has a card, and each card says what SDP has."""
    messages = list(_messages(box, CARD_EVENT))
    count = Counter(pointer(message) for message in messages)
    verdict.twice += [f"message {of}: {times} times" for of, times in count.items() if times > 1]
    cards = defaultdict(list)
    for message in messages:
        ref, _, slot = pointer(message).partition("/")
        if slot.startswith("dm:") or slot == "channel":
            cards[ref].append(message)
    menus = {of.partition("/")[0] for of in count if of.startswith(MENU)}
    ids = {person.key: person.id for person in box.slack.people()}
    waiting = {ref_of(one): f"{MENU}{ids.get(one.approver.key)}" for one in box.sdp.waiting()}
    verdict.lost += [
        f"{ref}: waits, and there is no card" for ref, menu in waiting.items() if ref not in cards and menu not in menus
    ]
    for approval in _approvals(box):
        for message in cards[ref_of(approval)]:
            _card(approval, message, verdict)


def _approvals(box: Box) -> Iterator[Approval]:
    for release in box.sdp.releases:
        for level in release.levels:
            yield from level.approvals


def _card(approval: Approval, message: Message, verdict: Verdict) -> None:
    words, shown = WORDS.get(approval.status.name), words_of_message(message)
    matters = approval.level.is_current or approval.action_taken_on is not None
    if words is not None and matters and words not in shown:
        verdict.untrue.append(f"{ref_of(approval)}: SDP has {approval.status.name}, the card says {shown[:120]!r}")
    if approval.action_taken_on is not None and "Approve" in labels(message):
        verdict.untrue.append(f"{ref_of(approval)}: decided, and the card still offers to approve")


def _digests(box: Box, verdict: Verdict) -> None:
    count = Counter(pointer(message) for message in _messages(box, DIGEST_EVENT))
    verdict.digests = len(count)
    verdict.twice += [f"digest {of}: {times} times" for of, times in count.items() if times > 1]


def _messages(box: Box, event_type: str) -> Iterator[Message]:
    for messages in box.slack.conversations.messages.values():
        yield from (one for one in messages if (one.metadata or {}).get("event_type") == event_type)


async def _rest(house: House, verdict: Verdict) -> None:
    """Nothing is left to do, and nobody holds anything."""
    due = await house.store.redis.zrangebyscore(house.store.keys.jobs("due"), "-inf", time.time() * 1000)
    running = await house.store.redis.zrange(house.store.keys.jobs("running"), 0, -1)
    if left := {*due, *running} - {"poll|"}:  # the poll comes round every other second here, and may always be at it
        verdict.lost.append(f"the queue still has {', '.join(sorted(left)[:5])}")
    open_ = await house.store.redis.scard(house.store.keys.open_decisions)
    if open_:
        verdict.lost.append(f"{open_} decisions are open")
