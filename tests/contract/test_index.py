"""The index finds what a scan finds, whatever part of it was written already."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from eventstore.codec import Entry, decode_events, decode_header, index_keys
from eventstore.proofs.survey import Lost, Unsealed, carry_out, survey
from eventstore.storage.index import BATCH
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store
from tests.support.stores import Engine, Maker, append_all, note


def scan(reader: LogReader) -> dict[str, list[int]]:
    """Which commits carry which key, from the commits alone."""
    found: dict[str, list[int]] = defaultdict(list)
    for commit in reader.commits():
        events = decode_events(commit.payload, commit.position)
        for key in index_keys(decode_header(commit.header).tx, events):
            found[key].append(commit.position)
    return found


def wrong(reader: LogReader, step: int = 1) -> list[str]:
    found = list(scan(reader).items())[::step]
    return [key for key, there in found if reader.positions(key) != there]


def wrong_in(store: Store, step: int = 1) -> list[str]:
    found = list(scan(store.logs["node"]).items())[::step]
    return [key for key, there in found if store.positions("node", key) != there]


def step(engine: Engine) -> int:
    """Which keys are looked at: all of a file, and each so many of what asks a server."""
    return 1 if engine.name == "sqlite" else 9


@pytest.mark.parametrize("count", [1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 7])
def test_the_index_equals_a_scan(engine: Engine, count: int) -> None:
    maker = Maker()
    with engine.serving() as store:
        for entry in maker.entries(count):
            store.append([entry])
        assert wrong_in(store) == []
        with engine.reading() as readers:
            assert wrong(readers["node"], step(engine)) == []
    with engine.reading() as readers:
        assert wrong(readers["node"], step(engine)) == []
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


def test_a_long_tail_that_was_never_indexed_is_found(engine: Engine) -> None:
    with engine.open() as store:
        append_all(store, [note(str(i)) for i in range(20 * BATCH)], piece=1000)
    with engine.raw() as connection:
        connection.execute("DELETE FROM node_index")
        connection.execute("DELETE FROM index_marks")
    with engine.reading() as readers:
        assert readers["node"].positions("tx/17") == [18]
    with engine.open() as store:
        assert wrong_in(store) == []
    with engine.reading() as readers:
        assert wrong(readers["node"], 7 * step(engine)) == []


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


DAMAGE = {
    "rows lost": "DELETE FROM node_index WHERE position % 3 = 0",
    "one row lost": "DELETE FROM node_index WHERE position = 7",
    "all rows lost": "DELETE FROM node_index",
    "keys changed": "UPDATE node_index SET key = key + 1 WHERE position % 7 = 0",
    "positions changed": "UPDATE OR REPLACE node_index SET position = position + 1",
    "positions far away": "UPDATE node_index SET position = position + 100000",
    "positions that are none": "UPDATE node_index SET position = 'x' WHERE position = 5",
    "keys that are none": "UPDATE OR REPLACE node_index SET key = 'x' WHERE position = 5",
    "two rows changed places": "UPDATE node_index SET position = CASE position WHEN 10 THEN 20 "
    "ELSE 10 END WHERE position IN (10, 20)",
    "all seals lost": "DELETE FROM index_seals",
    "some seals lost": "DELETE FROM index_seals WHERE low_key > 0",
    "seals changed": "UPDATE index_seals SET entries = entries + 1",
    "seals cut off": "UPDATE index_seals SET high_key = low_key",
    "seals that are none": "UPDATE index_seals SET high_key = 'x'",
    "rows and seals lost": "DELETE FROM node_index; DELETE FROM index_seals",
    "mark too low": "UPDATE index_marks SET indexed_to = 100",
    "mark lost": "DELETE FROM index_marks",
    "one mark changed": "UPDATE index_marks SET indexed_to = 9 WHERE log = 'node/again'",
    "all of it lost": "DELETE FROM node_index; DELETE FROM index_seals; DELETE FROM index_marks",
}


ON_SERVERS = ("one row lost", "keys changed", "some seals lost", "mark too low", "all of it lost")
"""What is looked at there too: the same code finds it all, and columns take one kind of value."""


def planted(engine: Engine, damage: str) -> None:
    with engine.raw() as database:
        database.executescript(DAMAGE[damage])


def missed(store: Store) -> list[str]:
    """The keys of which a look-up misses a commit; one too many is looked at, and no harm."""
    found = scan(store.logs["node"])
    return [k for k, there in found.items() if not {*there} <= {*store.positions("node", k)}]


def mend(store: Store) -> None:
    for finding in list(survey(store.logs["node"], whole=True)):
        if isinstance(finding, Lost | Unsealed):
            carry_out(store, finding)


@pytest.mark.parametrize(
    ("engine", "damage"),
    [("sqlite", damage) for damage in DAMAGE] + [("postgresql", damage) for damage in ON_SERVERS],
    indirect=["engine"],
)
def test_a_damaged_index_makes_no_answer_wrong_and_is_mended(engine: Engine, damage: str) -> None:
    maker = Maker()
    with engine.serving() as store:
        append_all(store, maker.entries(3 * BATCH), piece=7)
    planted(engine, damage)
    with engine.reading() as readers:
        assert wrong(readers["node"], 41 * step(engine)) == []
    with engine.serving() as store:
        assert wrong_in(store, 5) == []
        append_all(store, maker.entries(2 * BATCH), piece=7)
        assert wrong_in(store, 5) == []
        mend(store)
        assert list(store.logs["node"].index.unsealed()) == []
    with engine.serving() as store:
        assert missed(store) == []
        assert not store.logs["node"].index_failed
        assert not any(
            isinstance(f, Lost | Unsealed) for f in survey(store.logs["node"], whole=True)
        )


@pytest.mark.parametrize(
    ("engine", "damage"),
    [("sqlite", damage) for damage in DAMAGE] + [("postgresql", damage) for damage in ON_SERVERS],
    indirect=["engine"],
)
def test_an_index_that_is_damaged_while_it_is_in_use_makes_no_answer_wrong(
    engine: Engine, damage: str
) -> None:
    maker = Maker()
    with engine.serving() as store, engine.reading() as readers:
        append_all(store, maker.entries(2 * BATCH + 9), piece=7)
        assert wrong_in(store, 5) == wrong(readers["node"], 41) == []
        planted(engine, damage)
        assert wrong_in(store, 5) == wrong(readers["node"], 41) == []
        append_all(store, maker.entries(2 * BATCH), piece=7)
        assert wrong_in(store, 5) == wrong(readers["node"], 41) == []


def test_a_sound_index_is_answered_from(engine: Engine) -> None:
    with engine.serving() as store, engine.reading() as readers:
        append_all(store, Maker().entries(4 * BATCH))
        assert wrong_in(store) == wrong(readers["node"], 17) == []
        assert not store.logs["node"].index_failed
        assert not readers["node"].index_failed


def test_a_key_with_many_commits_is_looked_up_across_ranges(engine: Engine) -> None:
    same = [Entry("node", note(str(i)).item, ("hot", f"tx/{i}")) for i in range(8 * BATCH)]
    with engine.serving() as store, engine.reading() as readers:
        append_all(store, same)
        everywhere = list(range(1, 8 * BATCH + 1))
        assert store.positions("node", "hot") == everywhere
        mark = readers["node"].indexed_to()
        assert readers["node"].indexed("hot") == everywhere[:mark]
        assert not readers["node"].index_failed
