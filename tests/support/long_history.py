"""Long logs, made fast: what a busy node records, event by event, without asking the model first.

The mix is one of administration: volumes grow, come and go, disks are announced again, requests
are refused, the daemon restarts. The number of objects stays about what it was from the first
thousand commits on, so that two logs of different lengths differ in nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from eventstore.codec import (
    Actor,
    Context,
    Draft,
    Entry,
    encode_context,
    encode_events,
    index_keys,
)
from eventstore.model import digest, events as ev
from eventstore.model.evolve import apply
from eventstore.model.objects import Change, Subdisk, Volume
from eventstore.model.state import State
from eventstore.past.replay import replay
from eventstore.storage.store import Store

NODE = "node1"
CLUSTER_ID = "c" * 32
START_US = 1_790_000_000_000_000
_BATCH = 5000
_ROOM = 2**32
"""Sectors from one subdisk to the next, so that each can grow where it is."""
_BOOT = "7d1f3b52-6a55-4a0c-9c1e-1f2f0b7f5a11"
_NOTICE = ev.Notice("change", 1, START_US, _BOOT)

Step = tuple[ev.AnyEvent, ...]


class LongHistory:
    """What happens to one node, commit by commit; `state` is after the last one taken."""

    def __init__(
        self, state: State | None = None, *, seed: int = 1, groups: int = 8, volumes: int = 24
    ) -> None:
        self.state = State() if state is None else state
        self._random = Random(seed)
        self._dgids = [f"{1_790_000_000 + i}.{i}.{NODE}" for i in range(groups)]
        self._most = volumes
        self._volumes: dict[str, list[int]] = {dgid: [] for dgid in self._dgids}
        self._made: dict[str, int] = dict.fromkeys(self._dgids, 0)
        self._free: dict[str, list[int]] = {dgid: [] for dgid in self._dgids}

    def steps(self) -> Iterator[tuple[Step, list[Change]]]:
        """Yield the events of one commit after another, and what they changed."""
        for step in self._founding():
            yield step, apply(self.state, step)
        while True:
            step = self._something()
            yield step, apply(self.state, step)

    def _founding(self) -> Iterator[Step]:
        if not any(True for _ in self.state.records()):
            yield (ev.NodeCreated(NODE, CLUSTER_ID),)
        yield (ev.DaemonStarted(_BOOT, "0.1.0", "3.53.4", clean=True),)
        for number, dgid in enumerate(self._dgids, 1):
            device = self.state.next_rid("")
            yield (
                ev.DeviceAdded(device, f"vxd{number}", f"id-{number}", 2**60, _NOTICE),
                ev.DiskInitialized(device, f"disk-{number}", 65536, 2**59),
            )
            yield (
                ev.DiskGroupCreated(dgid, f"dg{number:04d}", 1000 * number),
                ev.DiskAdded(
                    dgid, 1, f"disk{number:04d}", device, f"vxd{number}", f"disk-{number}",
                    65536, 2**59,
                ),
            )  # fmt: skip

    def _something(self) -> Step:
        what = self._random.random()
        dgid = self._random.choice(self._dgids)
        volumes = self._volumes[dgid]
        if what < 0.02:
            request = f"{self._random.randrange(10**12):012d}"
            return (ev.RequestRejected(request, "volume.growby", "V-5-1-1", "No such volume"),)
        if what < 0.10:
            return (self._announced(),)
        if what < 0.101:
            return (ev.DaemonStopped("SIGTERM"),)
        if what < 0.102:
            until = START_US + self._random.randrange(10**9)
            return (
                ev.DaemonStarted(_BOOT, "0.1.0", "3.53.4", clean=True),
                ev.IntervalUnknown("the daemon was down", START_US, until, _BOOT),
            )
        full = len(volumes) >= self._most
        if not volumes or (not full and what < 0.6):
            return self._make(dgid)
        if full and what > 0.97:
            return self._remove(dgid, volumes.pop(self._random.randrange(len(volumes))))
        return self._grow(dgid, self._random.choice(volumes))

    def _announced(self) -> ev.AnyEvent:
        number = self._random.randrange(len(self._dgids)) + 1
        return ev.DeviceChanged(number, f"vxd{number}", 2**60, _NOTICE)

    def _make(self, dgid: str) -> Step:
        rid = self.state.next_rid(dgid)
        name, length = f"vol{rid:06d}", 2048 * self._random.randrange(10, 500)
        place = self._free[dgid].pop() if self._free[dgid] else self._made[dgid]
        self._made[dgid] = max(self._made[dgid], place + 1)
        self._volumes[dgid].append(rid)
        return (
            ev.VolumeCreated(dgid, rid, name, length),
            ev.PlexCreated(dgid, rid + 1, f"{name}-01", rid, length),
            ev.SubdiskCreated(dgid, rid + 2, f"disk-{rid:06d}", rid + 1, 1, place * _ROOM, length),
        )

    def _grow(self, dgid: str, rid: int) -> Step:
        volume = self.state.get((dgid, rid))
        assert isinstance(volume, Volume)
        length = volume.length + 2048 * self._random.randrange(1, 64)
        if length > _ROOM:
            length = 2048
        return (
            ev.SubdiskResized(dgid, rid + 2, length),
            ev.PlexResized(dgid, rid + 1, length),
            ev.VolumeResized(dgid, rid, length),
        )

    def _remove(self, dgid: str, rid: int) -> Step:
        subdisk = self.state.get((dgid, rid + 2))
        assert isinstance(subdisk, Subdisk)
        self._free[dgid].append(subdisk.disk_offset // _ROOM)
        return (
            ev.SubdiskRemoved(dgid, rid + 2),
            ev.PlexRemoved(dgid, rid + 1),
            ev.VolumeRemoved(dgid, rid),
        )


def extend(
    store: Store, commits: int, *, seed: int = 1, groups: int = 8, volumes: int = 24
) -> None:
    """Append so many commits to the node's log; a store without logs gets both, founded."""
    if store.heads["node"].position == 0:
        _found(store)
    state = replay(store.logs["node"], store.heads["node"].position)
    running = digest.of_state(state)
    batch: list[Entry] = []
    history = LongHistory(state, seed=seed, groups=groups, volumes=volumes)
    for number, (step, changes) in zip(range(commits), history.steps(), strict=False):
        running = digest.updated(running, changes)
        batch.append(_entry("node", f"{number:026d}", step, running, START_US + 1000 * number))
        if len(batch) == _BATCH:
            store.append(batch)
            batch = []
    store.append(batch)


def _found(store: Store) -> None:
    for log, name in (("shared", "bench"), ("node", NODE)):
        if log not in store.logs or store.logs[log].lineage == bytes(16):
            store.create_log(log, name)
    first: tuple[tuple[str, ev.AnyEvent], ...] = (
        ("shared", ev.ClusterCreated(CLUSTER_ID, "bench", (NODE,))),
        ("node", ev.NodeCreated(NODE, CLUSTER_ID)),
    )
    for log, event in first:
        running = digest.updated(0, apply(State(), (event,)))
        store.append([_entry(log, f"{NODE}@{log}-1", (event,), running, START_US)])


def _entry(log: str, tx: str, step: Step, running: int, time_us: int) -> Entry:
    context = Context(
        Actor(0, "root", 4711, "vxassist"), "vxassist -g dg0001 growby vol01 1m", clock_us=time_us
    )
    draft = Draft(
        tx,
        NODE,
        encode_context(context),
        encode_events(step),
        digest.stored(running),
        time_us,
        None if log == "shared" else 1,
    )
    return Entry(log, draft, index_keys(tx, step))
