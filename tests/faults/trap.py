"""Points of a decision's way at which a process can be killed, each seen from outside on the wire it happens on."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from tests.faults.doors import Moment
from tests.faults.fleet import Fleet, Member, Role

Wire = Literal["valkey", "sdp", "slack", "gesture"]


@dataclass(frozen=True, slots=True)
class Point:
    """Kill a process of `role` when `word` passes on `wire`, before it takes effect or before its answer is heard."""

    name: str
    role: Role
    wire: Wire
    word: str = ""
    moment: Moment = "after"


POINTS = (
    Point("recorded, not yet acknowledged", "web", "valkey", '"state":"recorded"'),
    Point("acknowledged", "web", "gesture"),
    Point("marked as being sent, not called", "worker", "valkey", '"state":"sending"'),
    Point("called, SDP has not acted", "worker", "sdp", "PUT /", "before"),
    Point("SDP has acted, not answered", "worker", "sdp", "PUT /", "after"),
    Point("answered and recorded, card not drawn", "worker", "valkey", '"state":"confirmed"'),
    Point("card about to change", "worker", "slack", "chat.update", "before"),
    Point("posted, not recorded", "worker", "slack", "chat.postMessage", "after"),
)


@dataclass
class Trap:
    """Set at one point at a time; springs once."""

    fleet: Fleet
    point: Point | None = None
    sprung: Counter[str] = field(default_factory=Counter)

    def set(self, point: Point | None) -> None:
        self.point = point

    def on_valkey(self, member: Member) -> tuple[Callable[[bytes], bool], Callable[[], None]]:
        """What a member's relay needs: whether these bytes are the point's, and the kill when the server answered."""

        def catch(sent: bytes) -> bool:
            point = self.point
            return point is not None and self._is(point, member, "valkey") and point.word.encode() in sent

        def caught() -> None:
            if self.point is not None and self._is(self.point, member, "valkey"):
                self._spring(self.point, member)

        return catch, caught

    def on_door(self, member: Member, wire: Wire) -> Callable[[str, Moment], bool]:
        """What a member's door to `wire` asks."""

        def spring(call: str, moment: Moment) -> bool:
            point = self.point
            if point is None or point.moment != moment or not self._is(point, member, wire) or point.word not in call:
                return False
            return self._spring(point, member)

        return spring

    def acknowledged(self, member: Member) -> None:
        """A member has just acknowledged a gesture."""
        if self.point is not None and self._is(self.point, member, "gesture"):
            self._spring(self.point, member)

    @staticmethod
    def _is(point: Point, member: Member, wire: Wire) -> bool:
        return point.role == member.role and point.wire == wire

    def _spring(self, point: Point, member: Member) -> bool:
        self.point = None
        if not self.fleet.kill(member):
            return False
        self.sprung[point.name] += 1
        return True
