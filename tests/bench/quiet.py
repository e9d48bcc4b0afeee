"""Waiting for a moment in which nobody else uses the machine, and saying when there was none.

With both cores busy the same flush takes ten times as long, and ratios of flushes tell nothing.
"""

from __future__ import annotations

from pathlib import Path
from threading import Event
from time import monotonic

_STAT = Path("/proc/stat")
_WINDOW_S = 0.05
_QUIET = 0.1
_PATIENCE_S = 1.0
_PATIENCE_ALTOGETHER_S = 60.0


class Watch:
    """Waits before each round, and remembers how busy the machine was when it gave up."""

    def __init__(self) -> None:
        self.waited_s = 0.0
        self.rounds = 0
        self.noisy = 0

    def wait(self) -> None:
        """Return once the machine is quiet, or when patience is at its end."""
        self.rounds += 1
        begin = monotonic()
        patience = min(_PATIENCE_S, _PATIENCE_ALTOGETHER_S - self.waited_s)
        while (quiet := _busy_share() < _QUIET) is False and monotonic() - begin < patience:
            pass
        self.waited_s += monotonic() - begin
        self.noisy += not quiet

    @property
    def remark(self) -> str:
        """What a reader has to know of the machine; empty if it was quiet."""
        if self.noisy * 4 <= self.rounds:
            return ""
        return (
            f"THE MACHINE WAS BUSY before {self.noisy} of {self.rounds} rounds: figures with a "
            "flush in them say little"
        )


def _busy_share() -> float:
    """Return the share of all cores that is in use while this process waits."""
    before = _ticks()
    Event().wait(_WINDOW_S)
    after = _ticks()
    total = sum(after) - sum(before)
    idle = after[3] - before[3]
    return 1 - idle / total if total else 0.0


def _ticks() -> list[int]:
    return [int(word) for word in _STAT.read_text().split("\n", 1)[0].split()[1:9]]


watch = Watch()
