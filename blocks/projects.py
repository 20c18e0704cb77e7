"""A project as a card, in a list, before it is deleted, in a form; what was attached to it and what was not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from blocks import ids
from blocks.commands import run_button
from blocks.kit import (
    Block,
    Message,
    actions,
    aside,
    clip,
    header,
    link_button,
    literal,
    literal_aside,
    message,
    plain,
    says,
    section,
    strong,
    when,
    word,
)
from blocks.timesheets import money, percent
from bot.models import Associations, Project, SdpId, Ticket
from bot.sdp import html

DESCRIPTION_MAX = 600
PAGE = 10
"""Projects in one answer; phones scroll."""
BAR = 10
"""Cells of a progress bar; wider ones break on phones."""
NAMED = 20
"""Attached things that are named one by one."""


@dataclass(frozen=True, slots=True)
class ProjectView:
    """What a project's card is drawn from.

    `now` decides what is late; `changes` and `requests` are None where SDP does not list them; without `costs` the
    reader may not see money, without `changeable` not change anything.
    """

    project: Project
    link: str
    now: datetime
    costs: bool = False
    changeable: bool = False
    changes: Sequence[SdpId] | None = None
    requests: Sequence[SdpId] | None = None


# --- show ----------------------------------------------------------------------------------------------


def shown(view: ProjectView, note: str = "") -> Message:
    """The project; `note` is what just happened to it."""
    project = view.project
    blocks = [
        header(project.title),
        *([literal(strong(clip(note, 300)))] if note else []),
        _headline(project),
        literal(*progress(project)),
        *_dates(view),
        *_money(view),
        *_people(project),
        *_attached(view),
        *_description(project),
        _card_buttons(view),
    ]
    return message(f"{f'{note} ' if note else ''}{in_words(view)}", blocks)


def in_words(view: ProjectView) -> str:
    """One line with what matters, for `text`."""
    project = view.project
    owner = f", {project.owner.name}'s" if project.owner else ""
    cost = f", {_against(project.actual_cost, project.estimated_cost)} spent" if view.costs else ""
    return f"{project.label} {project.title}: {_status(project)}, {_percent(project)} done{owner}{cost}{_late(view)}"


def progress(project: Project) -> tuple[Block, ...]:
    """`▓▓▓▓▓▓▓░░░  65 %`"""
    done = project.percent_complete
    if done is None:
        return (word("Progress not given"),)
    return word(f"{bar(done)}  "), strong(_percent(project))


def bar(done: Decimal) -> str:
    """Ten cells; full only when all is done, empty only when nothing is."""
    share = min(max(done, Decimal(0)), Decimal(100)) / 100
    cells = round(share * BAR)
    if 0 < share < 1:
        cells = min(max(cells, 1), BAR - 1)
    return "▓" * cells + "░" * (BAR - cells)


def _headline(project: Project) -> Block:
    named = (project.status, project.priority, project.project_type)
    words = [one.name for one in named if one]
    return literal(strong(project.label), word("".join(f"  ·  {clip(one, 60)}" for one in words)))


def _dates(view: ProjectView) -> list[Block]:
    project = view.project
    lines = [
        _span("Planned", project.scheduled_start, project.scheduled_end),
        _span("Actual", project.actual_start, project.actual_end),
        f"*Expected to end* {when(project.projected_end)}" if project.projected_end else "",
        f"*{_late(view).removeprefix(', ').capitalize()}*" if _late(view) else "",
    ]
    said = "\n".join(line for line in lines if line)
    return [says(said)] if said else []


def _span(label: str, start: datetime | None, end: datetime | None) -> str:
    if start and end:
        return f"*{label}* {when(start)} to {when(end)}"
    if start:
        return f"*{label}* from {when(start)}"
    return f"*{label}* until {when(end)}" if end else ""


def _late(view: ProjectView) -> str:
    project = view.project
    end = project.scheduled_end
    if end is None or project.actual_end or project.percent_complete == 100 or end >= view.now:
        return ""
    days = (view.now - end).days
    return f", {days} {'day' if days == 1 else 'days'} late" if days else ", late since today"


def _money(view: ProjectView) -> list[Block]:
    project = view.project
    parts = [strong("Hours "), word(_against(project.actual_hours, project.estimated_hours))]
    if view.costs:
        parts += [strong("\nCost "), word(_against(project.actual_cost, project.estimated_cost))]
        if (over := _over(project)) is not None:
            parts.append(strong(f"  ({money(over)} over the estimate)"))
    return [literal(*parts)]


def _against(actual: Decimal | None, estimate: Decimal | None) -> str:
    if estimate is None:
        return f"{money(actual)}, no estimate"
    used = f" ({percent(actual / estimate)})" if actual is not None and estimate else ""
    return f"{money(actual)} of {money(estimate)} estimated{used}"


def _over(project: Project) -> Decimal | None:
    if project.actual_cost is None or project.estimated_cost is None:
        return None
    over = project.actual_cost - project.estimated_cost
    return over if over > 0 else None


def _people(project: Project) -> list[Block]:
    named = {"Owner": project.owner, "Requested by": project.requester}
    pairs = [(label, one.name) for label, one in named.items() if one]
    pairs += [("Code", project.code)] if project.code else []
    parts: list[Block] = []
    for label, value in pairs:
        parts += [strong(f"{'  ·  ' if parts else ''}{label} "), word(clip(value, 80))]
    return [literal(*parts)] if parts else []


def _attached(view: ProjectView) -> list[Block]:
    counted = {"change": view.changes, "request": view.requests}
    words = [_count(len(found), name) for name, found in counted.items() if found is not None]
    return [aside(f"Attached: {', '.join(words)}")] if words else []


def _description(project: Project) -> list[Block]:
    return [section(html.clip(project.description, DESCRIPTION_MAX))] if project.description.strip() else []


def _card_buttons(view: ProjectView) -> Block:
    id_ = view.project.id
    costs = [run_button("Timesheet", f"project timesheet {id_}")] if view.costs else []
    edits = [run_button("Edit…", f"project edit {id_}"), run_button("Delete…", f"project delete {id_}")]
    return actions(
        "project", *costs, *(edits if view.changeable else []), link_button("Open in SDP", ids.PROJECT_LINK, view.link)
    )


# --- list ----------------------------------------------------------------------------------------------


def listed(projects: Sequence[Project], words: str, now: datetime, *, page: int = 1, more: bool = False) -> Message:
    """A page of projects, each with a button that shows it; `more` says that there are others after these."""
    if not projects:
        return _none_found(words)
    of_words = f" with “{clip(words, 100)}”" if words else ""
    first = (page - 1) * PAGE + 1
    title = f"Projects{of_words}, {first} to {first + len(projects) - 1}"
    blocks = [header(title), *(_row(project, now) for project in projects)]
    if more:
        blocks.append(actions("more", run_button("Show more", f"project list {words} page {page + 1}")))
    lines = (_line(project, now).replace("\n", "  ") for project in projects)
    return message("\n".join([title, *lines]), blocks)


def _none_found(words: str) -> Message:
    text = f"No project has “{clip(words, 100)}” in its title." if words else "SDP has no projects."
    return message(text, [literal(word(text))])


def _row(project: Project, now: datetime) -> Block:
    return {
        "type": "section",
        "text": plain(_line(project, now)),
        "accessory": run_button("Show", f"project show {project.id}"),
    }


def _line(project: Project, now: datetime) -> str:
    done = f"{bar(project.percent_complete)} {_percent(project)}" if project.percent_complete is not None else ""
    owner = project.owner.name if project.owner else ""
    late = _late(ProjectView(project, "", now)).removeprefix(", ")
    facts = "  ·  ".join(part for part in (done, _status(project), owner, late) if part)
    return f"{project.label}  {clip(project.title, 150)}\n{facts}"


# --- before something goes ------------------------------------------------------------------------------


def to_delete(view: ProjectView, confirm: Block) -> Message:
    """What a deletion takes away; `confirm` are the buttons."""
    text = f"Delete {view.project.label} {view.project.title}?"
    attached = [
        _count(len(found), name) for name, found in (("change", view.changes), ("request", view.requests)) if found
    ]
    stays = f"{' and '.join(attached)} attached to it stay in SDP." if attached else ""
    blocks = [
        literal(strong(clip(text, 300))),
        literal(word(f"{_status(view.project)}, "), *progress(view.project)),
        *_dates(view),
        says(f"The project goes with its tasks, timesheet and attachments, and this bot cannot bring it back. {stays}"),
        confirm,
    ]
    return message(text, blocks)


def to_attach(project: Project, kind: str, tickets: Sequence[Ticket], lost: Sequence[str], confirm: Block) -> Message:
    """What will be attached; `lost` are words that name nothing."""
    text = f"Attach {_count(len(tickets), kind.removesuffix('s'))} to {project.label} {project.title}?"
    blocks = [
        literal(strong(clip(text, 300))),
        *_bullets([f"{one.label} {one.title}" for one in tickets]),
        *_not_found(lost, kind),
        confirm,
    ]
    return message(text, blocks)


def to_detach(project: Project, kind: str, tickets: Sequence[Ticket], lost: Sequence[str], confirm: Block) -> Message:
    """What will be detached, and what cannot be known before; `lost` are words that name nothing."""
    text = f"Detach {_count(len(tickets), kind.removesuffix('s'))} from {project.label} {project.title}?"
    blocks = [
        literal(strong(clip(text, 300))),
        *_bullets([f"{one.label} {one.title}" for one in tickets]),
        *_not_found(lost, kind),
        says(
            "SDP's documents leave open what else a detach takes along. What is attached is read before and after, "
            "and you are told if anything else went."
        ),
        confirm,
    ]
    return message(text, blocks)


# --- what came of it -------------------------------------------------------------------------------------


def saved(verb: str, label: str, title: str, id_: str, link: str, note: str) -> Message:
    """A project was created or changed; `note` is what SDP does not show of it yet."""
    text = f"{verb} {label} {title}."
    buttons = [run_button("Show project", f"project show {id_}"), link_button("Open in SDP", ids.PROJECT_LINK, link)]
    told = [literal_aside(note)] if note else []
    return message(text, [literal(strong(clip(text, 400))), *told, actions("saved", *buttons)])


def which_tickets(project: Project, direction: str, kinds: Sequence[str]) -> Message:
    """Menus of what can be attached to a project or detached from it, for a command that named nothing."""
    text = (
        f"What do you want to {direction} {'to' if direction == 'attach' else 'from'} {project.label} {project.title}?"
    )
    menus = [_tickets(project, direction, kind) for kind in kinds]
    return message(text, [literal(word(clip(text, 400))), *menus])


def _tickets(project: Project, direction: str, kind: str) -> Block:
    menu = {
        "type": "external_select",
        "action_id": ids.PROJECT_TICKET,
        "placeholder": plain("Type to search", 150),
        "min_query_length": 0,
    }
    block_id = f"{ids.PROJECT_TICKET}:{direction}:{kind}:{project.id}"
    return {"type": "section", "block_id": block_id, "text": plain(f"A {kind.removesuffix('s')}"), "accessory": menu}


def said(text: str) -> Message:
    """A result in one sentence; outside words in it stay literal."""
    return message(text, [literal(word(clip(text, 2500)))])


def deleted(name: str, who: str) -> Message:
    """SDP no longer has it."""
    text = f"{name} is deleted."
    return message(text, [literal(strong(clip(text, 300))), literal_aside(f"By {who} in Slack")])


def associated(
    name: str,
    kind: str,
    done: Associations,
    tickets: Mapping[SdpId, Ticket],
    lost: Sequence[str] = (),
    *,
    attach: bool,
) -> Message:
    """What SDP shows after attaching or detaching: what is so now, what was so before, what is not, what nobody can
    tell."""
    if done.there is None:
        return _not_told(name, kind, done, tickets, lost, attach=attach)
    verb, link = ("Attached", "to") if attach else ("Detached", "from")
    right, wrong = (done.attached, done.not_attached) if attach else (done.not_attached, done.attached)
    before = done.before if done.before is not None else (() if attach else done.asked)
    idle = [one for one in right if (one in before) is attach]
    new = [one for one in right if one not in idle]
    text = f"{verb} {link} {clip(name, 200)}: {_names(new, tickets) or 'nothing'}."
    said = {
        "Was attached already" if attach else "Was not attached": _names(idle, tickets),
        f"Not {verb.lower()}": f"{_names(wrong, tickets)}. SDP said yes and shows otherwise." if wrong else "",
        "Also gone": f"{_names(done.also_gone, tickets)}. Attach them again if that was not meant."
        if done.also_gone and not attach
        else "",
    }
    told = [literal(strong(f"{label}: "), word(names)) for label, names in said.items() if names]
    return message(text, [literal(strong(clip(text, 1500))), *told, *_not_found(lost, kind)])


def _not_told(
    name: str,
    kind: str,
    done: Associations,
    tickets: Mapping[SdpId, Ticket],
    lost: Sequence[str],
    *,
    attach: bool,
) -> Message:
    doing = "attach" if attach else "detach"
    text = (
        f"SDP took the request to {doing} {_names(done.asked, tickets)}, but does not show what {clip(name, 200)} has."
    )
    return message(text, [literal(word(clip(text, 1500))), *_not_found(lost, kind)])


def _not_found(lost: Sequence[str], kind: str) -> list[Block]:
    if not lost:
        return []
    named = ", ".join(clip(one, 60) for one in lost[:NAMED])
    return [literal(strong("Not found: "), word(f"{named}. These are no {kind} SDP knows."))]


def _names(which: Sequence[SdpId], tickets: Mapping[SdpId, Ticket]) -> str:
    known = [f"{tickets[one].label} {clip(tickets[one].title, 80)}" if one in tickets else one for one in which[:NAMED]]
    more = f" and {len(which) - NAMED} more" if len(which) > NAMED else ""
    return ", ".join(known) + more


def _bullets(lines: Sequence[str]) -> list[Block]:
    items = [{"type": "rich_text_section", "elements": [word(clip(line, 200))]} for line in lines[:NAMED]]
    more = [literal(word(f"and {len(lines) - NAMED} more"))] if len(lines) > NAMED else []
    return [
        {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "bullet", "elements": items}]},
        *more,
    ]


# --- files -----------------------------------------------------------------------------------------------


def uploading(name: str, gone: int, size: int) -> Message:
    """A file on its way; `name` says which and whereto."""
    share = Decimal(gone * 100) / size if size else Decimal(0)
    text = f"Attaching {clip(name, 300)}"
    far = f"{bar(share)}  {share:.0f} % of {megabytes(size)}"
    return message(f"{text}: {far}", [literal(strong(text), word(f"\n{far}"))])


def uploaded(name: str, size: int) -> Message:
    """What SDP keeps now; `name` says which file and whereto."""
    text = f"Attached {clip(name, 300)} ({megabytes(size)})."
    return message(text, [literal(strong(text))])


def megabytes(size: int) -> str:
    """`1.4 MB`, `320 KB`, `17 bytes`"""
    for unit, name in ((2**20, "MB"), (2**10, "KB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}".replace(".0 ", " ")
    return f"{size} bytes"


# --- words -----------------------------------------------------------------------------------------------


def _status(project: Project) -> str:
    return clip(project.status.name, 60) if project.status else "no status"


def _percent(project: Project) -> str:
    done = project.percent_complete
    return "progress not given" if done is None else f"{done.normalize():f} %"


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
