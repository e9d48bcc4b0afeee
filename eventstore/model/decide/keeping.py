"""What is kept of the logs: contexts that have to go, and when old commits are archived."""

from __future__ import annotations

from eventstore.model import commands as cmd, events as ev
from eventstore.model.state import State


def redact(_state: State, command: cmd.RedactContext) -> list[ev.AnyEvent]:
    """Say that a context is to be gone; nothing happens where the hash is another commit's."""
    return [ev.ContextRedacted(command.position, command.hash, command.reason)]


def set_retention(_state: State, command: cmd.SetRetention) -> list[ev.AnyEvent]:
    """Set the rule by which every node archives its logs."""
    return [ev.RetentionSet(command.archive_after_s, command.keep)]
