"""The windows about projects and what comes of them: forms, files, the message shortcut, outcomes.

What a window was opened for is remembered here by its id, not carried through it: nothing that comes back with a
submission says which project it is about.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

from pydantic import TypeAdapter
from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError

from blocks import ids
from blocks import project_forms as forms
from blocks import projects as cards
from blocks.commands import as_modal, record_options
from blocks.kit import Block, Message
from blocks.operations import Words, outcome
from bot.accounts import Accounts
from bot.errors import BadInput, BotError
from bot.jobs import TryAgain
from bot.models import Operation, OperationState, Origin, sdp_id
from bot.operations import OperationService
from bot.permissions import check_may_operate
from bot.project_changes import Form, SharedFile, associations_of, lost_words, named_tickets
from bot.project_form import BY_NAME, BY_THEIRS, CHOICE_MAX, draft_of, fields_of
from bot.projects import KINDS, ProjectService
from bot.store import Memory
from handlers import payloads
from handlers.answering import Desk
from handlers.asking import Ask, Reply
from handlers.listeners import Listeners, opened
from handlers.messenger import Messenger

Body = dict[str, Any]
S = OperationState

KEPT = timedelta(days=1)
"""How long a window can stay open."""
TOO_OLD = "This window can no longer be used. Please close it and ask again."
NO_FILES = "This message has no files that live in Slack, so there is nothing to attach."

FIRST_LOOK, NEXT_LOOK = 2.0, 2.0
"""Seconds until an upload shows how far it is, and between two looks."""


# --- what a window is about --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FormWindow:
    """A form: `project` is "" for a new one; `shown` is what was filled in when it was opened."""

    project: str
    name: str
    label: str
    shown: dict[str, str]
    offered: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadWindow:
    """A choice of files: those of a message, or, without any, the person's own."""

    project: str
    name: str
    files: list[SharedFile]


W = TypeVar("W", FormWindow, UploadWindow)
_files = TypeAdapter(list[SharedFile])


async def remember(memory: Memory, view: str, window: FormWindow | UploadWindow) -> None:
    """Keep what the open window `view` is about."""
    kind = type(window)
    await memory.keep(kind.__name__, view, TypeAdapter(kind).dump_json(window).decode(), KEPT)


async def _window(memory: Memory, body: Body, kind: type[W]) -> W:
    """Raises BadInput for a window that nobody knows any more."""
    known = await memory.recall(kind.__name__, body["view"]["id"])
    if known is None:
        raise BadInput(TOO_OLD)
    window: W = TypeAdapter(kind).validate_json(known)
    return window


async def shared_files(memory: Memory, question: str) -> list[SharedFile]:
    """The files of the message a question began with; none when it was typed."""
    known = await memory.recall("shared-files", question.partition(".")[0])
    return _files.validate_json(known) if known else []


# --- listeners ---------------------------------------------------------------------------------------------


def register(listen: Listeners) -> None:
    """Listeners of this topic."""
    listen.view(ids.PROJECT_FORM, submit_form)
    listen.view(ids.PROJECT_UPLOAD, submit_files)
    listen.shortcut(ids.PROJECT_SHORTCUT, attach_message)
    listen.options(re.compile(rf"^{re.escape(ids.PROJECT_CHOICE)}:"), suggest_choice)
    listen.options(ids.PROJECT_TICKET, suggest_ticket)
    listen.action(ids.PROJECT_TICKET, picked_ticket)
    listen.action(ids.PROJECT_LINK, opened)


async def submit_form(ack: AsyncAck, body: Body, memory: Memory, operations: OperationService) -> Any:
    window = await _window(memory, body, FormWindow)
    form = Form(_values(body, new=not window.project), window.shown, frozenset(window.offered))
    if not form.written:
        raise BadInput("Nothing was changed, so there is nothing to save.", field="title")
    draft_of(form.written)
    name = window.name or form.values.get("title", "")
    verb = "project.edit" if window.project else "project.create"
    await operations.start(_operation(body, verb, window.project, name, form.arguments()))
    return await ack(response_action="update", view=forms.notice("Saving", f"Saving {name} …", wait=True))


async def submit_files(ack: AsyncAck, body: Body, memory: Memory, operations: OperationService) -> Any:
    window = await _window(memory, body, UploadWindow)
    files = _chosen_files(body, window.files)
    if not files:
        raise BadInput("Choose at least one file.", field=forms.FILES)
    for file in files:
        name = f"{file.name} to {window.name}"
        operation = _operation(body, "project.upload", window.project, name, {"file": file.dump()}, file.id)
        await operations.start(replace(operation, origin=Origin()))
    told = f"Attaching {len(files)} {'file' if len(files) == 1 else 'files'} to {window.name}."
    told += " You can close this window: what comes of it will be in your messages."
    return await ack(response_action="update", view=forms.notice("Attaching", told))


