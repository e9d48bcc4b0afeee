"""A process beside the daemon, from within: behind everybody else, and heard by the daemon."""

from __future__ import annotations

import os
import signal
from typing import Any

from daemon.wire.frames import FrameReader

_READ_BYTES = 1 << 16


def begin(nice: int) -> None:
    """Give way to the daemon, and let it decide when we end."""
    os.nice(nice)
    # An interrupt at the terminal is for the daemon.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def say(data: bytes) -> None:
    """Write all of it to the daemon.

    Raises:
        BrokenPipeError: the daemon is gone.
    """
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]


def asked() -> Any:
    """Return the first message of the daemon; end if it says nothing."""
    frames = FrameReader()
    while data := os.read(0, _READ_BYTES):
        for message in frames.feed(data):
            return message
    raise SystemExit(1)


def unheard() -> None:
    """The daemon is gone, and whatever we had for it: let no end of ours fail over that."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
