"""A long question says how far it is, to whoever asks for that, with the daemon and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.wire import control
from eventstore.proofs.verify import verify
from eventstore.source import DATABASE, open_log
from eventstore.storage.backup import back_up
from eventstore.storage.reader import MANY
from eventstore.storage.store import Store
from tests.support.daemons import DEADLINE_S, Daemon
from tests.support.long_history import extend

pytestmark = pytest.mark.integration

COMMITS = 5 * MANY
Told = list[tuple[int, int]]


@pytest.fixture
def long(daemon: Daemon) -> Daemon:
    """A daemon whose log is long, not started yet."""
    with Store.open(daemon.home / DATABASE) as store:
        extend(store, COMMITS)
    return daemon


def rises_to_all(told: Told) -> bool:
    done = [share for share, _total in told]
    return done == sorted(done) and done[-1] <= told[-1][1] >= COMMITS


def test_a_daemon_says_how_far_a_verification_is_to_who_asks(long: Daemon) -> None:
    long.start()
    told: Told = []
    asked = control.query("verify", {"replay": True})
    with long.client(DEADLINE_S) as client:
        answer = client.ask({**asked, "progress": True}, lambda *share: told.append(share))
        assert answer["data"]["ok"] is True  # type: ignore[index]
        assert told
        assert rises_to_all(told)
        told.clear()
        client.ask(asked, lambda *share: told.append(share))
    assert told == []


def test_a_log_says_how_far_a_verification_is(long: Daemon) -> None:
    told: Told = []
    with open_log(str(long.home)) as log:
        log.tell(lambda *share: told.append(share))
        assert verify(log.readers["node"], with_replay=False).ok
    assert rises_to_all(told)
    assert told[-1][0] == told[-1][1]


def test_a_copy_says_how_far_it_is(long: Daemon, tmp_path: Path) -> None:
    told: Told = []
    back_up(long.home / DATABASE, tmp_path / "copy.db", lambda *share: told.append(share))
    assert told[-1][0] == told[-1][1] > 0
