"""Who may: the administrator's lists against a real workspace, and what a refusal says."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from cryptography.fernet import Fernet, MultiFernet
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import NotAllowed
from bot.models import Person, sdp_id
from bot.people import People
from bot.permissions import (
    MEMBERS,
    Rights,
    RightsLists,
    check_may_administer,
    check_may_audit,
    check_may_operate,
    check_may_read,
    check_may_read_costs,
)
from bot.store import Links, Memory, Store
from handlers.messenger import Messenger
from sandbox.box import Box, open_box


@dataclass
class Desk:
    """A workspace, and rights as one process of the bot sees them."""

    box: Box
    people: People
    messenger: Messenger

    def rights(self, **lists: tuple[str, ...]) -> Rights:
        return Rights(RightsLists(**lists), self.people, self.messenger)

    def id(self, who: str) -> str:
        return self.box.slack.person(who).id


class Nobody:
    """SDP without people: rights are a matter of Slack alone."""

    async def by_email(self, email: str) -> tuple[Person, ...]:
        raise AssertionError("rights do not ask SDP")


@pytest.fixture
async def desk(store: Store) -> AsyncIterator[Desk]:
    async with open_box() as box, aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=box.slack.bot_token, base_url=f"{box.slack.url}/api/", session=session)
        messenger = Messenger(client, Memory(store))
        links = Links(store, MultiFernet([Fernet(Fernet.generate_key())]))
        yield Desk(box, People(messenger, Memory(store), links, Nobody()), messenger)


async def test_nobody_may_operate_until_somebody_is_named(desk: Desk) -> None:
    standing = await desk.rights().of(desk.id("odile"))
    with pytest.raises(NotAllowed, match="OPERATORS in the bot's settings names nobody"):
        check_may_operate(standing)


@pytest.mark.parametrize("word", ["@operators", "odile.marchetty@example.com", "the id", "the group's id"])
async def test_people_and_groups_are_named_in_every_spelling(desk: Desk, word: str) -> None:
    spelt = {"the id": desk.id("odile"), "the group's id": desk.box.slack.directory.group("operators").id}
    rights = desk.rights(operators=(spelt.get(word, word),))
    check_may_operate(await rights.of(desk.id("odile")))
    with pytest.raises(NotAllowed, match="Ask Odile Marchetty"):
        check_may_operate(await rights.of(desk.id("mara")))


async def test_an_operator_is_no_administrator(desk: Desk) -> None:
    rights = desk.rights(operators=("@operators",), admins=(desk.id("sam"),))
    check_may_administer(await rights.of(desk.id("sam")))
    with pytest.raises(NotAllowed, match="Ask Sam Okonjoru"):
        check_may_administer(await rights.of(desk.id("odile")))


async def test_a_guest_holds_no_right_even_when_named(desk: Desk) -> None:
    rights = desk.rights(operators=(desk.id("gil"),), admins=(desk.id("gil"),), readers=(MEMBERS, desk.id("gil")))
    standing = await rights.of(desk.id("gil"))
    for check in (check_may_operate, check_may_administer, check_may_read, check_may_audit):
        with pytest.raises(NotAllowed):
            check(standing)


async def test_members_read_and_others_only_when_named(desk: Desk) -> None:
    check_may_read(await desk.rights().of(desk.id("mara")))
    narrow = desk.rights(readers=("@approvers",))
    check_may_read(await narrow.of(desk.id("tess")))
    with pytest.raises(NotAllowed, match="READERS"):
        check_may_read(await narrow.of(desk.id("mara")))


async def test_charges_are_for_operators_and_the_projects_owner(desk: Desk) -> None:
    rights = desk.rights(operators=("@operators",))
    owner = Person(sdp_id("7"), "Mara Vossberg", "mara.vossberg@example.com")
    check_may_read_costs(await rights.of(desk.id("odile")), owner)
    check_may_read_costs(await rights.of(desk.id("mara")), owner)
    with pytest.raises(NotAllowed, match="Mara Vossberg, who owns this project"):
        check_may_read_costs(await rights.of(desk.id("tess")), owner)


async def test_who_leaves_the_group_loses_the_right_at_once(desk: Desk) -> None:
    rights = desk.rights(operators=("@operators",))
    check_may_operate(await rights.of(desk.id("odile")))
    await desk.box.people.change_group("operators", ["sam"])
    check_may_operate(await rights.of(desk.id("odile")))
    await desk.people.forget()
    with pytest.raises(NotAllowed, match="Ask Sam Okonjoru"):
        check_may_operate(await rights.of(desk.id("odile")))


async def test_who_is_deactivated_or_made_a_guest_loses_every_right(desk: Desk) -> None:
    rights = desk.rights(operators=("@operators",))
    await rights.of(desk.id("odile"))
    desk.box.slack.person("odile").is_restricted = True
    await desk.people.forget()
    with pytest.raises(NotAllowed):
        check_may_operate(await rights.of(desk.id("odile")))


async def test_a_group_that_is_gone_names_nobody(desk: Desk) -> None:
    rights = desk.rights(operators=("@no-such-group", "S0000000"))
    with pytest.raises(NotAllowed, match="names nobody"):
        check_may_operate(await rights.of(desk.id("odile")))


async def test_an_id_slack_does_not_know_is_refused(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="does not show this account"):
        await desk.rights().of("U0NOBODY")


async def test_somebody_of_another_workspace_holds_no_right(desk: Desk) -> None:
    stranger = desk.box.slack.directory.add(
        "stranger", "Una Fremdova", "una.fremdova@example.com", team_id="T0ELSEWHERE"
    )
    rights = desk.rights(operators=(stranger.id,), readers=(MEMBERS,))
    for check in (check_may_operate, check_may_read):
        with pytest.raises(NotAllowed):
            check(await rights.of(stranger.id))
