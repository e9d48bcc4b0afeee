"""The process that looks the logs over: what it finds goes out as frames; it reads, and ends.

    python -m daemon.shell.background_process HOME whole|tail

The newest part of both logs comes first, so that their keyframes are cut however often a daemon is
started again; `whole` then begins at their starts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from daemon.shell import child
from daemon.wire.frames import pack_message
from eventstore.errors import StoreError, Unavailable
from eventstore.proofs.survey import Damage, Done, Finding, survey
from eventstore.source import DATABASE
from eventstore.storage.offline import read_store

NICE = 19
"""As far behind everybody else as there is."""


def main(home: str, extent: str) -> None:
    """Look both logs over, and say what is found."""
    child.begin(NICE)
    try:
        for finding in findings(Path(home) / DATABASE, whole=extent == "whole"):
            child.say(pack_message(message(finding)))
    except Unavailable as error:
        sys.exit(f"{error.message}: {error.cause}")
    except BrokenPipeError:
        child.unheard()


def findings(database: Path, *, whole: bool) -> Iterator[Finding]:
    """Look the newest part of both logs over, then all that was not looked at.

    Raises:
        Unavailable: they cannot be read at the moment, which says nothing of what they hold.
    """
    left: list[str] = []
    try:
        with read_store(database) as logs:
            for log, reader in logs.items():
                for finding in survey(reader, whole=False):
                    yield finding
                    if isinstance(finding, Done) and not finding.whole:
                        left.append(log)
            for log in left if whole else ():
                yield from survey(logs[log], whole=True)
    except Unavailable:
        raise
    except StoreError as error:
        yield Damage(str(database), None, error.message, error.cause)


def message(finding: Finding) -> Any:
    """Return a finding as plain data."""
    return msgspec.to_builtins(finding, builtin_types=(bytes,))


if __name__ == "__main__":
    main(*sys.argv[1:])