async def attach_message(ack: AsyncAck, body: Body, memory: Memory, messenger: Messenger, desk: Desk) -> Any:
    ask = _asked_on(body)
    files = _files_of(body["message"].get("files") or [])
    if not files:
        await messenger.whisper(ask.person, payloads.place_of(body), NO_FILES)
        return await ack()
    await memory.keep("shared-files", ask.id, _files.dump_json(files).decode(), KEPT)
    await desk.take(ask, body["trigger_id"])
    return await ack()


async def suggest_choice(ack: AsyncAck, body: Body, accounts: Accounts, projects: ProjectService) -> Any:
    person = await _changer(body, accounts)
    name = body["action_id"].partition(":")[2]
    found = await projects.choices(person, name, body.get("value") or "") if name in BY_NAME else ()
    return await ack(options=[forms.suggestion(one.name, f"{one.id or ''}|{one.name}"[:CHOICE_MAX]) for one in found])


async def suggest_ticket(ack: AsyncAck, body: Body, accounts: Accounts, projects: ProjectService) -> Any:
    person = await _changer(body, accounts)
    direction, kind, project = _ticket_menu(body["block_id"])
    found = await projects.offered_tickets(
        person, kind, project, body.get("value") or "", attached=direction == "detach"
    )
    return await ack(options=record_options(found))


async def _changer(body: Body, accounts: Accounts) -> str:
    """Who chooses in a menu that only serves to change something. Raises Refused."""
    person: str = body["user"]["id"]
    check_may_operate((await accounts.reader_for(person)).standing)
    return person


async def picked_ticket(ack: AsyncAck, body: Body, desk: Desk) -> Any:
    """As if the command had named it."""
    action = body["actions"][0]
    direction, kind, project = _ticket_menu(action["block_id"])
    ticket = action["selected_option"]["value"]
    ask = replace(payloads.pressed(body), text=f"project {direction} {project} {kind} {ticket}")
    await desk.take(ask, body["trigger_id"])
    return await ack()


# --- payloads ----------------------------------------------------------------------------------------------


def _operation(body: Body, verb: str, project: str, name: str, arguments: dict[str, str], part: str = "") -> Operation:
    """A submission as an operation: the same id for every delivery of it, another when the form is sent again."""
    view = body["view"]
    id_ = sha256(f"{view['id']}:{view.get('hash', '')}:{part}".encode()).hexdigest()[:16]
    return Operation(
        id=id_,
        verb=verb,
        record=project,
        name=name,
        person=body["user"]["id"],
        person_name=body["user"].get("name") or body["user"]["id"],
        state=S.OFFERED,
        offered_at=datetime.now(UTC),
        arguments=arguments,
        origin=Origin(view=view["id"]),
    )


def _values(body: Body, *, new: bool) -> dict[str, str]:
    """What is filled in, by field name, as the texts of `bot.project_form`."""
    state = body["view"]["state"]["values"]
    found = {field.name: state.get(field.name, {}).get(forms.action_of(field)) or {} for field in fields_of(new=new)}
    texts = {name: _text(given) for name, given in found.items()}
    return {name: text for name, text in texts.items() if text}


def _text(given: dict[str, Any]) -> str:
    option = given.get("selected_option") or {}
    value = given.get("value") or option.get("value") or given.get("selected_user") or given.get("selected_date_time")
    return str(value or "")


def _chosen_files(body: Body, offered: Sequence[SharedFile]) -> list[SharedFile]:
    """Those of the message that are ticked, or those put into the window."""
    given = body["view"]["state"]["values"].get(forms.FILES, {}).get(forms.FILES) or {}
    ticked = {option["value"] for option in given.get("selected_options") or []}
    return [file for file in offered if file.id in ticked] if offered else _files_of(given.get("files") or [])


def _files_of(rows: Sequence[dict[str, Any]]) -> list[SharedFile]:
    """Files as Slack describes them; those that live elsewhere (Google Drive, …) have no address we could read."""
    return [
        SharedFile(
            id=row["id"],
            name=row.get("name") or row.get("title") or row["id"],
            size=int(row.get("size") or 0),
            content_type=row.get("mimetype") or "",
            url=row["url_private_download"],
        )
        for row in rows
        if row.get("url_private_download") and not row.get("is_external")
    ]


def _asked_on(body: Body) -> Ask:
    """The message shortcut, as if `/sdp project upload` had been typed there."""
    return Ask(
        id=sha256(body["trigger_id"].encode()).hexdigest()[:16],
        text="project upload",
        person=body["user"]["id"],
        person_name=body["user"].get("name") or body["user"]["id"],
        asked_at=datetime.now(UTC),
        channel=body["channel"]["id"],
    )


