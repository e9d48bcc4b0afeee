"""Replay: against the least that reading and decoding cost, and with the checks of `verify`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from daemon.shell.recovery import recover
from eventstore.codec import decode_stored
from eventstore.model.events import AnyEvent, OfGroup, OfNode
from eventstore.model.evolve import HANDLERS
from eventstore.model.state import State
from eventstore.past.replay import Replayer, replay
from eventstore.proofs.checks import ChainCheck, ReplayCheck
from eventstore.proofs.verify import verify
from eventstore.storage.offline import read_store
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store
from tests.bench import story
from tests.bench.ground import LOG, Scale
from tests.bench.measure import Goal, Row, Turns, percentile, rate

COMMITS = 50_000


def make_log(directory: Path, scale: Scale) -> Path:
    """Write the log that is replayed, closed and folded into one file."""
    path = directory / "story.db"
    if not path.exists():
        with Store.open(path) as store:
            store.create_log("shared", "bench")
            store.create_log(LOG, "node1")
            story.write(store, scale.count(COMMITS))
    return path


def plain(directory: Path, scale: Scale) -> list[Row]:
    """Compare replay with reading, decoding, and doing next to nothing with what was decoded."""
    with read_store(make_log(directory, scale)) as logs:
        reader = logs[LOG]
        last = reader.last()
        events = sum(len(decode_stored(payload)) for _, payload in reader.payloads())
        turns = Turns(
            replay=lambda: rate(events, lambda: replay(reader, last)),
            bound=lambda: rate(events, lambda: _bound(reader)),
        )
        turns.run(scale.rounds)
        details = {"commits": last, "events": events, "records": len(_records(reader, last))}
        return [
            turns.row(
                "replay",
                "replay",
                "bound",
                unit="events/s",
                goal=Goal(0.5),
                base_is="select, the same typed decode, dispatch by type, one entry in a dict",
                details=details,
            ),
            *_moments(reader, last, scale),
            *_sizes(reader),
        ]


def _bound(reader: LogReader) -> dict[Any, AnyEvent]:
    """Do the least that any replay in this language does."""
    kept: dict[Any, AnyEvent] = {}
    execute = reader._driver.execute
    handlers = _KEEP
    for (payload,) in execute(f"SELECT payload FROM {LOG}_commits ORDER BY position"):
        for event in decode_stored(payload):
            handlers[type(event)](kept, event)
    return kept


def _of_group(kept: dict[Any, AnyEvent], event: Any) -> None:
    kept[event.dgid, event.rid] = event


def _of_node(kept: dict[Any, AnyEvent], event: Any) -> None:
    kept[event.rid] = event


def _other(kept: dict[Any, AnyEvent], event: Any) -> None:
    kept[type(event)] = event


def _keeper(kind: type) -> Callable[[dict[Any, AnyEvent], Any], None]:
    return (
        _of_group
        if issubclass(kind, OfGroup)
        else _of_node
        if issubclass(kind, OfNode)
        else _other
    )


_KEEP = {kind: _keeper(kind) for kind in HANDLERS}


def _records(reader: LogReader, position: int) -> list[object]:
    return list(replay(reader, position).records())


def _moments(reader: LogReader, last: int, scale: Scale) -> list[Row]:
    """Measure the state at random positions, each from the beginning."""
    random = Random(5)
    waits_ms = []
    for _ in range(scale.count(20)):
        begin = perf_counter()
        Replayer(reader).state_at(random.randrange(1, last + 1))
        waits_ms.append(1e3 * (perf_counter() - begin))
    details = {"max_ms": max(waits_ms), "commits": last}
    return [
        Row("  state at a random position, p50", percentile(waits_ms, 0.5), "ms", details=details)
    ]


def _sizes(reader: LogReader) -> list[Row]:
    """Measure what a commit takes in the file, index included, against its payload."""
    execute = reader._driver.execute
    (pages,) = execute("PRAGMA page_count").fetchone()
    (page,) = execute("PRAGMA page_size").fetchone()
    count, payload, context, header = execute(
        f"SELECT count(*), sum(length(payload)), sum(length(context)), sum(length(header)) "
        f"FROM {LOG}_commits"
    ).fetchone()
    stored = pages * page / count
    parts = {
        "payload": payload / count,
        "context": context / count,
        "header": header / count,
        "index_and_the_rest": stored - (payload + context + header) / count,
    }
    return [
        Row(
            "  a commit in the file",
            stored,
            "bytes",
            base=payload / count,
            base_is="its payload",
            ratio=stored * count / payload,
            details=parts,
        )
    ]


def checked(directory: Path, scale: Scale) -> list[Row]:
    """Compare replay that checks the chain, and the digests too, with plain replay."""
    with read_store(make_log(directory, scale)) as logs:
        reader = logs[LOG]
        last = reader.last()

        def whole(*, with_replay: bool) -> float:
            return rate(last, lambda: _verified(reader, with_replay=with_replay))

        turns = Turns(
            plain=lambda: rate(last, lambda: replay(reader, last)),
            chain=lambda: rate(last, lambda: _with_chain(reader)),
            digests=lambda: rate(last, lambda: _with_digests(reader)),
            both=lambda: whole(with_replay=True),
            only=lambda: whole(with_replay=False),
        )
        turns.run(scale.rounds)

    def row(name: str, ours: str, goal: Goal | None = None) -> Row:
        base = "" if goal is None else "plain replay of the same log"
        return turns.row(name, ours, "plain", unit="commits/s", goal=goal, base_is=base)

    return [
        row("replay with chain", "chain", Goal(0.6)),
        row("replay with digests", "digests", Goal(0.3)),
        row("verify --replay, all of it", "both", Goal(0.3)),
        row("  verify without replay", "only"),
    ]


def _verified(reader: LogReader, *, with_replay: bool) -> None:
    assert verify(reader, with_replay=with_replay).ok


def _with_chain(reader: LogReader) -> State:
    """Replay, and check every commit against the one before it."""
    state, check, handlers = State(), ChainCheck(reader.lineage), HANDLERS
    for page in reader.pages():
        assert check.page(page) is None
        for payload in page.payloads:
            for event in decode_stored(payload):
                handlers[type(event)](state, event)
    return state


def _with_digests(reader: LogReader) -> None:
    """Replay, and compare the digest after every commit with the recorded one."""
    check = ReplayCheck(reader.name)
    for page in reader.pages():
        assert check.page(page) is None


def opening(directory: Path, scale: Scale) -> list[Row]:
    """Measure what a daemon does before it serves: open, replay, compare with the digest."""
    path = make_log(directory, scale)
    waits_s = []
    commits = 0
    for _ in range(min(3, scale.rounds)):
        begin = perf_counter()
        store, node = recover(path)
        waits_s.append(perf_counter() - begin)
        commits = node.own.head.position
        store.close()
    per = percentile(waits_s, 0.5) * 100_000 / commits
    return [Row("  open and replay, for 100,000 commits", per, "s", details={"commits": commits})]
