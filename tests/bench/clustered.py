"""Three nodes on this machine: changes that all of them make, a master that goes, a joiner.

The units are those of the machine, measured in the same rounds: a flush of 4 KiB, and a round trip
of 200 bytes over asyncio and TLS between two processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from cli.lab_cluster import Lab
from daemon.client import Client
from daemon.errors import RequestFailed
from daemon.wire import control
from tests.bench.between_nodes import bare_trips
from tests.bench.far_behind import BEHIND, catch_up
from tests.bench.ground import Scale
from tests.bench.measure import Goal, Row, Turns, percentile
from tests.support.waiting import wait_until

NODES = ("node1", "node2", "node3")
GROUP, VOLUME = "shareddg", "vol0001"
DISK_SECTORS = 2 * 1024 * 1024
REQUESTS = 200
SHARED_REQUESTS = 6000
CLIENTS = 32
TRIPS = 300
FLUSHES = 100
FLUSH_BYTES = 4096
TAKE_OVERS = 5
DEADLINE_S = 120.0
_ARGS = {"group": GROUP, "names": [VOLUME], "values": {"comment": "{id}"}}
_numbers = count(1)


class Cluster:
    """A lab of three nodes, with a shared group and a volume in it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def client(self, node: str) -> Client:
        return Client(str(self.lab.home(node) / "vxconfigd.sock"), DEADLINE_S)

    def ask(self, node: str, request: dict[str, object]) -> Any:
        with self.client(node) as client:
            return client.ask(request)["data"]

    def change(self, node: str, verb: str, **args: object) -> None:
        self.ask(node, _command(verb, args))

    def furnish(self) -> None:
        self.change("node1", "disk.init", device="vxd0")
        disks = [[None, "vxd0"]]
        self.change("node1", "dg.init", group=GROUP, disks=disks, shared=True)
        self.change(
            "node1", "volume.make", group=GROUP, name=VOLUME, length_sectors=2048, disks=[]
        )

    def head(self, node: str) -> int:
        rows = self.ask(node, control.query("status", {}))["logs"]
        return int(next(row["position"] for row in rows if row["log"] == "shared"))

    def master(self) -> str:
        return str(self.ask("node2", control.query("cluster", {}))["master"])

    def is_whole(self) -> bool:
        try:
            return all(self.lab.has_joined(node) for node in NODES)
        except RequestFailed:
            return False


def _command(verb: str, args: dict[str, object]) -> dict[str, object]:
    name = f"bench-{os.getpid()}-{next(_numbers)}"
    return control.command(verb, args, request_id=name, cmdline="vxedit", program="vxedit")


def _edit() -> dict[str, object]:
    return _command("edit.set", {**_ARGS, "values": {"comment": f"c{next(_numbers)}"}})


@contextmanager
def running_cluster(directory: Path) -> Iterator[Cluster]:
    lab = Lab(directory / "lab")
    try:
        lab.up(list(NODES), 1, DISK_SECTORS)
        made = Cluster(lab)
        made.furnish()
        yield made
    finally:
        if lab.exists:
            lab.down()


