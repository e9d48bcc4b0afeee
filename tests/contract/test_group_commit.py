"""Appends from many threads: shared flushes, a bounded queue, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest

from eventstore.codec import Commit, Draft, decode_header, seal
from eventstore.errors import Conflict, Overloaded
from eventstore.storage.queue import GroupCommit
from eventstore.storage.store import Store
from tests.support.stores import Engine, again, note
from tests.support.waiting import wait_until

THREADS = 32


class Held:
    """A flush that waits until it may go on, and remembers what it was given."""

    def __init__(self, flush: Callable[[Sequence[Any]], Any]) -> None:
        self.flushed: list[int] = []
        self.entered, self.may_go_on = Event(), Event()
        self._flush = flush

    def __call__(self, items: Sequence[Any]) -> Any:
        self.flushed.append(len(items))
        self.entered.set()
        assert self.may_go_on.wait(20)
        return self._flush(items)


@contextmanager
def held(store: Store) -> Iterator[Held]:
    """Hold the store's flushes; the first one is entered by whoever appends first."""
    flush = Held(store._flush)
    store._queue._flush = flush
    try:
        yield flush
    finally:
        flush.may_go_on.set()


def waiting(store: Store) -> int:
    return len(store._queue._waiting)


def test_what_many_threads_append_is_durable_and_in_the_order_of_positions(
    engine: Engine,
) -> None:
    def work(thread: int) -> list[tuple[str, Commit]]:
        txs = [f"{thread}-{i}" for i in range(20)]
        return [(tx, store.append([note(tx)])[0]) for tx in txs]

    with engine.open() as store, ThreadPoolExecutor(THREADS) as pool:
        lists = list(pool.map(work, range(THREADS)))
    answered = {commit.position: tx for one in lists for tx, commit in one}
    assert sorted(answered) == list(range(1, THREADS * 20 + 1))
    for one in lists:
        positions = [commit.position for _tx, commit in one]
        assert positions == sorted(positions)
    with engine.reading() as readers:
        found = {c.position: decode_header(c.header).tx for c in readers["node"].commits()}
    assert found == answered


def test_what_waits_for_a_flush_shares_the_next_one(store: Store) -> None:
    with ThreadPoolExecutor(THREADS) as pool, held(store) as flush:
        first = pool.submit(store.append, [note("first")])
        assert flush.entered.wait(20)
        rest = [pool.submit(store.append, [note(str(i))]) for i in range(THREADS - 1)]
        wait_until(lambda: waiting(store) == THREADS - 1)
        flush.may_go_on.set()
        positions = [future.result(20)[0].position for future in (first, *rest)]
    assert sorted(positions) == list(range(1, THREADS + 1))
    assert flush.flushed == [1, THREADS - 1]


def test_a_conflict_harms_nobody_else_in_the_flush(store: Store) -> None:
    draft = note("stale").item
    assert isinstance(draft, Draft)
    stale = seal(store.heads["node"], draft, 1)
    with ThreadPoolExecutor(THREADS) as pool, held(store) as flush:
        futures: list[Future[list[Commit]]] = [pool.submit(store.append, [note("first")])]
        assert flush.entered.wait(20)
        for i in range(8):
            futures.append(pool.submit(store.append, [note(f"good-{i}")]))
            futures.append(pool.submit(store.append, [note(f"bad-{i}"), again(stale)]))
        wait_until(lambda: waiting(store) == 16)
        flush.may_go_on.set()
        refused = [isinstance(future.exception(20), Conflict) for future in futures]
    assert refused == [False] + [False, True] * 8
    txs = [decode_header(commit.header).tx for commit in store.logs["node"].commits()]
    assert sorted(txs) == sorted(["first"] + [f"good-{i}" for i in range(8)])


def test_the_same_commit_from_two_callers_in_one_flush_is_a_success_for_both(
    store: Store,
) -> None:
    with ThreadPoolExecutor(3) as pool, held(store) as flush:
        first = pool.submit(store.append, [note("first")])
        assert flush.entered.wait(20)
        draft = note("same").item
        assert isinstance(draft, Draft)
        flush.may_go_on.set()
        first.result(20)
        commit = seal(store.heads["node"], draft, 1)
        flush.entered.clear()
        flush.may_go_on.clear()
        futures = [pool.submit(store.append, []), None, None]
        assert flush.entered.wait(20)
        futures[1:] = [pool.submit(store.append, [again(commit)]) for _ in range(2)]
        wait_until(lambda: waiting(store) == 2)
        flush.may_go_on.set()
        assert [future.result(20) for future in futures[1:] if future] == [[commit], [commit]]
    assert store.logs["node"].last() == 2


def test_a_full_queue_makes_callers_wait_then_refuses_and_drops_nothing(engine: Engine) -> None:
    with engine.open(queue_max=2) as store, ThreadPoolExecutor(8) as pool, held(store) as flush:
        accepted = [pool.submit(store.append, [note("flushing")])]
        assert flush.entered.wait(20)
        accepted += [pool.submit(store.append, [note(f"queued-{i}")]) for i in range(2)]
        wait_until(lambda: waiting(store) == 2)
        with pytest.raises(Overloaded, match="too many"):
            store.append([note("too-many")], timeout_s=0.05)
        patient = pool.submit(store.append, [note("patient")], timeout_s=20)
        assert not patient.done()
        flush.may_go_on.set()
        accepted.append(patient)
        assert sorted(f.result(20)[0].position for f in accepted) == [1, 2, 3, 4]
        txs = {decode_header(commit.header).tx for commit in store.logs["node"].commits()}
    assert txs == {"flushing", "queued-0", "queued-1", "patient"}


def test_a_flush_that_breaks_fails_its_callers_and_nobody_waits_for_ever() -> None:
    broken = Held(lambda _items: 1 / 0)
    queue: GroupCommit[int, int] = GroupCommit(broken)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(queue.submit, 0, 20)
        assert broken.entered.wait(20)
        rest = [pool.submit(queue.submit, i, 20) for i in range(4)]
        wait_until(lambda: len(queue._waiting) == 4)
        broken.may_go_on.set()
        errors = [future.exception(20) for future in (first, *rest)]
    assert [type(error) for error in errors] == [ZeroDivisionError] * 5
