"""Find each planted bug anew: `python -m tests.simulation.sharpness [--write] [NAME ...]`.

Says the first seed in whose life the bug is noticed, and by which invariant; or the directed case
that ends badly with it. With `--write` the seeds are recorded in `seeds.toml`, and replayed in
`make check` from there.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor, as_completed
from os import cpu_count
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.simulation.checks import Violation
from tests.simulation.directed import CASES, Case, Plant
from tests.simulation.planted import PLANTED
from tests.simulation.run import run

RECORDED = Path(__file__).with_name("seeds.toml")
BUDGET = 2000
"""Within so many lives each has to be found."""

IN_CASES: dict[str, tuple[Case, Plant]] = {plant.__name__: (c, plant) for c, plant in CASES}
"""Planted bugs that a directed case notices."""

BY_NAME: dict[str, Plant] = {p.__name__: p for p in PLANTED if p.__name__ not in IN_CASES}
"""Planted bugs that random lives notice."""


class Found(NamedTuple):
    """Where a planted bug was noticed: a seed, or the name of a case; None: nowhere."""

    name: str
    where: int | str | None
    violation: str


def recorded() -> dict[str, int]:
    """Return the recorded seed of each planted bug."""
    return {name: int(seed) for name, seed in tomllib.loads(RECORDED.read_text()).items()}


def noticed(name: str, seed: int) -> str:
    """Live one life with a planted bug; return the violation, empty if there is none."""
    with pytest.MonkeyPatch.context() as patch:
        BY_NAME[name](patch)
        return run(seed).violation


def played(name: str) -> Found:
    """Play the directed case of a planted bug."""
    case, plant = IN_CASES[name]
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        try:
            case()
        except (Violation, AssertionError) as error:
            return Found(name, case.__name__, str(error))
    return Found(name, None, "")


def search(name: str, budget: int = BUDGET) -> Found:
    """Return the first seed whose life notices a planted bug, or its directed case."""
    if name in IN_CASES:
        return played(name)
    for seed in range(budget):
        violation = noticed(name, seed)
        if violation:
            return Found(name, seed, violation)
    return Found(name, None, "")


def main(arguments: list[str]) -> int:
    """Search for all planted bugs, or the named ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[*BY_NAME, *IN_CASES])
    parser.add_argument("--write", action="store_true", help="record the seeds")
    asked = parser.parse_args(arguments)
    results = []
    with ProcessPoolExecutor(cpu_count()) as pool:
        for task in as_completed([pool.submit(search, name) for name in asked.names]):
            found = task.result()
            results.append(found)
            where = f"seed {found.where}" if isinstance(found.where, int) else found.where
            print(f"{found.name:42} {where or 'NOT FOUND':40} {found.violation[:70]}", flush=True)
    missed = [found.name for found in results if found.where is None]
    if asked.write:
        seeds = recorded() | {f.name: f.where for f in results if isinstance(f.where, int)}
        lines = [f"{name} = {seed}\n" for name, seed in sorted(seeds.items()) if name in BY_NAME]
        RECORDED.write_text("# Written by `make sharpness`.\n" + "".join(lines))
    print(f"{len(results) - len(missed)} of {len(results)} planted bugs found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
