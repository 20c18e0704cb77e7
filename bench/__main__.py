"""Run every benchmark, or those named: `python -m bench [--json FILE] [name …]`. Exit status 1 if a limit is broken.

A benchmark is a module of this package with `run() -> list[Row]`.
"""

import argparse
import importlib
import json
import pkgutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import bench
from bench.processes import quiet
from bench.table import Row, as_text


def names() -> list[str]:
    """The modules of this package that have a `run`."""
    found = (module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("__"))
    return [name for name in found if hasattr(importlib.import_module(f"bench.{name}"), "run")]


def measured(wanted: list[str]) -> Iterator[Row]:
    for name in wanted:
        print(f"{name} …", file=sys.stderr, end=" ", flush=True)
        started = time.perf_counter()
        yield from importlib.import_module(f"bench.{name}").run()
        print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)


def main() -> int:
    known = names()
    parser = argparse.ArgumentParser(prog="python -m bench", description="Every figure beside its limit.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which of {', '.join(known)} (all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, for comparison")
    asked = parser.parse_args()
    quiet()
    if unknown := set(asked.names) - set(known):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    rows = list(measured(asked.names or known))
    print(as_text(rows))
    if asked.json:
        asked.json.write_text(json.dumps([row.to_json() for row in rows], indent=1) + "\n", encoding="utf-8")
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
