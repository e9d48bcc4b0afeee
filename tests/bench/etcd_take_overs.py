"""The master's node goes, against etcd's leader: how long until the next change is acknowledged.

etcd finds out by a time-out, and its election is tuned to one that is short. Our monitor in the
lab sees a process end at once, so ours is measured twice: so, and with everything found out as
late as etcd's time-out is at least.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.bench import etcd, http2
from tests.bench.clustered import NODES, running_cluster, take_over_s
from tests.bench.etcd import Server
from tests.bench.ground import Scale
from tests.bench.measure import Goal, Row

TAKE_OVERS = 9
AGAIN_S = 0.005
"""After which the next put is sent to both: one that is sent while nobody leads gets lost."""
_WARM = 50
_NO_FAULTS = {"late_ms": 0, "doubled": False, "reordered": False, "detect_ms": 0, "only": []}
_SURVIVED = b"survived"


def take_overs(directory: Path, scale: Scale) -> list[Row]:
    """Compare both kinds of ours with etcd's."""
    if etcd.is_missing():
        return []
    count = min(TAKE_OVERS, scale.rounds)
    place = directory / "take-overs"
    place.mkdir()
    with running_cluster(place) as cluster:
        at_once = [1e3 * take_over_s(cluster) for _ in range(count)]
        cluster.lab.monitor.ask({"op": "fault", **_NO_FAULTS, "detect_ms": etcd.ELECTION_MS})
        as_late = [1e3 * take_over_s(cluster) for _ in range(count)]
    with etcd.servers(place / "etcd", len(NODES), *etcd.TUNED) as servers:
        theirs = [1e3 * _take_over_s(servers) for _ in range(count)]
    said = f"etcd {etcd.version()} with {' '.join(etcd.TUNED)}, its leader killed"
    return [
        _row(
            "the master's node crashes, against etcd", at_once, theirs, f"{said}: finds out late"
        ),
        _row(
            f"the same, found out {etcd.ELECTION_MS} ms late, against etcd", as_late, theirs, said
        ),
    ]


def _row(name: str, ours: list[float], theirs: list[float], base_is: str) -> Row:
    mine, base = median(ours), median(theirs)
    details = {"ours_ms": ours, "etcd_ms": theirs}
    goal = Goal(1, at_most=True)
    return Row(name, mine, "ms", base, base_is, mine / base, goal=goal, details=details)


def _take_over_s(servers: Sequence[Server]) -> float:
    """Kill the leader; ask both others for changes until one is acknowledged."""
    leader = etcd.leader_of(servers)
    asked = [server.connect() for server in servers if server is not leader]
    for number in range(_WARM):
        for connection in asked:
            connection.ask(etcd.PUT, etcd.put(number, b"before"))
    leader.kill()
    begin = perf_counter()
    while not _one_answers(asked):
        pass
    wait_s = perf_counter() - begin
    for connection in asked:
        connection.close()
    leader.start()
    leader.wait()
    return wait_s


def _one_answers(asked: Sequence[http2.Connection]) -> bool:
    """Send a put to each, and see for a moment whether any is acknowledged."""
    for connection in asked:
        connection.socket.sendall(connection.request(etcd.PUT, etcd.put(0, _SURVIVED)))
    begin = perf_counter()
    while (left := AGAIN_S - (perf_counter() - begin)) > 0:
        heard, _, _ = select.select([one.socket for one in asked], [], [], left)
        for connection in asked:
            if connection.socket in heard and _is_answered(connection):
                return True
    return False


def _is_answered(connection: http2.Connection) -> bool:
    try:
        return bool(connection.feed(connection.socket.recv(1 << 16)))
    except http2.Refused:
        return False
