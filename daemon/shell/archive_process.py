"""The process that writes segments beside the daemon: it reads the store, and never writes it.

    python -m daemon.shell.archive_process HOME NODE DIRECTORY

What is wanted comes in as one message; out goes what would be done, or one message for each
segment that is on stable storage and was read back. The daemon then takes its commits out of the
log.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from daemon.wire.frames import FrameReader, pack_message
from eventstore.archives import ArchiveArgs, made, planned, spans
from eventstore.errors import Rejected, StoreError
from eventstore.source import open_log
from eventstore.storage.archiving import slices, write

NICE = 10
_READ_BYTES = 1 << 16


def main(home: str, node: str, directory: str) -> None:
    """Do what is asked, and say what was done; an error is the last word."""
    os.nice(NICE)
    # The daemon decides when we end: an interrupt at the terminal is for it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for message in messages(home, node, directory, _request()):
            _write_all(pack_message(message))
    except StoreError as error:
        _write_all(pack_message({"error": error.to_map()}))


def messages(home: str, node: str, directory: str, request: Any) -> Iterator[Any]:
    """Yield what would be done, or what was.

    Raises:
        StoreError: it cannot be done.
    """
    try:
        args = msgspec.convert(request["args"], ArchiveArgs)
    except msgspec.ValidationError as error:
        raise Rejected(
            "V-5-1-9284", "it is not said what is to be archived", cause=str(error)
        ) from error
    with open_log(home) as source:
        source.default = request["default"]
        wanted = spans(source, args)
        yield {"plan": [planned(source, span) for span in wanted]}
        if request["dry_run"]:
            return
        for span in wanted:
            reader = source.readers[span.log]
            for first, last in slices(reader, span.last):
                named = write(reader, node, first, last, directory)
                yield {"named": list(named), "row": made(reader, named)}


def _request() -> Any:
    frames = FrameReader()
    while data := os.read(0, _READ_BYTES):
        for message in frames.feed(data):
            return message
    raise SystemExit(1)


def _write_all(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    main(*sys.argv[1:])
