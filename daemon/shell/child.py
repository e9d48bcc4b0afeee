"""A process beside the daemon, from within: behind everybody else, and heard by the daemon."""

from __future__ import annotations

import os
import signal


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
