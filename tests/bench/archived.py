"""Archived history: how much smaller than live it is, and how fast it is read and replayed."""

from __future__ import annotations

import shutil
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from random import Random

from eventstore.past.replay import replay
from eventstore.storage import keeping
from eventstore.storage.archiving import written
from eventstore.storage.offline import read_store
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store
from tests.bench.ground import LOG, Scale
from tests.bench.measure import Goal, Row, Turns, rate
from tests.bench.replaying import make_log

LOOKS = 200
"""At one commit each, anywhere."""


def against_live(directory: Path, scale: Scale) -> list[Row]:
    """Compare a log that is archived, but for its last commit, with the same one live."""
    live = make_log(directory, scale)
    archived = directory / "archived.db"
    shutil.copyfile(live, archived)
    with Store.open(archived) as store:
        reader = store.logs[LOG]
        for named in written(reader, "node1", reader.last() - 1):
            keeping.archive(store, named)
        size = sum(named.size for named in reader.archive.all())
    with ExitStack() as stack:
        ours = stack.enter_context(read_store(archived))[LOG]
        base = stack.enter_context(read_store(live))[LOG]
        turns = Turns(
            read=lambda: rate(base.last(), lambda: deque(ours.commits(), 0)),
            read_live=lambda: rate(base.last(), lambda: deque(base.commits(), 0)),
            replay=lambda: rate(base.last(), lambda: replay(ours, base.last())),
            replay_live=lambda: rate(base.last(), lambda: replay(base, base.last())),
        )
        turns.run(scale.rounds)
        rows = [
            turns.row(
                f"archived history, {name}",
                what,
                f"{what}_live",
                unit="commits/s",
                goal=Goal(0.5),
                base_is="the same commits, live",
            )
            for what, name in (("read", "read whole, hashes checked"), ("replay", "replayed"))
        ]
        return [_size(base, size), *rows, _looks(ours, base, scale)]


def _size(live: LogReader, archived: int) -> Row:
    """Compare the bytes of segments with those of the columns of the rows; no page is counted."""
    (size,) = live._driver.execute(
        "SELECT sum(length(header) + length(context) + length(payload) + length(hash) "
        f"+ length(digest) + 16) FROM {LOG}_commits"
    ).fetchone()
    return Row(
        "archived history, smaller by",
        size / live.last(),
        "bytes/commit",
        base=archived / live.last(),
        base_is="its segments, all of them",
        ratio=size / archived,
        goal=Goal(5),
        details={"live_bytes": size, "archived_bytes": archived},
    )


def _looks(ours: LogReader, base: LogReader, scale: Scale) -> Row:
    """Compare looks at single commits: a block is inflated for each."""
    random = Random(5)
    positions = [random.randrange(1, base.last()) for _ in range(scale.count(LOOKS))]

    def look(reader: LogReader) -> float:
        return rate(len(positions), lambda: [reader.commit(at) for at in positions])

    turns = Turns(ours=lambda: look(ours), base=lambda: look(base))
    turns.run(scale.rounds)
    return turns.row(
        "archived history, one commit anywhere", "ours", "base", unit="looks/s",
        base_is="the same commits, live",
    )  # fmt: skip
