"""Reading a store without writing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eventstore.storage.reader import LogReader
from eventstore.storage.schema import LOGS
from eventstore.storage.sqlite import reading
from eventstore.storage.upgrade import check_revision, revision_of


@contextmanager
def read_store(path: Path, *, alive: bool) -> Iterator[dict[str, LogReader]]:
    """Open both logs of a store read-only; `alive` tells whether a daemon has it open.

    Raises:
        NotFound: there is no such file.
        UnknownFormat: another version of this program wrote it.
        Damaged: it is not a store, or its structure is broken.
    """
    with reading(path, alive=alive) as connection:
        check_revision(revision_of(connection))
        yield {log: LogReader(connection, log) for log in LOGS}
