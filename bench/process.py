"""What one process costs: from `sdp-bot run` until it is ready, and its memory at rest."""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from bench.processes import process, quiet
from bench.table import Row

LIBRARIES = "slack_bolt.async_app, aiohttp, httpx, pydantic_settings, redis.asyncio, starlette, uvicorn, cryptography.fernet, structlog, typer, stamina, markdownify, babel, prometheus_client"  # noqa: E501
STARTS = 5
MEGABYTES_AT_REST = 120


def run() -> list[Row]:
    with process(_box) as world:
        environment = {**_kept(), **world.recv()}
        starts, rests = zip(*(_start(environment) for _ in range(STARTS)), strict=True)
        imports = [_import() for _ in range(STARTS)]
    start, bare, rest = statistics.median(starts), statistics.median(imports), statistics.median(rests)
    return [
        Row("sdp-bot run, until ready", start, "s", "importing its libraries", bare, 2, "with the embedded Valkey"),
        Row("memory of one process at rest", rest, "MB", limit=MEGABYTES_AT_REST, note="web and worker in one, RSS"),
    ]


def _kept() -> dict[str, str]:
    root = str(Path(__file__).parent.parent)
    return {"PATH": os.environ["PATH"], "PYTHONPATH": root, "PORT": "0", "LOG_FORMAT": "json"}


def _start(environment: dict[str, str]) -> tuple[float, float]:
    """Seconds until ready, and megabytes five seconds later."""
    with tempfile.TemporaryDirectory(prefix="sdp-bench-") as folder:
        began = time.perf_counter()
        bot = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"],
            env={**environment, "DATA_DIR": folder},
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert bot.stderr is not None
        try:
            line = next((line for line in bot.stderr if '"bot.ready"' in line), "")
            took = time.perf_counter() - began
            assert line, "the bot ended before it was ready"
            time.sleep(5)
            return took, _megabytes(bot.pid)
        finally:
            bot.send_signal(signal.SIGTERM)
            bot.communicate(timeout=20)


def _megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def _import() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {LIBRARIES}"], check=True)
    return time.perf_counter() - began


def _box(parent: Connection) -> None:
    from sandbox.box import open_box

    async def main() -> None:
        async with open_box("quiet-day") as box:
            parent.send(box.settings())
            await asyncio.Event().wait()

    quiet()
    asyncio.run(main())
