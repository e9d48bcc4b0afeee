"""What every engine promises of an append."""

from __future__ import annotations

import pytest

from eventstore.codec import ZERO_HASH, Commit, Draft, Entry, chain, decode_header, seal
from eventstore.errors import Conflict, NotFound, StoreError
from eventstore.storage.store import Store
from tests.support.stores import Engine, Maker, again, note, stored


def sealed(store: Store, tx: str) -> Commit:
    """The commit that would come next, as another node would seal it."""
    draft = note(tx).item
    assert isinstance(draft, Draft)
    return seal(store.heads["node"], draft, 1)


def test_positions_begin_at_one_and_have_no_gaps(store: Store) -> None:
    maker = Maker()
    first = store.append([maker.entry()])
    more = store.append(maker.entries(3))
    assert [commit.position for commit in first + more] == [1, 2, 3, 4]


def test_each_commit_follows_from_the_one_before(store: Store) -> None:
    commits = store.append(Maker().entries(5))
    previous = ZERO_HASH
    for commit in commits:
        assert commit.hash == chain(previous, commit.header)
        previous = commit.hash


def test_the_two_logs_have_lineages_and_positions_of_their_own(store: Store) -> None:
    both = store.append([note("a", "shared"), note("b", "node"), note("c", "shared")])
    assert [commit.position for commit in both] == [1, 1, 2]
    lineages = {log: decode_header(reader.commit(1).header).lineage
                for log, reader in store.logs.items()}  # fmt: skip
    assert lineages == {log: reader.lineage for log, reader in store.logs.items()}
    assert len(set(lineages.values())) == 2


def test_the_head_is_the_last_commit_also_after_it_was_opened_again(engine: Engine) -> None:
    with engine.open() as store:
        last = store.append(Maker().entries(3))[-1]
        heads = dict(store.heads)
        assert (heads["node"].position, heads["node"].hash) == (3, last.hash)
        assert (heads["shared"].position, heads["shared"].hash) == (0, ZERO_HASH)
    with engine.open() as store:
        assert store.heads == heads


def test_what_was_appended_is_read_back_byte_by_byte(engine: Engine) -> None:
    with engine.open() as store:
        commits = store.append(Maker().entries(600))
    with engine.reading() as readers:
        assert stored(readers)["node"].commits == tuple(commits)


def test_time_never_goes_back_in_a_log(store: Store) -> None:
    early = note("early").item
    assert isinstance(early, Draft)
    store.append([note("now")])
    store.append([Entry("node", early._replace(clock_us=1))])
    times = [decode_header(commit.header).time_us for commit in store.logs["node"].commits()]
    assert times == sorted(times)


def test_a_commit_that_is_there_already_is_a_success_that_changes_nothing(
    engine: Engine,
) -> None:
    with engine.open() as store:
        commits = store.append(Maker().entries(3))
        assert store.append([again(commit) for commit in commits]) == commits
        assert store.append([again(commits[1])]) == [commits[1]]
        assert store.heads["node"].position == 3
        assert tuple(store.logs["node"].commits()) == tuple(commits)


def test_a_commit_twice_in_one_append_is_there_once(store: Store) -> None:
    commit = sealed(store, "a")
    assert store.append([again(commit), again(commit)]) == [commit, commit]
    assert store.heads["node"].position == 1


def test_a_commit_sealed_elsewhere_is_stored_as_it_is(store: Store) -> None:
    commit = sealed(store, "a")
    assert store.append([again(commit)]) == [commit]
    assert store.logs["node"].commit(1) == commit


def test_another_commit_at_a_taken_position_is_a_conflict(store: Store) -> None:
    other = sealed(store, "other")
    store.append([note("first")])
    with pytest.raises(Conflict, match="@1"):
        store.append([again(other)])
    assert store.heads["node"].position == 1


def test_a_commit_behind_a_gap_is_a_conflict(store: Store) -> None:
    beyond = sealed(store, "a")._replace(position=7)
    with pytest.raises(Conflict, match="@7"):
        store.append([again(beyond)])
    assert store.logs["node"].last() == 0


def test_a_commit_that_does_not_follow_is_a_conflict(store: Store) -> None:
    foreign = sealed(store, "a")._replace(hash=bytes(32))
    with pytest.raises(Conflict) as raised:
        store.append([again(foreign)])
    assert "does not follow" in str(raised.value.cause)


def test_an_append_is_all_or_nothing(store: Store) -> None:
    beyond = sealed(store, "a")._replace(position=7)
    with pytest.raises(StoreError):
        store.append([note("good"), note("good", "shared"), again(beyond)], new_hard_state=b"new")
    assert {log: reader.last() for log, reader in store.logs.items()} == {"shared": 0, "node": 0}
    assert store.hard_state() is None


def test_hard_state_goes_with_the_commits_of_its_append(engine: Engine) -> None:
    with engine.open() as store:
        assert store.hard_state() is None
        store.append([note("a")], new_hard_state=b"one")
        store.append([], new_hard_state=b"two")
        assert store.hard_state() == b"two"
    with engine.open() as store:
        assert store.hard_state() == b"two"
        assert store.heads["node"].position == 1


def test_a_position_that_is_not_there_is_not_found(store: Store) -> None:
    store.append([note("a")])
    for position in (0, -1, 2, 2**62):
        with pytest.raises(NotFound):
            store.logs["node"].commit(position)


def test_reading_a_range_gives_that_range(store: Store) -> None:
    commits = store.append(Maker().entries(1300))
    reader = store.logs["node"]
    for low, high in ((1, 1), (1, 512), (512, 513), (513, 1300), (1300, 2**62), (7, 6)):
        assert list(reader.commits(low, high)) == commits[low - 1 : high]
        payloads = [(c.position, c.payload) for c in commits[low - 1 : high]]
        assert list(reader.payloads(low, high)) == payloads
