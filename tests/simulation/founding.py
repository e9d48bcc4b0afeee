"""How every simulated cluster begins: the same first commits in every home (B0)."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from daemon.core.livelog import LiveLog
from eventstore.codec import ZERO_HASH, Actor, Commit, Context, Head
from eventstore.model import events as ev
from eventstore.model.state import State

CLUSTER = "c1"
START_US = 1_790_000_000_000_000
GROUPS = ("dg0", "dg1", "dg2")
_SIZE = 1 << 21
_count = 3


def configure(nodes: int) -> None:
    """Say how many nodes the cluster is set up with."""
    global _count  # noqa: PLW0603 one process simulates one cluster at a time
    _count = nodes


def names(count: int) -> tuple[str, ...]:
    """Return the names of so many nodes."""
    return tuple(f"n{i + 1}" for i in range(count))


def lineage_of(log: str) -> bytes:
    """Return which log it is."""
    return sha256(log.encode()).digest()[:16]


def founded() -> tuple[Commit, ...]:
    """Return the first commits of the shared log, the same on every node."""
    return _founded(_count)


@cache
def _founded(count: int) -> tuple[Commit, ...]:
    live = LiveLog("shared", State(), Head(lineage_of("shared"), 0, ZERO_HASH, 0), 0)
    context = Context(Actor(program="vxconfigd"), clock_us=START_US)
    groups: list[ev.AnyEvent] = []
    for number, name in enumerate(GROUPS):
        dgid = f"1790000000.{number}.n1"
        groups.append(ev.DiskGroupCreated(dgid, name, 1000 * (number + 1)))
        groups.append(ev.DiskTakenOver(dgid, 1, "d0", "sda", "auto", 2048, _SIZE, ""))
    commits = []
    for tx, events in (
        ("n1@shared-1", (ev.ClusterCreated(CLUSTER, "prod", names(count)),)),
        ("n1@shared-2", tuple(groups)),
    ):
        entry = live.record(tx, "n1", context, events, term=0, shared_position=None)
        assert isinstance(entry.item, Commit)
        commits.append(entry.item)
    return tuple(commits)
