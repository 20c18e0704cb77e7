"""`python -m sandbox.sdp`: the SDP stand-in alone, as a process of its own."""

import argparse
import asyncio
import json
import signal
from pathlib import Path

from sandbox.sdp.app import create_app
from sandbox.sdp.seeds import SCENARIOS, seed
from sandbox.sdp.world import SdpWorld
from sandbox.serve import serve


def main() -> None:
    """Serve until Ctrl-C or SIGTERM; `--state` names a file to take the tenant up from and to leave it in."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.sdp", description="A stand-in for ServiceDesk Plus Cloud.")
    parser.add_argument("--scenario", default="demo", choices=list(SCENARIOS))
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same ids")
    parser.add_argument("--port", type=int, default=0, help="this port or the next free one; 0 for any")
    parser.add_argument("--state", type=Path, help="a file to go on from and to leave the state in")
    asked = parser.parse_args()
    world = _world(asked.state, asked.seed, asked.scenario)
    asyncio.run(_serve(world, asked.port))
    if asked.state:
        asked.state.write_text(json.dumps(world.snapshot()))


def _world(state: Path | None, seed_number: int, scenario: str) -> SdpWorld:
    if state and state.exists():
        return SdpWorld.restore(json.loads(state.read_text()))
    return seed(SdpWorld(seed_number), scenario)


async def _serve(world: SdpWorld, port: int) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with serve(create_app(world), port=port) as url:
        world.url = url
        print(f"SDP stand-in: {url}/  (API: {url}/app/{world.portal}/api/v3)", flush=True)
        await stop.wait()


if __name__ == "__main__":
    main()
