"""Starting, finding and stopping processes that outlive the command that starts them."""

import os
import signal
import sys
from pathlib import Path

import pytest

from cli.lab_processes import (
    NotStarted,
    Process,
    end_readers,
    locked,
    running,
    start,
    stop,
    stop_holder,
    tail,
)
from daemon.errors import RequestFailed

pytestmark = pytest.mark.integration

DEADLINE_S = 20.0
FOREVER = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + FOREVER


def process(directory: Path, code: str) -> Process:
    command = [sys.executable, "-c", code]
    return Process("it", command, directory / "it.pid", directory / "it.log")


def started(directory: Path, code: str) -> Process:
    made = process(directory, code)
    start(made, lambda: "up" in tail(made.log), DEADLINE_S)
    return made


def test_a_process_is_found_and_stopped_by_its_pid_file(tmp_path: Path) -> None:
    made = started(tmp_path, FOREVER)
    pid = running(made.pid_file)
    assert pid is not None
    assert os.getsid(pid) == pid
    assert stop(made.pid_file, signal.SIGTERM, DEADLINE_S) == pid
    assert running(made.pid_file) is None
    assert stop(made.pid_file, signal.SIGTERM, DEADLINE_S) is None


def test_a_pid_that_belongs_to_another_is_left_alone(tmp_path: Path) -> None:
    pid_file = tmp_path / "it.pid"
    pid_file.write_text(f"{os.getpid()} 1@another-boot\n")
    assert running(pid_file) is None
    assert stop(pid_file, signal.SIGKILL, DEADLINE_S) is None


@pytest.mark.parametrize("text", ["", "x", "-1 2", "1 2 3", "999999999999999999999 1"])
def test_a_pid_file_with_nonsense_names_nobody(tmp_path: Path, text: str) -> None:
    pid_file = tmp_path / "it.pid"
    pid_file.write_text(text)
    assert running(pid_file) is None


def test_a_process_that_ends_at_once_says_why(tmp_path: Path) -> None:
    made = process(tmp_path, "raise SystemExit('no disk here')")
    with pytest.raises(NotStarted, match="no disk here") as failure:
        start(made, lambda: False, DEADLINE_S)
    assert failure.value.cause == "it ended at once"
    assert not made.pid_file.exists()


def test_a_process_that_never_answers_is_not_left_behind(tmp_path: Path) -> None:
    made = process(tmp_path, FOREVER)
    pids: list[int | None] = []

    def is_ready() -> bool:
        pids.append(running(made.pid_file))
        return False

    with pytest.raises(NotStarted, match="did not start"):
        start(made, is_ready, 0.3)
    assert pids[0] is not None
    assert not Path(f"/proc/{pids[0]}").exists()


def test_a_process_that_ignores_a_signal_is_reported(tmp_path: Path) -> None:
    made = started(tmp_path, STUBBORN)
    with pytest.raises(Exception, match="did not end"):
        stop(made.pid_file, signal.SIGTERM, 0.1)
    assert stop(made.pid_file, signal.SIGKILL, DEADLINE_S)


HOLDS = (
    "import fcntl, os, sys; f = open(sys.argv[1], 'w');"
    "fcntl.flock(f, fcntl.LOCK_EX); f.write(str(os.getpid())); f.flush();" + FOREVER
)


def test_a_process_that_nobody_remembers_is_found_by_its_lock(tmp_path: Path) -> None:
    lock = tmp_path / "it.lock"
    made = process(tmp_path, HOLDS)
    made = made._replace(command=[*made.command, str(lock)])
    pid = start(made, lambda: "up" in tail(made.log), DEADLINE_S)
    made.pid_file.unlink()
    assert stop_holder(lock, signal.SIGTERM, DEADLINE_S) == pid
    os.waitpid(pid, 0)
    assert stop_holder(lock, signal.SIGTERM, DEADLINE_S) is None
    assert stop_holder(tmp_path / "none.lock", signal.SIGTERM, DEADLINE_S) is None


def test_a_lock_that_names_a_process_which_does_not_hold_it_is_harmless(tmp_path: Path) -> None:
    lock = tmp_path / "it.lock"
    lock.write_text(str(os.getpid()))
    assert stop_holder(lock, signal.SIGKILL, DEADLINE_S) is None


def test_only_one_at_a_time_has_a_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lab.lock"
    with (
        locked(lock, DEADLINE_S),
        pytest.raises(RequestFailed, match="another command"),
        locked(lock, 0.05),
    ):
        pass
    with locked(lock, 0):
        pass


def test_what_only_reads_a_home_is_ended_and_nothing_else(tmp_path: Path) -> None:
    made = process(tmp_path, FOREVER)
    words = ["daemon.shell.past_process", str(tmp_path)]
    reader = made._replace(command=[*made.command, *words])
    pid = start(reader, lambda: "up" in tail(reader.log), DEADLINE_S)
    assert end_readers(tmp_path / "other", DEADLINE_S) == []
    assert end_readers(tmp_path, DEADLINE_S) == [pid]
    os.waitpid(pid, 0)
