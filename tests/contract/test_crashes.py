"""What a crash may leave of a store: after each step a transaction is there, or it is not.

Of the files that SQLite writes; what a server writes is its own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from eventstore.storage import crashes
from eventstore.storage.crashes import Files, Image
from eventstore.storage.store import Store
from tests.support.stores import Maker, SqliteEngine

BEFORE, MORE = 20, 3


@pytest.fixture
def engine(tmp_path: Path) -> SqliteEngine:
    return SqliteEngine(tmp_path)


def images(engine: SqliteEngine) -> list[Image]:
    """Every crash of one append of some commits, and of the checkpoint after it."""
    maker = Maker()
    with engine.open() as store:
        store.append(maker.entries(BEFORE), new_hard_state=b"old")
        before = Files.of(engine.path)
        store.append(maker.entries(MORE), new_hard_state=b"new")
        after = Files.of(engine.path)
    closed = Files.of(engine.path).database
    return [
        *crashes.of_transaction(before, after),
        *crashes.of_checkpoint(after, closed),
    ]


def left(image: Image, directory: Path) -> tuple[int, bytes | None]:
    """Where the log ends, and what the hard state is, once a crash was recovered from."""
    directory.mkdir()
    with Store.open(image.files.to(directory / "log.db")) as store:
        return store.heads["node"].position, store.hard_state()


def test_a_transaction_is_there_whole_or_not_at_all_whatever_a_crash_leaves(
    engine: SqliteEngine, tmp_path: Path
) -> None:
    for number, image in enumerate(images(engine)):
        expected = (BEFORE + MORE, b"new") if image.done else (BEFORE, b"old")
        assert left(image, tmp_path / str(number)) == expected, image.what


def test_every_kind_of_crash_is_among_them(engine: SqliteEngine) -> None:
    said = " ".join(image.what for image in images(engine))
    kinds = ("before write", "torn", "missing", "after the last write", "page", "checkpoint")
    assert [kind for kind in kinds if kind not in said] == []


def test_writes_in_a_wal_that_begins_anew_are_found_at_its_beginning() -> None:
    old = bytes(range(1, 33)) + b"o" * 4120 * 2
    header = bytes([9]) * 8 + (4096).to_bytes(4) + bytes(20)
    new = header + b"n" * 4120 + old[32 + 4120 :]
    found = list(crashes.of_transaction(Files(b"", old), Files(b"", new)))
    assert [image.what for image in found if image.what.startswith("before")] == [
        "before write 1 of 3",
        "before write 2 of 3",
        "before write 3 of 3",
    ]
    assert [image.done for image in found] == [False] * (len(found) - 1) + [True]


@pytest.mark.parametrize("lost", [1, 4096])
def test_a_planted_loss_behind_a_flush_would_be_noticed(
    engine: SqliteEngine, tmp_path: Path, lost: int
) -> None:
    *_rest, last = (image for image in images(engine) if "checkpoint" not in image.what)
    assert last.done
    cut = last._replace(files=last.files._replace(wal=last.files.wal[:-lost]))
    assert left(cut, tmp_path / "cut") == (BEFORE, b"old")
