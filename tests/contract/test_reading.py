"""Readers beside a writer, and on a store that nobody has open."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from eventstore.errors import NotFound, Unavailable
from eventstore.storage.offline import LOCK
from tests.support.stores import Engine, Maker, SqliteEngine, append_all, note, stored


def files(directory: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in directory.iterdir()
        if not path.name.endswith("-shm")
    }


@pytest.fixture
def home(tmp_path: Path) -> SqliteEngine:
    return SqliteEngine(tmp_path / "home")


def test_a_reader_sees_whole_transactions_while_the_writer_appends(engine: Engine) -> None:
    stop = Event()

    def write() -> None:
        i = 0
        while not stop.is_set():
            i += 1
            store.append([note(f"{i}-{k}") for k in range(3)])

    with engine.serving() as store, engine.reading() as readers, ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        reader, seen = readers["node"], 0
        while seen < 300:
            last = reader.last()
            assert last >= seen
            assert last % 3 == 0
            assert [commit.position for commit in reader.commits(seen + 1, last)] == list(
                range(seen + 1, last + 1)
            )
            seen = last
        stop.set()
        writing.result(20)


def test_a_reader_beside_a_daemon_sees_what_the_daemon_appended(home: SqliteEngine) -> None:
    with home.serving() as store:
        store.append(Maker().entries(3))
        with home.reading() as readers:
            assert readers["node"].last() == 3
            store.append([note("more")])
            assert readers["node"].last() == 4


def test_a_reader_beside_a_daemon_changes_no_file(home: SqliteEngine) -> None:
    with home.serving() as store:
        append_all(store, Maker().entries(700), piece=7)
        before = files(home.path.parent)
        assert len(before["log.db-wal"]) > 0
        with home.reading() as readers:
            stored(readers)
            readers["node"].positions("tx/tx-5")
        assert files(home.path.parent) == before
        assert store.append([note("more")])[0].position == 701


@pytest.mark.parametrize("in_a_home", [False, True])
def test_a_dead_store_is_read_with_its_wal_and_left_as_it_is(
    home: SqliteEngine,
    tmp_path: Path,
    in_a_home: bool,
) -> None:
    with home.open() as store:
        commits = append_all(store, Maker().entries(50))
        dead = home.copy(tmp_path / "dead")
    if in_a_home:
        dead.path.with_name(LOCK).touch()
    before = files(dead.path.parent)
    assert len(before["log.db-wal"]) > 0
    with dead.reading() as readers:
        assert tuple(readers["node"].commits()) == tuple(commits)
    assert files(dead.path.parent) == before


@pytest.mark.parametrize("in_a_home", [False, True])
def test_a_store_that_was_closed_has_no_wal_and_is_left_as_it_is(
    home: SqliteEngine, in_a_home: bool
) -> None:
    with home.open() as store:
        commits = append_all(store, Maker().entries(50))
    if in_a_home:
        home.path.with_name(LOCK).touch()
    before = files(home.path.parent)
    assert "log.db-wal" not in before
    with home.reading() as readers:
        assert tuple(readers["node"].commits()) == tuple(commits)
    assert files(home.path.parent) == before


def test_a_store_that_nobody_may_write_is_read(home: SqliteEngine) -> None:
    with home.open() as store:
        store.append(Maker().entries(3))
    home.path.chmod(0o400)
    home.path.parent.chmod(0o500)
    with home.reading() as readers:
        assert readers["node"].last() == 3
    home.path.parent.chmod(0o700)


def test_a_daemon_may_start_while_a_dead_home_is_read(home: SqliteEngine) -> None:
    with home.open() as store:
        store.append(Maker().entries(3))
    home.path.with_name(LOCK).touch()
    with home.reading() as readers, home.serving() as store:
        store.append([note("more")])
        assert readers["node"].last() == 3
        with home.reading() as later:
            assert later["node"].last() == 4


def test_a_log_that_is_not_there_is_not_found(home: SqliteEngine) -> None:
    with pytest.raises(NotFound, match="no such log"), home.reading():
        pass


def test_no_room_for_a_private_copy_is_an_error_of_ours(
    home: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with home.open() as store:
        store.append(Maker().entries(3))
    home.path.with_name(LOCK).touch()
    monkeypatch.setattr("tempfile.tempdir", "/proc/self")
    with pytest.raises(Unavailable, match="cannot be read"), home.reading():
        pass
    with home.serving(), home.reading() as readers:
        assert readers["node"].last() == 3
