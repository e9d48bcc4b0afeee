"""Real processes: pipes that close, disks that are full, terminals that ask."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from tests.support.answers import by_question
from tests.support.fake_daemon import FakeDaemon, answer, fake_daemon
from tests.support.records import group

PROGRAM = "import sys; from cli.main import main; sys.exit(main(sys.argv[1:]))"


def command(daemon: FakeDaemon, line: str) -> list[str]:
    return [sys.executable, "-c", PROGRAM, *line.split(), "--socket", daemon.path]


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    many = answer({"groups": [group()] * 2000})
    with fake_daemon(lambda _: many) as daemon:
        process = subprocess.Popen(
            command(daemon, "vxprint"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stderr is not None
        with process:
            assert process.stdout.readline() == b"Disk group: datadg\n"
            process.stdout.close()
            assert process.stderr.read() == b""
    assert process.returncode == 0


def test_output_that_cannot_be_written_is_said() -> None:
    with fake_daemon(by_question) as daemon, open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            command(daemon, "vxdg list"), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 70
    assert b"The answer could not be written" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(("typed", "code"), [(b"y\n", 0), (b"\n", 1)])
def test_a_terminal_is_asked_before_something_is_destroyed(typed: bytes, code: int) -> None:
    ours, theirs = pty.openpty()
    try:
        with fake_daemon(by_question) as daemon:
            os.write(ours, typed)
            done = subprocess.run(
                command(daemon, "vxdg destroy datadg"),
                stdin=theirs,
                capture_output=True,
                check=False,
            )
            asked = len(daemon.requests)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (done.returncode, asked) == (code, code == 0)
    assert done.stderr.startswith(b"Destroy disk group datadg")


def test_off_a_terminal_nobody_is_asked() -> None:
    with fake_daemon(by_question) as daemon:
        done = subprocess.run(
            command(daemon, "vxdg destroy datadg"), input=b"y\n", capture_output=True, check=False
        )
        assert daemon.requests == []
    assert done.returncode == 2
