"""How projects are changed: one `Deed` for each verb, and how to tell afterwards whether it happened.

A verb is `project.create`, `.edit`, `.delete`, `.attach_changes`, `.detach_changes`, `.attach_requests`,
`.detach_requests`, `.upload`. Detaching is never sent without ids: SDP's document shows no input for it and leaves open
what a detach without any would take along. Its client reads what is attached before and after.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Literal, Protocol

from bot.accounts import Actor
from bot.errors import BadInput, Changed, SdpError, SdpNotFound
from bot.models import (
    Associations,
    DisplayId,
    Named,
    Operation,
    Person,
    Project,
    ProjectDraft,
    SdpId,
    SlackPerson,
    Ticket,
    sdp_id,
)
from bot.operations import Deed, Finding
from bot.project_form import BY_NAME, changed, draft_of, values_of
from bot.projects import Kind
from bot.sdp import Sdp
from bot.sdp.files import SlackFiles

Direction = Literal["attach", "detach"]

CLOCKS = timedelta(minutes=2)
"""How far SDP's clock may be from ours when a new project is looked for by the time of its creation."""


# --- what travels in an operation's arguments -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file somebody shared in Slack, as Slack describes it; `size` in bytes."""

    id: str
    name: str
    size: int
    content_type: str
    url: str

    def dump(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> "SharedFile":
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Form:
    """A submitted form: what is filled in, what was there when the window was opened, and for which choices SDP
    offered a list."""

    values: Mapping[str, str]
    shown: Mapping[str, str]
    offered: frozenset[str]

    @property
    def written(self) -> Mapping[str, str]:
        """What is to be written: an edit leaves alone what nobody touched."""
        return changed(self.values, self.shown)

    def arguments(self) -> dict[str, str]:
        parts = {"values": dict(self.values), "shown": dict(self.shown), "offered": sorted(self.offered)}
        return {"form": json.dumps(parts, ensure_ascii=False)}

    @classmethod
    def of(cls, operation: Operation) -> "Form":
        parts = json.loads(operation.arguments["form"])
        return cls(parts["values"], parts["shown"], frozenset(parts["offered"]))


def named_tickets(operation: Operation) -> dict[SdpId, Ticket]:
    """The changes or requests of an operation with the titles they had in its preview."""
    rows = json.loads(operation.arguments["tickets"])
    return {SdpId(id_): Ticket(SdpId(id_), title, _display_id(label)) for id_, label, title in rows}


def _display_id(label: str) -> DisplayId | None:
    return DisplayId(label, label.rpartition("-")[2]) if label else None


def lost_words(operation: Operation) -> tuple[str, ...]:
    """Words of the command that named no change or request."""
    return tuple(json.loads(operation.arguments["lost"]))


def ticket_arguments(tickets: tuple[Ticket, ...], lost: tuple[str, ...]) -> dict[str, str]:
    """The inverse of `named_tickets`."""
    rows = [(one.id, one.display_id.text if one.display_id else "", one.title) for one in tickets]
    return {"tickets": json.dumps(rows, ensure_ascii=False), "lost": json.dumps(lost, ensure_ascii=False)}


def associations_of(operation: Operation) -> Associations:
    """What attaching or detaching came to, as far as it is known."""
    there = operation.result.get("there")
    before = operation.before.get("there")
    return Associations(
        asked=tuple(named_tickets(operation)),
        there=None if there is None else _ids(there),
        before=None if before is None else _ids(before),
    )


# --- the deeds ----------------------------------------------------------------------------------------------


class Directory(Protocol):
    """Who somebody of Slack is; `bot.people.People` is one."""

    async def by_id(self, slack_id: str) -> SlackPerson | None: ...

    async def slack_of(self, person: Person) -> SlackPerson | None: ...


class Progress(Protocol):
    """Shows how far an upload is; `handlers.projects` has one."""

    def watching(self, operation: Operation, file: SharedFile) -> AbstractAsyncContextManager[Callable[[int], None]]:
        """A function to be told the bytes that have gone, for as long as the upload runs."""
        ...


def deeds(people: Directory, files: SlackFiles, progress: Progress) -> dict[str, Deed]:
    """Every verb of this topic."""
    forms, uploads = Forms(people), Uploads(files, progress)
    return {
        "project.create": Deed(check=forms.check_new, send=forms.create, look=forms.look_for_new),
        "project.edit": Deed(check=forms.check_edit, send=forms.edit, look=forms.look_at_edit),
        "project.delete": Deed(check=check_delete, send=delete, look=look_for_deleted),
        "project.upload": Deed(check=uploads.check, send=uploads.send, look=uploads.look),
        **{
            f"project.{direction}_{kind}": _associating(direction, kind)
            for direction in ("attach", "detach")
            for kind in ("changes", "requests")
        },
    }


class Forms:
    """Creating and editing."""

    def __init__(self, people: Directory) -> None:
        self._people = people

    async def check_new(self, actor: Actor, operation: Operation) -> Mapping[str, str]:
        await self._draft(actor.sdp, Form.of(operation))
        return {}

    async def create(self, actor: Actor, operation: Operation) -> Mapping[str, str]:
        return _result(await actor.sdp.projects.add(await self._draft(actor.sdp, Form.of(operation))))

    async def look_for_new(self, sdp: Sdp, operation: Operation) -> Finding:
        """The project that was answered, or one of this title that is as young as the operation."""
        if known := operation.result.get("id"):
            return Finding(True, _result(await sdp.projects.get(sdp_id(known))))
        title, since = operation.name, (operation.sent_at or operation.offered_at) - CLOCKS
        found = await sdp.projects.find(title)
        young = [one for one in found.candidates if one.title == title and one.created_on and one.created_on >= since]
        return Finding(True, _result(young[0])) if young else Finding(False)

    async def check_edit(self, actor: Actor, operation: Operation) -> Mapping[str, str]:
        """That what the window showed of the fields to be written is still so. Raises Changed."""
        form, project = Form.of(operation), await actor.sdp.projects.get(sdp_id(operation.record))
        if not form.written:
            raise BadInput("Nothing is different from what SDP has, so nothing was sent.")
        now = values_of(project)
        moved = [name for name in _compared(form) if now.get(name, "") != form.shown.get(name, "")]
        if moved:
            named = ", ".join(BY_NAME[name].label for name in moved)
            raise Changed(f"Somebody else has changed this meanwhile: {named}. Close this window and edit again.")
        await self._draft(actor.sdp, form)
        return {}

    async def edit(self, actor: Actor, operation: Operation) -> Mapping[str, str]:
        draft = await self._draft(actor.sdp, Form.of(operation))
        return _result(await actor.sdp.projects.edit(sdp_id(operation.record), draft))

    async def look_at_edit(self, sdp: Sdp, operation: Operation) -> Finding:
        """Whether SDP shows everything that was written, as far as it can be compared."""
        project, form = await sdp.projects.get(sdp_id(operation.record)), Form.of(operation)
        wanted, now = draft_of(form.written), draft_of(values_of(project))
        compared = _compared(form)
        same = all(_alike(getattr(wanted, name), getattr(now, name)) for name in compared)
        return Finding(same if compared else None, _result(project))

    async def _draft(self, sdp: Sdp, form: Form) -> ProjectDraft:
        draft = draft_of(form.written)
        owner = form.written.get("owner")
        return replace(draft, owner=await self._in_sdp(sdp, owner)) if owner else draft

    async def _in_sdp(self, sdp: Sdp, slack_id: str) -> Person:
        """Raises BadInput for somebody SDP does not know, or knows twice."""
        somebody = await self._people.by_id(slack_id)
        name = somebody.name if somebody else "This person"
        found = await sdp.people.by_email(somebody.email) if somebody and somebody.email else ()
        if len(found) != 1:
            raise BadInput(f"{name} cannot be found in SDP by their e-mail address.", field="owner")
        return found[0]


def _compared(form: Form) -> list[str]:
    """The fields to be written whose value can be seen in SDP: an owner is a Slack id here, a description is HTML
    there."""
    return [name for name in form.written if name not in ("owner", "description")]


async def check_delete(actor: Actor, operation: Operation) -> Mapping[str, str]:
    """That it is still there, and still called as in the preview. Raises Changed, SdpNotFound."""
    project = await actor.sdp.projects.get(sdp_id(operation.record))
    if project_name(project) != operation.name:
        raise Changed(f"It is called {project_name(project)} now. Nothing was deleted; ask again if you mean it.")
    return {}


async def delete(actor: Actor, operation: Operation) -> Mapping[str, str]:
    await actor.sdp.projects.delete(sdp_id(operation.record))
    return {}


async def look_for_deleted(sdp: Sdp, operation: Operation) -> Finding:
    try:
        await sdp.projects.get(sdp_id(operation.record))
    except SdpNotFound:
        return Finding(True)
    return Finding(False)


def _associating(direction: Direction, kind: Kind) -> Deed:
    """Attaching and detaching differ by the call alone."""

    async def check(actor: Actor, operation: Operation) -> Mapping[str, str]:
        await actor.sdp.projects.get(sdp_id(operation.record))
        there = await _there(actor.sdp, kind, operation)
        return {} if there is None else {"there": there}

    async def send(actor: Actor, operation: Operation) -> Mapping[str, str]:
        write = _write(actor.sdp, direction, kind)
        done = await write(sdp_id(operation.record), tuple(named_tickets(operation)))
        return {} if done.there is None else {"there": " ".join(done.there)}

    async def look(sdp: Sdp, operation: Operation) -> Finding:
        there = await _there(sdp, kind, operation)
        if there is None:
            return Finding(None)
        known, asked = set(_ids(there)), set(named_tickets(operation))
        done = asked <= known if direction == "attach" else not asked & known
        return Finding(done, {"there": there})

    return Deed(check=check, send=send, look=look)


def _write(sdp: Sdp, direction: Direction, kind: Kind) -> Callable[..., Awaitable[Associations]]:
    projects = sdp.projects
    return {
        ("attach", "changes"): projects.attach_changes,
        ("attach", "requests"): projects.attach_requests,
        ("detach", "changes"): projects.detach_changes,
        ("detach", "requests"): projects.detach_requests,
    }[direction, kind]


async def _there(sdp: Sdp, kind: Kind, operation: Operation) -> str | None:
    """The ids that are attached, None where SDP does not list them."""
    asking = sdp.projects.changes if kind == "changes" else sdp.projects.requests
    try:
        return " ".join(await asking(sdp_id(operation.record)))
    except SdpError:
        return None


class Uploads:
    """Files from Slack to SDP, streamed. SDP's documents show no list of a project's files, so an upload whose answer
    is lost stays unknown."""

    def __init__(self, files: SlackFiles, progress: Progress) -> None:
        self._files = files
        self._progress = progress

    async def check(self, actor: Actor, operation: Operation) -> Mapping[str, str]:
        await actor.sdp.projects.get(sdp_id(operation.record))
        return {}

    async def send(self, actor: Actor, operation: Operation) -> Mapping[str, str]:
        shared = SharedFile.load(operation.arguments["file"])
        async with (
            self._files.open(shared.url, shared.name, shared.size, shared.content_type) as file,
            self._progress.watching(operation, shared) as gone,
        ):
            kept = await actor.sdp.projects.upload(sdp_id(operation.record), file, gone)
        return {"name": kept.name, "size": str(kept.size or shared.size), "id": kept.id or ""}

    async def look(self, sdp: Sdp, operation: Operation) -> Finding:
        return Finding(True if "name" in operation.result else None)


# --- words and values -----------------------------------------------------------------------------------------


def project_name(project: Project) -> str:
    """What people call it in previews and in the ledger."""
    return f"{project.label} {project.title}"


def _result(project: Project) -> dict[str, str]:
    return {"id": project.id, "label": project.label, "title": project.title}


def _ids(text: str) -> tuple[SdpId, ...]:
    return tuple(SdpId(one) for one in text.split())


def _alike(wanted: object, now: object) -> bool:
    """Two values of a field; a choice that was typed has an id or a name alone, and is compared by that."""
    if isinstance(wanted, Named) and isinstance(now, Named):
        return wanted.id == now.id if wanted.id else wanted.name.casefold() == now.name.casefold()
    return bool(wanted == now)
