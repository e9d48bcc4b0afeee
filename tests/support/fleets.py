"""Clusters for an archive: homes whose shared log is one and the same, over some months."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import count, islice
from pathlib import Path

from eventstore.codec import (
    Actor,
    Commit,
    Context,
    Draft,
    Entry,
    encode_context,
    encode_events,
    index_keys,
)
from eventstore.keeping.shipping import Reached, Shipper
from eventstore.model import digest, events as ev
from eventstore.model.evolve import apply
from eventstore.model.state import State
from eventstore.past.replay import replay
from eventstore.source import Source, open_log
from eventstore.storage.store import Store

BEGIN_US = 1_790_000_000_000_000
"""2026-09-21; what follows is in the months from then on."""
DAY_US = 86_400_000_000
DGID = "1790000000.1.a"
Step = tuple[ev.AnyEvent, ...]


def cluster_id(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:32]


class Home:
    """A node's home without a daemon; its logs grow by a commit a day, or as often as is said."""

    def __init__(self, directory: Path, cluster: str, node: str, nodes: tuple[str, ...]) -> None:
        self.path = directory
        self.cluster, self.node, self.nodes = cluster, node, nodes
        directory.mkdir(parents=True)
        lineage = sha256(cluster_id(cluster).encode()).digest()[:16]
        with Store.open(directory / "log.db") as store:
            store.create_log("shared", cluster, lineage)
            store.create_log("node", node)

    def grows(self, shared: int, own: int, *, every_us: int = DAY_US) -> None:
        """Append so many commits; the shared ones are the same on all nodes of a cluster."""
        with Store.open(self.path / "log.db") as store:
            for log, many, steps in (
                ("shared", shared, shared_steps(self.cluster, self.nodes)),
                ("node", own, own_steps(self.node, self.cluster)),
            ):
                done = store.heads[log].position
                state = replay(store.logs[log], done)
                whose = self.nodes[0] if log == "shared" else self.node
                left = islice(steps, done, None)
                if entries := entries_of(log, whose, left, state, many, every_us, done):
                    store.append(entries)

    def appends(self, log: str, *step: ev.AnyEvent, day: int = 300) -> Commit:
        """Append a commit of some events."""
        with Store.open(self.path / "log.db") as store:
            done = store.heads[log].position
            state = replay(store.logs[log], done)
            running = digest.updated(digest.of_state(state), apply(state, step))
            entry = _entry(log, self.node, done + 1, step, running, BEGIN_US + day * DAY_US)
            return store.append([entry])[0]

    def commits(self, log: str) -> list[Commit]:
        with open_log(str(self.path)) as source:
            return list(source.readers[log].commits())


def shared_steps(cluster: str, nodes: tuple[str, ...]) -> Iterator[Step]:
    yield (ev.ClusterCreated(cluster_id(cluster), cluster, nodes),)
    yield (ev.DiskGroupCreated(DGID, f"{cluster}dg", 1000),)
    for rid in count(1):
        yield (ev.VolumeCreated(DGID, rid, f"vol{rid:02d}", 2048),)
        yield (ev.VolumeResized(DGID, rid, 4096),)
        if rid % 3 == 0:
            yield (ev.VolumeRemoved(DGID, rid),)


def own_steps(node: str, cluster: str) -> Iterator[Step]:
    yield (ev.NodeCreated(node, cluster_id(cluster)),)
    for rid in count(1):
        notice = ev.Notice("add", seqnum=rid)
        yield (ev.DeviceAdded(rid, f"{node}disk{rid}", f"id{rid}", 2048, notice),)


def entries_of(
    log: str,
    node: str,
    steps: Iterator[Step],
    state: State,
    many: int,
    every_us: int,
    done: int = 0,
) -> list[Entry]:
    """Return the entries of steps that follow a state, one so often."""
    running, entries = digest.of_state(state), list[Entry]()
    for number, step in enumerate(islice(steps, many), done + 1):
        running = digest.updated(running, apply(state, step))
        time_us = BEGIN_US + number * every_us
        entries.append(_entry(log, node, number, step, running, time_us))
    return entries


def _entry(log: str, node: str, number: int, step: Step, running: int, time_us: int) -> Entry:
    context = Context(Actor(0, "root", 1, "vx"), f"command {number}", clock_us=time_us)
    tx = f"{log}-{number}"
    draft = Draft(
        tx,
        node,
        encode_context(context),
        encode_events(step),
        digest.stored(running),
        time_us,
        None if log == "shared" else 1,
        term=1,
    )
    return Entry(log, draft, index_keys(tx, step))


def a_cluster(where: Path, name: str, *nodes: str) -> dict[str, Home]:
    return {node: Home(where / name / node, name, node, nodes) for node in nodes}


def shipped(url: str, home: Home) -> list[Reached]:
    """Ship what there is to ship; return what was said last of each log."""
    shipper = Shipper(url)
    try:
        with open_log(str(home.path)) as source:
            return said_last(shipper, source)
    finally:
        shipper.close()


def said_last(shipper: Shipper, source: Source) -> list[Reached]:
    return list({reached.log: reached for reached in shipper.round(source)}.values())


def archived(url: str, log: str) -> list[Commit]:
    """What the archive has of a log; `url` names the node, if it is not the only one."""
    with open_log(url if "#" in url else f"{url}#") as source:
        return list(source.readers[log].commits())


def without_time_applied(commits: list[Commit]) -> list[Commit]:
    """Of shared commits: nodes have all alike but when they applied them."""
    return [commit._replace(applied_us=0) for commit in commits]
