"""How the bot logs: one line an event, for people (`console`) or for machines (`json`). Never a secret."""

import logging
import sys
from typing import Literal

import structlog

QUIET = ("slack_bolt", "slack_sdk", "aiohttp", "httpx", "uvicorn", "asyncio")
"""Libraries whose INFO lines can carry bodies; Bolt 1.30 logs a refused request's whole body there."""


def processors(format_: Literal["console", "json"]) -> list[structlog.typing.Processor]:
    """What an event goes through on its way to a line."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Not structlog's default, which prints the locals of every frame, tokens and all.
    plain = structlog.dev.plain_traceback
    last: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if format_ == "json"
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    )
    return [*shared, *last]


def configure(format_: Literal["console", "json"]) -> None:
    """Set up structlog and the libraries' loggers for this process."""
    structlog.configure(
        processors=processors(format_),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def quiet_logger(name: str) -> logging.Logger:
    """A library's logger that says only what went wrong."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.ERROR)
    return logger
