"""What is told to those whose flush failed: what the log says, once it is certain (G5)."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.core.ready import Answer
from daemon.shell.driver import Unsettled
from daemon.shell.settle import settle
from eventstore.errors import AppendFailed
from eventstore.storage.offline import LOCK
from eventstore.storage.store import Store
from tests.support.stores import SqliteEngine, note

ERROR = AppendFailed("V-5-1-12204", "the log could not be written", cause="no room")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The store of a home whose daemon runs; it holds the request `there`."""
    engine = SqliteEngine(tmp_path)
    with (tmp_path / LOCK).open("a") as lock, engine.open() as opened:
        fcntl.flock(lock, fcntl.LOCK_EX)
        opened.append([note("first", "shared"), note("first"), note("there")])
        yield opened


def unsettled(*requests: str) -> list[Unsettled]:
    def reply(answer: Answer) -> None:
        raise AssertionError(answer)

    return [Unsettled(request, reply) for request in requests]


def test_what_the_log_has_is_done_once_it_was_opened_again(store: Store) -> None:
    settled, left = settle(store.path.parent, unsettled("there"), ERROR, trusted=True)
    assert left == []
    assert settled[0][1]["ok"] is True
    assert settled[0][1]["data"]["position"] == 2


def test_what_the_log_has_is_not_told_before(store: Store) -> None:
    settled, left = settle(store.path.parent, unsettled("there"), ERROR, trusted=False)
    assert (settled, [one.request for one in left]) == ([], ["there"])


@pytest.mark.parametrize("trusted", [False, True])
def test_what_the_log_does_not_have_has_failed(store: Store, trusted: bool) -> None:
    settled, left = settle(store.path.parent, unsettled("other"), ERROR, trusted=trusted)
    assert left == []
    assert settled[0][1] == {"ok": False, "error": ERROR.to_map()}


def test_what_is_in_the_wal_only_has_not_failed_yet(store: Store) -> None:
    # As a failed flush leaves them there, and SQLite shows them to no reader.
    with store.path.with_name("log.db-wal").open("ab") as wal:
        wal.write(b"bytes of lost-1 that nobody can read")
    settled, left = settle(store.path.parent, unsettled("lost-1", "lost-2"), ERROR, trusted=False)
    assert [one.request for one in left] == ["lost-1"]
    assert [waiting.request for waiting, _answer in settled] == ["lost-2"]


def test_nothing_is_told_while_the_log_cannot_be_read(tmp_path: Path) -> None:
    waiting = unsettled("a", "b")
    assert settle(tmp_path, waiting, ERROR, trusted=False) == ([], waiting)
