"""The tenant from outside by JSON: looking, doing, breaking; its calls to a listener; keeping it and taking it up."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from sandbox.sdp.app import create_app
from sandbox.sdp.hooks import HEADER
from sandbox.sdp.seeds import SCENARIOS, seed
from sandbox.sdp.world import Hook, SdpWorld
from sandbox.serve import serve
from tests.sandbox.sdp.conftest import Caller, Tenant, path_of


async def fetch(tenant: Tenant, path: str, method: str = "GET", body: Any = None, **params: str) -> Any:
    async with tenant.session.request(method, f"{tenant.url}/sandbox{path}", json=body, params=params) as response:
        return await response.json()


async def do(tenant: Tenant, verb: str, **arguments: Any) -> Any:
    return await fetch(tenant, f"/do/{verb}", "POST", arguments)


async def test_state_shows_what_waits_for_a_person(tenant: Tenant) -> None:
    state = await fetch(tenant, "/state", who="tess")
    assert {one["approver"] for one in state["waiting"]} == {"Tess Harbourne"}
    assert len(state["releases"]) == 8
    assert {one["state"] for one in state["maintenances"]} == {"enabled", "suspended"}


async def test_state_is_what_that_person_may_see(tenant: Tenant) -> None:
    def counts(state: Any) -> list[int]:
        return [len(state[kind]) for kind in ("releases", "maintenances", "projects", "changes")]

    assert counts(await fetch(tenant, "/state")) == [8, 5, 3, 2]
    assert counts(await fetch(tenant, "/state", who="odile")) == [8, 5, 3, 2]
    assert counts(await fetch(tenant, "/state", who="mara")) == [7, 0, 0, 0]
    assert counts(await fetch(tenant, "/state", who="gil")) == [0, 0, 0, 0]
    assert (await fetch(tenant, "/state", who="nobody"))["code"] == 4007


async def test_deciding_as_another_person_is_seen_by_the_api(tenant: Tenant) -> None:
    approval = tenant.world.waiting("tess")[0]
    answer = await do(tenant, "decide", approval=approval.id, verdict="reject", by="tess", comments="Not now")
    assert answer["ok"]
    read = (await tenant.caller().get(path_of(approval))).body["approval"]
    assert (read["status"]["name"], read["comments"]) == ("Rejected", "Not now")
    (effect,) = await fetch(tenant, "/effects", kind="approval.", record=approval.id, by="tess")
    assert (effect["kind"], effect["via"]) == ("approval.rejected", "page")


async def test_what_cannot_be_done_is_said_in_words(tenant: Tenant) -> None:
    approval = tenant.world.waiting("tess")[0]
    refused = await do(tenant, "decide", approval=approval.id, verdict="approve", by="gil")
    assert (refused["ok"], refused["code"]) == (False, 4002)
    assert "there are decide" in (await do(tenant, "explode"))["error"]
    assert "verdict" in (await do(tenant, "decide", approval=approval.id))["error"]
    assert "comment_max" in (await do(tenant, "tenant", colour="red"))["error"]


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("delegate", {"approval": "A", "to": "wiremu"}),
        ("replace_approver", {"approval": "A", "to": "wiremu"}),
        ("clarify", {"approval": "A"}),
        ("supersede", {"level": "L", "approvers": ["wiremu"]}),
        ("add_release", {"title": "New", "requester": "mara", "levels": [{"approvers": ["tess"], "rule": "anyone"}]}),
        ("edit_release", {"release": "RLS-1", "title": "Other"}),
        ("cancel_release", {"release": "RLS-1"}),
        ("delete_release", {"release": "RLS-1"}),
        ("execute", {"maintenance": "CHM-1", "by": "odile"}),
        ("suspend", {"maintenance": "CHM-1", "by": "odile"}),
        ("enable", {"maintenance": "CHM-5", "by": "odile"}),
        ("add_project", {"title": "Quick one", "by": "sam"}),
        ("load", {"approvals": 25}),
        ("advance", {"seconds": 86400}),
        ("revoke", {"who": "service"}),
    ],
)
async def test_verb_changes_something(tenant: Tenant, verb: str, arguments: dict[str, Any]) -> None:
    approval = tenant.world.waiting("tess")[0]
    known = {"A": approval.id, "L": approval.level.id}
    before = len(tenant.world.effects())
    answer = await do(tenant, verb, **{name: known.get(str(value), value) for name, value in arguments.items()})
    assert answer["ok"], answer
    assert len(tenant.world.effects()) > before


async def test_load_gives_that_many_waiting_approvals(tenant: Tenant) -> None:
    before = len(tenant.world.waiting())
    await do(tenant, "load", approvals=500)
    assert len(tenant.world.waiting()) == before + 500


async def test_fault_set_from_outside_strikes_and_is_mended(tenant: Tenant) -> None:
    set_up = await fetch(tenant, "/faults", "POST", {"kind": "rate_limited", "path": "*/users", "times": None})
    assert set_up[0]["kind"] == "rate_limited"
    assert (await tenant.caller().get("/users")).status == 429
    assert await fetch(tenant, "/faults", "DELETE") == []
    assert (await tenant.caller().get("/users")).status == 200
    assert "drop_after" in (await fetch(tenant, "/faults", "POST", {"kind": "explode"}))["error"]


async def test_log_goes_on_from_where_it_was_read(tenant: Tenant) -> None:
    caller = tenant.caller()
    await caller.get("/users")
    first = await fetch(tenant, "/log")
    await caller.get("/releases")
    (newer,) = await fetch(tenant, "/log", after=str(first[-1]["number"]))
    assert (newer["path"], newer["who"], newer["status"]) == ("/app/itdesk/api/v3/releases", "SDP Bot", 200)


async def test_tokens_for_a_person_work(tenant: Tenant) -> None:
    made = (await do(tenant, "tokens", who="arjun"))["made"]
    caller = Caller(tenant.session, f"{tenant.url}/app/itdesk/api/v3", made["access_token"])
    assert (await caller.get("/releases")).code == 2000
    await do(tenant, "expire", who="arjun")
    assert (await caller.get("/releases")).status == 401


# --- the trigger ------------------------------------------------------------------------------------


class Listener:
    """A webhook's other end, on a real socket."""

    def __init__(self) -> None:
        self.heard: list[tuple[str | None, Any]] = []
        self._news = asyncio.Event()
        self.app = Starlette(routes=[Route("/hook", self._hear, methods=["POST"])])

    async def _hear(self, request: Request) -> PlainTextResponse:
        self.heard.append((request.headers.get(HEADER), await request.json()))
        self._news.set()
        return PlainTextResponse("ok", 202)

    async def calls(self, count: int) -> list[tuple[str | None, Any]]:
        """What was heard, once it is so many calls."""
        async with asyncio.timeout(5):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()
        return self.heard


