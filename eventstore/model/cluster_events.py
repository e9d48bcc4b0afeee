"""Events of the cluster itself: who is master, who joined, who left, what failed."""

from __future__ import annotations

from eventstore.model.event import Event


class OfCluster(Event, frozen=True):
    """An event about the cluster, which the header of the shared log's own space keeps."""


class MasterElected(OfCluster, frozen=True, tag="master-elected/1"):
    """A master's term began: all of `members` have promised it and have the same log (C5).

    `nodes` are those in the cluster, in succession order, and `boot_ids` theirs. All before
    `first` was decided by the members of the term before, or earlier: they had stored it.
    """

    term: int
    master: str
    first: int
    nodes: tuple[str, ...]
    boot_ids: tuple[str, ...]
    members: tuple[str, ...]


class NodeJoined(OfCluster, frozen=True, tag="node-joined/1"):
    """A node joined: from here on it counts (B6)."""

    node: str


class NodeLeft(OfCluster, frozen=True, tag="node-left/1"):
    """A node left, or was put out; `clean` tells whether it had nothing in use (B7, B8)."""

    node: str
    clean: bool


class RequestsFailed(OfCluster, frozen=True, tag="requests-failed/1"):
    """Requests that were proposed have failed: at which node, and why (C6, D8, D11)."""

    requests: tuple[str, ...]
    node: str
    message_id: str
    message: str
    rule: str

    def index_terms(self) -> tuple[str, ...]:
        """A failure is found under the identifier of each request that it fails."""
        return tuple(f"failed/{request}" for request in self.requests)


class VersionRaised(OfCluster, frozen=True, tag="version-raised/1"):
    """The cluster speaks a later version of its protocol from here on (B5)."""

    protocol: int


class ConfiguredNodesChanged(OfCluster, frozen=True, tag="configured-nodes-changed/1"):
    """A node was added to the configured ones, or taken from them (B11)."""

    nodes: tuple[str, ...]


class LogQuarantined(Event, frozen=True, tag="log-quarantined/1"):
    """This node's shared log is another one than the cluster's from a position on (B3)."""

    position: int


class LogSetAside(Event, frozen=True, tag="log-set-aside/1"):
    """An administrator put aside what this node's shared log had from a position on (B3)."""

    first: int
    through: int
