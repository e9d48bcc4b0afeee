"""Where the log of a home is: in its own file, or in a database that its settings name.

What reads a home need not read its settings: `log.url`, beside where the log would be, says where
it is. It is written here, and by nobody else; `[log] database` is what an operator changes.
"""

from __future__ import annotations

from pathlib import Path

from daemon.config import Settings
from eventstore.errors import Rejected
from eventstore.source import DATABASE
from eventstore.storage.flushing import replace
from eventstore.storage.location import POINTER, Database, located, location_of


def point(home: Path, settings: Settings) -> None:
    """Have the home say where its log is.

    Raises:
        Rejected: there are two logs that could be meant, or what is set names no database.
    """
    file, pointer = home / DATABASE, home / POINTER
    if not settings.log.database:
        if pointer.exists() and not file.exists():
            raise _two(home, f"{pointer} names {located(file)}, and no setting does")
        pointer.unlink(missing_ok=True)
        return
    wanted = location_of(settings.log.database, file, schema=settings.node.name)
    if not isinstance(wanted, Database):
        raise Rejected(
            "V-5-1-9151",
            "[log] database is no URL of a database",
            cause=f"it is {settings.log.database!r}",
            fix="postgresql://USER@HOST:PORT/DATABASE?schema=NAME; libpq's parameters may follow",
        )
    if file.exists():
        raise _two(home, f"{file} is there, and [log] database names {wanted}")
    text = f"{wanted.full_url}\n".encode()
    if not pointer.exists() or pointer.read_bytes() != text:
        replace(pointer, text, 0o600 if wanted.has_secret else 0o640)


def _two(home: Path, cause: str) -> Rejected:
    return Rejected(
        "V-5-1-9157",
        f"it is not clear which log is that of {home}",
        cause=cause,
        fix="move the log with 'vx store copy FROM TO', then set or leave out [log] database, and "
        f"move {DATABASE} or {POINTER} away",
    )
