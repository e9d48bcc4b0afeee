"""The index finds what a scan finds, whatever part of it was written already."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from eventstore.codec import decode_events, decode_header, index_keys
from eventstore.storage.index import BATCH
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store
from eventstore.survey import Lost, carry_out, survey
from tests.support.stores import Engine, Maker, SqliteEngine, append_all, note, raw


def scan(reader: LogReader) -> dict[str, list[int]]:
    """Which commits carry which key, from the commits alone."""
    found: dict[str, list[int]] = defaultdict(list)
    for commit in reader.commits():
        events = decode_events(commit.payload, commit.position)
        for key in index_keys(decode_header(commit.header).tx, events):
            found[key].append(commit.position)
    return found


def wrong(reader: LogReader) -> list[str]:
    return [key for key, there in scan(reader).items() if reader.positions(key) != there]


def wrong_in(store: Store) -> list[str]:
    found = scan(store.logs["node"])
    return [key for key, there in found.items() if store.positions("node", key) != there]


@pytest.mark.parametrize("count", [1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 7])
def test_the_index_equals_a_scan(engine: Engine, count: int) -> None:
    maker = Maker()
    with engine.serving() as store:
        for entry in maker.entries(count):
            store.append([entry])
        assert wrong_in(store) == []
        with engine.reading() as readers:
            assert wrong(readers["node"]) == []
    with engine.reading() as readers:
        assert wrong(readers["node"]) == []
        assert readers["node"].positions("tx/never") == []


def test_the_index_equals_a_scan_after_an_end_without_a_word(
    engine: Engine, tmp_path: Path
) -> None:
    maker = Maker()
    with engine.serving() as store:
        append_all(store, maker.entries(2 * BATCH + 7), piece=3)
        with engine.reading() as readers:
            assert 0 < len(list(readers["node"].unindexed())) <= BATCH + 3
        left = engine.copy(tmp_path / "left")
    with left.open() as store:
        assert wrong_in(store) == []
        append_all(store, maker.entries(1))
        assert wrong_in(store) == []


def test_a_long_tail_that_was_never_indexed_is_found(engine: SqliteEngine) -> None:
    with engine.open() as store:
        append_all(store, [note(str(i)) for i in range(20 * BATCH)], piece=1000)
    with raw(engine.path) as connection:
        connection.execute("DELETE FROM node_index")
        connection.execute("DELETE FROM index_marks")
    with engine.reading() as readers:
        assert readers["node"].positions("tx/17") == [18]
    with engine.open() as store:
        assert wrong_in(store) == []
    with engine.reading() as readers:
        assert wrong(readers["node"]) == []


@pytest.mark.parametrize(
    "tx", ["0" * 26, "Z" * 26, "01KAPNE5M0" + "X" * 16, "\u00e9" * 26, "\U0001f40d" * 26, "", "#"]
)
def test_a_transaction_of_any_name_is_found(engine: Engine, tx: str) -> None:
    with engine.open() as store:
        append_all(store, [note(tx), *(note(str(i)) for i in range(BATCH + 1))])
        assert store.positions("node", f"tx/{tx}") == [1]
    with engine.reading() as readers:
        assert readers["node"].positions(f"tx/{tx}") == [1]


def test_a_lookup_misses_nothing_while_the_writer_writes_the_index(engine: Engine) -> None:
    with engine.serving() as store, engine.reading() as readers:
        append_all(store, [note(str(i)) for i in range(BATCH)])
        reader = readers["node"]
        look_up = reader.indexed

        def indexed(key: str) -> list[int]:
            found = look_up(key)
            append_all(store, [note(f"more-{i}") for i in range(BATCH + 1)])
            return found

        reader.indexed = indexed  # type: ignore[method-assign]
        assert reader.positions("tx/7") == [8]


def test_a_survey_finds_the_rows_that_the_index_lost_and_they_are_put_back(
    engine: SqliteEngine,
) -> None:
    maker = Maker()
    with engine.serving() as store:
        append_all(store, maker.entries(2 * BATCH))
    with raw(engine.path) as database:
        database.execute("DELETE FROM node_index WHERE position % 3 = 0")
    with engine.serving() as store:
        assert wrong_in(store) != []
        found = list(survey(store.logs["node"], whole=True))
        for finding in found:
            if isinstance(finding, Lost):
                carry_out(store, finding)
        assert wrong_in(store) == []
        assert not any(isinstance(f, Lost) for f in survey(store.logs["node"], whole=True))
