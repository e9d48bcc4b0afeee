"""From what is on disk to a core that can go on: the newest keyframe, the tail, the head's digest.

What lies before the keyframe is looked over once the daemon serves (`daemon.shell.background`).
"""

from __future__ import annotations

import gc
from contextlib import suppress
from pathlib import Path

import msgspec

from daemon.core.livelog import LiveLog
from daemon.core.node import Node
from daemon.core.private import INTERVALS_SHOWN
from daemon.core.ready import HardState
from daemon.core.sharedlog import SharedLog, stored_by_all
from eventstore.codec import Head, decode_events
from eventstore.errors import Damaged, SegmentDamaged
from eventstore.model import digest
from eventstore.model.events import UNKNOWN_INTERVALS, IntervalUnknown, touched
from eventstore.model.objects import (
    HEADER_RID,
    NODE_SPACE,
    OWN_HEADER,
    Cluster,
    Node as NodeRecord,
)
from eventstore.past.replay import nearest_keyframe, replay
from eventstore.proofs.survey import Walk
from eventstore.storage import copying, redacting
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store

TAIL_CHECKED = 20_000
"""Commits that are checked one by one before the daemon serves: half a second. A longer tail, of a
log without keyframes, is replayed six times as fast, and the state at its end compared."""

YOUNG_MAX = 10_000
"""Objects between two looks of the collector, some hundred changes: what a step leaves behind is
gone without it, but for the few cycles that a connection or an error makes."""

_PIECE = 64
_decode_hard = msgspec.msgpack.Decoder(HardState).decode


def recover(database: Path) -> tuple[Store, Node]:
    """Open a store and rebuild the core from its logs (A4).

    Raises:
        Damaged: the logs do not give the state that was recorded with their last commit.
        UnknownFormat: a newer program wrote them.
        Unavailable: the file system refuses.
    """
    store, node = opened(database)
    # What stays is of no interest to the collector: looking at it all stops the loop for long.
    gc.freeze()
    gc.set_threshold(YOUNG_MAX)
    return store, node


def opened(database: Path) -> tuple[Store, Node]:
    """Do what `recover` does for a process that goes on to something else.

    Raises:
        Damaged, UnknownFormat, Unavailable: as `recover`.
    """
    store = Store.open(database, alone=True)
    try:
        copying.check_finished(store)
        shared = rebuilt(store.logs["shared"], store.heads["shared"])
        own = rebuilt(store.logs["node"], store.heads["node"])
        node = core(as_shared(store.logs["shared"], shared), own, store.hard_state())
        node.private.intervals.extend(_last_intervals(store))
        redacting.carry_out(store, lambda _note: None)
    except BaseException:
        store.close()
        raise
    return store, node


def as_shared(reader: LogReader, live: LiveLog) -> SharedLog:
    """Make a log the shared one: find how far its last elected members had stored it (C3)."""
    stored = stored_by_all(live.state, live.head.position, reader.commit)
    return SharedLog(live.state, live.head, live.last_change, live.digest, stored)


def rebuilt(reader: LogReader, head: Head) -> LiveLog:
    """Rebuild a log's state from its newest keyframe that holds, and the tail behind it.

    Raises:
        Damaged: the commits do not give the state that was recorded with them.
    """
    walk = Walk(reader, nearest_keyframe(reader, head.position))
    if head.position - walk.position > TAIL_CHECKED:
        return _replayed(reader, head, walk)
    for commit in reader.commits(walk.position + 1, head.position):
        walk.take(commit)
    return LiveLog(reader.log, walk.state, head, walk.last_change, walk.digest)


def _replayed(reader: LogReader, head: Head, walk: Walk) -> LiveLog:
    """Replay a tail that is too long to be checked commit by commit before serving."""
    state = replay(reader, head.position, onto=walk.state, low=walk.position + 1)
    live = LiveLog(reader.log, state, head, _last_change(reader, head.position))
    if digest.stored(live.digest) != reader.commit(head.position).digest:
        raise Damaged(
            f"log {reader.name}: replay to @{head.position} gives another state than was recorded",
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


def core(shared: SharedLog, own: LiveLog, hard_state: bytes | None) -> Node:
    """Return a core on its logs, with its hard state as it was stored.

    Raises:
        Damaged: the logs do not say which cluster and node they are of.
    """
    cluster, own_header = (log.state.get((NODE_SPACE, HEADER_RID)) for log in (shared, own))
    if not isinstance(cluster, Cluster) or not isinstance(own_header, NodeRecord):
        raise Damaged(
            "the home was not founded",
            cause="position 1 of its logs says neither which cluster nor which node it is of (B0)",
        )
    hard = HardState() if hard_state is None else _decode_hard(hard_state)
    return Node(own_header.name, cluster.name, shared, own, hard)


def _last_intervals(store: Store) -> list[tuple[int, IntervalUnknown]]:
    """Return the intervals that a status shows; how many there ever were is of no matter."""
    reader = store.logs["node"]
    found = list[tuple[int, IntervalUnknown]]()
    for position in store.positions("node", UNKNOWN_INTERVALS)[-INTERVALS_SHOWN:]:
        # Of archived ones a status can do without: no start rests on a segment.
        with suppress(SegmentDamaged):
            events = decode_events(reader.commit(position).payload, position)
            found += [(position, event) for event in events if isinstance(event, IntervalUnknown)]
    return found
