"""Saying on a terminal that something takes long: after a second, and gone at the end.

Where it is known how much there is to do, the share that is done is said, and how long the rest
will take if it goes on so; else how long it has been taking.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cli import ask

FIRST_S = 1.0
EACH_S = 0.2
_CLEAR = "\r\x1b[K"
_SHARE_MIN = 0.01
"""Below that a guess of what is left is none."""


class Progress:
    """How far something is."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._begin = self._count_begin = time.monotonic()
        self._done = self._total = 0

    def tell(self, done: int, total: int) -> None:
        """Take how much is done; less than before is another thing that is counted."""
        if done < self._done or total != self._total:
            self._count_begin = time.monotonic()
        self._done, self._total = done, total

    def line(self) -> str:
        """Return what there is to say."""
        now = time.monotonic()
        share = self._done / self._total if self._total > 0 else 0.0
        if share < _SHARE_MIN:
            return f"{self.what}: {now - self._begin:.0f} s"
        left_s = (now - self._count_begin) * (1 - share) / share
        return f"{self.what}: {min(share, 1):.0%}, about {left_s:.0f} s left"


@contextmanager
def shown(what: str) -> Iterator[Progress]:
    """Say how far it is, if anybody looks; off a terminal nothing is said.

    By an interval timer, since the work may be one long wait for an answer.
    """
    progress = Progress(what)
    if not sys.stderr.isatty() or threading.current_thread() is not threading.main_thread():
        yield progress
        return
    said = False

    def say(_number: int, _frame: FrameType | None) -> None:
        nonlocal said
        said = True
        print(f"{_CLEAR}{progress.line()}", end="", file=sys.stderr)
        sys.stderr.flush()

    before, told_before = signal.signal(signal.SIGALRM, say), ask.told
    ask.told = progress.tell
    timer = signal.setitimer(signal.ITIMER_REAL, FIRST_S, EACH_S)
    try:
        yield progress
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        ask.told = told_before
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)
        if said:
            print(_CLEAR, end="", file=sys.stderr, flush=True)
