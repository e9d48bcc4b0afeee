"""One membership, as the kernel announces it (A2, A3); the daemon never decides it."""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct


class ViewNode(Struct, frozen=True):
    """A node that is in the cluster.

    `daemon` is a number that the kernel gives to each run of its daemon, 0 where none runs;
    `boot_id` changes when the node itself starts anew; `address` is where its daemon listens.
    """

    name: str
    boot_id: str
    daemon: int = 0
    address: str = ""


class View(Struct, frozen=True, dict=True):
    """The nodes in the cluster in succession order, and the master that the kernels chose.

    Views may come late, twice, and in any order: no rule rests on `number`, but for two nodes
    with an arbiter, where it never goes back and `active` is the arbiter's word.
    """

    cluster_id: str
    nodes: tuple[ViewNode, ...]
    master: str
    quorate: bool
    number: int = 0
    arbiter: bool = False
    active: bool = True

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return the nodes in the cluster, in succession order."""
        return tuple(node.name for node in self.nodes)

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Return the nodes with a running daemon, in succession order."""
        return tuple(node.name for node in self.nodes if node.daemon)

    @cached_property
    def without_daemon(self) -> tuple[str, ...]:
        """Return the nodes that are in the cluster while their daemon is down (D1)."""
        return tuple(node.name for node in self.nodes if not node.daemon)

    def node(self, name: str) -> ViewNode | None:
        """Return a node of the view, or None."""
        return next((node for node in self.nodes if node.name == name), None)

    def says_the_same(self, other: View) -> bool:
        """Whether another announcement changes nothing, so that it is no new view."""
        return (self.nodes, self.master, self.quorate, self.active) == (
            other.nodes,
            other.master,
            other.quorate,
            other.active,
        )


def is_majority(some: int, of: int) -> bool:
    """Whether so many are more than half."""
    return 2 * some > of