@contextmanager
def _flush_times(directory: Path) -> Iterator[Callable[[int], list[float]]]:
    """Give what measures so many appends of 4 KiB with fdatasync, in seconds each."""
    descriptor = os.open(directory / "flushed", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def times(flushes: int) -> list[float]:
        waits = []
        for _ in range(flushes):
            begin = perf_counter()
            os.write(descriptor, bytes(FLUSH_BYTES))
            os.fdatasync(descriptor)
            waits.append(perf_counter() - begin)
        return waits

    try:
        yield times
    finally:
        os.close(descriptor)


def changes(directory: Path, scale: Scale) -> list[Row]:
    """Compare a change on three nodes with what it costs at least; then many, a take-over."""
    calls = scale.count(REQUESTS)
    place = directory / "clustered"
    place.mkdir()
    with (
        _flush_times(place) as flushes,
        bare_trips(place) as trips,
        running_cluster(place) as cluster,
        cluster.client("node1") as client,
    ):

        def one_p50_us() -> float:
            waits = []
            for _ in range(calls):
                request = _edit()
                begin = perf_counter()
                client.ask(request)
                waits.append(perf_counter() - begin)
            return 1e6 * percentile(waits, 0.5)

        def unit_us(flush: int, trip: int) -> float:
            one_flush = percentile(flushes(scale.count(FLUSHES)), 0.5)
            one_trip = percentile(trips(scale.count(TRIPS)), 0.5)
            return 1e6 * (flush * one_flush + trip * one_trip)

        one_p50_us()
        turns = Turns(
            change=one_p50_us,
            bound=lambda: unit_us(3, 4),
            many=lambda: _from_generators(cluster, scale),
        )
        turns.run(scale.rounds)
        rows = _compared(turns)
        return [*rows, _take_over(cluster, unit_us), catch_up(cluster.lab, scale.count(BEHIND))]


def _compared(turns: Turns) -> list[Row]:
    turns.figures["one"] = [1e6 / us for us in turns.figures["change"]]
    one = turns.row(
        "a change on three nodes, p50",
        "change",
        "bound",
        unit="us",
        goal=Goal(1, at_most=True),
        base_is="three flushes of 4 KiB and four round trips, in turns",
    )
    many = turns.row(
        f"changes on three nodes, {CLIENTS} clients / one",
        "many",
        "one",
        unit="changes/s",
        goal=Goal(5),
        base_is="what one client reaches",
    )
    return [one, many]


def _from_generators(cluster: Cluster, scale: Scale) -> float:
    """Let clients on two nodes ask, and return the answers in a second."""
    each = max(1, scale.count(SHARED_REQUESTS) // CLIENTS)
    started = [
        subprocess.Popen(
            [
                sys.executable, "-m", "tests.bench.generator", str(cluster.lab.home(node)),
                str(CLIENTS // 2), str(each), "edit.set", json.dumps(_ARGS),
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for node in NODES[:2]
    ]  # fmt: skip
    pipes = [(process.stdin, process.stdout) for process in started]
    for _said, heard in pipes:
        assert heard is not None
        assert heard.readline() == "ready\n"
    begin = perf_counter()
    for said, _heard in pipes:
        assert said is not None
        said.write("go\n")
        said.flush()
    for _said, heard in pipes:
        assert heard is not None
        assert heard.readline() == "done\n"
    elapsed = perf_counter() - begin
    for process in started:
        process.communicate()
        assert process.returncode == 0
    return CLIENTS * each / elapsed


def _take_over(cluster: Cluster, unit_us: Callable[[int, int], float]) -> Row:
    """Let the master's node crash; how long until the next change is acknowledged?"""
    waits, bounds = [], []
    for _ in range(TAKE_OVERS):
        bounds.append(unit_us(5, 10))
        waits.append(1e6 * take_over_s(cluster))
    ours, base = median(waits), median(bounds)
    return Row(
        "the master's node crashes: until the next change is acknowledged",
        ours,
        "us",
        base,
        "five flushes and ten round trips",
        ours / base,
        goal=Goal(1, at_most=True),
    )


def take_over_s(cluster: Cluster) -> float:
    """Let the master's node crash; return how long it takes until a change is acknowledged."""
    master = cluster.master()
    other = next(node for node in NODES if node != master)
    cluster.lab.monitor.ask({"op": "abort", "node": master})
    begin = perf_counter()
    until_done(cluster, other)
    wait_s = perf_counter() - begin
    cluster.lab.join(master)
    wait_until(cluster.is_whole, DEADLINE_S)
    return wait_s


def until_done(cluster: Cluster, node: str) -> None:
    """Ask one node for a change until it is acknowledged."""
    request = _edit()
    while True:
        try:
            cluster.ask(node, request)
        except RequestFailed as error:
            if error.exit_code not in (5, 69, 75):
                raise
        else:
            return
