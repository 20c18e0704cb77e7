"""`/sdp project …`: what the sub-commands answer. Windows, files and outcomes are `handlers.project_windows`."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog

from blocks import project_forms as forms
from blocks import projects as cards
from blocks import timesheets
from blocks.kit import Message
from blocks.operations import confirm_buttons
from blocks.projects import ProjectView
from bot import charts
from bot.errors import BadInput, NotAllowed, Refused, SdpRefused
from bot.jobs import Jobs
from bot.models import Operation, Project, SdpId, sdp_id
from bot.operations import OperationService
from bot.people import People
from bot.permissions import Rights, Standing, check_may_operate, check_may_read, check_may_read_costs
from bot.project_changes import Direction, project_name, ticket_arguments
from bot.project_form import values_of
from bot.projects import KINDS, ProjectService
from bot.store import Memory
from bot.timesheets import Timesheet
from handlers.asking import Call, Check, Reply, Row
from handlers.messenger import FileNotTaken, Messenger
from handlers.project_windows import FormWindow, UploadWindow, remember, shared_files

FORM_KEPT = timedelta(days=1)
NAMES_MAX = 5
SENT_KEPT = timedelta(hours=6)
BY_PICTURE = "The bars are a picture in your messages."
CSV_SENT = "The CSV file is in your messages."

log = structlog.get_logger()


# --- reading -------------------------------------------------------------------------------------------


async def list_(call: Call, projects: ProjectService) -> Reply:
    words, page = _page(call.rest)
    found = await projects.page(call.ask.person, words, page)
    shown = cards.listed(found.projects, words, datetime.now(UTC), page=page, more=found.more)
    return Reply(shown, command=f"project list {call.rest}".strip())


def _page(rest: str) -> tuple[str, int]:
    """`sign-in page 2` → the words and the number."""
    words, number = re.fullmatch(r"(.*?)(?:\s*\bpage (\d{1,4}))?", rest.strip()).groups()  # type: ignore[union-attr]
    return words, int(number or 1)


async def show(call: Call, projects: ProjectService) -> Reply:
    view = await _view(call, call.record, projects)
    return Reply(cards.shown(view), command=f"project show {call.record.id}")


async def _view(call: Call, project: Project, projects: ProjectService) -> ProjectView:
    """What the asker may see of a project now; an answer that is shared shows no money, whoever shares it."""
    attached = await projects.attached(call.ask.person, project.id)
    return ProjectView(
        project,
        projects.link(project.id),
        datetime.now(UTC),
        costs=not call.share and _may(call.standing, _costs_of(project)),
        changeable=not call.share and _may(call.standing, check_may_operate),
        changes=attached.changes,
        requests=attached.requests,
    )


def _costs_of(project: Project) -> Check:
    return lambda standing: check_may_read_costs(standing, project.owner)


def _may(standing: Standing, check: Check) -> bool:
    try:
        check(standing)
    except Refused:
        return False
    return True


# --- timesheets ----------------------------------------------------------------------------------------


async def timesheet(
    call: Call, *, projects: ProjectService, messenger: Messenger, memory: Memory, jobs: Jobs, rights: Rights
) -> Reply:
    """The table in the best form this workspace takes; what was taken is remembered for a day."""
    project: Project = call.record
    check_may_read_costs(call.standing, project.owner)
    if call.share:
        await _check_audience(call, messenger, rights, _costs_of(project))
    sheet = await projects.timesheet(call.ask.person, project)
    link, note = projects.link(project.id), ""
    if call.keyword == "csv" and sheet.rows:
        await _send_csv(call, sheet, messenger, memory)
        note = CSV_SENT
    ladder = await _ladder(call, memory)
    shown = [timesheets.answer(sheet, form, link, _notes(call, form, note)) for form in ladder]

    async def sent(taken: Message) -> None:
        form = next(form for form, message in zip(ladder, shown, strict=True) if message is taken)
        await memory.keep("timesheet-form", "taken", form.name, FORM_KEPT)
        if sheet.rows and _has_picture(call, form):
            await jobs.wake("project_picture", f"{call.ask.id}|{call.ask.person}|{project.id}")

    return Reply(shown[0], command=f"project timesheet {project.id}", otherwise=tuple(shown[1:]), sent=sent)


async def _check_audience(call: Call, messenger: Messenger, rights: Rights, check: Check) -> None:
    """That everybody in the channel may see charges: reading, which is asked of every shared answer, is not enough.

    The asker has been checked. Raises NotAllowed.
    """
    members = await messenger.members(call.ask.channel)
    if members is None:
        raise NotAllowed("Not shared: I am not in this channel, so I cannot tell who would read it. Invite me first.")
    standings = [await rights.of(member) for member in members if member != call.ask.person]
    barred = [one.person.name for one in standings if not one.person.is_bot and not _may(one, check)]
    if barred:
        more = f" and {len(barred) - NAMES_MAX} more" if len(barred) > NAMES_MAX else ""
        raise NotAllowed(f"Not shared: {', '.join(barred[:NAMES_MAX])}{more} in this channel may not see charges.")


async def _ladder(call: Call, memory: Memory) -> tuple[timesheets.Form, ...]:
    """The form that was taken last and the plainer ones; windows take no tables at all."""
    if call.ask.view:
        return timesheets.FORMS[-1:]
    taken = await memory.recall("timesheet-form", "taken")
    at = next((number for number, form in enumerate(timesheets.FORMS) if form.name == taken), 0)
    return timesheets.FORMS[at:]


def _notes(call: Call, form: timesheets.Form, note: str) -> str:
    return " ".join(part for part in (note, BY_PICTURE if _has_picture(call, form) else "") if part)


def _has_picture(call: Call, form: timesheets.Form) -> bool:
    """Whether bars follow as a file; a window only says what it can show itself."""
    return not form.chart and not call.ask.view and charts.available()


async def _send_csv(call: Call, sheet: Timesheet, messenger: Messenger, memory: Memory) -> None:
    """The timesheet as a file in the asker's direct messages, once for each time they ask."""
    if await memory.recall("csv-sent", call.ask.id) is None:
        await messenger.send_file(call.ask.person, f"{_file_name(sheet)}.csv", sheet.to_csv(), _about(sheet))
        await memory.keep("csv-sent", call.ask.id, "1", SENT_KEPT)


