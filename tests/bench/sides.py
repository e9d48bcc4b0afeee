"""Two sides of a comparison under the same load, in turns; and who used how much of the CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec

from tests.bench.load import Seen
from tests.bench.measure import Goal, Row, Turns
from tests.bench.quiet import watch

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Load(NamedTuple):
    """What a load saw, what a change took of the servers' CPU, and the load's own share of all."""

    rate: float
    p50_us: float
    p99_us: float
    cpu_us: float
    share: float


class Side(NamedTuple):
    """Who is asked: `kind` and `place` as in `load.py`, its processes, the bytes of a value."""

    kind: str
    place: str
    pids: Callable[[], Sequence[int]]
    size: int

    def load(self, clients: int, requests: int) -> Load:
        """Let so many clients put so many requests together."""
        each = max(1, requests // clients)
        command = [sys.executable, "-m", "tests.bench.load", self.kind]
        command += map(str, (clients, each, self.size, self.place))
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as started:
            assert started.stdout is not None
            assert started.stdout.readline() == "ready\n"
            before = self._cpu_s()
            said, _ = started.communicate("go\n")
            servers_s = self._cpu_s() - before
        assert started.returncode == 0
        seen = msgspec.json.decode(said, type=Seen)
        share = seen.cpu_s / max(seen.cpu_s + servers_s, 1e-9)
        each_us = 1e6 * servers_s / (clients * each)
        return Load(seen.rate, seen.p50_us, seen.p99_us, each_us, share)

    def _cpu_s(self) -> float:
        return sum(cpu_s(pid) for pid in self.pids())


class Comparison:
    """Loads of some numbers of clients, on both sides in turns."""

    def __init__(self, ours: Side, etcd: Side) -> None:
        self._sides = {"ours": ours, "etcd": etcd}
        self.loads: dict[tuple[str, int], list[Load]] = {}

    def run(self, rounds: int, requests: dict[int, int]) -> None:
        """Run so many rounds of as many requests as each number of clients has together."""
        order = [(side, clients) for clients in requests for side in self._sides]
        for _ in range(rounds):
            for side, clients in order:
                watch.wait()
                load = self._sides[side].load(clients, requests[clients])
                self.loads.setdefault((side, clients), []).append(load)
            order.reverse()

    def row(self, name: str, clients: int, what: str, base_is: str, goal: Goal | None) -> Row:
        """Compare a field of the loads."""
        turns = Turns()
        for side in self._sides:
            loads = self.loads[side, clients]
            turns.figures[side] = [getattr(load, what) for load in loads]
        shares = {side: self._share(side, clients) for side in self._sides}
        said = ", ".join(f"{share:.0%} for {side}" for side, share in shares.items())
        return turns.row(
            name,
            "ours",
            "etcd",
            unit="changes/s" if what == "rate" else "us",
            goal=goal,
            base_is=f"{base_is}; of the CPU the load itself used {said}",
            details={"share_of_the_load": shares},
        )

    def _share(self, side: str, clients: int) -> float:
        return median(load.share for load in self.loads[side, clients])

    def curves(self, title: str) -> dict[str, object]:
        """Return what is drawn: the median of latency over that of throughput, by clients."""
        lines: dict[str, list[tuple[float, float, str]]] = {}
        for (side, clients), loads in sorted(self.loads.items(), key=lambda item: item[0][1]):
            rate = median(load.rate for load in loads)
            p50_ms = median(load.p50_us for load in loads) / 1e3
            lines.setdefault(side, []).append((rate, p50_ms, str(clients)))
        return {"title": title, "x": "changes/s", "y": "p50, ms", "lines": lines}


def cpu_s(pid: int) -> float:
    """Return the seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
