"""Send a change, and print what it did: the second half of every command that changes."""

from __future__ import annotations

import sys

from cli import output
from cli.options import Change
from cli.render import history


def perform(
    change: Change, verb: str, args: dict[str, object], *, shown_as: str | None = None
) -> None:
    """Ask for a change, and say where it was committed, or with --dry-run what it would do.

    Raises:
        RequestFailed: it was refused, or its outcome is not known.

    """
    answer = change.send(verb, args)
    output.emit(change.source, shown_as or verb, answer, history.CHANGED)
    if change.confirm_s is not None and not change.dry_run:
        print(f"undone in {change.confirm_s} s, unless: vx confirm {change.id}", file=sys.stderr)
