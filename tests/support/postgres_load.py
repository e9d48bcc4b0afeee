"""Stores on PostgreSQL servers that tests break."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

from eventstore.codec import Commit
from eventstore.storage.location import location_of
from eventstore.storage.store import Store
from tests.support.postgres_server import DEADLINE_S
from tests.support.stores import NODE, note
from tests.support.waiting import wait_until

LOADED = "load-"
"""How the requests of a load begin."""


def opened(url: str, *, alone: bool = True) -> Store:
    """Open a store to be written; the first time, make it with both logs.

    It waits for its server as long as a test does: what starts one shares the machine with others.
    """
    store = Store.open(location_of(url), alone=alone)
    waits: Any = store.engine
    waits.patience_s = waits._reading._patience_s = DEADLINE_S
    try:
        if store.logs["shared"].lineage == bytes(16):
            store.create_log("shared", "lab")
            store.create_log("node", NODE)
    except BaseException:
        store.close()
        raise
    return store


class Load:
    """Threads that append until they are told to stop, and what was acknowledged to them."""

    def __init__(self, store: Store, threads: int) -> None:
        self._store = store
        self._enough = Event()
        self.acknowledged: list[Commit] = []
        self._pool = ThreadPoolExecutor(threads)
        self._work = [self._pool.submit(self._append, i) for i in range(threads)]

    def _append(self, thread: int) -> None:
        made = 0
        while not self._enough.is_set():
            made += 1
            self.acknowledged += self._store.append([note(f"{LOADED}{thread}-{made}")])

    def more(self, count: int = 100) -> None:
        """Wait until so many more were acknowledged, by anybody."""
        goal = len(self.acknowledged) + count
        wait_until(lambda: len(self.acknowledged) >= goal or self.failed)

    @property
    def failed(self) -> list[Future[None]]:
        return [one for one in self._work if one.done() and one.exception() is not None]

    def stop(self) -> list[Commit]:
        """End it; return what was acknowledged, or raise what a thread ended with."""
        self._enough.set()
        self._pool.shutdown()
        for one in self._work:
            one.result()
        return sorted(self.acknowledged)


@contextmanager
def load_on(store: Store, threads: int = 4) -> Iterator[Load]:
    """Threads that append meanwhile."""
    load = Load(store, threads)
    try:
        yield load
    finally:
        load._enough.set()
        load._pool.shutdown()
