"""Starting after a kill, against etcd with as many revisions; and what both keep on the disk."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from tests.bench import etcd
from tests.bench.etcd import Server
from tests.bench.ground import Scale
from tests.bench.long_logs import make_log
from tests.bench.measure import Goal, Row, middle_half, percentile
from tests.bench.sides import Side
from tests.bench.starting import STARTS, starts_of

COMMITS = 500_000
_BYTES = 250
_CLIENTS = 256


def starts(directory: Path, scale: Scale) -> list[Row]:
    """Compare the time from the start of the process to the first answer."""
    if etcd.is_missing():
        return []
    commits, count = scale.count(COMMITS), min(STARTS, scale.rounds)
    log = make_log(directory, commits)
    ours = [wait for wait, _ in starts_of(log, count)]
    with etcd.servers(directory / "etcd-starts", 1) as (server,):
        Side("etcd", server.target, tuple, _BYTES).load(_CLIENTS, commits)
        size = server.size
        theirs = [_start_s(server) for _ in range(count)]
    mine, base = percentile(ours, 0.5), percentile(theirs, 0.5)
    return [
        Row(
            f"ready to serve, {commits:,} commits, against etcd",
            mine,
            "s",
            base,
            f"etcd {etcd.version()} with as many revisions of {_BYTES} bytes, killed as ours is; "
            "its first linearizable read",
            mine / base,
            middle_half([each / base for each in ours]),
            goal=Goal(1, at_most=True),
            details={"ours_s": ours, "etcd_s": theirs},
        ),
        Row(
            f"  its files, {commits:,} commits",
            log.stat().st_size / 1e6,
            "MB",
            size / 1e6,
            "etcd's",
            log.stat().st_size / size,
        ),
    ]


def _start_s(server: Server) -> float:
    server.kill()
    begin = perf_counter()
    server.start()
    server.wait()
    return perf_counter() - begin
