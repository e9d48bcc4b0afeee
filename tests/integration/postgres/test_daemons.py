"""Daemons whose log is on a server that fails: they come to themselves, and believe no old one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from daemon.config import ClusterSettings, HeadSettings, LogSettings, NodeSettings, Settings
from daemon.errors import RequestFailed
from daemon.shell import home as homes, seen
from tests.support.daemons import NO_DISKS, NODE, Daemon
from tests.support.postgres_backups import Backup
from tests.support.postgres_pair import Pair, postgres_pair
from tests.support.postgres_server import Server
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

DEADLINE_S = 60.0
DAMAGED = 70
THREADS = 4


@contextmanager
def daemon_on(directory: Path, url: str, heads_s: float = 300.0) -> Iterator[Daemon]:
    """A daemon whose log is there; it signs heads so often."""
    home = directory / "home"
    settings = Settings(
        ClusterSettings("lab"),
        NodeSettings(NODE),
        NO_DISKS,
        heads=HeadSettings(heads_s),
        log=LogSettings(database=url),
    )
    homes.found(home, settings)
    daemon = Daemon(home)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.end()


def tag(daemon: Daemon, name: str) -> int:
    """Change something, as soon as the daemon takes it; return the position."""
    found: list[int] = []

    def done() -> bool:
        try:
            found.append(daemon.do("tag.set", {"name": name}))
        except RequestFailed as error:
            if error.exit_code not in (5, 69):  # not known, or it recovers
                raise
        return bool(found)

    wait_until(done, DEADLINE_S)
    return found[0]


def refuses(daemon: Daemon) -> bool:
    code, said = daemon.refuses_to_start()
    return code == DAMAGED and "has not what this node stored in it" in said


# A database that was brought back.


def test_a_daemon_that_was_stopped_does_not_begin_on_it(
    tmp_path: Path, own_postgres: Server
) -> None:
    with daemon_on(tmp_path, own_postgres.database()) as daemon:
        backup = Backup(own_postgres)
        tag(daemon, "lost")
        daemon.stop()
        backup.restore()
        assert refuses(daemon)
        (daemon.home / seen.FILE).unlink()  # as the message says
        daemon.start()


def test_a_daemon_that_was_killed_knows_it_by_what_it_kept_with_its_heads(
    tmp_path: Path, own_postgres: Server
) -> None:
    with daemon_on(tmp_path, own_postgres.database(), heads_s=0.05) as daemon:
        backup = Backup(own_postgres)
        file = daemon.home / seen.FILE
        tag(daemon, "before")
        before = file.read_bytes()
        tag(daemon, "lost")
        wait_until(lambda: file.read_bytes() != before)
        daemon.stop(signal.SIGKILL)
        backup.restore()
        assert refuses(daemon)


@pytest.mark.long
def test_a_daemon_that_waits_for_its_server_does_not_go_on_from_it(
    tmp_path: Path, own_postgres: Server
) -> None:
    with daemon_on(tmp_path, own_postgres.database()) as daemon:
        backup = Backup(own_postgres)
        tag(daemon, "lost")
        own_postgres.stop()
        with pytest.raises(RequestFailed):
            daemon.do("tag.set", {"name": "refused"})
        wait_until(lambda: daemon.state != "serving", DEADLINE_S)
        backup.restore()
        assert daemon.process is not None
        assert daemon.process.wait(DEADLINE_S) == DAMAGED
        assert "has not what this node stored in it" in daemon.said


# A fail-over.


@pytest.fixture
def pair() -> Iterator[Pair]:
    with postgres_pair() as one:
        yield one


def test_a_daemon_goes_on_by_itself_after_a_fail_over_and_lost_nothing(
    tmp_path: Path, pair: Pair
) -> None:
    enough = Event()

    def work(thread: int) -> dict[str, int]:
        done: dict[str, int] = {}
        while not enough.is_set():
            name = f"t{thread}-{len(done)}"
            done[name] = tag(daemon, name)
        return done

    with daemon_on(tmp_path, pair.database()) as daemon, ThreadPoolExecutor(THREADS) as pool:
        try:
            working = [pool.submit(work, thread) for thread in range(THREADS)]
            tag(daemon, "before")
            pair.primary.kill()
            pair.promote()
            tag(daemon, "after")
        finally:
            enough.set()
        tagged = {name for one in working for name in one.result(DEADLINE_S)}
        daemon.assert_sound()
        assert tagged | {"before", "after"} <= {row["tag"] for row in daemon.query("tags")}
