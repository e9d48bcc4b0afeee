"""Waiting for a condition, with a deadline."""

import threading
import time
from collections.abc import Callable

DEADLINE_S = 20.0
PAUSE_S = 0.01


def wait_until(condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    """Return as soon as the condition holds.

    Raises:
        TimeoutError: it did not hold within the deadline.

    """
    end = time.monotonic() + deadline_s
    pause = threading.Event()
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{condition} did not hold within {deadline_s} s")
        pause.wait(PAUSE_S)
