"""The command a user starts, killed in the middle of a decision, and started again."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sockets import listening_socket
from sandbox.box import Box, open_box
from tests.conftest import until

ROOT = Path(__file__).parents[2]
PAYMENT = "Payment gateway 4.2"
PROMISED_SECONDS = 15


@contextlib.asynccontextmanager
async def _bot(box: Box, folder: Path, undo: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`sdp-bot run` with its embedded Valkey in `folder`; killed at the end if it still runs."""
    door = listening_socket("127.0.0.1", 0)
    port = door.getsockname()[1]
    door.close()
    box.slack.request_url = f"http://127.0.0.1:{port}/slack/events"
    given = {"DATA_DIR": str(folder / "data"), "PORT": str(port), "UNDO_SECONDS": undo, "PYTHONPATH": str(ROOT)}
    environment = {"PATH": os.environ["PATH"], **box.settings(), **given}
    bot = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", "run", env=environment, cwd=folder)
    try:
        yield bot
    finally:
        if bot.returncode is None:
            bot.terminate()
            await bot.wait()


@pytest.mark.timeout(180)
async def test_a_decision_cut_short_by_kill_minus_nine_goes_on_within_fifteen_seconds(tmp_path: Path) -> None:
    async with open_box("demo") as box:
        arjun = box.people.as_("arjun")
        async with _bot(box, tmp_path, undo="4") as bot:
            await until(lambda: PAYMENT in arjun.sees(), seconds=60)
            card = next(one for one in arjun.messages() if PAYMENT in str(one.blocks))
            assert (await arjun.click("Approve", in_=card)).ok
            await until(lambda: "unless you undo it" in arjun.sees(), seconds=30)
            bot.kill()
            await bot.wait()
        assert not box.sdp.effects("approval.approved", record=box.sdp.release(PAYMENT).levels[0].approvals[0].id)
        started = time.monotonic()
        async with _bot(box, tmp_path, undo="4"):
            await until(lambda: "Approved by Arjun Velloor" in arjun.sees(), seconds=60)
            took = time.monotonic() - started
    approvals = [one for one in box.sdp.effects("approval.approved") if one.via == "api"]
    assert len(approvals) == 1
    assert took < PROMISED_SECONDS
