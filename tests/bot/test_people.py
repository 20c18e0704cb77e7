"""Who is who: a link, the map, an address; and what is believed while one side cannot be asked."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet, MultiFernet

from bot.errors import SdpForbidden, SdpUnreachable
from bot.models import How, Person, SlackPerson, sdp_id
from bot.people import People
from bot.store import Link, Links, Memory, Store

ARJUN = SlackPerson("U0ARJUN", "Arjun Velloor", "arjun@example.com")
TESS = SlackPerson("U0TESS", "Tess Harbourne", "tess@example.com")
IN_SDP = Person(sdp_id("11"), "Arjun Velloor", "arjun@example.com")


@dataclass
class Workspace:
    """Slack's and SDP's lists of people, and how often each was asked."""

    people: list[SlackPerson] = field(default_factory=lambda: [ARJUN, TESS])
    sdp: list[Person] = field(default_factory=lambda: [IN_SDP])
    asked: Counter[str] = field(default_factory=Counter)
    trouble: Exception | None = None
    slack_away: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def everyone(self) -> AsyncIterator[SlackPerson]:
        self.asked["directory"] += 1
        if self.slack_away:
            raise ConnectionError("Slack is away")
        for person in self.people:
            yield person

    async def one(self, slack_id: str) -> SlackPerson | None:
        self.asked["one"] += 1
        return None

    async def by_email(self, email: str) -> tuple[Person, ...]:
        self.asked[email] += 1
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        return tuple(person for person in self.sdp if person.email == email)


@dataclass
class Desk:
    """People as one process sees them."""

    workspace: Workspace
    memory: Memory
    links: Links

    def people(self, *, allow_external: bool = False) -> People:
        return People(self.workspace, self.memory, self.links, self.workspace, allow_external=allow_external)

    async def link(self, slack: SlackPerson, sdp: Person) -> None:
        sealed = self.links.seal("1000.fake")
        link = Link(slack.id, sdp.id, sdp.name, sdp.email or "", "https://accounts.example.com", NOW, sealed)
        assert await self.links.bind(link) is None


NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(Workspace(), Memory(store), Links(store, MultiFernet([Fernet(Fernet.generate_key())])))


async def test_an_address_names_one_person_in_any_case(desk: Desk) -> None:
    people = desk.people()
    found = await people.who(IN_SDP)
    assert found is not None
    assert (found.slack, found.how) == (ARJUN, How.EMAIL)
    assert await people.by_address("ARJUN@Example.com") == ARJUN


async def test_the_map_beats_an_address_and_a_link_beats_the_map(desk: Desk) -> None:
    people = desk.people()
    await people.say_who(TESS.id, IN_SDP.id, IN_SDP.name)
    found = await people.who(IN_SDP)
    assert found is not None
    assert (found.slack, found.how) == (TESS, How.MAP)
    await desk.link(ARJUN, IN_SDP)
    found = await people.who(IN_SDP)
    assert found is not None
    assert (found.slack, found.how) == (ARJUN, How.LINK)


async def test_somebody_linked_elsewhere_is_not_found_by_address(desk: Desk) -> None:
    await desk.link(ARJUN, Person(sdp_id("99"), "Another account"))
    assert await desk.people().who(IN_SDP) is None


async def test_a_linked_account_that_is_gone_is_nobody(desk: Desk) -> None:
    await desk.link(TESS, IN_SDP)
    desk.workspace.people = [ARJUN, replace(TESS, deleted=True)]
    assert await desk.people().who(IN_SDP) is None


@pytest.mark.parametrize(
    "outsider", [replace(ARJUN, is_guest=True), replace(ARJUN, is_external=True)], ids=["guest", "stranger"]
)
async def test_outsiders_count_only_where_they_are_let_in(desk: Desk, outsider: SlackPerson) -> None:
    desk.workspace.people = [outsider]
    assert await desk.people().slack_of(IN_SDP) is None
    assert await desk.people(allow_external=True).slack_of(IN_SDP) == outsider


async def test_an_address_two_people_of_sdp_have_names_nobody(desk: Desk) -> None:
    desk.workspace.sdp.append(replace(IN_SDP, id=sdp_id("12")))
    assert await desk.people().who(IN_SDP) is None


async def test_where_sdp_lists_nobody_the_address_in_slack_counts(desk: Desk) -> None:
    desk.workspace.trouble = SdpForbidden("no scope")
    assert await desk.people().slack_of(IN_SDP) == ARJUN


async def test_while_sdp_is_away_the_last_answer_counts_and_without_one_nobody_is_guessed(desk: Desk) -> None:
    people = desk.people()
    assert await people.slack_of(IN_SDP) == ARJUN
    desk.workspace.trouble = SdpUnreachable("away")
    await desk.memory.forget("sdp_address_fresh", "arjun@example.com")
    assert await people.slack_of(IN_SDP) == ARJUN
    with pytest.raises(SdpUnreachable):
        await people.slack_of(Person(sdp_id("13"), "Tess Harbourne", "tess@example.com"))


async def test_many_cards_of_one_person_ask_sdp_once_and_wait_for_nobody_else(desk: Desk) -> None:
    people = desk.people()
    await people.slack_of(IN_SDP)
    desk.workspace.gate.clear()
    tess = Person(sdp_id("13"), "Tess Harbourne", "tess@example.com")
    waiting = [asyncio.create_task(people.slack_of(tess)) for _ in range(20)]
    assert await asyncio.wait_for(people.slack_of(IN_SDP), 2) == ARJUN
    desk.workspace.gate.set()
    assert set(await asyncio.gather(*waiting)) == {TESS}
    assert desk.workspace.asked["tess@example.com"] == 1


async def test_an_old_directory_will_do_while_slack_is_away_but_not_a_changed_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = desk.people()
    await people.by_id(ARJUN.id)
    desk.workspace.slack_away = True
    monkeypatch.setattr("bot.people.KEPT_SECONDS", -1.0)
    assert await people.by_id(ARJUN.id) == ARJUN
    await people.forget()
    with pytest.raises(ConnectionError):
        await people.by_id(ARJUN.id)


async def test_a_status_message_does_not_read_the_directory_and_a_new_address_does_everywhere(desk: Desk) -> None:
    here, elsewhere = desk.people(), desk.people()
    await here.by_id(ARJUN.id)
    await elsewhere.by_id(ARJUN.id)
    await here.noticed(ARJUN)
    await elsewhere.by_id(ARJUN.id)
    assert desk.workspace.asked["directory"] == 2
    moved = replace(ARJUN, email="new@example.com")
    desk.workspace.people = [moved, TESS]
    await here.noticed(moved)
    assert await elsewhere.by_id(ARJUN.id) == moved
    assert await here.slack_of(IN_SDP) is None