async def test_trigger_tells_the_listener_which_release_to_look_at(tenant: Tenant) -> None:
    listener = Listener()
    async with serve(listener.app) as url:
        tenant.world.hook = Hook(f"{url}/hook", "word")
        approval = tenant.world.waiting("arjun")[0]
        await tenant.caller("arjun").put(path_of(approval) + "/_approve")
        heard = await listener.calls(1)
    assert heard == [("word", {"module": "release", "id": approval.level.release.id})]


async def test_listener_that_is_away_hurts_nobody(tenant: Tenant) -> None:
    await do(tenant, "hook", url="http://127.0.0.1:9/gone", secret="word")
    approval = tenant.world.waiting("arjun")[0]
    assert (await tenant.caller("arjun").put(path_of(approval) + "/_approve")).code == 2000
    await do(tenant, "hook")
    assert tenant.world.hook is None


# --- keeping and taking up ----------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_snapshot_restores_the_whole_tenant(scenario: str) -> None:
    world = seed(SdpWorld(seed=5), scenario)
    world.advance(timedelta(days=2))
    taken = json.loads(json.dumps(world.snapshot()))
    again = SdpWorld.restore(taken)
    assert again.snapshot() == taken


async def test_restored_tenant_goes_on_where_the_other_stopped(tenant: Tenant) -> None:
    approval = tenant.world.waiting("arjun")[0]
    refresh = tenant.world.accounts.grant("arjun")
    again = SdpWorld.restore(await fetch(tenant, "/snapshot"))
    assert [one.id for one in again.waiting()] == [one.id for one in tenant.world.waiting()]
    async with serve(create_app(again)) as url:
        token = again.accounts.access_token("arjun")
        caller = Caller(tenant.session, f"{url}/app/itdesk/api/v3", token)
        assert (await caller.put(path_of(approval) + "/_approve")).code == 2000
    assert again.approval(approval.id).status.name == "Approved"
    assert approval.waits
    assert refresh in again.accounts.grants
    assert again.releases.add("Next", "mara").id == tenant.world.releases.add("Next", "mara").id


def test_snapshot_of_another_version_is_refused(world: SdpWorld) -> None:
    with pytest.raises(ValueError, match="version 99"):
        SdpWorld.restore(world.snapshot() | {"version": 99})


# --- scenarios and time -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "waiting", "projects", "maintenances"),
    [
        ("quiet-day", 1, 3, 5),
        ("release-day", 30, 3, 5),
        ("newcomer", 3, 3, 5),
        ("big-portfolio", 11, 200, 500),
        ("demo", 11, 3, 5),
        ("flaky_sdp", 11, 3, 5),
    ],
)
def test_scenario_has_what_it_says(scenario: str, waiting: int, projects: int, maintenances: int) -> None:
    world = seed(SdpWorld(), scenario)
    assert len(world.waiting()) == waiting
    assert (len(list(world.projects)), len(list(world.maintenances))) == (projects, maintenances)


def test_scenario_that_does_not_exist_names_those_that_do(world: SdpWorld) -> None:
    with pytest.raises(ValueError, match="release-day"):
        seed(SdpWorld(), "holiday")


def test_release_day_asks_three_levels_deep() -> None:
    world = seed(SdpWorld(), "release-day")
    assert {len(release.levels) for release in world.releases} == {3}
    assert {who: len(world.waiting(who)) for who in ("arjun", "tess", "wiremu")} == {
        "arjun": 10,
        "tess": 10,
        "wiremu": 10,
    }


def test_frozen_clock_is_the_tenants_clock() -> None:
    with freeze_time("2026-03-02T08:00:00Z", real_asyncio=True) as clock:
        world = seed(SdpWorld())
        assert f"{world.now():%Y-%m-%d %H:%M}" == "2026-03-02 08:00"
        clock.tick(timedelta(hours=8))
        assert [change.title for change in world.maintenances.run_due()] == ["Rotate the logs of the payment servers"]


def test_clock_does_not_go_back(world: SdpWorld) -> None:
    with pytest.raises(ValueError, match="cannot go back"):
        world.advance_to(world.now() - timedelta(hours=1))
