"""Keyframes are a cache: one that does not hold is never opened, and cut anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eventstore.errors import AppendFailed
from eventstore.model.objects import Volume
from eventstore.past.history import diff
from eventstore.past.replay import Replayer, replay
from eventstore.proofs.survey import Cut, Damage, Done, Dropped, Slice, carry_out, survey
from eventstore.storage import keyframes
from eventstore.storage.keyframes import SHARE, Keyframe, cut
from eventstore.storage.store import Store
from tests.support.keyframes import (
    a_long_store,
    cut_at,
    cut_positions,
    dropped_positions,
    good_positions,
    keep,
    look_over,
)
from tests.support.model import snapshot

COMMITS = 600
EVERY = 100
PLACES = [100, 200, 300, 400, 500, 600]
VICTIM = 300
Change = Callable[[Any], None]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A store of a long log, surveyed and closed."""
    path = tmp_path_factory.mktemp("original") / "log.db"
    with a_long_store(path, COMMITS) as store:
        assert cut_positions(look_over(store, commits_min=EVERY)) == PLACES
    return path.read_bytes()


@pytest.fixture
def kept(original: bytes, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "log.db"
    path.write_bytes(original)
    with Store.open(path) as store:
        yield store


def column(name: str, value: str) -> Change:
    """Set a column of the victim's row to an expression."""
    return lambda driver: driver.execute(
        f"UPDATE keyframes SET {name} = {value} WHERE log = 'node' AND position = {VICTIM}"
    )


def slices(change: str) -> Change:
    return lambda driver: driver.execute(f"{change} WHERE log = 'node' AND position = {VICTIM}")


def from_elsewhere(driver: Any) -> None:
    """Put another position's keyframe in the place of the victim, as it is."""
    for table in ("keyframes", "keyframe_slices"):
        driver.execute(f"DELETE FROM {table} WHERE log = 'node' AND position = {VICTIM}")
        driver.execute(
            f"UPDATE {table} SET position = {VICTIM} WHERE log = 'node' AND position = 200"
        )


FAULTS: dict[str, Change] = {
    "a bit of the body": slices("UPDATE keyframe_slices SET body = CAST(body || x'00' AS BLOB)"),
    "a body that is no bytes": slices("UPDATE keyframe_slices SET body = 'text'"),
    "an empty body": slices("UPDATE keyframe_slices SET body = x''"),
    "no slices": slices("DELETE FROM keyframe_slices"),
    "a slice too many": slices("UPDATE keyframe_slices SET number = number + 1"),
    "another hash": column("commit_hash", "randomblob(32)"),
    "another digest": column("digest", "randomblob(17)"),
    "another last change": column("last_change", "last_change - 1"),
    "another count of records": column("records", "records + 1"),
    "another size": column("size", "'large'"),
    "another count of slices": column("slices", "slices + 1"),
    "another seal": column("seal", "randomblob(32)"),
    "no seal": column("seal", "''"),
    "another model": column("model", "'0.1.0123456789abcdef'"),
    "one of another commit": from_elsewhere,
}
HARMLESS = {"a slice too many"}


def all_states_are_right(store: Store) -> bool:
    reader = store.logs["node"]
    asked = (VICTIM - 1, VICTIM, VICTIM + 1, 450, 20)
    return all(
        snapshot(Replayer(reader).state_at(at)) == snapshot(replay(reader, at)) for at in asked
    )


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - HARMLESS))
def test_a_keyframe_that_is_not_what_was_written_is_never_opened_and_cut_anew(
    kept: Store, fault: str
) -> None:
    kept.keep(FAULTS[fault])
    assert VICTIM not in good_positions(kept.logs["node"])
    assert all_states_are_right(kept)
    found = look_over(kept, commits_min=EVERY)
    assert VICTIM in dropped_positions(found)
    assert VICTIM in cut_positions(found)
    assert VICTIM in good_positions(kept.logs["node"])
    assert isinstance(found[-1], Done)


@pytest.mark.parametrize("fault", sorted(HARMLESS))
def test_what_cannot_change_an_answer_is_no_fault(kept: Store, fault: str) -> None:
    kept.keep(FAULTS[fault])
    assert all_states_are_right(kept)


def test_every_bit_of_a_body_counts(kept: Store) -> None:
    reader = kept.logs["node"]
    query = f"SELECT body FROM keyframe_slices WHERE log = 'node' AND position = {VICTIM}"
    ((body,),) = kept._driver.execute(query).fetchall()
    for byte in range(0, len(body), 7):
        changed = bytearray(body)
        changed[byte] ^= 1 << byte % 8
        kept.keep(body_of_victim(bytes(changed)))
        assert VICTIM not in good_positions(reader)
    kept.keep(body_of_victim(body))
    assert VICTIM in good_positions(reader)


def body_of_victim(body: bytes) -> Change:
    sql = f"UPDATE keyframe_slices SET body = ? WHERE log = 'node' AND position = {VICTIM}"
    return lambda driver: driver.execute(sql, (body,))


def forged(store: Store) -> None:
    """Seal a keyframe of another state for the victim's commit, as who knows how could."""
    reader = store.logs["node"]
    state = replay(reader, VICTIM)
    volume = next(record for record in state.records() if isinstance(record, Volume))
    state.drop((volume.space, volume.rid))
    commit = reader.commit(VICTIM)
    body = keyframes.encode(state)
    frame = Keyframe(
        "node", VICTIM, commit.hash, commit.digest, VICTIM, keyframes.MODEL, 1, len(body), 1
    )
    keep(store, frame._replace(seal=keyframes.sealed(reader.lineage, frame, body)), [body])


