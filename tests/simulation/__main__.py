"""Run a range of seeds: `python -m tests.simulation 1000-3000`, or one, with its story."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from os import cpu_count

from tests.simulation.run import Result, run


def main(argument: str) -> int:
    """Run seeds, and say what they came to."""
    first, _, last = argument.partition("-")
    if not last:
        result = run(int(first))
        print("\n".join(result.story))
        print(result.violation or "no violation", f"acknowledged {result.acknowledged}")
        return 1 if result.violation else 0
    seeds = range(int(first), int(last))
    with ProcessPoolExecutor(cpu_count() or 1) as pool:
        results = list(pool.map(_quiet, seeds, chunksize=4))
    broken = [result for result in results if result.violation]
    for result in broken[:20]:
        print(f"seed {result.seed}: {result.violation}")
    hours = sum(result.simulated_ms for result in results) / 3_600_000
    print(
        f"{len(results)} seeds, {hours:.1f} simulated hours, "
        f"{sum(r.faults for r in results)} faults, "
        f"{sum(r.acknowledged for r in results)} acknowledged, {len(broken)} violations"
    )
    return 1 if broken else 0


def _quiet(seed: int) -> Result:
    return run(seed)._replace(story=[])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
