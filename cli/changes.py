"""Send a change, and print what it did: the second half of every command that changes."""

from __future__ import annotations

from cli import output
from cli.options import Change
from cli.render import history


def perform(change: Change, verb: str, args: dict[str, object]) -> None:
    """Ask for a change, and say where it was committed, or with --dry-run what it would do.

    Raises:
        RequestFailed: it was refused, or its outcome is not known.

    """
    output.emit(change.source, verb, change.send(verb, args), history.CHANGED)
