"""Measure: ratios to what the machine could do, all from this one run.

python -m tests.bench [--peers | --only NAME ...] [--rounds N] [--quick | --full] [--json FILE]
"""

from __future__ import annotations

import argparse
import compileall
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import Any

from tests.bench import (
    against_etcd,
    appending,
    archived,
    between_nodes,
    clustered,
    etcd_commands,
    etcd_starts,
    etcd_take_overs,
    held_up,
    long_logs,
    many_volumes,
    on_disk,
    on_postgres,
    peer,
    random_moments,
    replaying,
    starting,
    through_the_daemon,
)
from tests.bench.ground import LONGEST, Scale
from tests.bench.measure import Row
from tests.bench.plots import draw
from tests.bench.quiet import watch
from tests.bench.report import as_json, markdown, table

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
    "disk": on_disk.sizes,
    "archive": archived.against_live,
    "etcd": against_etcd.one_node,
    "etcd3": against_etcd.three_nodes,
    "take-over": etcd_take_overs.take_overs,
    "etcd-start": etcd_starts.starts,
    "etcdctl": etcd_commands.commands,
    "postgres": on_postgres.rows,
}

PEERS = (
    "append", "peer", "disk", "moments", "etcd", "etcd3", "take-over", "etcd-start", "etcdctl",
    "postgres",
)  # fmt: skip
"""The parts that compare with what a user would take instead, and with the bare driver."""

ROUNDS = 15
QUICK = Scale(3, 5)


def main() -> None:
    """Run the command line; a goal that is missed is no failure of the measurement."""
    arguments = _parser().parse_args()
    scale = QUICK if arguments.quick else Scale(ROUNDS, 1)
    scale = scale._replace(full=arguments.full)
    if arguments.rounds:
        scale = scale._replace(rounds=arguments.rounds)
    where: Path = arguments.json
    where.parent.mkdir(parents=True, exist_ok=True)
    chosen = arguments.only or (PEERS if arguments.peers else PARTS)
    _compile()
    begin = monotonic()
    rows = _rows(chosen, where.parent, scale)
    settings = {
        **scale._asdict(),
        "parts": list(chosen),
        "seconds": round(monotonic() - begin),
        "waited_for_quiet_s": round(watch.waited_s, 1),
        "rounds_begun_in_noise": [watch.noisy, watch.rounds],
    }
    _write(rows, scale, settings, where)


def _compile() -> None:
    """Have our modules compiled, as those of an installation are: starts are measured, too."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for package in ("eventstore", "daemon", "cli", "migrations"):
        compileall.compile_dir(package, quiet=1)


def _rows(chosen: Iterable[str], directory: Path, scale: Scale) -> list[Row]:
    rows: list[Row] = []
    # Beside the report, so that a flush goes to a disk: a place for temporary files may have none.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=directory) as place:
        for name in chosen:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            rows += PARTS[name](Path(place), scale)
    return rows


def _write(rows: list[Row], scale: Scale, settings: dict[str, Any], where: Path) -> None:
    where.write_bytes(as_json(rows, settings))
    pictures = draw(rows, where.parent)
    page = where.with_suffix(".md")
    said = f"Ratios are medians of up to {scale.rounds} rounds in turns."
    page.write_text(markdown(rows, [*filter(None, [watch.remark]), said], pictures))
    print(table(rows))
    if watch.remark:
        print(f"\n{watch.remark}")
    print(f"\nratios are medians of up to {scale.rounds} rounds in turns; all figures:")
    print(*(f"  {path}" for path in (where, page, *pictures)), sep="\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--only", choices=PARTS, action="append", help="one part of it; may be repeated"
    )
    parser.add_argument("--peers", action="store_true", help="the comparisons with others only")
    parser.add_argument("--rounds", type=int, help=f"rounds of each comparison ({ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="less of everything: a smoke test")
    parser.add_argument(
        "--full", action="store_true", help=f"logs of {LONGEST:,} commits too: takes an hour more"
    )
    parser.add_argument(
        "--json",
        type=Path,
        default=Path("build/bench.json"),
        metavar="FILE",
        help="where the figures go (build/bench.json); table and pictures go beside it",
    )
    return parser


if __name__ == "__main__":
    main()
