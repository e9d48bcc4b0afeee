"""What network, disks and clocks are like in a run: rates, delays, and who is slow.

Drawn once from the seed by `faults`, and set to fair weather when all is healed.
"""

from __future__ import annotations

from random import Random


class Clock:
    """One node's clocks: the wall clock is set and drifts, the monotonic one slows or stands."""

    def __init__(self) -> None:
        self.offset_us = 0
        self.rate = 1.0
        self._base_ms = 0.0
        self._since_ms = 0

    def mono_ms(self, now_ms: int) -> int:
        """Return what the monotonic clock shows."""
        return int(self._base_ms + (now_ms - self._since_ms) * self.rate)

    def run_at(self, rate: float, now_ms: int) -> None:
        """Let the monotonic clock run so fast from here on; 0: it stands."""
        self._base_ms += (now_ms - self._since_ms) * self.rate
        self._since_ms, self.rate = now_ms, rate


class Weather:
    """The rates at which things go wrong by themselves."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.slow: dict[str, int] = {}
        """Node -> how many times slower it is than the others (N7, N28)."""
        self.full: set[str] = set()
        """Nodes whose disks take nothing more (N27)."""
        self.set_fair()

    def set_fair(self) -> None:
        """Let everything work."""
        self.loss = self.doubled = self.clog = self.late_views = self.disk_error = 0.0
        self.delay = self.flush = (1, 2)
        self.slow.clear()
        self.full.clear()

    def draw(self, random: Random) -> None:
        """Draw what the network, the disks and the kernels are like (N8 to N10, N17, N28)."""
        self.loss = random.choice((0.0, 0.0, 0.02, 0.1, 0.3))
        self.doubled = random.choice((0.0, 0.0, 0.05, 0.5))
        self.delay = (1, random.choice((2, 5, 50, 150)))
        self.clog = random.choice((0.0, 0.0, 0.01, 0.05))
        self.flush = (1, random.choice((1, 3, 20, 100)))
        self.late_views = random.choice((0.0, 0.0, 0.1, 0.4))

    def lag_ms(self, name: str) -> int:
        """Return how long an input waits for the processor."""
        return self.slow.get(name, 1) - 1 if self.slow else 0

    def flush_ms(self, name: str) -> int:
        """Return how long a flush takes."""
        return self._random.randint(*self.flush) * self.slow.get(name, 1)

    def flush_fails(self, name: str) -> bool:
        """Whether a flush is refused."""
        return name in self.full or self._random.random() < self.disk_error

    def delay_ms(self, sender: str, to: str) -> int:
        """Return how long a frame is on its way."""
        random = self._random
        delay = random.randint(*self.delay)
        if random.random() < self.clog:
            delay += random.randint(50, 5000)
        if self.slow:
            delay *= max(1, self.slow.get(sender, 1) // 4, self.slow.get(to, 1) // 4)
        return delay
