"""Live the lives of a range of seeds, or one, with its story; shrink one that fails.

python -m tests.simulation 1000-3000     many, on all processors: a line of figures
python -m tests.simulation 1234          one: what was seen, and what was decided upon it
python -m tests.simulation 1234 --shrink one that fails, made as small as can be
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from os import cpu_count

from tests.simulation.run import Result, run
from tests.simulation.shrinking import BUDGET, Shrinking, described

SHOWN = 20
"""How many violations are listed."""

CHUNK = 20


class Figures:
    """What many lives came to; no life is kept."""

    def __init__(self) -> None:
        self.seeds = self.ms = self.faults = self.acknowledged = 0
        self.undecided = 0
        self.violations: list[str] = []
        self.excused: list[str] = []

    def add(self, results: Iterable[Result]) -> None:
        """Count lives, as they come."""
        for result in results:
            self.seeds += 1
            self.ms += result.simulated_ms
            self.faults += result.faults
            self.acknowledged += result.acknowledged
            self.undecided += not result.searched
            if result.violation:
                self.violations.append(f"seed {result.seed}: {result.violation}")
            if result.excused:
                self.excused.append(f"seed {result.seed}: {result.excused}")

    def line(self) -> str:
        """Return the figures in one line."""
        undecided = f", {self.undecided} orders undecided" if self.undecided else ""
        return (
            f"{self.seeds} seeds, {self.ms / 3_600_000:.1f} simulated hours, "
            f"{self.faults} faults, {self.acknowledged} acknowledged, "
            f"{len(self.violations)} violations, {len(self.excused)} excused{undecided}"
        )


def main(arguments: list[str]) -> int:
    """Do what was asked; the exit code is 1 if a rule was broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("seeds", help="FIRST-LAST, or one SEED")
    parser.add_argument("--shrink", action="store_true", help="make a failing life smaller")
    parser.add_argument("--budget", type=int, default=BUDGET, help="lives spent on shrinking")
    asked = parser.parse_args(arguments)
    first, _, last = asked.seeds.partition("-")
    if last:
        return many(range(int(first), int(last)))
    return one(int(first), shrinks=asked.shrink, budget=asked.budget)


def one(seed: int, *, shrinks: bool, budget: int) -> int:
    """Tell one life's story."""
    left = "all of it"
    if shrinks:
        shrinking = Shrinking(seed, budget)
        result = shrinking.search()
        left = described(shrinking.shape)
    else:
        result = run(seed)
    print("\n".join(result.story))
    print(f"seed {seed}, {left}: {result.nodes} nodes, {result.faults} faults")
    print(result.violation or result.excused or "no violation", end="; ")
    print(f"{result.acknowledged} acknowledged")
    return 1 if result.violation else 0


def many(seeds: range) -> int:
    """Live many lives, and say what they came to."""
    figures = Figures()
    with ProcessPoolExecutor(cpu_count()) as pool:
        figures.add(pool.map(_quiet, seeds, chunksize=CHUNK))
    for line in (*figures.violations[:SHOWN], *figures.excused[:SHOWN]):
        print(line)
    print(figures.line())
    return 1 if figures.violations else 0


def _quiet(seed: int) -> Result:
    return run(seed)._replace(story=[])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
