"""The Home tab: what waits, what I wait for, maintenances, projects, my settings, my connection. At most 100 blocks.

Each section shows one page; the pages turned to travel in the view's private metadata and come back with each click.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from blocks import ids, rows
from blocks.commands import run_button
from blocks.kit import Block, actions, aside, button, header, literal, moment, plain, says, strong, when, word
from blocks.rows import Addresses, count
from bot.digest import Row, Run, Waiting
from bot.models import Maintenance, MaintenanceState, Project
from bot.preferences import Habits
from bot.schedule import DAY_NAMES, Slot

BLOCKS_MAX = 100
CALLBACK = "home"


class Section(StrEnum):
    """A part of the Home tab that can have pages."""

    WAITING = "waiting"
    ASKED = "asked"
    MAINTENANCES = "maintenances"
    PROJECTS = "projects"


PAGE_ROWS: Mapping[Section, int] = {
    Section.WAITING: 10,
    Section.ASKED: 10,
    Section.MAINTENANCES: 8,
    Section.PROJECTS: 8,
}
"""Rows of a page. With everything else on the tab they stay below Slack's 100 blocks."""

CHOICES: Mapping[str, str] = {
    "digest": "Send me the daily digest",
    "reminders": "Remind me of decisions I owe",
    "mentions": "Mention me in channels",
}
"""Preference → what its box says."""


class Connection(StrEnum):
    """How the reader's decisions reach SDP."""

    SERVICE = "service"
    LINKED = "linked"
    NOT_LINKED = "not_linked"
    IN_SDP = "in_sdp"


