"""The scopes that are exhausted: small clusters, and the few things that go wrong in each."""

from __future__ import annotations

from eventstore.model import commands as cmd
from tests.exploration.disks import PRIVATE_GROUP
from tests.exploration.state import Faults, Scope
from tests.exploration.steps import Request


def _asks(node: str, name: str, new: str, group: str = "dg0") -> Request:
    return Request(node, name, cmd.RenameDisk(group, "d0", new))


AT_MASTER = (_asks("n1", "r1", "x1"),)
AT_SLAVE = (_asks("n2", "r1", "x1"),)
TWO = (_asks("n1", "r1", "x1"), _asks("n2", "r2", "x2", "dg1"))
SAME_TWICE = (_asks("n1", "r1", "x1"), _asks("n2", "r1", "x1"))
AND_READS = (*AT_SLAVE, Request("n2", "c1", None))
TAKES_A_NAME = (Request("n1", "r1", cmd.RenameDiskGroup("dg0", PRIVATE_GROUP)),)

GROWS = (Request("n1", "r1", cmd.GrowVolume("dg7", "vol1", 2048)),)

ONE_REQUEST = Scope("2 nodes, a request", 2, AT_SLAVE)
LOST_OR_DOUBLED = Scope("2, a message lost, one doubled", 2, AT_SLAVE, Faults(losses=1, copies=1))
KILLED = Scope("2, a daemon killed", 2, AT_SLAVE, Faults(kills=1))
NO_POWER = Scope("2, a node without power", 2, AT_SLAVE, Faults(aborts=1))
FLUSHES_SHARED = Scope("2, killed, flushes shared", 2, AT_SLAVE, Faults(kills=1), batches=True)
HELD = Scope("2, I/O held or not", 2, GROWS, Faults(stuck=1), volume=True)
HELD_AND_KILLED = Scope("2, killed, I/O held", 2, GROWS, Faults(kills=1), volume=True)

SMALL = (
    ONE_REQUEST,
    LOST_OR_DOUBLED,
    KILLED,
    Scope("2 start", 2, cold=True),
    NO_POWER,
    FLUSHES_SHARED,
    Scope(
        "2, killed, one doubled, flushes shared", 2, (), Faults(kills=1, copies=1), batches=True
    ),
    Scope("3 nodes, a request", 3, AT_SLAVE),
    Scope("3, a message lost, one doubled", 3, AT_SLAVE, Faults(losses=1, copies=1)),
    HELD,
    Scope("3, a name that one refuses", 3, TAKES_A_NAME, private=("n3",)),
)
"""What a change is checked with: a few seconds."""

LARGE = (
    Scope("2, killed, one request twice", 2, SAME_TWICE, Faults(kills=1)),
    Scope("2, killed, two requests, late messages", 2, TWO, Faults(kills=1), keeps=True),
    Scope("2, killed, a current read", 2, AND_READS, Faults(kills=1)),
    Scope("2, put out, two requests", 2, TWO, Faults(evictions=1)),
    Scope("2, put out, an old view", 2, (), Faults(evictions=1, old_views=1)),
    Scope("2, no power, flushes shared", 2, AT_SLAVE, Faults(aborts=1), batches=True),
    HELD_AND_KILLED,
    Scope("2, killed, I/O held or not", 2, GROWS, Faults(kills=1, stuck=1), volume=True),
    Scope("2, no power, I/O held or not", 2, GROWS, Faults(aborts=1, stuck=1), volume=True),
    Scope("2, put out, I/O held or not", 2, GROWS, Faults(evictions=1, stuck=1), volume=True),
    Scope("2, killed, a name that one refuses", 2, TAKES_A_NAME, Faults(kills=1), private=("n2",)),
    Scope("3 start", 3, cold=True, ordered=True),
    Scope("3, one loses its disk", 3, AT_MASTER, Faults(blanks=1), ordered=True),
    Scope("3, killed", 3, AT_SLAVE, Faults(kills=1), ordered=True),
    Scope(
        "3, killed, a name that one refuses",
        3,
        TAKES_A_NAME,
        Faults(kills=1),
        private=("n3",),
        ordered=True,
    ),
    Scope("3, no power", 3, AT_MASTER, Faults(aborts=1), ordered=True),
    Scope("3, put out", 3, AT_MASTER, Faults(evictions=1), ordered=True),
    Scope("3, killed, I/O held", 3, GROWS, Faults(kills=1), volume=True, ordered=True),
)
"""What `make explore` exhausts beside it: minutes."""

SCOPES = SMALL + LARGE
