"""Changes against etcd: one node and three, one client and many, with the same durability.

Both sides flush before they answer, to the same disk. A change of ours sets one field of a group
of a thousand objects: it is decided, checked against the model, chained and indexed. A put of
etcd's stores as many bytes as context and events of such a commit have.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.lab_cluster import Lab
from daemon.client import Client
from daemon.config import SOCKET
from eventstore.storage.offline import read_store
from tests.bench import etcd
from tests.bench.clustered import DISK_SECTORS, NODES
from tests.bench.ground import WARM, Scale
from tests.bench.load import VOLUMES
from tests.bench.measure import Goal, Row
from tests.bench.sides import Comparison, Side
from tests.bench.through_the_daemon import DISKS, furnish
from tests.support.lab import NODE

ONE, MANY = 1, 32
SWEEP = (2, 4, 8, 16, 64)
ROUNDS = 9
REQUESTS = {ONE: 600, MANY: 8000}
_COMMENT_BYTES = 32
_DEADLINE_S = 60.0


@contextmanager
def ours(directory: Path, nodes: int) -> Iterator[tuple[Lab, Side]]:
    """Run nodes of ours, with a group of a thousand objects; changes go to the master's."""
    lab = Lab(directory / "lab")
    try:
        lab.up(list(NODES[:nodes]), DISKS, DISK_SECTORS)
        with lab_client(lab) as client:
            furnish(client, VOLUMES, shared=nodes > 1)
        pids = [
            int((lab.home(node) / "vxconfigd.pid").read_text().split()[0]) for node in lab.nodes
        ]
        side = Side("ours", str(lab.home(NODE)), lambda: pids, _COMMENT_BYTES)
        side.load(MANY, WARM)
        yield lab, side
    finally:
        if lab.exists:
            lab.down()


@contextmanager
def lab_client(lab: Lab) -> Iterator[Client]:
    with Client(str(lab.home(NODE) / SOCKET), _DEADLINE_S) as client:
        yield client


@contextmanager
def theirs(directory: Path, nodes: int, size: int) -> Iterator[Side]:
    """Run nodes of etcd, with a thousand keys; changes go to the leader."""
    with etcd.servers(directory / "etcd", nodes) as servers:
        pids = [server.pid for server in servers]
        side = Side("etcd", etcd.leader_of(servers).target, lambda: pids, size)
        side.load(MANY, max(WARM, etcd.KEYS))
        yield side


def bytes_of_a_change(lab: Lab) -> int:
    """Return how many bytes the context and the events of the last commit have."""
    with read_store(lab.home(NODE) / "log.db") as logs:
        reader = max(logs.values(), key=lambda log: log.last())
        commit = reader.commit(reader.last())
    assert commit.context is not None
    return len(commit.context) + len(commit.payload)


def one_node(directory: Path, scale: Scale) -> list[Row]:
    """Compare changes on one node, from one client and from many."""
    return _compared(directory / "one", scale, 1, "one node")


def three_nodes(directory: Path, scale: Scale) -> list[Row]:
    """Compare changes on three nodes on loopback."""
    return _compared(directory / "three", scale, 3, "three nodes")


def _compared(directory: Path, scale: Scale, nodes: int, where: str) -> list[Row]:
    if etcd.is_missing():
        return []
    directory.mkdir()
    with ours(directory, nodes) as (lab, mine):
        size = bytes_of_a_change(lab)
        with theirs(directory, nodes, size) as peer:
            both = Comparison(mine, peer)
            wanted = {clients: scale.count(count) for clients, count in REQUESTS.items()}
            both.run(min(ROUNDS, scale.rounds), wanted)
            both.run(1, {clients: scale.count(REQUESTS[MANY]) for clients in SWEEP})
    base_is = f"etcd {etcd.version()}, {where}, puts of {size} bytes, in turns"
    at_most, at_least = Goal(1, at_most=True), Goal(1)
    first = f"against etcd, {where}"
    rows = [
        both.row(f"{first}, 1 client, p50", ONE, "p50_us", base_is, at_most),
        both.row(f"{first}, 1 client, p99", ONE, "p99_us", base_is, at_most),
        both.row(f"{first}, {MANY} clients", MANY, "rate", base_is, at_least),
        both.row(f"{first}, {MANY} clients, p99", MANY, "p99_us", base_is, at_most),
        both.row(f"  CPU of a change, {where}, 1 client", ONE, "cpu_us", base_is, None),
        both.row(f"  CPU of a change, {where}, {MANY} clients", MANY, "cpu_us", base_is, None),
    ]
    curves = both.curves(f"Durable changes, {where}, 1 to 64 clients")
    rows[2].details["curves"] = curves
    return rows