@dataclass(frozen=True, slots=True)
class HomeView:
    """What the Home tab is drawn from. Lists are whole, in order, but for `rows`: they are one page of the `listed`.

    `waiting` decisions are still wanted.
    `as_of` is None before anything is known. `next_digest` is None when none will come.
    """

    addresses: Addresses
    habits: Habits
    rows: Sequence[Row] = ()
    waiting: int = 0
    listed: int = 0
    asked: Sequence[Sequence[Waiting]] = ()
    runs: Sequence[Run] = ()
    paused: Sequence[Maintenance] = ()
    projects: Sequence[Project] = ()
    pages: Mapping[Section, int] = field(default_factory=dict)
    operates: bool = False
    connection: Connection = Connection.SERVICE
    connect: Sequence[Block] = ()
    next_digest: Slot | None = None
    as_of: datetime | None = None
    refreshing: bool = False

    def page(self, section: Section, total: int) -> int:
        """The page to show, within what there is."""
        return min(self.pages.get(section, 0), max(0, (total - 1) // PAGE_ROWS[section]))


def home(view: HomeView) -> Block:
    """The tab, ready for `views.publish`."""
    blocks = [
        header(_headline(view)),
        _freshness(view),
        *_waiting(view),
        *_asked(view),
        *_maintenances(view),
        *_projects(view),
        *_settings(view),
        *_connection(view),
    ]
    return {"type": "home", "callback_id": CALLBACK, "private_metadata": pack(view.pages), "blocks": blocks}


def stranger() -> Block:
    """For somebody who may not read here."""
    text = "You may not see SDP's records here. READERS in the bot's settings says who may."
    return {"type": "home", "callback_id": CALLBACK, "blocks": [says(text)]}


def pack(pages: Mapping[Section, int]) -> str:
    """The pages turned to, for the view's private metadata."""
    return ",".join(f"{section}:{page}" for section, page in sorted(pages.items()) if page)


def unpack(text: str) -> dict[Section, int]:
    """The inverse; whatever is none of ours counts as the first page."""
    parts = (part.partition(":") for part in text.split(","))
    known = set(Section)
    return {Section(name): int(page) for name, _, page in parts if name in known and page.isdecimal() and len(page) < 5}


# --- the sections ----------------------------------------------------------------------------------------


def _headline(view: HomeView) -> str:
    if view.waiting:
        return f"{count(view.waiting, 'decision waits', 'decisions wait')} for you"
    return "Nothing waits for you"


def _freshness(view: HomeView) -> Block:
    if view.as_of is None:
        return aside("Reading SDP for the first time…")
    now = " · looking again…" if view.refreshing else ""
    return aside(f"As of {when(view.as_of)}{now}")


def _waiting(view: HomeView) -> list[Block]:
    shown = [
        block for row in view.rows for block in rows.approval(row, view.addresses, view.as_of or row.snapshot.read_at)
    ]
    return [*shown, *_turn(view, Section.WAITING, view.listed)]


def _asked(view: HomeView) -> list[Block]:
    groups = _of_page(view, Section.ASKED, view.asked)
    if not groups or view.as_of is None:
        return []
    lines = [rows.waiting_line(group, view.addresses, view.as_of) for group in groups]
    return [rows.listed("What I am waiting for", lines), *_turn(view, Section.ASKED, len(view.asked))]


def _maintenances(view: HomeView) -> list[Block]:
    """The next seven days, then what is suspended: with controls for whoever may use them, else as a list."""
    every: list[Run | Maintenance] = [*view.runs, *view.paused]
    shown = _of_page(view, Section.MAINTENANCES, every)
    if not shown:
        return []
    title = "Maintenances of the next 7 days"
    turn = _turn(view, Section.MAINTENANCES, len(every))
    if not view.operates:
        return [rows.listed(title, [_line(one, view.addresses) for one in shown]), *turn]
    controls = [block for one in shown for block in (literal(*_line(one, view.addresses)), _controls(one))]
    return [literal(strong(title)), *controls, *turn]


def _line(one: Run | Maintenance, addresses: Addresses) -> list[Block]:
    if isinstance(one, Run):
        return rows.run_line(one, addresses)
    return [word("suspended  "), rows.link(f"{one.label} {one.title}", addresses.to_maintenance(one.id))]


def _controls(one: Run | Maintenance) -> Block:
    """Each opens the preview of what it would do; nothing happens before that is confirmed."""
    maintenance = one.maintenance if isinstance(one, Run) else one
    which = maintenance.display_id.text if maintenance.display_id else maintenance.id
    paused = maintenance.state is MaintenanceState.SUSPENDED
    verbs = ("enable", "show") if paused else ("execute", "suspend", "show")
    labels = {"execute": "Execute now…", "suspend": "Suspend…", "enable": "Enable…", "show": "Show"}
    buttons = [run_button(labels[verb], f"maintenance {verb} {which}") for verb in verbs]
    return actions(f"maintenance:{maintenance.id}", *buttons)


def _projects(view: HomeView) -> list[Block]:
    shown = _of_page(view, Section.PROJECTS, view.projects)
    if not shown:
        return []
    lines = [_project(project, view.addresses) for project in shown]
    return [rows.listed("My projects", lines), *_turn(view, Section.PROJECTS, len(view.projects))]


def _project(project: Project, addresses: Addresses) -> list[Block]:
    spent = rows.spent_words(project)
    ends = [word(" · ends "), moment(project.scheduled_end, "{date_short}")] if project.scheduled_end else []
    return [
        rows.link(f"{project.label} {project.title}", addresses.to_project(project.id)),
        word(f"  {rows.bar(project.percent_complete)}{f' · {spent}' if spent else ''}"),
        *ends,
    ]


def _of_page(view: HomeView, section: Section, every: Sequence[Any]) -> Sequence[Any]:
    size = PAGE_ROWS[section]
    start = view.page(section, len(every)) * size
    return every[start : start + size]


def _turn(view: HomeView, section: Section, total: int) -> list[Block]:
    """Buttons to the pages before and after, where there are any."""
    size = PAGE_ROWS[section]
    if total <= size:
        return []
    page, last = view.page(section, total), (total - 1) // size
    before = [_page_button("Previous", section, page - 1)] if page else []
    after = [_page_button(f"Next ({total - (page + 1) * size} more)", section, page + 1)] if page < last else []
    return [actions(f"turn:{section}", *before, *after)]


def _page_button(label: str, section: Section, page: int) -> Block:
    return button(label, f"{ids.HOME_PAGE}:{section}.{page}", f"{section}:{page}")


# --- settings ----------------------------------------------------------------------------------------------


def _settings(view: HomeView) -> list[Block]:
    habits, slot = view.habits, view.next_digest
    preview = run_button("Show a preview", "digest preview")
    comes = f"Your next digest comes {when(slot.due)}." if slot else "No digest comes."
    return [
        {"type": "divider"},
        literal(strong("My settings")),
        aside(comes),
        actions("settings.choices", _boxes(habits)),
        _labelled("settings.at", "The digest comes at", _clock(ids.HOME_DIGEST_AT, habits.digest_at)),
        _labelled("settings.days", "on these days", _days(habits.digest_days)),
        _labelled("settings.from", "Do not disturb me from", _clock(ids.HOME_QUIET_FROM, habits.quiet_from)),
        _labelled("settings.until", "until", _clock(ids.HOME_QUIET_UNTIL, habits.quiet_until)),
        actions("settings.more", button("Back to the defaults", ids.HOME_DEFAULTS, "all"), preview),
    ]


def _labelled(block_id: str, label: str, control: Block) -> Block:
    return {"type": "section", "block_id": block_id, "text": plain(label), "accessory": control}


def _boxes(habits: Habits) -> Block:
    options = {name: {"text": plain(label), "value": name} for name, label in CHOICES.items()}
    chosen = [option for name, option in options.items() if getattr(habits, name)]
    made: Block = {"type": "checkboxes", "action_id": ids.HOME_CHOICES, "options": list(options.values())}
    return {**made, "initial_options": chosen} if chosen else made


def _clock(action_id: str, at: time) -> Block:
    return {"type": "timepicker", "action_id": action_id, "initial_time": f"{at:%H:%M}"}


def _days(days: frozenset[int]) -> Block:
    options = [{"text": plain(name), "value": str(number)} for number, name in enumerate(DAY_NAMES)]
    chosen = [options[day] for day in sorted(days)]
    made: Block = {
        "type": "multi_static_select",
        "action_id": ids.HOME_DIGEST_DAYS,
        "placeholder": plain("No day"),
        "options": options,
    }
    return {**made, "initial_options": chosen} if chosen else made


# --- connection ----------------------------------------------------------------------------------------------

CONNECTED_WORDS = {
    Connection.SERVICE: "Your decisions go to SDP through the bot's own account, signed with your name.",
    Connection.LINKED: "Your own SDP account is connected: what you do here, SDP does as you.",
    Connection.NOT_LINKED: "Your SDP account is not connected yet. Connect it to decide here.",
    Connection.IN_SDP: "Deciding from Slack is not set up here, so decisions are made in SDP.",
}


def _connection(view: HomeView) -> list[Block]:
    buttons = [*view.connect, button("Look again", ids.HOME_REFRESH, "now")]
    return [{"type": "divider"}, aside(CONNECTED_WORDS[view.connection]), actions("connection", *buttons)]
