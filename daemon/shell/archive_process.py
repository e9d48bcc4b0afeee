"""The process that writes segments beside the daemon: it reads the store, and never writes it.

    python -m daemon.shell.archive_process HOME NODE DIRECTORY COMMITS

What is wanted comes in as one message; out goes what would be done, or one message for each
segment that is on stable storage and was read back. The daemon then takes its commits out of the
log.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from daemon.shell import child
from daemon.wire.frames import pack_message
from eventstore.errors import StoreError
from eventstore.keeping.archives import Span, asked, made, planned, spans
from eventstore.source import Source, open_log
from eventstore.storage.archiving import rewrite, written
from eventstore.storage.redacting import to_rewrite

NICE = 10


def main(home: str, node: str, directory: str, commits: str) -> None:
    """Do what is asked, and say what was done; an error is the last word."""
    child.begin(NICE)
    try:
        for message in Archiver(home, node, directory, int(commits)).messages(child.asked()):
            child.say(pack_message(message))
    except StoreError as error:
        child.say(pack_message({"error": error.to_map()}))


class Archiver:
    """Writes the segments of one home, on request."""

    def __init__(self, home: str, node: str, directory: str, commits: int) -> None:
        self._home = home
        self._node = node
        self._directory = directory
        self._commits = commits

    def messages(self, request: Any) -> Iterator[Any]:
        """Yield what would be done, or what was.

        Raises:
            StoreError: it cannot be done.
        """
        with open_log(self._home) as source:
            if "redact" in request:
                yield from self._rewritten(source)
            elif "span" in request:
                yield from self._archived(source, msgspec.convert(request["span"], Span))
            else:
                yield from self._asked(source, request)

    def _asked(self, source: Source, request: Any) -> Iterator[Any]:
        """Archive what somebody asks for, or say what that would be."""
        args = asked(request["args"])
        source.default = request["default"]
        wanted = spans(source, args)
        yield {"plan": [planned(source, span, self._commits) for span in wanted]}
        for span in wanted if not request["dry_run"] else ():
            yield from self._archived(source, span)

    def _archived(self, source: Source, span: Span) -> Iterator[Any]:
        reader = source.readers[span.log]
        for named in written(reader, self._node, span.last, self._directory, self._commits):
            yield {"named": list(named), "row": made(reader, named)}

    def _rewritten(self, source: Source) -> Iterator[Any]:
        """Write the segments anew in which contexts are that are to be gone."""
        for reader in source.readers.values():
            for named, redactions in to_rewrite(reader):
                after = rewrite(reader, self._node, named, redactions)
                yield {"before": list(named), "after": list(after)}


if __name__ == "__main__":
    main(*sys.argv[1:])
