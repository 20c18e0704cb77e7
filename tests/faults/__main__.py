"""The long form: `python -m tests.faults [--kills 300] [--seed N]`. Exit status 1 if anything was lost or twice."""

import argparse
import asyncio
import logging
import secrets
import sys

import structlog

from tests.faults.run import run, table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Kill the bot anywhere, and look.")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="default: another every time")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between kills, on average")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"seed {asked.seed}, {asked.kills} kills …", flush=True)
    result = asyncio.run(run(asked.seed, asked.kills, pause=asked.pause, heal_seconds=240))
    print(table(result))
    return 1 if result.verdict.troubles else 0


if __name__ == "__main__":
    sys.exit(main())
