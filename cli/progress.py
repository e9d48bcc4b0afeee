"""Saying on a terminal that something takes long: after a second, and gone at the end."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

FIRST_S = 1.0
EACH_S = 0.2
_CLEAR = "\r\x1b[K"


@contextmanager
def shown(what: str) -> Iterator[None]:
    """Say how long it has been taking, if anybody looks; off a terminal nothing is said.

    By an interval timer, since the work may be one long wait for an answer.
    """
    if not sys.stderr.isatty() or threading.current_thread() is not threading.main_thread():
        yield
        return
    begin, said = time.monotonic(), False

    def say(_number: int, _frame: FrameType | None) -> None:
        nonlocal said
        said = True
        print(f"{_CLEAR}{what}: {time.monotonic() - begin:.0f} s", end="", file=sys.stderr)
        sys.stderr.flush()

    before = signal.signal(signal.SIGALRM, say)
    timer = signal.setitimer(signal.ITIMER_REAL, FIRST_S, EACH_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)
        if said:
            print(_CLEAR, end="", file=sys.stderr, flush=True)
