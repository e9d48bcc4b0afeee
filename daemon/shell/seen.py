"""What a node has stored in its logs, as it knows without them: where they are on a server.

A database can be brought back to an earlier time while the homes of its nodes are not, in between
two runs of the daemon or two tries to reach the server. So how far each log went is kept in the
home, whenever a run ends and when heads are signed, and a log that has less is never gone on
from. It is no part of the log, and no reader needs it; a log in a file goes where its home goes.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from eventstore.errors import Damaged, NotFound, SegmentDamaged
from eventstore.storage.flushing import replace
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store

FILE = "log.seen"
"""In a home."""

Ends = dict[str, tuple[str, int, str]]
"""Log -> its lineage, and position and hash of the last commit that was acknowledged."""

_decode = msgspec.json.Decoder(Ends).decode


def keep(home: Path, store: Store) -> None:
    """Keep how far the logs of a server went.

    Raises:
        OSError: it cannot be written; what was kept before is.
    """
    ends: Ends = {
        log: (store.logs[log].lineage.hex(), head.position, head.hash.hex())
        for log, head in store.engine.durable.items()
        if head.position
    }
    if ends:
        replace(home / FILE, msgspec.json.encode(ends), 0o640)


def check(home: Path, store: Store) -> None:
    """Hold the logs of a server against what was kept.

    Raises:
        Damaged: one has less, or something else.
    """
    if not store.engine.durable:
        return
    for log, (lineage, position, hash_) in _kept(home / FILE).items():
        reader = store.logs[log]
        if reader.lineage.hex() != lineage:
            continue  # it was begun anew
        last = store.heads[log].position
        if last < position:
            raise _less(home, reader, position, f"it ends @{last}, and @{position} was stored")
        if not _same(reader, position, hash_):
            raise _less(home, reader, position, f"@{position} is another commit than was stored")


def _kept(file: Path) -> Ends:
    """Return what was kept; nothing, where nobody could say what it means."""
    try:
        return _decode(file.read_bytes())
    except (FileNotFoundError, msgspec.MsgspecError):
        return {}


def _same(reader: LogReader, position: int, hash_: str) -> bool:
    try:
        return reader.commit(position).hash.hex() == hash_
    except (NotFound, SegmentDamaged):
        return True  # an archive that is not there says nothing against the log


def _less(home: Path, reader: LogReader, position: int, cause: str) -> Damaged:
    error = Damaged(
        f"log {reader.name}: the database has not what this node stored in it: {cause}",
        position=position,
        cause="it was restored from a backup, or a standby took over that lacked the end",
    )
    error.id = "V-5-1-9179"
    error.fix = (
        "bring back the database that has it; or, where what is missing is to be given up, remove "
        f"{home / FILE} and start the daemon: its cluster gives it what the others have"
    )
    return error
