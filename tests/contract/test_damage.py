"""Stored bytes that are not what was written: told, with the first position that does not hold.

What no check can tell: commits that are gone from the end of a log before they were indexed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from eventstore.errors import Damaged, StoreError
from eventstore.past.moments import position_of_tx
from eventstore.proofs.verify import Verdict, verify
from eventstore.storage.store import Store
from tests.support.stores import Maker, SqliteEngine, Stored, append_all, raw, stored

COMMITS = 40
BLOBS = ("header", "context", "payload", "hash", "digest")
NUMBERS = ("term", "applied_us", "side_check", "position")
LOGS = ("shared", "node")


@cache
def original() -> tuple[bytes, dict[str, Stored]]:
    """The bytes of a store that was closed well, and what is in it."""
    with TemporaryDirectory() as directory:
        engine = SqliteEngine(Path(directory))
        with engine.open() as store:
            for log in LOGS:
                append_all(store, Maker(log).entries(COMMITS if log == "node" else 1))
        with engine.reading() as readers:
            return engine.path.read_bytes(), stored(readers)


def damaged(change: Callable[[Path], None], examine: Callable[[Path], Any]) -> Any:
    """Change a copy of the store, and return what an examination finds."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "log.db"
        path.write_bytes(original()[0])
        change(path)
        return examine(path)


def verdict(path: Path, log: str, *, with_replay: bool) -> Verdict:
    engine = SqliteEngine(path.parent)
    with engine.reading() as readers:
        return verify(readers[log], with_replay=with_replay)


