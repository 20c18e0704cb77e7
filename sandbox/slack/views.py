"""Modals and Home tabs: a stack of at most three modals a person, one Home tab a person."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack import blockstate
from sandbox.slack.blockkit import BYTES_IN_VIEW, refusals_of_view
from sandbox.slack.changes import Change, Feed
from sandbox.slack.content import with_ids
from sandbox.slack.errors import SlackError
from sandbox.slack.ids import IdMaker
from sandbox.slack.model import Json, View
from sandbox.slack.wire import compact

STACK = 3
_KEPT = (
    "title",
    "submit",
    "close",
    "callback_id",
    "private_metadata",
    "external_id",
    "clear_on_close",
    "notify_on_close",
    "submit_disabled",
)


@dataclass(slots=True)
class Views:
    """Opens, pushes, updates, publishes and closes views for one app. Everything raises Slack's own codes."""

    ids: IdMaker
    now: Callable[[], float]
    feed: Feed
    team_id: str
    app_id: str
    bot_id: str
    stacks: dict[str, list[View]] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)

    def stack(self, person: str) -> list[View]:
        return self.stacks.setdefault(person, [])

    def open(self, person: str, given: Any) -> View:
        """Open a modal in place of whatever modals the person has open from this app."""
        view = self._new(person, judged(given, "modal"))
        self.stacks[person] = [view]
        self._tell(view)
        return view

    def push(self, person: str, given: Any) -> View:
        """Put a modal on top; raises `push_limit_reached`, or `not_found` when none is open."""
        stack = self.stack(person)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= STACK:
            raise SlackError("push_limit_reached")
        view = self._new(person, judged(given, "modal"))
        view.previous_view_id, view.root_view_id = stack[-1].id, stack[0].id
        stack.append(view)
        self._tell(view)
        return view

    def update(self, view_id: str | None, external_id: str | None, given: Any, hash_: str | None = None) -> View:
        """Replace a view's content, keeping its id; raises `not_found` and `hash_conflict`."""
        view = self._existing(view_id, external_id)
        if hash_ and hash_ != view.hash:
            raise SlackError("hash_conflict")
        return self.replace(view, judged(given, view.type))

    def replace(self, view: View, given: Json) -> View:
        self._fill(view, given)
        view.hash = self._new_hash()
        self._tell(view)
        return view

    def publish(self, person: str, given: Any, hash_: str | None = None) -> View:
        """Show a Home tab; the id stays the same for a person. Raises `hash_conflict`."""
        fields = judged(given, "home")
        view = self.homes.get(person)
        if view is None:
            view = self._new(person, fields)
            self.homes[person] = view
        elif hash_ and hash_ != view.hash:
            raise SlackError("hash_conflict")
        else:
            return self.replace(view, fields)
        self._tell(view)
        return view

    def close(self, view: View) -> None:
        """Take a modal, and whatever is above it, off its stack."""
        stack = self.stack(view.person)
        if view in stack:
            del stack[stack.index(view) :]
        self._tell(view)

    def clear(self, person: str) -> None:
        for view in self.stack(person)[:1]:
            self.close(view)

    def find(self, view_id: str) -> View | None:
        open_views = [view for stack in self.stacks.values() for view in stack] + list(self.homes.values())
        return next((view for view in open_views if view.id == view_id), None)

    def touched(self, view: View) -> None:
        """Tell observers that something about a view changed that is not its content (errors, loading, state)."""
        self._tell(view)

    def _existing(self, view_id: str | None, external_id: str | None) -> View:
        open_views = [view for stack in self.stacks.values() for view in stack] + list(self.homes.values())
        for view in open_views:
            if view.id == view_id or (external_id and view.external_id == external_id):
                return view
        raise SlackError("not_found")

    def _new(self, person: str, given: Json) -> View:
        view_id = self.ids.make("V")
        external_id = given.get("external_id")
        if external_id and any(view.external_id == external_id for stack in self.stacks.values() for view in stack):
            raise SlackError("duplicate_external_id")
        view = View(
            id=view_id,
            root_view_id=view_id,
            person=person,
            team_id=self.team_id,
            app_id=self.app_id,
            bot_id=self.bot_id,
            type=given["type"],
            hash=self._new_hash(),
            blocks=[],
        )
        self._fill(view, given)
        return view

    def _fill(self, view: View, given: Json) -> None:
        defaults = View.__dataclass_fields__
        for name in _KEPT:
            setattr(view, name, given.get(name) if given.get(name) is not None else defaults[name].default)
        view.blocks = with_ids(given["blocks"], self.ids)
        view.state = blockstate.values(view.blocks, view.state)
        view.errors, view.loading = {}, False

    def _new_hash(self) -> str:
        return f"{int(self.now())}.{self.ids.word('hash', 8)}"

    def _tell(self, view: View) -> None:
        kind = "home" if view.type == "home" else "modal"
        self.feed.tell(Change(kind, who=view.person, data={"view": view.id}))


def judged(given: Any, kind: str) -> Json:
    """The view as it came, when Slack would take it; raises `invalid_arguments` or `view_too_large`."""
    if not isinstance(given, dict):
        raise SlackError("invalid_arguments", ["must be an object [json-pointer:/view]"])
    if given.get("type") != kind:
        raise SlackError("invalid_arguments", [f"must be of type {kind} [json-pointer:/view/type]"])
    if len(compact(given).encode()) > BYTES_IN_VIEW:
        raise SlackError("view_too_large")
    refusals = refusals_of_view(given)
    if refusals:
        raise SlackError("invalid_arguments", refusals)
    return given
