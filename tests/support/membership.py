"""Memberships as the monitor keeps them, brought about by what happens to nodes."""

from __future__ import annotations

from collections.abc import Iterable

from daemon.core.ready import Directive
from daemon.kernel.monitor import changes as ch
from daemon.kernel.monitor.members import Members, found
from eventstore.model.objects import Key

VOLUME: Key = ("datadg", 5)


def names(count: int) -> list[str]:
    return [f"node{n + 1}" for n in range(count)]


def after(members: Members, *requests: ch.Request) -> Members:
    """Let things happen, one after the other."""
    for request in requests:
        members = ch.apply(members, request).members
    return members


def booted(nodes: int, attach: Iterable[str] | None = None) -> Members:
    """A cluster in which these daemons have come, in this order (None: all)."""
    configured = names(nodes)
    cluster = found(configured, "boot", "c0")
    there = configured if attach is None else attach
    return after(cluster, *(ch.Attach(node, f"{node}/1") for node in there))


def attached(node: str, number: int, directive: Directive, run: str = "") -> ch.Directed:
    """A directive of a node's daemon."""
    return ch.Directed(node, run or f"{node}/1", number, directive)


def direct(members: Members, node: str, directive: Directive, run: str = "") -> Members:
    """Let a node's daemon give its next directive."""
    number = members.nodes[node].taken + 1
    return after(members, attached(node, number, directive, run))
