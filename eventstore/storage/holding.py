"""Having a home to oneself: what writes a store without a daemon holds the daemon's lock (A1)."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eventstore.errors import NotFound, Unavailable
from eventstore.storage.location import located
from eventstore.storage.offline import LOCK


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Hold the home of a store against every daemon.

    Raises:
        NotFound: there is no such store.
        Unavailable: a daemon runs on it.
    """
    if isinstance(located(database), Path) and not database.is_file():
        raise NotFound("V-5-1-7840", f"{database}: no such log", fix="name a home, or its log.db")
    path = database.with_name(LOCK)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unavailable(
                "V-5-1-7863",
                f"a daemon runs on {database.parent}",
                cause=f"it holds {path}",
                fix="leave out --log: the daemon does it",
                rule="A1",
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
        lock.truncate(0)
