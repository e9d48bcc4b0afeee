"""Commands about the cluster itself."""

from __future__ import annotations

from eventstore.model.command import Command, Text


class AddNode(Command, frozen=True, tag="cluster.add"):
    """Let a node be one of those that the cluster is configured with (B11)."""

    node: Text


class RemoveNode(Command, frozen=True, tag="cluster.remove"):
    """Let a node be none of those that the cluster is configured with any more (B11)."""

    node: Text
