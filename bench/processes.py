"""Processes of their own for what is measured and for what it talks to."""

import logging
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import structlog

STOP_SECONDS = 15.0


@contextmanager
def process(target: Callable[..., None], *arguments: Any) -> Iterator[Connection]:
    """Run `target(connection, *arguments)` in a fresh process until the block ends; yields our end of the pipe.

    `recv()` on it raises EOFError when the process has died.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=target, args=(theirs, *arguments), daemon=True)
    child.start()
    theirs.close()
    try:
        yield ours
    finally:
        child.terminate()  # a bot stops its Valkey
        child.join(STOP_SECONDS)
        child.kill()
        child.join()


def quiet() -> None:
    """Let only warnings be logged: a line for every call would be measured with it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
