"""Durable appends: one caller against the bare driver, and many callers against one."""

from __future__ import annotations

import sqlite3
from itertools import count
from pathlib import Path
from threading import Barrier, Thread
from time import perf_counter

from eventstore.storage.store import Store
from tests.bench.ground import WARM, RawTable, Scale, entry, open_raw, open_store
from tests.bench.measure import Goal, Row, Turns, percentile, rate

COMMITS = 400
CALLERS = 32
SHARED_COMMITS = 4000


class Appender:
    """Callers of one store; the numbers of their commits never come again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._numbers = count(WARM + 1)
        self.waits_s: list[float] = []

    def one(self, commits: int) -> float:
        """Append one commit a call, and return the calls in a second."""
        append, numbers = self._store.append, self._numbers

        def work() -> None:
            for _ in range(commits):
                append([entry(next(numbers))])

        return rate(commits, work)

    def one_p50_us(self, commits: int) -> float:
        """Append one commit a call, and return the median time of a call."""
        return 1e6 * percentile(self._calls(commits), 0.5)

    def many(self, commits: int, callers: int = CALLERS) -> float:
        """Append one commit a call from many threads, and return the calls in a second."""
        barrier = Barrier(callers + 1)
        waits: list[list[float]] = []

        def work() -> None:
            barrier.wait()
            waits.append(self._calls(commits // callers))

        threads = [Thread(target=work) for _ in range(callers)]
        for thread in threads:
            thread.start()
        barrier.wait()
        begin = perf_counter()
        for thread in threads:
            thread.join()
        elapsed = perf_counter() - begin
        self.waits_s += [wait for each in waits for wait in each]
        return commits // callers * callers / elapsed

    def _calls(self, commits: int) -> list[float]:
        append, numbers = self._store.append, self._numbers
        waits: list[float] = []
        for _ in range(commits):
            begin = perf_counter()
            append([entry(next(numbers))])
            waits.append(perf_counter() - begin)
        return waits


def against_the_driver(directory: Path, scale: Scale) -> list[Row]:
    """Compare the store's door with bare BEGIN, INSERT, COMMIT of the same rows."""
    commits = scale.count(COMMITS)
    with (
        open_store(directory / "one.db") as store,
        open_raw(directory / "raw.db") as raw,
        open_raw(directory / "system.db", system=True) as system,
    ):
        appender = Appender(store)

        def bare(table: RawTable) -> float:
            rows = table.rows(commits)
            return rate(commits, lambda: table.write(rows))

        turns = Turns(
            store=lambda: appender.one(commits),
            raw=lambda: bare(raw),
            system=lambda: bare(system),
        )
        turns.run(scale.rounds)
    row = turns.row(
        "durable append, one commit a call",
        "store",
        "raw",
        unit="commits/s",
        goal=Goal(0.8),
        base_is="the driver alone: same table, pragmas and bytes, rows made beforehand",
    )
    return [
        row,
        turns.row(
            "  the driver alone",
            "raw",
            "system",
            unit="commits/s",
            base_is=f"SQLite {sqlite3.sqlite_version} of Python's own sqlite3",
        ),
    ]


def from_many_callers(directory: Path, scale: Scale) -> list[Row]:
    """Compare many threads on one store with one thread."""
    one, shared = scale.count(COMMITS), max(CALLERS, scale.count(SHARED_COMMITS))
    with open_store(directory / "many.db") as store:
        appender = Appender(store)
        turns = Turns(many=lambda: appender.many(shared), one=lambda: appender.one(one))
        turns.run(scale.rounds)
    waits = {
        f"p{share}_us": round(1e6 * percentile(appender.waits_s, share / 100))
        for share in (50, 90, 99)
    }
    return [
        turns.row(
            f"durable append, {CALLERS} callers",
            "many",
            "one",
            unit="commits/s",
            goal=Goal(5),
            base_is="one caller on the same store",
            details=waits,
        ),
        Row(f"  a call among {CALLERS}, p50", waits["p50_us"], "us", details=waits),
    ]
