"""Contexts that are taken out: of the live table, and of segments, which are written anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventstore.codec import (
    Commit,
    Context,
    Draft,
    Entry,
    encode_context,
    encode_events,
    index_keys,
)
from eventstore.model.events import ContextRedacted
from eventstore.proofs.verify import verify
from eventstore.storage import keeping
from eventstore.storage.archive import directory_of, file_of
from eventstore.storage.archiving import rewrite, tidy
from eventstore.storage.redacting import carry_out, to_rewrite
from eventstore.storage.segment import Redaction
from eventstore.storage.store import Store
from tests.support.archives import HEAD, archived, archived_store
from tests.support.stores import NODE, Engine, Maker, SqliteEngine


@pytest.fixture
def before(home: Engine) -> list[Commit]:
    return archived_store(home)


def redact(store: Store, position: int, wanted: bytes) -> None:
    """Record a redaction, as the core does; nothing is taken out yet."""
    last = store.logs["node"].commit(store.heads["node"].position)
    event = ContextRedacted(position, wanted.hex(), "a test")
    tx = f"redact-{position}-{last.position}"
    payload = encode_events((event,))
    draft = Draft(tx, NODE, encode_context(Context()), payload, last.digest, 0, 1)
    store.append([Entry("node", draft, index_keys(tx, (event,)))])


def done(store: Store) -> list[str]:
    """Carry out what is recorded, and return what was said."""
    said = list[str]()
    if carry_out(store, said.append):
        reader = store.logs["node"]
        for named, redactions in to_rewrite(reader):
            keeping.name_anew(store, named, rewrite(reader, NODE, named, redactions))
        tidy(reader, NODE)
    return said


def assert_redacted(store: Store, before: list[Commit], *positions: int) -> None:
    """Only those contexts are gone; the log is what it was in everything else."""
    reader = store.logs["node"]
    wanted = [c._replace(context=None) if c.position in positions else c for c in before]
    assert list(reader.commits(1, len(before))) == wanted
    assert verify(reader, with_replay=True).ok


def test_a_context_is_gone_and_everything_else_holds(home: Engine, before: list[Commit]) -> None:
    with home.open() as store:
        redact(store, 950, before[949].hash)
        assert done(store) == [f"context of node/{NODE} @950 redacted, by @{HEAD + 1}"]
        assert_redacted(store, before, 950)
        assert done(store) == []


def test_a_context_in_a_segment_is_gone_and_the_seal_names_the_redaction(
    home: Engine, before: list[Commit]
) -> None:
    with home.open() as store:
        reader = store.logs["node"]
        old = reader.archive.all()
        for position in (1, 290, 300, 301):
            redact(store, position, before[position - 1].hash)
        done(store)
        assert_redacted(store, before, 1, 290, 300, 301)
        new = reader.archive.all()
        assert [one.seal != other.seal for one, other in zip(old, new, strict=True)] == [True] * 2
        told = reader.archive.opened(new[0]).foot.redactions
        assert told == tuple(
            Redaction(at, "node", HEAD + n) for n, at in enumerate((1, 290, 300), 1)
        )
        assert not any(file_of(home.path, named).exists() for named in old)
        assert not carry_out(store, print)


def test_what_is_redacted_before_it_is_archived_stays_so(
    home: Engine, before: list[Commit]
) -> None:
    with home.open() as store:
        redact(store, 650, before[649].hash)
        done(store)
        archived(store, 700)
        assert_redacted(store, before, 650)
        named = store.logs["node"].archive.all()[-1]
        foot = store.logs["node"].archive.opened(named).foot
        assert foot.redactions == (Redaction(650, "node", HEAD + 1),)


def test_a_crash_before_it_is_carried_out_delays_it_to_the_next_start(
    home: Engine, before: list[Commit], tmp_path: Path
) -> None:
    with home.open() as store:
        for position in (20, 960):
            redact(store, position, before[position - 1].hash)
        dead = home.copy(tmp_path / "dead")
    with dead.open() as store:
        done(store)
        assert_redacted(store, before, 20, 960)


def test_a_crash_between_the_new_segment_and_the_end_of_the_old_leaves_none_of_it(
    home: Engine, before: list[Commit]
) -> None:
    with home.open() as store:
        reader = store.logs["node"]
        redact(store, 20, before[19].hash)
        ((named, redactions),) = to_rewrite(reader)
        keeping.name_anew(store, named, rewrite(reader, NODE, named, redactions))
        assert file_of(home.path, named).exists()
    with home.open() as store:
        done(store)
        tidy(store.logs["node"], NODE)
        assert not file_of(home.path, named).exists()
        assert len(list(directory_of(home.path).iterdir())) == 2
        assert_redacted(store, before, 20)


def test_a_redaction_of_another_commit_takes_nothing(home: Engine, before: list[Commit]) -> None:
    with home.open() as store:
        redact(store, 950, before[10].hash)
        redact(store, HEAD + 1, store.logs["node"].commit(HEAD + 1).hash)
        redact(store, HEAD + 100, before[10].hash)
        assert done(store) == []
        assert_redacted(store, before)
        assert store.logs["node"].commit(HEAD + 1).context is not None


def test_the_words_are_on_the_disk_no_more(tmp_path: Path) -> None:
    home = SqliteEngine(tmp_path / "file")
    with home.open() as store:
        before = archived_store_with_secret(store)
        redact(store, before.position, before.hash)
        done(store)
    data = b"".join(
        path.read_bytes() for path in home.path.parent.glob("log.db*") if path.is_file()
    )
    assert b"the-secret-word" not in data


def archived_store_with_secret(store: Store) -> Commit:
    """Append a commit whose command line holds what nobody should see."""
    maker = Maker()
    store.append(maker.entries(5))
    entry = maker.entry("secret", message="the-secret-word")
    (commit,) = store.append([entry])
    store.append(maker.entries(5))
    return commit
