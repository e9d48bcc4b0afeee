"""Make a failing life smaller: fewer nodes, faults and utilities, and a shorter time.

Each attempt is a life of the same seed with something left out; it counts if the same rule is
broken. Bounded by a number of lives, so that it always ends soon with the best found so far.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.simulation.faults import NEMESES
from tests.simulation.run import Result, Shape, run

BUDGET = 300
"""Lives; a minute or so."""


class Shrinking:
    """The search for the smallest life of a seed that breaks the same rule."""

    def __init__(self, seed: int, budget: int = BUDGET, shape: Shape | None = None) -> None:
        self.seed = seed
        self.left = budget
        self.shape = shape or Shape()
        self.result = run(seed, self.shape)
        self.rule = self.result.violation.partition(":")[0]

    def search(self) -> Result:
        """Return the smallest life found; `shape` is what it takes."""
        if self.rule:
            self._shorter()
            self._fewer_nodes()
            self._without(NEMESES)
            self._without(("weather",))
            self._fewer_faults()
            self._fewer_clients()
            self._shorter()
        return self.result

    def _try(self, shape: Shape) -> bool:
        """Whether a smaller life breaks the same rule; then it is the one to go on from."""
        if self.left <= 0:
            return False
        self.left -= 1
        result = run(self.seed, shape)
        if result.violation.partition(":")[0] != self.rule:
            return False
        self.shape, self.result = shape, result
        return True

    def _shorter(self) -> None:
        """Let the faults end as early as possible."""
        for part in (0.05, 0.2, 0.5, 0.9):
            until = int(part * min(self.shape.until_ms, self.result.simulated_ms))
            if self._try(self.shape._replace(until_ms=until)):
                return

    def _fewer_nodes(self) -> None:
        for count in range(1, 7):
            if count < self.result.nodes and self._try(self.shape._replace(nodes=count)):
                return

    def _without(self, names: Iterable[str]) -> None:
        for name in names:
            self._try(self.shape._replace(off=self.shape.off | {name}))

    def _fewer_faults(self) -> None:
        """Leave out halves of the faults, then quarters, down to single ones."""
        size = max(1, len(self.result.struck) // 2)
        while size and self.left > 0:
            struck = self.result.struck
            for start in range(0, len(struck), size):
                left_out = frozenset(struck[start : start + size])
                self._try(self.shape._replace(skip=self.shape.skip | left_out))
            size //= 2

    def _fewer_clients(self) -> None:
        for count in (1, 2, 3):
            if self._try(self.shape._replace(clients=count)):
                return


def described(shape: Shape) -> str:
    """Return what of a seed's life is left, as it is given to `run`."""
    default = Shape()
    changed = {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in shape._asdict().items()
        if value != getattr(default, name)
    }
    return ", ".join(f"{name}={value}" for name, value in changed.items()) or "all of it"
