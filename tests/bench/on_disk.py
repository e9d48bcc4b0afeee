"""What a long log takes on the disk, with its index and keyframes, and what it takes archived."""

from __future__ import annotations

import shutil
from pathlib import Path

from eventstore.storage import keeping
from eventstore.storage.archiving import written
from eventstore.storage.offline import read_store
from eventstore.storage.store import Store
from tests.bench.ground import LOG, Scale
from tests.bench.long_logs import make_log
from tests.bench.measure import Goal, Row

_STORED = "length(header) + length(context) + length(payload) + length(hash) + length(digest)"


def sizes(directory: Path, scale: Scale) -> list[Row]:
    """Compare the file with the commits in it, and with their segments."""
    commits = scale.longest
    log = make_log(directory, commits)
    with read_store(log) as logs:
        execute = logs[LOG]._driver.execute
        (stored,) = execute(f"SELECT sum({_STORED}) FROM {LOG}_commits").fetchone()
    file, archived = log.stat().st_size, _archived(log)
    base_is = "the commits in it: header, context, events, hash, digest"
    return [
        _row(f"a log of {commits:,} commits on the disk", file, stored, 1.5, base_is),
        _row(f"  the segments of {commits:,} commits, archived", archived, stored, 0.2, base_is),
    ]


def _row(name: str, size: int, stored: int, goal: float, base_is: str) -> Row:
    return Row(
        name,
        size / 1e6,
        "MB",
        base=stored / 1e6,
        base_is=base_is,
        ratio=size / stored,
        goal=Goal(goal, at_most=True),
        details={"bytes": size, "stored_bytes": stored},
    )


def _archived(log: Path) -> int:
    """Archive a copy of a log, but for its last commit; return the bytes of the segments."""
    copy = log.with_suffix(".archived.db")
    shutil.copyfile(log, copy)
    with Store.open(copy) as store:
        reader = store.logs[LOG]
        for named in written(reader, "node1", reader.last() - 1):
            keeping.archive(store, named)
        size = sum(named.size for named in reader.archive.all())
    copy.unlink()
    return size
