"""`python -m sandbox.child SECONDS web`: the bot's own command in a process that ends with whoever started it.

Its clock is that many seconds ahead of the machine's, which takes freezegun (`pip install 'sdp-bot[demo]'`).
"""

import contextlib
import os
import runpy
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec


def time_can_move() -> bool:
    """Whether a process of the bot can be given another time."""
    return find_spec("freezegun") is not None


def main() -> None:
    """Do what `sdp-bot` does with the rest of the command line."""
    ahead, sys.argv[1:] = timedelta(seconds=float(sys.argv[1])), sys.argv[2:]
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    with _clock(ahead):
        runpy.run_module("bot", run_name="__main__", alter_sys=True)


def _clock(ahead: timedelta) -> contextlib.AbstractContextManager[object]:
    if not ahead:
        return contextlib.nullcontext()
    from freezegun import freeze_time

    return freeze_time(datetime.now(UTC) + ahead, tick=True, real_asyncio=True)


def _end_with_the_parent() -> None:
    """The parent holds the other end of standard input, which closes however it dies."""
    os.read(sys.stdin.fileno(), 1)  # not sys.stdin.read, whose lock would be held at the interpreter's end
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