def set_column(log: str, position: int, column: str, value: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with raw(path) as connection:
            connection.execute(
                f"UPDATE {log}_commits SET {column} = ? WHERE position = ?", (value, position)
            )

    return change


def column(path: Path, log: str, position: int, name: str) -> Any:
    with raw(path) as connection:
        query = f"SELECT {name} FROM {log}_commits WHERE position = ?"
        return connection.execute(query, (position,)).fetchone()[0]


@pytest.mark.parametrize("log", LOGS)
def test_a_store_that_was_not_changed_holds(log: str) -> None:
    found = damaged(lambda _path: None, lambda path: verdict(path, log, with_replay=True))
    assert found.ok
    assert found.commits == len(original()[1][log].commits)


@given(
    position=st.integers(1, COMMITS),
    name=st.sampled_from(BLOBS),
    place=st.integers(0),
    with_replay=st.booleans(),
)
def test_one_bit_in_any_stored_column_is_found_at_its_commit(
    position: int, name: str, place: int, with_replay: bool
) -> None:
    def change(path: Path) -> None:
        value = bytearray(column(path, "node", position, name))
        bit = place % (len(value) * 8)
        value[bit // 8] ^= 1 << bit % 8
        set_column("node", position, name, bytes(value))(path)

    found = damaged(change, lambda path: verdict(path, "node", with_replay=with_replay))
    assert (found.first_bad, found.commits) == (position, position - 1)
    assert found.problem


@given(position=st.integers(1, COMMITS), name=st.sampled_from(NUMBERS), bit=st.integers(0, 62))
def test_one_bit_in_any_stored_number_is_found_at_its_commit(
    position: int, name: str, bit: int
) -> None:
    def change(path: Path) -> None:
        value = column(path, "node", position, name) ^ (1 << bit)
        # A position that is taken cannot be written; 0 stands before the log, where nobody looks.
        assume(name != "position" or value > COMMITS)
        set_column("node", position, name, value)(path)

    found = damaged(change, lambda path: verdict(path, "node", with_replay=False))
    assert found.first_bad == position


@pytest.mark.parametrize("name", [*BLOBS, *NUMBERS[:3]])
@pytest.mark.parametrize("value", ["text", b"", b"\xc1", 7, 1.5, -1])
def test_a_value_of_another_kind_is_found_at_its_commit(name: str, value: object) -> None:
    found = damaged(
        set_column("node", 5, name, value), lambda path: verdict(path, "node", with_replay=True)
    )
    assert found.first_bad == 5


def test_a_commit_that_is_gone_is_missed() -> None:
    def change(path: Path) -> None:
        with raw(path) as connection:
            connection.execute("DELETE FROM node_commits WHERE position = 17")

    found = damaged(change, lambda path: verdict(path, "node", with_replay=False))
    assert found.first_bad == 17
    assert "missing" in str(found.problem)


def test_two_commits_that_changed_places_are_found() -> None:
    def change(path: Path) -> None:
        with raw(path) as connection:
            for old, new in ((7, 1000), (8, 7), (1000, 8)):
                connection.execute(
                    "UPDATE node_commits SET position = ? WHERE position = ?", (new, old)
                )

    found = damaged(change, lambda path: verdict(path, "node", with_replay=False))
    assert found.first_bad == 7


def test_a_log_put_in_place_of_another_is_found() -> None:
    def change(path: Path) -> None:
        with raw(path) as connection:
            connection.execute("UPDATE identity SET lineage = zeroblob(16)")

    found = damaged(change, lambda path: verdict(path, "node", with_replay=False))
    assert (found.first_bad, found.ok) == (1, False)


def test_commits_that_are_gone_from_the_end_are_missed_if_they_were_indexed() -> None:
    def change(path: Path) -> None:
        with raw(path) as connection:
            connection.execute("DELETE FROM node_commits WHERE position > 30")

    with pytest.raises(Damaged, match="store damaged") as raised:
        damaged(change, lambda path: verdict(path, "node", with_replay=False))
    assert raised.value.position == 31


def opening_fails(sql: str) -> Damaged:
    """Change a store with SQL, and return why it cannot be opened for writing."""

    def change(path: Path) -> None:
        with raw(path) as connection:
            connection.execute(sql)

    def examine(path: Path) -> Damaged:
        with pytest.raises(Damaged) as raised:
            Store.open(path)
        return raised.value

    found: Damaged = damaged(change, examine)
    return found


def test_a_log_that_lost_its_end_or_is_anothers_is_not_written_to() -> None:
    assert opening_fails("DELETE FROM node_commits WHERE position > 30").position == 31
    assert opening_fails("UPDATE identity SET lineage = zeroblob(16)").position
    assert "index" in str(opening_fails("UPDATE index_marks SET indexed_to = 'x'").cause)


def test_a_page_that_hides_its_rows_is_found() -> None:
    def change(path: Path) -> None:
        with raw(path) as connection:
            query = "SELECT rootpage FROM sqlite_master WHERE name = 'shared_commits'"
            root = connection.execute(query).fetchone()[0]
        content = bytearray(path.read_bytes())
        content[(root - 1) * 4096 + 4] ^= 0x80  # how many rows there are
        path.write_bytes(content)

    with pytest.raises(Damaged, match="store damaged"):
        damaged(change, lambda path: verdict(path, "shared", with_replay=False))


def test_a_redacted_context_holds() -> None:
    found = damaged(
        set_column("node", 5, "context", None),
        lambda path: verdict(path, "node", with_replay=True),
    )
    assert found.ok


def examine_all(path: Path) -> str:
    """Ask everything of a store with a byte that is wrong; return what was said of it."""
    commits = original()[1]
    try:
        with SqliteEngine(path.parent).reading() as readers:
            found = [verify(readers[log], with_replay=True) for log in LOGS]
            if all(one.ok for one in found):
                now = stored(readers)
                assert {log: one.commits for log, one in now.items()} == {
                    log: one.commits for log, one in commits.items()
                }
                return "holds"
            return f"first bad: {[one.first_bad for one in found if not one.ok]}"
    except Damaged as error:
        if error.position is not None:
            check_readable(path, error.position)
        return f"damaged: {error.message}"
    except StoreError as error:
        return f"refused: {error.message}"


def check_readable(path: Path, first_bad: int) -> None:
    """What lies before the first commit that cannot be read must be what was written."""
    commits = original()[1]
    with SqliteEngine(path.parent).reading() as readers:
        assert any(readable_up_to(readers[log], commits[log], first_bad) for log in LOGS), (
            f"@{first_bad}"
        )


def readable_up_to(reader: Any, was: Stored, first_bad: int) -> bool:
    try:
        before = tuple(reader.commits(1, first_bad - 1))
    except StoreError:
        return False
    return before == was.commits[: first_bad - 1]


def flip(place: int, mask: int) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[place % len(content)] ^= mask
        path.write_bytes(content)

    return change


@settings(max_examples=400, suppress_health_check=[HealthCheck.large_base_example])
@given(place=st.integers(0, 200_000), mask=st.integers(1, 255))
def test_a_wrong_byte_anywhere_in_the_file_is_told_or_harms_no_commit(
    place: int, mask: int
) -> None:
    assert damaged(flip(place, mask), examine_all)


@settings(max_examples=100)
@given(place=st.integers(0, 200_000), mask=st.integers(1, 255))
def test_opening_a_store_with_a_wrong_byte_is_an_error_of_ours_or_a_success(
    place: int, mask: int
) -> None:
    def examine(path: Path) -> None:
        try:
            with Store.open(path) as store:
                for key in ("tx/tx-3", "#3"):
                    store.positions("node", key)
        except StoreError:
            return

    damaged(flip(place, mask), examine)


@given(cut=st.integers(0, 200_000))
def test_a_file_that_was_cut_short_is_told_or_harms_no_commit(cut: int) -> None:
    def change(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: cut % len(content)])

    assert damaged(change, examine_all)


def test_an_index_with_too_much_in_it_gives_no_wrong_answer() -> None:
    def change(path: Path) -> None:
        with raw(path) as connection:
            rows = connection.execute("SELECT key, position FROM node_index").fetchall()
            for key, position in rows:
                other = position % COMMITS + 1
                connection.execute("INSERT OR IGNORE INTO node_index VALUES (?, ?)", (key, other))

    def examine(path: Path) -> list[int | None]:
        with SqliteEngine(path.parent).reading() as readers:
            return [position_of_tx(readers["node"], f"tx-{i}") for i in range(1, COMMITS + 1)]

    assert damaged(change, examine) == list(range(1, COMMITS + 1))
