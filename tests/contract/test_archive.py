"""Archived commits: every read sees them, and a crash at any step leaves no gap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from eventstore.codec import Commit
from eventstore.errors import Conflict, Damaged, Rejected, SegmentDamaged, Unavailable
from eventstore.past.replay import Replayer
from eventstore.proofs.verify import verify
from eventstore.storage import keeping
from eventstore.storage.archive import Named, directory_of, file_of
from eventstore.storage.archiving import last_to_archive, tidy, write, written
from eventstore.storage.backup import back_up
from eventstore.storage.offline import read_store
from eventstore.storage.store import Store
from tests.support.archives import COMMITS, HEAD, archived, archived_store, long_store
from tests.support.stores import NODE, Engine, note


@pytest.fixture
def before(home: Engine) -> list[Commit]:
    """A long log, what it held before, and two segments of it."""
    return archived_store(home)


def test_every_commit_is_read_across_the_seam(home: Engine, before: list[Commit]) -> None:
    with home.reading() as readers:
        reader = readers["node"]
        assert list(reader.commits()) == before
        assert reader.head().hash == before[-1].hash
        payloads = [(commit.position, commit.payload) for commit in before]
        assert list(reader.payloads()) == payloads
        assert list(reader.payloads(250, 700)) == payloads[249:700]
        assert list(reader.commits(500, 520)) == before[499:520]
        assert [reader.commit(at) for at in (1, 256, 257, 600, 601)] == [
            before[at - 1] for at in (1, 256, 257, 600, 601)
        ]


def test_what_is_archived_is_in_the_live_table_no_more(home: Engine, before: list[Commit]) -> None:
    assert len(before) == HEAD
    with home.raw() as driver:
        rows = driver.execute("SELECT min(position), count(*) FROM node_commits").fetchone()
    assert rows == (COMMITS + 1, HEAD - COMMITS)


def test_states_and_verification_are_what_they_were(home: Engine, before: list[Commit]) -> None:
    with home.reading() as readers:
        verdict = verify(readers["node"], with_replay=True)
        assert (verdict.ok, verdict.commits) == (True, len(before))
        assert Replayer(readers["node"]).state_at(300).counts
        assert readers["node"].positions("tx/" + "0" * 26) == [2]


def test_a_reader_that_was_open_before_sees_all_of_it(home: Engine) -> None:
    with home.serving() as store:
        before = long_store(store)
        with home.reading() as readers:
            reader = readers["node"]
            middle = reader.commits()
            first = [next(middle) for _ in range(10)]
            archived(store, COMMITS)
            assert first + list(middle) == before
            assert list(reader.payloads(1, 3)) == [(c.position, c.payload) for c in before[:3]]
            assert list(reader.commits()) == before


def test_the_writer_goes_on_and_knows_what_is_archived(home: Engine, before: list[Commit]) -> None:
    with home.open() as store:
        assert store.append([note("more")])[0].position == HEAD + 1
        assert list(store.logs["node"].commits(1, HEAD)) == before


def test_nothing_behind_the_newest_keyframe_is_archived(home: Engine) -> None:
    with home.open() as store:
        long_store(store)
        reader = store.logs["node"]
        frame = reader.keyframes.nearest(HEAD)
        assert frame is not None
        assert last_to_archive(reader) == frame.position - 2
        assert last_to_archive(reader, before=100) == 99
        with pytest.raises(Rejected, match="nothing to archive"):
            last_to_archive(reader, keep=HEAD)
        with pytest.raises(Rejected, match="nothing to archive"):
            last_to_archive(store.logs["shared"])


def test_a_store_without_the_segments_file_starts_and_names_it(
    home: Engine, before: list[Commit]
) -> None:
    with home.reading() as readers:
        named = readers["node"].archive.all()[0]
    file_of(home.path, named).unlink()
    with home.open() as store:
        reader = store.logs["node"]
        assert Replayer(reader).state_at(HEAD).counts
        assert list(reader.commits(named.last + 1)) == before[named.last :]
        with pytest.raises(SegmentDamaged, match=f"{named.name}, which is missing") as caught:
            list(reader.commits())
        assert caught.value.position == 1
        assert f"behind @{named.last}" in str(caught.value.fix)
        verdict = verify(reader, with_replay=False)
        assert (verdict.ok, verdict.first_bad) == (False, 1)


def _bytes_of(change: Callable[[bytearray], None]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        change(data)
        path.write_bytes(data)

    return damage


def _flip(at: float) -> Callable[[bytearray], None]:
    def flip(data: bytearray) -> None:
        data[int(len(data) * at)] ^= 1

    return flip


DAMAGES: dict[str, Callable[[Path], None]] = {
    **{f"byte at {at}": _bytes_of(_flip(at)) for at in (0.01, 0.3, 0.6, 0.9, 0.97, 0.999)},
    "cut short": _bytes_of(lambda data: data.__delitem__(slice(len(data) // 2, None))),
    "empty": _bytes_of(lambda data: data.clear()),
    "another one": _bytes_of(lambda data: data.__setitem__(slice(None), b"x" * 5000)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_segment_is_named_and_nothing_wrong_is_read(
    home: Engine, before: list[Commit], damage: str
) -> None:
    with home.reading() as readers:
        named = readers["node"].archive.all()[1]
    DAMAGES[damage](file_of(home.path, named))
    with home.reading() as readers:
        reader, found = readers["node"], list[Commit]()
        with pytest.raises(SegmentDamaged, match="is not what was sealed"):
            found += (commit for commit in reader.commits())
        assert list(reader.commits(1, named.first - 1)) == before[: named.first - 1]
        with pytest.raises(SegmentDamaged):
            reader.archive.check(named)
        reader.archive.check(reader.archive.all()[0])


def test_a_backup_takes_its_segments_along(
    home: Engine, before: list[Commit], tmp_path: Path
) -> None:
    copy = tmp_path / "backup" / "node1.db"
    copy.parent.mkdir()
    back_up(home.location, copy)
    for file in directory_of(home.path).iterdir():
        file.unlink()
    with read_store(copy) as readers:
        assert list(readers["node"].commits()) == before
    restored = tmp_path / "restored" / "log.db"
    restored.parent.mkdir()
    back_up(copy, restored)
    with read_store(restored) as readers:
        assert list(readers["node"].commits()) == before


def test_a_log_that_is_cut_in_its_archived_part_has_its_tail_live_again(
    home: Engine, before: list[Commit]
) -> None:
    with home.open() as store:
        store.cut("node", 400, (), None)
    with home.reading() as readers:
        assert list(readers["node"].commits()) == before[:399]
        assert readers["node"].archive.last() == 300
    with home.open() as store:
        assert store.heads["node"].position == 399


def test_segments_elsewhere_are_found(home: Engine, tmp_path: Path) -> None:
    with home.open() as store:
        before = long_store(store)
        keeping.archive(
            store, write(store.logs["node"], NODE, 1, 300, str(tmp_path / "elsewhere"))
        )
    assert len(list((tmp_path / "elsewhere").iterdir())) == 1
    with home.reading() as readers:
        assert list(readers["node"].commits()) == before


def test_a_segment_that_does_not_come_next_is_refused(home: Engine) -> None:
    with home.open() as store:
        long_store(store)
        reader = store.logs["node"]
        other = write(reader, NODE, 5, 300)
        with pytest.raises(Conflict, match="cannot be archived"):
            keeping.archive(store, other)
        assert reader.archive.all() == []


def test_where_no_segment_can_be_written_nothing_is_taken_out(home: Engine) -> None:
    with home.open() as store:
        before = long_store(store)
        directory_of(home.path).write_text("in the way")
        with pytest.raises(Unavailable, match="could not be written"):
            write(store.logs["node"], NODE, 1, 300)
        assert list(store.logs["node"].commits()) == before


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM segments WHERE first = 1",
        "DELETE FROM segments",
        "UPDATE segments SET last = last + 1",
        "UPDATE segments SET name = '../../elsewhere'",
        "UPDATE segments SET seal = ''",
    ],
)
def test_a_store_that_names_its_segments_no_more_is_damaged_and_never_short(
    home: Engine, before: list[Commit], damage: str
) -> None:
    with home.raw() as driver:
        driver.execute(damage)
    with pytest.raises(Damaged), home.reading() as readers:
        list(readers["node"].commits())
    with pytest.raises(Damaged), home.reading() as readers:
        list(readers["node"].payloads())
    assert before


def test_a_commit_that_is_damaged_is_not_archived(home: Engine) -> None:
    with home.open() as store:
        long_store(store)
    with home.raw() as driver:
        sql = "UPDATE node_commits SET payload = ? WHERE position = 17"
        driver.execute(sql, (b"\x90",))
    with home.open() as store, pytest.raises(Damaged, match="commit @17 cannot be archived"):
        write(store.logs["node"], NODE, 1, 300)
    assert list(directory_of(home.path).iterdir()) == []


@pytest.mark.parametrize("step", ["while writing", "before naming", "after naming"])
def test_a_crash_at_any_step_leaves_no_gap(home: Engine, tmp_path: Path, step: str) -> None:
    with home.open() as store:
        before = long_store(store)
        reader = store.logs["node"]
        named: Named = write(reader, NODE, 1, 300)
        path = file_of(home.path, named)
        if step == "while writing":
            path.rename(f"{path}.part")
        if step == "after naming":
            keeping.archive(store, named)
        dead = home.copy(tmp_path / "dead")
    with dead.open() as store:
        reader = store.logs["node"]
        assert list(reader.commits()) == before
        for named in written(reader, NODE, 600):
            keeping.archive(store, named)
        tidy(reader, NODE)
        assert list(reader.commits()) == before
        names = {one.name for one in reader.archive.all()}
        assert {file.name for file in directory_of(dead.path).iterdir()} == names


def test_a_crash_within_the_transaction_leaves_the_log_as_it_was(
    home: Engine,
) -> None:
    with home.open() as store:
        before = long_store(store)
        named = write(store.logs["node"], NODE, 1, 300)

        def half(driver: object) -> None:
            driver.execute("DELETE FROM node_commits WHERE position < 100")  # type: ignore[attr-defined]
            raise Conflict("V-5-1-9281", "stopped here")

        with pytest.raises(Conflict):
            store.keep(half)
        assert list(store.logs["node"].commits()) == before
        keeping.archive(store, named)
        assert list(store.logs["node"].commits()) == before


def test_an_engine_reads_on_while_it_is_archived(engine: Engine) -> None:
    with engine.serving() as store, engine.reading() as readers:
        before = long_store(store)
        for last in (100, 200, 300):
            archived(store, last)
            assert [c.position for c in readers["node"].commits(50, 350)] == list(range(50, 351))
        assert list(readers["node"].commits()) == before


def test_a_new_store_has_no_segments(store: Store) -> None:
    assert [log.archive.last() for log in store.logs.values()] == [0, 0]
