"""Archiving a home that no daemon has, under the daemon's lock; a daemon does it itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eventstore.keeping.archives import Row, asked, made, planned, spans
from eventstore.source import DATABASE, Source
from eventstore.storage import keeping
from eventstore.storage.archiving import SEGMENT_COMMITS, tidy, written
from eventstore.storage.holding import held
from eventstore.storage.store import Store


def archive(where: str, args: dict[str, Any], directory: str = "", *, dry_run: bool) -> Row:
    """Archive what is asked for, or say what would be; return what a daemon would answer.

    Raises:
        Rejected: there is nothing to do, or it is not put as it should be.
        Unavailable: a daemon has the home.
        Damaged: commits are not what was written.
    """
    path = Path(where)
    database = path / DATABASE if path.is_dir() else path
    typed = asked(args)
    with held(database), Store.open(database) as store:
        source = Source(store.logs)
        node = store.logs["node"].name.removeprefix("node/")
        wanted = spans(source, typed)
        data: Row = {
            "outcome": "dry-run" if dry_run else "done",
            "planned": [planned(source, span, SEGMENT_COMMITS) for span in wanted],
            "segments": [],
        }
        for span in wanted if not dry_run else ():
            reader = store.logs[span.log]
            for named in written(reader, node, span.last, directory):
                keeping.archive(store, named)
                data["segments"].append(made(reader, named))
            tidy(reader, node)
        if not dry_run:
            keeping.compact(store)
    return data