def _ticket_menu(block_id: str) -> tuple[str, Any, Any]:
    """Whereto, which kind, which project. Raises BadInput for a menu that is none of ours."""
    parts = block_id.split(":")
    if len(parts) != 4 or parts[1] not in ("attach", "detach") or parts[2] not in KINDS:
        raise BadInput(TOO_OLD)
    return parts[1], parts[2], sdp_id(parts[3])


# --- outcomes ----------------------------------------------------------------------------------------------

WORDS = {
    "project.create": Words("Creating", "Created"),
    "project.edit": Words("Saving", "Saved"),
    "project.delete": Words("Deleting", "Deleted"),
    "project.upload": Words("Attaching", "Attached"),
    "project.attach_changes": Words("Attaching changes to", "Attached changes to"),
    "project.attach_requests": Words("Attaching requests to", "Attached requests to"),
    "project.detach_changes": Words("Detaching changes from", "Detached changes from"),
    "project.detach_requests": Words("Detaching requests from", "Detached requests from"),
}
FORMS = frozenset({"project.create", "project.edit"})
NOT_SAVED = frozenset({S.REFUSED, S.DENIED, S.NOT_DONE})
"""Ends after which the form comes back, with everything still typed in."""


class ProjectFaces:
    """Draws operations on projects in every state."""

    def __init__(self, projects: ProjectService) -> None:
        self._projects = projects

    def __call__(self, operation: Operation) -> Reply:
        if operation.verb in FORMS and operation.state in NOT_SAVED:
            return Reply(self._told(operation), modal=_form_again(operation))
        if operation.state is not S.DONE:
            return Reply(self._told(operation))
        done = self._done(operation)
        return Reply(done, modal=as_modal(done))

    def _told(self, operation: Operation) -> Message:
        return outcome(operation, WORDS[operation.verb])

    def _done(self, operation: Operation) -> Message:
        _, _, what = operation.verb.partition(".")
        result = operation.result
        if what == "delete":
            return cards.deleted(operation.name, operation.person_name)
        if what == "upload" and "size" in result:
            return cards.uploaded(operation.name, int(result["size"]))
        if operation.verb in FORMS and "id" in result:
            link = self._projects.link(sdp_id(result["id"]))
            done = WORDS[operation.verb].done
            return cards.saved(done, result["label"], result["title"], result["id"], link, operation.note)
        if "tickets" in operation.arguments:
            return _associated(operation)
        return self._told(operation)


def _associated(operation: Operation) -> Message:
    direction, _, kind = operation.verb.partition(".")[2].partition("_")
    done, tickets = associations_of(operation), named_tickets(operation)
    attach = direction == "attach"
    return cards.associated(operation.name, kind, done, tickets, lost_words(operation), attach=attach)


def _form_again(operation: Operation) -> Block:
    form = Form.of(operation)
    named = [BY_THEIRS[name].name if name in BY_THEIRS else name for name in operation.fields]
    fields = [name for name in named if name in BY_NAME]
    label = operation.name.partition(" ")[0] if operation.verb == "project.edit" else None
    troubles = dict.fromkeys(fields or [""], operation.note)
    return forms.form(label=label, values=form.values, offered=form.offered, troubles=troubles)


# --- progress ----------------------------------------------------------------------------------------------


class UploadProgress:
    """Shows how far a large file is: a message of its own in the person's direct messages, brought up to date."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger

    @contextlib.asynccontextmanager
    async def watching(self, operation: Operation, file: SharedFile) -> AsyncIterator[Callable[[int], None]]:
        """A small file is through before its first look, and shows nothing but its outcome."""
        meter = Meter(self._messenger, operation, file.size)
        looking = asyncio.create_task(meter.run())
        try:
            yield meter.note
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            with contextlib.suppress(SlackApiError, BotError, TryAgain):
                await meter.show_last()


class Meter:
    """One upload's message: posted at the first look, changed at each of the following."""

    def __init__(self, messenger: Messenger, operation: Operation, size: int) -> None:
        self._messenger = messenger
        self._operation = operation
        self._size = size
        self._gone = 0
        self._place: tuple[str, str] | None = None

    def note(self, gone: int) -> None:
        """So many bytes are through."""
        self._gone = gone

    async def run(self) -> None:
        """Runs until it is cancelled; a trouble with Slack ends the showing, never the upload."""
        await asyncio.sleep(FIRST_LOOK)
        self._place = await self._messenger.post(await self._messenger.dm(self._operation.person), self._shown())
        while True:
            await asyncio.sleep(NEXT_LOOK)
            await self.show_last()

    async def show_last(self) -> None:
        """Bring the message up to what is through, if there is a message."""
        if self._place is not None:
            await self._messenger.update(*self._place, self._shown())

    def _shown(self) -> Message:
        return cards.uploading(self._operation.name, self._gone, self._size)
