"""The daemon's own messages: one line an event, for people on a terminal, else JSON."""

from __future__ import annotations

import io
import logging
import os
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

import msgspec
import structlog

Logger = Any
"""structlog's loggers are typed by what they are bound to; ours by being called."""


class _Stderr(io.TextIOBase):
    """Standard error; what it does not take is lost.

    Messages often go to the disk that holds the log. That one of them found no room must not keep
    the daemon from serving, or from recovering once there is room again.
    """

    def write(self, text: str) -> int:
        with suppress(OSError):
            os.write(2, text.encode(errors="backslashreplace"))
        return len(text)


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
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=True,
    )
    return structlog.get_logger().bind(**bound)


def _json(line: Any, default: Any) -> str:
    """Return a line as JSON; every commit writes one, so it has to be quick."""
    return msgspec.json.encode(line, enc_hook=default).decode()
