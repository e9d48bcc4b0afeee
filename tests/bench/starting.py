"""Starting: from the start of the process to the first answer, whatever the length of the log."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from time import perf_counter

from tests.bench.ground import BETWEEN, LONG, SHORT, Scale
from tests.bench.long_logs import make_log
from tests.bench.measure import Goal, Row, middle_half, percentile
from tests.bench.plots import over_length
from tests.bench.sides import cpu_s
from tests.support.daemons import Daemon, daemon_without_disks

STARTS = 7
LIMIT_S = 1.0


def ready(directory: Path, scale: Scale) -> list[Row]:
    """Start a daemon after a kill, again and again, on logs of three lengths."""
    lengths = (scale.count(LONG), scale.count(BETWEEN), SHORT)
    starts = min(STARTS, scale.rounds)
    taken = {commits: starts_of(make_log(directory, commits), starts) for commits in lengths}
    rows = [_row(commits, taken[commits]) for commits in lengths]
    points = [(n, 1e3 * row.ours, "") for n, row in zip(lengths, rows, strict=True)]
    rows[0].details["curves"] = over_length("ready to serve", points[::-1])
    return [*rows, _cpu(*lengths[::2], taken)]


def _row(commits: int, starts: list[tuple[float, float]]) -> Row:
    waits_s, cpu_s = zip(*starts, strict=True)
    median = percentile(waits_s, 0.5)
    return Row(
        f"ready to serve, {commits:,} commits",
        median,
        "s",
        base=LIMIT_S,
        base_is="what it may take, from the start of the process to the first answer",
        ratio=median / LIMIT_S,
        middle_half=middle_half(waits_s),
        goal=Goal(1, at_most=True),
        details={"starts_s": waits_s, "cpu_s": cpu_s},
    )


def _cpu(long: int, short: int, taken: dict[int, list[tuple[float, float]]]) -> Row:
    """Compare what both ends cost: that does not depend on who else runs, as the time does."""
    ours, base = (percentile([cpu for _, cpu in taken[n]], 0.5) for n in (long, short))
    return Row(
        f"  CPU of a daemon until it serves, {long:,} commits",
        ours,
        "s",
        base=base,
        base_is=f"the same on {short:,} commits",
        ratio=ours / base,
        goal=Goal(1.25, at_most=True),
    )


def starts_of(log: Path, starts: int) -> list[tuple[float, float]]:
    """Return how long each start took, and how much of the CPU."""
    directory = log.with_suffix(".starting")
    with daemon_without_disks(directory) as daemon:
        for path in daemon.home.glob("log.db*"):
            path.unlink()
        shutil.copy(log, daemon.home / "log.db")
        # The first start finds that the disks of the log are not here, and records it.
        daemon.start()
        return [_start(daemon) for _ in range(starts)]


def _start(daemon: Daemon) -> tuple[float, float]:
    daemon.stop(signal.SIGKILL)
    begin = perf_counter()
    daemon.start()
    wait_s = perf_counter() - begin
    return wait_s, cpu_s(daemon.pid)
