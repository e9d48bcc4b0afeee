"""Beginning a home anew: logs from position 1, the ones before kept aside, never deleted (E5)."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

from daemon.config import Settings
from daemon.shell.home import write_logs
from daemon.shell.recorder import DIRECTORY
from daemon.shell.recovery import recover
from eventstore.errors import Rejected
from eventstore.model.cluster import configured
from eventstore.model.objects import Volume
from eventstore.source import DATABASE
from eventstore.storage.archive import directory_of
from eventstore.storage.flushing import flush
from eventstore.storage.location import located
from eventstore.storage.store import Store

_NEW = f"{DATABASE}.new"


def reset(home: Path, settings: Settings) -> Path:
    """Recreate everything from scratch, and return where the logs before are kept.

    The caller holds the home. After a crash in the middle there are the old logs, or the new.

    Raises:
        Rejected: the node is in a cluster with others, or a volume is in use.
        Damaged: the logs do not say whether it is.
    """
    database, new = home / DATABASE, home / _NEW
    if not isinstance(located(database), Path):
        raise Rejected(
            "V-5-1-9158",
            f"the log of {home} is in a database: it is not begun anew there",
            cause=f"it is {located(database)}",
            fix="have the schema's owner rename it, and make the home anew: 'vxconfigd init'",
            rule="E5",
        )
    cluster_id = _check(database)
    for rest in (new, *(home / f"{_NEW}-{part}" for part in ("wal", "shm"))):
        rest.unlink(missing_ok=True)
    kept = _keep_aside(database)
    reason = f"-r reset; what was before is in {kept.name}"
    write_logs(new, settings, (settings.node.name,), cluster_id, reason)
    recorded = home / DIRECTORY
    if recorded.is_dir():
        # What went into the core before is repeated on the logs before, or not at all.
        recorded.rename(home / f"{DIRECTORY}{kept.name.removeprefix(DATABASE)}")
    new.replace(database)
    if directory_of(database).is_dir():
        # Until then the logs that are kept find their segments where they were.
        directory_of(database).rename(directory_of(kept))
    flush(home)
    return kept


def _check(database: Path) -> str:
    """Return the cluster's ID, which its certificates and its kernel go by: it stays.

    Raises:
        Rejected, Damaged: as `reset`.
    """
    store, node = recover(database)
    store.close()
    nodes = configured(node.shared.state)
    if len(nodes) > 1:
        raise Rejected(
            "V-5-1-7934",
            f"{node.name} is in cluster {node.cluster}: its configuration is not reset",
            cause=f"{len(nodes)} nodes share that: cluster information would be discarded",
            fix="take this node out of the cluster first",
            rule="E5",
        )
    for state in (node.own.state, node.shared.state):
        for record in state.records():
            if isinstance(record, Volume) and record.kstate == "ENABLED":
                raise Rejected(
                    "V-5-1-7935",
                    f"Volume {record.name} is in use: the configuration is not reset",
                    cause="it is ENABLED",
                    fix="stop all volumes ('vxvol -g DG stopall'), or deport their disk groups",
                    rule="E5",
                )
    return node.member.cluster_id


def _keep_aside(database: Path) -> Path:
    """Give the logs a second name, one that nothing has; the first goes to the new ones."""
    # What was closed is one file; a crash before may have left more.
    Store.open(database).close()
    for number in count(1):
        kept = database.with_name(f"{database.name}.before-reset-{number}")
        try:
            os.link(database, kept)
        except FileExistsError:
            continue
        return kept
    raise AssertionError