def _file_name(sheet: Timesheet) -> str:
    return f"timesheet-{re.sub(r'[^A-Za-z0-9-]', '-', sheet.project.label)}"


def _about(sheet: Timesheet) -> str:
    return f"Timesheet of {sheet.project.label}"


class ProjectPictures:
    """Draws bars for people whose workspace takes no charts."""

    def __init__(self, projects: ProjectService, messenger: Messenger, memory: Memory) -> None:
        self._projects = projects
        self._messenger = messenger
        self._memory = memory

    async def send(self, key: str) -> None:
        """Draw a timesheet and put it into the asker's direct messages. A job; the key is question|person|project."""
        question, person, project = key.split("|")
        if await self._memory.recall("picture-sent", question) is not None:
            return
        try:
            await self._draw_and_send(person, sdp_id(project))
        except (Refused, SdpRefused, FileNotTaken) as no:
            log.warning("projects.no_picture", project=project, why=str(no))
        await self._memory.keep("picture-sent", question, "1", SENT_KEPT)

    async def _draw_and_send(self, person: str, project: SdpId) -> None:
        known = await self._projects.get(person, project)
        sheet = await self._projects.timesheet(person, known)
        png = await charts.draw(sheet)
        if png is not None:
            await self._messenger.send_file(person, f"{_file_name(sheet)}.png", png, _about(sheet))


# --- changing ------------------------------------------------------------------------------------------


async def create(call: Call, projects: ProjectService, memory: Memory) -> Reply:
    offered = await projects.offered(call.ask.person)
    await remember(memory, call.ask.view, FormWindow(project="", name="", label="", shown={}, offered=sorted(offered)))
    return Reply(modal=forms.form(label=None, values={"title": call.rest}, offered=offered))


async def edit(call: Call, projects: ProjectService, memory: Memory, people: People) -> Reply:
    project: Project = call.record
    offered = await projects.offered(call.ask.person)
    owner = await people.slack_of(project.owner) if project.owner else None
    shown = values_of(project, owner.id if owner else None)
    window = FormWindow(
        project=project.id, name=project_name(project), label=project.label, shown=shown, offered=sorted(offered)
    )
    await remember(memory, call.ask.view, window)
    return Reply(modal=forms.form(label=project.label, values=shown, offered=offered))


async def delete(call: Call, projects: ProjectService, operations: OperationService) -> Reply:
    """A comment has no place in SDP; it goes into the ledger."""
    offered = await _offer(call, operations, "project.delete", {"comment": call.rest})
    return Reply(
        cards.to_delete(
            await _view(call, call.record, projects), confirm_buttons(offered, "Delete project", danger=True)
        )
    )


