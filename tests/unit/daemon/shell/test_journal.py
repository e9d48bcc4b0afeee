"""What is decided already costs no transaction of its own, and nobody misses it (D6)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from daemon.core.messages import Frame, Piece
from daemon.core.ready import HardState, Load, Ready
from daemon.shell import pieces
from daemon.shell.journal import HELD_MAX, Journal
from eventstore.codec import Entry
from eventstore.errors import AppendFailed
from eventstore.storage.store import Store
from tests.support.stores import SqliteEngine, note

_numbers = count(1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with SqliteEngine(tmp_path).open() as opened:
        yield opened


def entry(log: str = "shared") -> Entry:
    return note(f"r{next(_numbers)}")._replace(log=log)


def decided(hard_state: HardState | None = None) -> Ready:
    return Ready(append=(entry(),), hard_state=hard_state, lazy=True)


def in_a_loop(store: Store, story: Callable[[Journal], None]) -> None:
    async def main() -> None:
        journal = Journal(store, lambda: None)
        story(journal)
        journal.close()

    asyncio.run(main())


def test_what_is_decided_is_written_with_the_next_flush(store: Store) -> None:
    def story(journal: Journal) -> None:
        assert journal.persist([decided(HardState(term=7))])
        assert store.logs["shared"].last() == 0
        journal.persist([Ready(append=(entry("node"),))])
        assert [store.logs[log].last() for log in ("shared", "node")] == [1, 1]
        assert store.hard_state() is not None

    in_a_loop(store, story)


def test_who_reads_the_store_has_what_was_held_written_before(store: Store) -> None:
    def story(journal: Journal) -> None:
        journal.persist([decided()])
        journal.write_held()
        assert store.logs["shared"].last() == 1

    in_a_loop(store, story)


def test_what_is_loaded_and_looked_up_misses_nothing_that_was_held(store: Store) -> None:
    load = Load("node2", Piece(1, 0, 0, ()), after=0, through=2)

    def story(journal: Journal) -> None:
        journal.persist([decided(), Ready(append=(entry(),), lazy=True, loads=(load,))])
        message = pieces.loaded(store, load)
        assert isinstance(message, Piece)
        assert [commit.position for commit in message.commits] == [1, 2]
        journal.persist([decided(), Ready(lookups=(3,))])
        found = journal.hash_at(3)
        assert found is not None
        assert found.hash == store.heads["shared"].hash
        assert journal.hash_at(4) is None

    in_a_loop(store, story)


def test_what_was_held_goes_before_what_is_stored_without_being_applied(store: Store) -> None:
    frame = Frame(1, position=9, number=0, row=b"", slices=(b"",), last=False)

    def story(journal: Journal) -> None:
        assert journal.persist([decided(), Ready(frame=frame)])
        assert store.logs["shared"].last() == 1

    in_a_loop(store, story)


def test_what_is_held_is_bounded_and_written_at_the_end(store: Store) -> None:
    def story(journal: Journal) -> None:
        for _ in range(HELD_MAX + 2):
            journal.persist([decided()])
        assert store.logs["shared"].last() == HELD_MAX + 1

    in_a_loop(store, story)
    assert store.logs["shared"].last() == HELD_MAX + 2


def test_what_is_held_is_written_when_nothing_else_comes(store: Store) -> None:
    async def main() -> None:
        due = asyncio.Event()
        journal = Journal(store, due.set)
        journal.persist([decided()])
        await due.wait()
        journal.close()

    asyncio.run(main())
    assert store.logs["shared"].last() == 1


def test_a_disk_that_refuses_what_was_held_is_told(store: Store) -> None:
    def story(journal: Journal) -> None:
        journal.persist([decided()])
        store._failed = AppendFailed("V-5-1-12204", "the log could not be written")
        with pytest.raises(AppendFailed):
            journal.write_held()

    in_a_loop(store, story)
