"""Measure: ratios to what the machine could do, all from this one run.

python -m tests.bench [--only NAME] [--rounds N] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    appending,
    archived,
    between_nodes,
    clustered,
    held_up,
    long_logs,
    many_volumes,
    peer,
    random_moments,
    replaying,
    starting,
    through_the_daemon,
)
from tests.bench.ground import Scale
from tests.bench.measure import Row
from tests.bench.quiet import watch
from tests.bench.report import as_json, table

PARTS: dict[str, Callable[[Path, Scale], list[Row]]] = {
    "append": appending.against_the_driver,
    "callers": appending.from_many_callers,
    "replay": replaying.plain,
    "peer": peer.against_the_library,
    "checked": replaying.checked,
    "open": replaying.opening,
    "socket": through_the_daemon.requests,
    "nodes": between_nodes.round_trips,
    "cluster": clustered.changes,
    "vxprint": through_the_daemon.printing,
    "many": many_volumes.against_few,
    "held": held_up.by_reads,
    "long": long_logs.questions,
    "memory": long_logs.memory,
    "start": starting.ready,
    "moments": random_moments.states,
    "archive": archived.against_live,
}

ROUNDS = 15
QUICK = Scale(3, 5)


def main() -> None:
    """Run the command line; a goal that is missed is no failure of the measurement."""
    arguments = _parser().parse_args()
    scale = QUICK if arguments.quick else Scale(ROUNDS, 1)
    if arguments.rounds:
        scale = scale._replace(rounds=arguments.rounds)
    where: Path = arguments.json
    where.parent.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    # Beside the report, so that a flush goes to a disk: a place for temporary files may have none.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=where.parent) as directory:
        for name, part in PARTS.items():
            if arguments.only in (None, name):
                print(f"measuring: {name}", file=sys.stderr, flush=True)
                rows += part(Path(directory), scale)
    settings = {
        **scale._asdict(),
        "only": arguments.only,
        "waited_for_quiet_s": round(watch.waited_s, 1),
        "rounds_begun_in_noise": [watch.noisy, watch.rounds],
    }
    where.write_bytes(as_json(rows, settings))
    print(table(rows))
    if watch.remark:
        print(f"\n{watch.remark}")
    print(f"\nratios are medians of {scale.rounds} rounds in turns; all figures: {where}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="one part of it")
    parser.add_argument("--rounds", type=int, help=f"rounds of each comparison ({ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="less of everything: a smoke test")
    parser.add_argument(
        "--json",
        type=Path,
        default=Path("build/bench.json"),
        metavar="FILE",
        help="where the figures go (build/bench.json)",
    )
    return parser


if __name__ == "__main__":
    main()
