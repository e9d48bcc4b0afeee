"""A home: the directory of one node. Founding it, and making sure that one daemon has it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from re import compile as pattern
from time import monotonic, sleep

from daemon.config import CONFIG_FILE, NAME_PATTERN, Settings, settings_text
from daemon.shell.clock import wall_us
from daemon.shell.place import point
from eventstore.codec import (
    Actor,
    Context,
    Draft,
    Entry,
    decode_events,
    encode_context,
    encode_events,
    index_keys,
)
from eventstore.errors import Rejected, StoreError, Unavailable
from eventstore.model import digest, events as ev
from eventstore.model.evolve import apply
from eventstore.model.state import State
from eventstore.source import DATABASE
from eventstore.storage.location import POINTER
from eventstore.storage.offline import LOCK, read_store
from eventstore.storage.store import Store

CLUSTER_ID = pattern(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")
NOBODYS = bytes(16)
"""The lineage of a log that nobody has founded yet."""
NODE_NAME = pattern(NAME_PATTERN)

_LOCK_WAIT_S = 5.0
"""A reader holds the lock for as long as it copies a log that no daemon serves."""
_LOCK_RETRY_S = 0.05


def new_cluster_id() -> str:
    """Return an ID for a new cluster: a UUID of version 7, whose first 12 digits are its time."""
    stamp = (wall_us() // 1000).to_bytes(6, "big")
    noise = bytearray(os.urandom(10))
    noise[0] = 0x70 | noise[0] & 0x0F
    noise[2] = 0x80 | noise[2] & 0x3F
    return (stamp + noise).hex()


def found(
    home: Path,
    settings: Settings,
    nodes: Sequence[str] = (),
    cluster_id: str | None = None,
    *,
    joins: bool = False,
) -> str:
    """Make a home: settings, and position 1 of both logs (B0); return the cluster's ID.

    The same nodes and cluster ID give every node the same position 1 of the shared log, bit for
    bit. Without them the cluster has this one node, and is a new one. A node that `joins` is none
    of those with which the cluster was founded: it is added later (B11), and begins as they did.

    Raises:
        Rejected: there is a home already, or a setting, the nodes or the ID are not valid.
    """
    text = settings_text(settings)
    node = settings.node.name
    cluster_id = cluster_id or new_cluster_id()
    configured = tuple(nodes) or (node,)
    _check(node, configured, cluster_id, joins=joins)
    home.mkdir(parents=True, exist_ok=True, mode=0o750)
    config = home / CONFIG_FILE
    if config.exists() or (home / DATABASE).exists():
        raise Rejected(
            "V-5-1-7862",
            f"{home} is a home already",
            fix="name another directory, or start the daemon on this one",
            rule="B0",
        )
    point(home, settings)
    try:
        write_logs(home / DATABASE, settings, configured, cluster_id)
    except BaseException:
        (home / POINTER).unlink(missing_ok=True)
        raise
    config.write_text(text)
    return cluster_id


def _check(node: str, nodes: tuple[str, ...], cluster_id: str, *, joins: bool) -> None:
    problem = None
    if joins and node in nodes:
        problem = f"node {node} is one of {', '.join(nodes)}: it founds the cluster with them"
    elif not joins and node not in nodes:
        problem = f"node {node} is none of {', '.join(nodes)}"
    elif len(set(nodes)) < len(nodes) or not all(NODE_NAME.fullmatch(name) for name in nodes):
        problem = f"these are no names of nodes, each once: {', '.join(nodes)}"
    elif not CLUSTER_ID.fullmatch(cluster_id):
        problem = f"{cluster_id} is no cluster ID"
    if problem is not None:
        raise Rejected(
            "V-5-1-9130",
            "a cluster cannot be founded so",
            cause=problem,
            fix="name all nodes, and the ID that 'vxconfigd init' printed on the first one",
            rule="B0",
        )


def _founded_us(cluster_id: str) -> int:
    """Return when a cluster was founded: its ID says so, so that every home says the same.

    IDs of earlier releases do not: then it is now.
    """
    if not CLUSTER_ID.fullmatch(cluster_id):
        return wall_us()
    return int(cluster_id[:12], 16) * 1000


def check_owner(home: Path, node: str, cluster_id: str) -> None:
    """Make sure that a home is of this node and cluster, if it is of any.

    Raises:
        Rejected: it is another one's.
    """
    try:
        with read_store(home / DATABASE) as readers:
            founded = decode_events(readers["node"].commit(1).payload, 1)
    except StoreError:  # not made yet, or damaged: then its daemon says so
        return
    for event in founded:
        if isinstance(event, ev.NodeCreated) and (event.name, event.cluster_id) != (
            node,
            cluster_id,
        ):
            raise Rejected(
                "V-5-1-9150",
                f"a certificate of {node} in cluster {cluster_id} is not for {home}",
                cause=f"that is the home of {event.name} in cluster {event.cluster_id}",
                fix="name this home's node, and the authority of its cluster's ID; for another "
                "node name another directory with --home",
                rule="G1",
            )


def write_logs(
    database: Path, settings: Settings, nodes: Sequence[str], cluster_id: str, message: str = ""
) -> None:
    """Write position 1 of both logs; the node's says why, if it is not the first time."""
    name, node = settings.cluster.name, settings.node.name
    created = ev.ClusterCreated(cluster_id, name, tuple(nodes))
    founded = Context(Actor(program="vxconfigd"), clock_us=_founded_us(cluster_id))
    actor = Actor(uid=os.getuid(), pid=os.getpid(), program="vxconfigd")
    here = Context(actor, message=message, clock_us=wall_us())
    with Store.open(database, alone=True) as store:
        if any(reader.lineage != NOBODYS for reader in store.logs.values()):
            raise Rejected(
                "V-5-1-7862",
                f"there is a log already: {store.location}",
                fix="name another place, or another schema; or start the daemon on this one",
                rule="B0",
            )
        store.create_log("shared", name, sha256(cluster_id.encode()).digest()[:16])
        store.create_log("node", node)
        store.append(
            [
                _first("shared", nodes[0], created, founded, None),
                _first("node", node, ev.NodeCreated(node, cluster_id), here, 1),
            ]
        )
    if database.exists():
        database.chmod(0o640)


def _first(
    log: str,
    node: str,
    event: ev.ClusterCreated | ev.NodeCreated,
    context: Context,
    shared_position: int | None,
) -> Entry:
    tx = f"{node}@{log}-1"
    draft = Draft(
        tx,
        node,
        encode_context(context),
        encode_events((event,)),
        digest.stored(digest.updated(0, apply(State(), (event,)))),
        context.clock_us,
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
