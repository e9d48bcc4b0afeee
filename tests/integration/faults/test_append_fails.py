"""The disk does not take what the daemon writes: nothing is lost, half done, or told wrongly (G5).

Every request ends as the log says: answered as done it is there, answered as failed it is not.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from daemon.errors import RequestFailed
from tests.support.daemons import Daemon, daemon_with_disks, make_group
from tests.support.faults import (
    SYNC,
    WRITE,
    Faults,
    fill,
    make_larger,
    needs_gcc,
    needs_mount,
    small_disk,
)
from tests.support.processes import readers
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration]

CLIENTS = 8
UNAVAILABLE = 69


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Faults:
    return Faults(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, faults: Faults) -> Iterator[Daemon]:
    """One daemon for all: each test leaves it serving."""
    with daemon_with_disks(tmp_path_factory.mktemp("served")) as daemon:
        daemon.environment = faults.environment
        daemon.start()
        make_group(daemon)
        yield daemon


class Burst:
    """Clients that each ask for a volume of their own, all at once."""

    def __init__(self, daemon: Daemon, pool: ThreadPoolExecutor, name: str) -> None:
        self._daemon = daemon
        self.asked: dict[str, Future[int]] = {
            f"{name}-{i}": pool.submit(daemon.make, f"{name}{i}", f"{name}-{i}")
            for i in range(CLIENTS)
        }

    def failures(self) -> list[RequestFailed]:
        """Who was told that it failed so far."""
        found = [f.exception() for f in self.asked.values() if f.done()]
        return [error for error in found if isinstance(error, RequestFailed)]

    @property
    def is_answered(self) -> bool:
        return all(future.done() for future in self.asked.values())

    def check_outcomes(self) -> None:
        """What each was told is what the log says."""
        for request, future in self.asked.items():
            error = future.exception(60)
            if error is None:
                assert self._daemon.outcome(request) == ("done", future.result())
            else:
                assert isinstance(error, RequestFailed)
                assert error.exit_code == UNAVAILABLE, error.message
                assert self._daemon.outcome(request) == ("unknown", None), request


def bursts_until_it_fails(daemon: Daemon, pool: ThreadPoolExecutor, name: str) -> list[Burst]:
    """Let clients ask until the daemon recovers."""
    bursts: list[Burst] = []
    while daemon.state == "serving":
        bursts.append(Burst(daemon, pool, f"{name}{len(bursts)}-"))
        wait_until(lambda: daemon.state != "serving" or bursts[-1].is_answered)
    return bursts


def unavailable(daemon: Daemon) -> RequestFailed:
    """Ask for a change while the daemon recovers."""
    with pytest.raises(RequestFailed) as raised:
        daemon.make("refused")
    return raised.value


@needs_gcc
@pytest.mark.parametrize(
    ("operation", "error", "cause"),
    [
        (WRITE, errno.ENOSPC, "full"),
        (WRITE, errno.EIO, "I/O error"),
        (SYNC, errno.EIO, "I/O error"),
        (SYNC, errno.ENOSPC, "I/O error"),
    ],
)
@pytest.mark.parametrize("after", [0, 1, 3])
def test_after_a_disk_error_outcomes_are_what_the_log_says(
    served: Daemon, faults: Faults, operation: int, error: int, cause: str, after: int
) -> None:
    pid = served.pid
    with ThreadPoolExecutor(CLIENTS) as pool:
        faults.fail(operation, error, after)
        bursts = bursts_until_it_fails(served, pool, f"v{operation}-{error}-{after}-")
        refused = unavailable(served)
        faults.heal()
        served.wait_for("serving")
        for burst in bursts:
            burst.check_outcomes()
            assert all(cause in str(failure.cause) for failure in burst.failures())
    assert refused.exit_code == UNAVAILABLE
    assert cause in str(refused.cause)
    assert served.process is not None
    assert (served.pid, served.process.poll()) == (pid, None)
    served.assert_sound()
    served.make(f"after{operation}-{error}-{after}")


@needs_gcc
def test_who_was_told_that_it_failed_is_not_done_later_though_a_reader_ended_meanwhile(
    served: Daemon, faults: Faults
) -> None:
    # A reader of the past keeps SQLite's shared memory, in which a failed flush is undone; once it
    # ends, the flush may come back from the bytes of the WAL.
    served.query("outcome", id="anything")
    there = readers(served.pid)
    assert len(there) == 1
    with ThreadPoolExecutor(CLIENTS) as pool:
        faults.fail(SYNC)
        burst = Burst(served, pool, "reader")
        served.wait_for("recovering")
        wait_until(lambda: faults.failed > 3)
        for reader in there & readers(served.pid):
            os.kill(reader, signal.SIGKILL)
        wait_until(lambda: not there & readers(served.pid))
        faults.heal()
        served.wait_for("serving")
        burst.check_outcomes()
    served.assert_sound()


@needs_gcc
def test_a_daemon_that_is_killed_while_it_recovers_starts_again(
    served: Daemon, faults: Faults
) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        faults.fail(SYNC)
        burst = Burst(served, pool, "killed")
        served.wait_for("recovering")
        served.end()
        faults.heal()
        served.start()
        check_told(served, burst)


def check_told(daemon: Daemon, burst: Burst) -> None:
    """Who was told that it failed, and not that nobody knows, finds nothing in the log."""
    for name, future in burst.asked.items():
        error = future.exception(60)
        assert isinstance(error, RequestFailed)
        assert error.exit_code in (5, UNAVAILABLE)
        assert error.exit_code == 5 or daemon.outcome(name) == ("unknown", None), name
    daemon.assert_sound()


@needs_gcc
def test_a_daemon_that_is_stopped_while_it_recovers_ends_well(
    served: Daemon, faults: Faults
) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        faults.fail(SYNC)
        burst = Burst(served, pool, "stopped")
        served.wait_for("recovering")
        assert served.stop() == 0
        faults.heal()
        served.start()
        check_told(served, burst)


@needs_gcc
def test_a_daemon_that_cannot_write_when_it_starts_says_why(
    served: Daemon, faults: Faults
) -> None:
    assert served.stop() == 0
    faults.fail(WRITE, errno.ENOSPC)
    code, said = served.refuses_to_start()
    assert (code, "full" in said) == (UNAVAILABLE, True)
    faults.heal()
    served.start()
    served.assert_sound()


@needs_mount
@pytest.mark.root
def test_a_full_file_system_is_told_and_once_there_is_room_all_goes_on(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "small", mib=8) as directory,
        daemon_with_disks(directory) as daemon,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        daemon.start()
        make_group(daemon)
        daemon.make("before", "before")
        fill(directory)
        bursts = bursts_until_it_fails(daemon, pool, "full")
        refused = unavailable(daemon)
        make_larger(directory, mib=32)
        daemon.wait_for("serving")
        for burst in bursts:
            burst.check_outcomes()
        assert "full" in str(refused.cause)
        assert daemon.outcome("before")[0] == "done"
        daemon.make("after")
        daemon.assert_sound()
