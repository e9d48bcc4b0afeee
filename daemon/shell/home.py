"""A home: the directory of one node. Founding it, and making sure that one daemon has it."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from daemon.config import CONFIG_FILE, Settings, settings_text
from daemon.shell.clock import wall_us
from eventstore.codec import (
    Actor,
    Context,
    Draft,
    Entry,
    encode_context,
    encode_events,
    index_keys,
)
from eventstore.errors import Rejected, Unavailable
from eventstore.model import digest, events as ev
from eventstore.model.evolve import apply
from eventstore.model.state import State
from eventstore.questions import DATABASE
from eventstore.storage.offline import LOCK
from eventstore.storage.store import Store

_LOCK_WAIT_S = 5.0
"""A reader holds the lock for as long as it copies a log that no daemon serves."""
_LOCK_RETRY_S = 0.05


def found(home: Path, settings: Settings) -> None:
    """Make a home for the first node of a cluster: settings, and position 1 of both logs (B0).

    Raises:
        Rejected: there is one already, or a setting is not valid.
    """
    text = settings_text(settings)
    home.mkdir(parents=True, exist_ok=True, mode=0o750)
    config = home / CONFIG_FILE
    if config.exists() or (home / DATABASE).exists():
        raise Rejected(
            "V-5-1-7862",
            f"{home} is a home already",
            fix="name another directory, or start the daemon on this one",
            rule="B0",
        )
    cluster_id = uuid.uuid4().hex
    name, node = settings.cluster.name, settings.node.name
    with Store.open(home / DATABASE) as store:
        store.create_log("shared", name)
        store.create_log("node", node)
        store.append(
            [
                _first("shared", node, ev.ClusterCreated(cluster_id, name, (node,)), None),
                _first("node", node, ev.NodeCreated(node, cluster_id), 1),
            ]
        )
    (home / DATABASE).chmod(0o640)
    config.write_text(text)


def _first(
    log: str, node: str, event: ev.ClusterCreated | ev.NodeCreated, shared_position: int | None
) -> Entry:
    now_us = wall_us()
    context = Context(
        Actor(uid=os.getuid(), pid=os.getpid(), program="vxconfigd"), clock_us=now_us
    )
    tx = f"{node}@{log}-1"
    draft = Draft(
        tx,
        node,
        encode_context(context),
        encode_events((event,)),
        digest.stored(digest.updated(0, apply(State(), (event,)))),
        now_us,
        shared_position,
    )
    return Entry(log, draft, index_keys(tx, (event,)))


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold a home against any other daemon.

    Raises:
        Unavailable: another daemon has it.
    """
    path = home / LOCK
    with path.open("a+") as lock:
        deadline = monotonic() + _LOCK_WAIT_S
        while not _try_lock(lock.fileno()):
            lock.seek(0)
            holder = lock.read().strip()
            if _is_running(holder) or monotonic() > deadline:
                raise Unavailable(
                    "V-5-1-7863",
                    f"another daemon runs on {home}",
                    cause=f"process {holder or 'unknown'} holds {path}",
                    fix="stop it first, or name another home",
                    rule="A1",
                )
            sleep(_LOCK_RETRY_S)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
        lock.truncate(0)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_running(holder: str) -> bool:
    return holder.isdigit() and Path(f"/proc/{holder}").exists()