def test_a_state_without_the_recorded_digest_is_never_opened_however_well_it_is_sealed(
    kept: Store,
) -> None:
    forged(kept)
    assert all_states_are_right(kept)
    found = look_over(kept, commits_min=EVERY)
    assert [f.why for f in found if isinstance(f, Dropped)] == [
        "its state has another digest than was recorded"
    ]
    assert VICTIM in good_positions(kept.logs["node"])


def test_a_keyframe_of_another_log_is_never_opened(kept: Store, tmp_path: Path) -> None:
    with a_long_store(tmp_path / "other.db", COMMITS) as other:
        cut_at(other, {VICTIM})
    kept._driver.execute(f"ATTACH '{tmp_path / 'other.db'}' AS other")
    for table in ("keyframes", "keyframe_slices"):
        taken = f"SELECT * FROM other.{table} WHERE position = {VICTIM}"
        kept._driver.execute(f"INSERT OR REPLACE INTO main.{table} {taken}")
    assert VICTIM not in good_positions(kept.logs["node"])
    assert all_states_are_right(kept)
    assert dropped_positions(look_over(kept, commits_min=EVERY)) == [VICTIM]


def test_a_keyframe_behind_the_end_of_the_log_is_dropped(kept: Store) -> None:
    kept.keep(lambda d: d.execute("UPDATE keyframes SET position = 9000 WHERE position = 600"))
    found = look_over(kept, commits_min=EVERY)
    assert sorted(set(dropped_positions(found))) == [600, 9000]
    assert good_positions(kept.logs["node"]) == PLACES


def test_all_of_an_older_model_are_cut_anew_in_their_places(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyframes, "MODEL", "2.1.0123456789abcdef")
    assert kept.logs["node"].keyframes.nearest(COMMITS) is None
    assert all_states_are_right(kept)
    found = look_over(kept, commits_min=EVERY)
    assert dropped_positions(found) == cut_positions(found) == PLACES


def test_without_keyframes_every_answer_is_the_same_and_they_come_back(kept: Store) -> None:
    kept.keep(lambda driver: driver.execute("DELETE FROM keyframes"))
    assert all_states_are_right(kept)
    found = look_over(kept, commits_min=EVERY)
    assert dropped_positions(found) == PLACES  # their slices were left
    assert good_positions(kept.logs["node"]) == PLACES


def test_what_changed_between_far_moments_is_what_all_commits_between_them_changed(
    kept: Store,
) -> None:
    moments = [(1, COMMITS), (VICTIM, 20), (90, 480), (2, 3)]
    replayer = Replayer(kept.logs["node"])
    by_keyframes = [diff(replayer, *pair) for pair in moments]
    assert len(by_keyframes[0]) > 10
    kept.keep(lambda driver: driver.execute("DELETE FROM keyframes"))
    assert [diff(Replayer(kept.logs["node"]), *pair) for pair in moments] == by_keyframes


def test_a_keyframe_that_was_not_finished_is_none(kept: Store, monkeypatch: Any) -> None:
    monkeypatch.setattr(keyframes, "SLICE_BYTES", 64)
    kept.keep(lambda driver: driver.execute("DELETE FROM keyframes WHERE position >= 500"))
    for finding in survey(kept.logs["node"], whole=False, commits_min=EVERY):
        if isinstance(finding, Cut):
            break  # a crash: all slices but the last are there
        if isinstance(finding, Slice | Dropped):
            carry_out(kept, finding)
    assert good_positions(kept.logs["node"]) == PLACES[:4]
    assert all_states_are_right(kept)
    assert dropped_positions(look_over(kept, commits_min=EVERY)) == [500]
    assert good_positions(kept.logs["node"]) == PLACES


def test_one_that_the_disk_does_not_take_leaves_the_logs_as_they_were(kept: Store) -> None:
    def full(driver: Any) -> None:
        driver.execute("PRAGMA max_page_count = 1").fetchall()
        for number in range(1000):
            keyframes.write_slice(driver, "node", 9, number + 1, bytes(4096))

    with pytest.raises(AppendFailed, match="could not be written"):
        kept.keep(full)
    kept._driver.execute("PRAGMA max_page_count = 1000000").fetchall()
    assert kept.append([]) == []
    assert all_states_are_right(kept)


@pytest.mark.parametrize("whole", [True, False])
def test_damage_is_the_last_word_of_a_survey(kept: Store, *, whole: bool) -> None:
    kept._driver.execute("UPDATE node_commits SET payload = x'90' WHERE position = 550")
    kept.keep(lambda driver: driver.execute("DELETE FROM keyframes WHERE position > 500"))
    found = look_over(kept, whole=whole, commits_min=EVERY)
    assert isinstance(found[-1], Damage)
    assert (found[-1].log, found[-1].position) == ("node/node1", 550)
    assert not any(isinstance(f, Done) for f in found)


def test_keyframes_take_no_more_than_their_share_however_large_the_state(tmp_path: Path) -> None:
    with a_long_store(tmp_path / "log.db", 3000, groups=40, volumes=30) as store:
        found = look_over(store, commits_min=1)
        size = sum(f.frame.size for f in found if isinstance(f, Cut))
        (commits,) = store._driver.execute(
            "SELECT sum(length(header) + length(context) + length(payload) + 64) FROM node_commits"
        ).fetchone()
        assert len(cut_positions(found)) > 3
        assert size * SHARE <= commits


def test_what_does_not_decode_to_the_same_state_is_not_cut(kept: Store) -> None:
    reader = kept.logs["node"]
    commit = reader.commit(VICTIM)
    place = Keyframe("node", VICTIM, commit.hash, commit.digest)
    with pytest.raises(keyframes.NotWhole, match="same state"):
        cut(reader.lineage, place, replay(reader, VICTIM - 1))
