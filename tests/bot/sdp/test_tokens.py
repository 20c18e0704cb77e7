"""Access tokens: one fetch for all processes, renewed early, replaced once, and never more than Zoho allows."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet, MultiFernet
from freezegun import freeze_time

from bot.errors import SdpClientRefused, SdpError, SdpForbidden, SdpSignInFailed, SdpThrottled, SdpUnreachable
from bot.sdp import AccessToken, MemoryTokenStore, Repeats, Sdp, TokenStore
from bot.sdp.oauth import judge
from bot.sdp.ports import FETCH_LIMIT, FETCH_WINDOW
from bot.sdp.wire import Answer
from bot.store import RedisTokens, Store
from sandbox.sdp.accounts import ALL_SCOPES
from sandbox.sdp.world import SdpWorld
from tests.bot.sdp.conftest import Clients, Parrot, ref_of
from tests.bot.sdp.operations import listed


@pytest.fixture(params=["memory", "valkey"])
def shared(request: pytest.FixtureRequest, store: Store) -> TokenStore:
    """What processes share, in both kinds there are."""
    if request.param == "memory":
        return MemoryTokenStore()
    return RedisTokens(store, MultiFernet([Fernet(Fernet.generate_key())]))


def fetched(world: SdpWorld) -> int:
    return len(world.effects("token.issued"))


def tries(world: SdpWorld) -> int:
    """Token requests that reached the accounts server, successful or not."""
    return sum(exchange.path == "/oauth/v2/token" for exchange in world.log)


async def test_three_processes_fetch_one_token(clients: Clients, world: SdpWorld, shared: TokenStore) -> None:
    processes = [await clients.new(shared) for _ in range(3)]
    await asyncio.gather(*(listed(sdp.people.technicians()) for sdp in processes * 5))
    assert fetched(world) == 1


async def test_a_new_process_uses_the_token_that_is_there(
    clients: Clients, world: SdpWorld, shared: TokenStore
) -> None:
    await listed((await clients.new(shared)).people.technicians())
    await listed((await clients.new(shared)).people.technicians())
    assert fetched(world) == 1


async def test_what_zoho_says_a_token_may_is_kept_with_it(
    clients: Clients, world: SdpWorld, shared: TokenStore
) -> None:
    assert await (await clients.new(shared)).scopes.granted() == set(ALL_SCOPES)
    assert await (await clients.new(shared)).scopes.granted() == set(ALL_SCOPES)
    assert fetched(world) == 1


async def test_a_token_kept_before_scopes_were_is_still_good(store: Store) -> None:
    fernet = MultiFernet([Fernet(Fernet.generate_key())])
    ends = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    sealed = fernet.encrypt(json.dumps(["a-token", int(ends.timestamp() * 1000)]).encode()).decode()
    await store.redis.set(store.keys.token("grant"), sealed)
    assert await RedisTokens(store, fernet).get("grant") == AccessToken("a-token", ends, frozenset())


async def test_everybody_has_their_own_token(clients: Clients, world: SdpWorld, shared: TokenStore) -> None:
    sdp = await clients.new(shared)
    arjun = sdp.acting_as(sdp.tokens_of(world.accounts.grant("arjun")))
    await listed(arjun.releases.list())
    await listed(sdp.releases.list())
    assert [exchange.who for exchange in world.log if exchange.path.endswith("/releases")] == [
        "Arjun Velloor",
        world.person("service").name,
    ]


async def test_a_token_is_renewed_before_it_ends(clients: Clients, world: SdpWorld) -> None:
    with freeze_time(datetime(2027, 3, 1, 12, tzinfo=UTC), real_asyncio=True) as clock:
        sdp = await clients.new()
        await listed(sdp.people.technicians())
        clock.tick(timedelta(minutes=54))
        await listed(sdp.people.technicians())
        assert fetched(world) == 1
        clock.tick(timedelta(minutes=2))
        await asyncio.gather(*(listed(sdp.people.technicians()) for _ in range(5)))
        assert fetched(world) == 2
    assert all(exchange.status == 200 for exchange in world.log)


async def test_a_failed_renewal_harms_nobody_while_the_old_token_lasts(clients: Clients, world: SdpWorld) -> None:
    with freeze_time(datetime(2027, 3, 1, 12, tzinfo=UTC), real_asyncio=True) as clock:
        sdp = await clients.new()
        await listed(sdp.people.technicians())
        clock.tick(timedelta(minutes=57))
        world.break_with("error_503", "/oauth/v2/token")
        assert await listed(sdp.people.technicians())
        assert fetched(world) == 1
        clock.tick(timedelta(seconds=10))
        assert await listed(sdp.people.technicians())
        assert fetched(world) == 2


async def test_a_401_replaces_the_token_once(clients: Clients, world: SdpWorld, shared: TokenStore) -> None:
    processes = [await clients.new(shared) for _ in range(3)]
    for sdp in processes:
        await listed(sdp.people.technicians())
    world.accounts.expire("service")
    await asyncio.gather(*(listed(sdp.people.technicians()) for sdp in processes * 4))
    assert fetched(world) == 2


async def test_a_write_that_met_a_401_is_sent_again_and_done_once(clients: Clients, world: SdpWorld) -> None:
    sdp = await clients.new()
    approval = world.waiting("arjun")[0]
    await sdp.approvals.get(ref_of(approval))
    world.accounts.expire("service")
    await sdp.approvals.approve(ref_of(approval), "Yes")
    assert len(world.effects("approval.approved", approval.id)) == 1


async def test_a_write_that_met_somebody_elses_401_is_not_sent_again(
    told: Sdp, parrot: Parrot, world: SdpWorld
) -> None:
    parrot.say(b"<html>Who are you?</html>", 401, "text/html")
    with pytest.raises(SdpError):
        await told.approvals.approve(ref_of(world.waiting("arjun")[0]), "Yes")
    assert len(parrot.heard) == 1


async def test_a_failure_inside_http_200_is_seen_as_one(clients: Clients, world: SdpWorld) -> None:
    world.tenant.refusals_as_200 = True
    sdp = await clients.new()
    await listed(sdp.people.technicians())
    world.accounts.expire("service")
    assert await listed(sdp.people.technicians())
    assert fetched(world) == 2


@pytest.mark.parametrize("status", ["401", "403"])
async def test_a_missing_scope_costs_one_replacement_and_says_so(
    clients: Clients, world: SdpWorld, status: str
) -> None:
    world.tenant.scope_answer = status  # type: ignore[assignment]
    sdp = await clients.new()
    person = sdp.acting_as(sdp.tokens_of(world.accounts.grant("odile", scopes=["SDPOnDemand.users.READ"])))
    for _ in range(12):
        with pytest.raises(SdpForbidden, match="scope"):
            await listed(person.projects.list())
        assert await listed(person.people.technicians())
    assert len(world.effects("token.issued", by="odile")) <= 2


async def test_a_revoked_account_is_told_apart_and_not_asked_again(clients: Clients, world: SdpWorld) -> None:
    sdp = await clients.new()
    token = world.accounts.grant("arjun")
    arjun = sdp.acting_as(sdp.tokens_of(token))
    world.accounts.revoke(token)
    for _ in range(5):
        with pytest.raises(SdpSignInFailed, match="connect"):
            await listed(arjun.releases.list())
    assert tries(world) == 1
    assert not any(exchange.path.endswith("/releases") for exchange in world.log)


async def test_a_throttle_is_waited_out_by_all_processes(clients: Clients, world: SdpWorld, shared: TokenStore) -> None:
    for _ in range(10):
        world.accounts.refresh("1000.sandbox0service0account0refresh0.token000000000000000000000000001", _client(world))
    first, second = await clients.new(shared), await clients.new(shared)
    for sdp in (first, second, first):
        with pytest.raises(SdpThrottled, match="minutes") as caught:
            await listed(sdp.people.technicians())
        assert caught.value.retry_at is not None
    assert tries(world) == 1


def _client(world: SdpWorld) -> str:
    return next(iter(world.accounts.clients))


async def test_after_the_throttle_all_is_well(clients: Clients, world: SdpWorld) -> None:
    with freeze_time(datetime(2027, 3, 1, 12, tzinfo=UTC), real_asyncio=True) as clock:
        for _ in range(10):
            world.accounts.refresh(
                "1000.sandbox0service0account0refresh0.token000000000000000000000000001", _client(world)
            )
        sdp = await clients.new()
        with pytest.raises(SdpThrottled):
            await listed(sdp.people.technicians())
        clock.tick(timedelta(minutes=10, seconds=1))
        assert await listed(sdp.people.technicians())


async def test_never_more_than_ten_tokens_in_ten_minutes_whatever_happens(
    clients: Clients, world: SdpWorld, shared: TokenStore
) -> None:
    processes = [await clients.new(shared, repeats=Repeats(attempts=1)) for _ in range(4)]
    for _ in range(15):
        world.accounts.expire("service")
        await asyncio.gather(*(_try(sdp) for sdp in processes))
    assert fetched(world) <= FETCH_LIMIT
    assert tries(world) <= FETCH_LIMIT


async def test_a_silent_accounts_server_is_not_asked_more_often(
    clients: Clients, world: SdpWorld, shared: TokenStore
) -> None:
    world.break_with("drop_before", "/oauth/v2/token", times=None)
    processes = [await clients.new(shared, repeats=Repeats(attempts=1)) for _ in range(4)]
    for _ in range(5):
        await asyncio.gather(*(_try(sdp) for sdp in processes))
    assert tries(world) == 1


async def _try(sdp: Sdp) -> None:
    """A call whose outcome does not matter here."""
    with contextlib.suppress(SdpError):
        await listed(sdp.people.technicians())


# --- the store's own promises ----------------------------------------------------------------


def token(value: str, seconds: float = 3600) -> AccessToken:
    return AccessToken(value, datetime.now(UTC) + timedelta(seconds=seconds))


async def test_a_dropped_token_is_gone_but_a_newer_one_stays(shared: TokenStore) -> None:
    await shared.put("g", token("one"))
    await shared.drop("g", token("another"))
    kept = await shared.get("g")
    assert kept is not None
    assert kept.value == "one"
    await shared.drop("g", token("one"))
    assert await shared.get("g") is None


async def test_ten_claims_are_granted_and_the_eleventh_told_when(shared: TokenStore) -> None:
    claims = [await shared.claim_fetch("g") for _ in range(FETCH_LIMIT)]
    assert claims == [None] * FETCH_LIMIT
    again = await shared.claim_fetch("g")
    assert again is not None
    assert timedelta(minutes=10) < again - datetime.now(UTC) <= FETCH_WINDOW
    assert await shared.claim_fetch("another grant") is None


async def test_a_lower_limit_leaves_the_rest_to_others(shared: TokenStore) -> None:
    assert [await shared.claim_fetch("g", 2) for _ in range(2)] == [None, None]
    assert await shared.claim_fetch("g", 2) is not None
    assert await shared.claim_fetch("g") is None


async def test_the_lock_is_one_persons_at_a_time(shared: TokenStore) -> None:
    inside = 0

    async def enter() -> None:
        nonlocal inside
        async with shared.lock("g"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(10)))


async def test_the_longer_hold_wins(shared: TokenStore) -> None:
    now = datetime.now(UTC)
    await shared.hold("g", now + timedelta(minutes=5))
    await shared.hold("g", now + timedelta(minutes=1))
    until = await shared.held_until("g")
    assert until is not None
    assert abs(until - now - timedelta(minutes=5)) < timedelta(seconds=2)
    assert await shared.held_until("h") is None


def test_a_token_does_not_show_itself() -> None:
    assert "secret" not in repr(token("secret"))


# --- answers of the accounts server ----------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"error":"invalid_code"}', SdpSignInFailed),
        (200, b'{"error":"invalid_client"}', SdpClientRefused),
        (400, b'{"error":"invalid_client_secret"}', SdpClientRefused),
        (400, b'{"error":"Access Denied","status":"failure","error_description":"zu viele Anfragen"}', SdpThrottled),
        (200, b'{"error":"Acc\xc3\xa8s refus\xc3\xa9","status":"failure"}', SdpThrottled),
        (429, b"", SdpThrottled),
        (200, b'{"error":"general_error"}', SdpUnreachable),
        (500, b'{"error":"invalid_code"}', SdpUnreachable),
        (200, b"<html>maintenance</html>", SdpUnreachable),
        (200, b'{"access_token": ""}', SdpUnreachable),
        (200, b"{}", SdpUnreachable),
    ],
)
def test_token_answers_are_judged_by_their_body(status: int, body: bytes, kind: type[SdpError]) -> None:
    with pytest.raises(SdpError) as caught:
        judge(Answer(status, {}, body))
    assert type(caught.value) is kind


async def test_a_session_that_sdp_opens_for_one_person_does_not_go_along_with_anothers_token(
    told: Sdp, parrot: Parrot
) -> None:
    parrot.say({"projects": []}, set_cookie="JSESSIONID=of-somebody; Path=/")
    for _ in range(2):
        assert [one async for one in told.projects.list()] == []
    assert [request.headers.get("cookie") for request in parrot.heard] == [None, None]