async def attach(call: Call, projects: ProjectService, operations: OperationService) -> Reply:
    return await _associate(call, projects, operations, "attach")


async def detach(call: Call, projects: ProjectService, operations: OperationService) -> Reply:
    return await _associate(call, projects, operations, "detach")


async def _associate(call: Call, projects: ProjectService, operations: OperationService, direction: Direction) -> Reply:
    """A preview of what was found by the ids, or menus for a command that named none."""
    project: Project = call.record
    words = call.rest.replace(",", " ").split()
    kind = next((kind for kind in KINDS if kind == call.keyword), None)
    if kind is None or not words:
        return Reply(cards.which_tickets(project, direction, [kind] if kind else KINDS))
    named = await projects.tickets(call.ask.person, kind, words)
    if not named.found:
        raise BadInput(
            f"SDP has no {kind} called {', '.join(named.lost[:5])}. Ids look like CH-2, 2, or a long number."
        )
    arguments = ticket_arguments(named.found, named.lost)
    offered = await _offer(call, operations, f"project.{direction}_{kind}", arguments)
    preview = cards.to_attach if direction == "attach" else cards.to_detach
    buttons = confirm_buttons(offered, direction.capitalize(), danger=direction == "detach")
    return Reply(preview(project, kind, named.found, named.lost, buttons))


async def _offer(call: Call, operations: OperationService, verb: str, arguments: Mapping[str, str]) -> Operation:
    project: Project = call.record
    return await operations.offer(
        verb,
        record=project.id,
        name=project_name(project),
        person=call.ask.person,
        person_name=call.standing.person.name,
        arguments=arguments,
    )


async def upload(call: Call, memory: Memory) -> Reply:
    """The files of the message the shortcut was used on, or a place to put one's own."""
    project: Project = call.record
    shared = await shared_files(memory, call.ask.id)
    window = UploadWindow(project=project.id, name=project_name(project), files=shared)
    await remember(memory, call.ask.view, window)
    offered = [(one.id, one.name, one.size) for one in shared]
    return Reply(modal=forms.choose_files(project.label, project.title, offered))


# --- the table -----------------------------------------------------------------------------------------

ROWS: tuple[Row, ...] = (
    Row(
        path="project list",
        takes="[words]",
        says="Projects, or those with these words in the title",
        run=list_,
        may=check_may_read,
        topic_alone=True,
        example="project list",
    ),
    Row(
        path="project show",
        takes="<id>",
        says="Progress, dates, cost, owner and status of a project",
        run=show,
        may=check_may_read,
        record="project",
        by_id=True,
        example="project show PJT-1",
    ),
    Row(
        path="project timesheet",
        takes="<id> [csv]",
        says="Hours and charges by person, as a table and as bars, or as a file",
        run=timesheet,
        may=check_may_read,
        record="project",
        then=("csv",),
        example="project timesheet PJT-1",
    ),
    Row(
        path="project create",
        takes="[title]",
        says="Add a project",
        run=create,
        may=check_may_operate,
        opens=True,
        shares=False,
        example="project create",
    ),
    Row(
        path="project edit",
        takes="<id>",
        says="Change a project",
        run=edit,
        may=check_may_operate,
        record="project",
        opens=True,
        shares=False,
        example="project edit PJT-1",
    ),
    Row(
        path="project delete",
        takes="<id> [comment]",
        says="Delete a project, after a preview",
        run=delete,
        may=check_may_operate,
        record="project",
        shares=False,
        example="project delete PJT-1",
    ),
    Row(
        path="project attach",
        takes="<id> changes|requests <ids…>",
        says="Attach changes or requests to a project",
        run=attach,
        may=check_may_operate,
        record="project",
        then=KINDS,
        shares=False,
        example="project attach PJT-1 changes CH-1",
    ),
    Row(
        path="project detach",
        takes="<id> changes|requests <ids…>",
        says="Detach changes or requests from a project",
        run=detach,
        may=check_may_operate,
        record="project",
        then=KINDS,
        shares=False,
        example="project detach PJT-1 changes CH-1",
    ),
    Row(
        path="project upload",
        takes="<id>",
        says="Attach files to a project",
        run=upload,
        may=check_may_operate,
        record="project",
        opens=True,
        shares=False,
        example="project upload PJT-1",
    ),
)
"""The rows of this topic in `handlers.commands.TABLE`."""
