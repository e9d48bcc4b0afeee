"""The daemon's own messages: one line an event, for people on a terminal, else JSON."""

from __future__ import annotations

import logging
import sys
from typing import Any

import msgspec
import structlog

Logger = Any
"""structlog's loggers are typed by what they are bound to; ours by being called."""


def configure(level: str, **bound: str) -> Logger:
    """Return the logger of this process; `bound` is in every line."""
    renderer: Any = structlog.processors.JSONRenderer(serializer=_json)
    if sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    return structlog.get_logger().bind(**bound)


def _json(line: Any, default: Any) -> str:
    """Return a line as JSON; every commit writes one, so it has to be quick."""
    return msgspec.json.encode(line, enc_hook=default).decode()
