"""From what is on disk to a core that can go on: open, replay, compare with the head's digest."""

from __future__ import annotations

from pathlib import Path

import msgspec

from daemon.core.livelog import OWN_HEADER, LiveLog
from daemon.core.node import Node
from daemon.core.ready import HardState
from eventstore.codec import decode_events
from eventstore.errors import Damaged
from eventstore.model import digest
from eventstore.model.events import touched
from eventstore.model.objects import HEADER_RID, NODE_SPACE, Cluster
from eventstore.model.objects import Node as NodeRecord
from eventstore.moments import unknown_intervals
from eventstore.replay import replay
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store

_PIECE = 64


def recover(database: Path) -> tuple[Store, Node]:
    """Open a store and rebuild the core from its logs (A4).

    Raises:
        Damaged: the logs do not give the state that was recorded with their last commit.
        UnknownFormat: a newer program wrote them.
        Unavailable: the file system refuses.
    """
    store = Store.open(database)
    try:
        shared, own = (_live(store, log) for log in ("shared", "node"))
        node = _core(store, shared, own)
    except BaseException:
        store.close()
        raise
    return store, node


def _live(store: Store, log: str) -> LiveLog:
    reader, head = store.logs[log], store.heads[log]
    state = replay(reader, head.position)
    live = LiveLog(log, state, head, _last_change(reader, head.position))
    if head.position:
        recorded = reader.commit(head.position).digest
        if digest.stored(live.digest) != recorded:
            raise Damaged(
                f"log {reader.name}: replay to @{head.position} gives another state than was "
                "recorded",
                cause="'vx verify --replay --log HOME' names the first commit that differs",
            )
    return live


def _last_change(reader: LogReader, position: int) -> int:
    """Return the last commit that changed more than what a daemon notes of itself."""
    while position > 0:
        low = max(1, position - _PIECE + 1)
        for at, payload in reversed(list(reader.payloads(low, position))):
            if any(
                key != OWN_HEADER for event in decode_events(payload, at) for key in touched(event)
            ):
                return at
        position = low - 1
    return 0


def _core(store: Store, shared: LiveLog, own: LiveLog) -> Node:
    cluster, header = (log.state.get((NODE_SPACE, HEADER_RID)) for log in (shared, own))
    if not isinstance(cluster, Cluster) or not isinstance(header, NodeRecord):
        raise Damaged(
            f"{store.path} was not founded",
            cause="position 1 of its logs says neither which cluster nor which node it is of (B0)",
        )
    body = store.hard_state()
    hard = HardState() if body is None else msgspec.msgpack.decode(body, type=HardState)
    node = Node(header.name, cluster.name, shared, own, hard)
    node.intervals.extend(unknown_intervals(store.logs["node"])[-node.intervals.maxlen :])  # type: ignore[operator]
    return node
