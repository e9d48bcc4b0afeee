"""Commits that are stored many at once: like any others, and found before they are indexed."""

from __future__ import annotations

import pytest

from eventstore.codec import Commit, Draft, head_after, seal
from eventstore.errors import Conflict
from eventstore.proofs.survey import Lost, Unsealed, carry_out, survey
from eventstore.storage.store import Store
from tests.support.stores import Engine, Maker, append_all

LOG = "node"


def sealed(store: Store, maker: Maker, count: int) -> tuple[Commit, ...]:
    head, made = store.heads[LOG], []
    for entry in maker.entries(count):
        assert isinstance(entry.item, Draft)
        made.append(seal(head, entry.item, 7))
        head = head_after(head, made[-1])
    return tuple(made)


def extended(
    store: Store, maker: Maker, before: int = 300, count: int = 700
) -> tuple[Commit, ...]:
    append_all(store, maker.entries(before), piece=100)
    more = sealed(store, maker, count)
    store.extend(LOG, more, b"hard", flush=True)
    return more


def found(store: Store, position: int) -> bool:
    return store.positions(LOG, f"tx/tx-{position}") == [position]


def test_they_are_there_with_the_hard_state(engine: Engine) -> None:
    with engine.open() as store:
        more = extended(store, Maker())
        assert store.hard_state() == b"hard"
    with engine.open() as store:
        assert store.heads[LOG].hash == more[-1].hash
        assert list(store.logs[LOG].commits(301)) == list(more)


def test_the_log_goes_on_behind_them(store: Store) -> None:
    maker = Maker()
    extended(store, maker)
    append_all(store, maker.entries(600), piece=100)
    assert store.heads[LOG].position == 1600
    assert all(found(store, position) for position in (1, 300, 301, 1000, 1001, 1600))


def test_an_identifier_is_found_before_the_index_has_it(engine: Engine) -> None:
    with engine.open() as store:
        extended(store, Maker())
    with engine.open() as store:
        assert all(found(store, position) for position in (1, 300, 301, 1000))
        assert store.positions(LOG, "tx/never") == []
        assert store.logs[LOG].index_failed


def test_a_survey_mends_the_index(store: Store) -> None:
    extended(store, Maker())
    for finding in survey(store.logs[LOG], whole=True):
        if isinstance(finding, (Lost, Unsealed)):
            carry_out(store, finding)
    store.logs[LOG].index_failed = False
    assert all(found(store, position) for position in (1, 300, 301, 1000))
    assert not store.logs[LOG].index_failed


@pytest.mark.parametrize("skipped", [-1, 1])
def test_they_begin_where_the_log_ends(store: Store, skipped: int) -> None:
    maker = Maker()
    append_all(store, maker.entries(3), piece=3)
    more = sealed(store, maker, 3)
    if skipped < 0:
        store.extend(LOG, more, None, flush=False)
    with pytest.raises(Conflict):
        store.extend(LOG, more[max(skipped, 0) :], None, flush=True)
