"""A scope, and a moment in it."""

from __future__ import annotations

from typing import NamedTuple

from eventstore.model import commands as cmd
from tests.exploration.steps import Request


class Faults(NamedTuple):
    """What may yet go wrong: how often each."""

    kills: int = 0
    """A daemon is killed; what it wrote stays written."""
    aborts: int = 0
    """A node loses power, and is out of the cluster until it comes back with another boot ID."""
    blanks: int = 0
    """So it does, and its disk is replaced by an empty one."""
    evictions: int = 0
    """A node is out of the cluster for a while, its daemon running all the time."""
    old_views: int = 0
    """A node hears once more a view that was told before."""
    losses: int = 0
    copies: int = 0
    stuck: int = 0
    """A kernel cannot hold I/O (D4)."""


class Scope(NamedTuple):
    """What is to be exhausted."""

    name: str
    nodes: int
    requests: tuple[Request, ...] = ()
    faults: Faults = Faults()
    cold: bool = False
    """From the start of the daemons, not from a cluster that has come together."""
    ordered: bool = False
    """Messages of one node to another come in the order in which they were sent."""
    batches: bool = False
    """A flush is a moment of its own, and several steps may share one."""
    keeps: bool = False
    """What was on its way to a daemon that died reaches the next one."""
    private: tuple[str, ...] = ()
    """Nodes with a private disk group, of the name `PRIVATE_GROUP`."""
    volume: bool = False
    """With a volume in use, vol1 of dg7, that every node reaches."""
    max_term: int = 9
    """Terms above are not followed; they are counted."""
    piece: int = 2
    """How many commits a piece of catch-up has."""


PRELUDE = (
    Request("n1", "p1", cmd.CreateDiskGroup("dg7", ((None, "sdb"),), shared=True)),
    Request("n1", "p2", cmd.MakeVolume("dg7", "vol1", 2048, ())),
)
"""What is asked first in a scope with a volume."""


Answer = tuple[str, str, int]
"""What was answered to a request: its name, outcome and position."""


class State(NamedTuple):
    """Everything that tells two moments apart."""

    cores: tuple[int, ...]
    disks: tuple[int, ...]
    held: tuple[tuple[int, ...], ...]
    """The steps of each node of which everything but `early` waits for a flush."""
    net: tuple[int, ...]
    holds: tuple[int, ...]
    """The number of the hold that each node's kernel was asked for, 0 where I/O goes on (D4)."""
    views: tuple[tuple[int, ...], ...]
    """What the kernel still has to tell each node, in order."""
    cluster: tuple[tuple[int, int, int], ...]
    """Node, boot and run of its daemon, in succession order."""
    master: int
    runs: int
    told: tuple[int, ...]
    """The views so far: the present one, and those that may be told again."""
    left: Faults
    todo: tuple[int, ...]
    decided: tuple[int, ...]
    answers: tuple[Answer, ...]
    floors: tuple[tuple[str, int], ...]
    """Current reads that were asked for, and what was done before (G6, I12)."""
    masters: tuple[tuple[int, int], ...]


def put(items: tuple, at: int, item: object) -> tuple:  # type: ignore[type-arg]
    """A tuple with another item at a place."""
    return (*items[:at], item, *items[at + 1 :])


def less(left: Faults, what: str) -> Faults:
    """One of these happened."""
    return left._replace(**{what: getattr(left, what) - 1})
