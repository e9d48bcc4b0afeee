"""The process that answers questions about the past may end; nobody else notices."""

from __future__ import annotations

import os
import resource
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import RequestFailed
from daemon.wire import control
from daemon.wire.frames import pack_message
from tests.integration.daemon.test_bad_input import answer
from tests.support.asking import asked, held
from tests.support.daemons import Daemon, change, volume
from tests.support.processes import open_files, readers
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def only_reader(served: Daemon) -> int:
    served.query("outcome", id="x")
    (reader,) = readers(served.pid)
    return reader


def test_one_reader_answers_many_questions(served: Daemon) -> None:
    reader = only_reader(served)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda i: served.outcome(f"x{i}"), range(64)))
    assert found == [("unknown", None)] * 64
    assert readers(served.pid) == {reader}


def test_a_reader_that_was_killed_is_replaced(served: Daemon) -> None:
    os.kill(only_reader(served), signal.SIGKILL)
    wait_until(lambda: answers(served))
    assert served.query("verify", replay=True)["ok"] is True


def answers(served: Daemon) -> bool:
    try:
        return served.outcome("x")[0] == "unknown"
    except RequestFailed as error:
        if error.exit_code == 69:
            return False
        raise


def test_a_reader_that_cannot_be_started_is_an_error_and_no_silence(daemon: Daemon) -> None:
    daemon.start()
    with daemon.connect() as connection:
        assert answer(connection, control.ping())["ok"] is True
        _soft, hard = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
        few = open_files(daemon.pid) + 1
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (few, hard))
        said: Any = answer(connection, control.query("log", {}))
        assert (said["ok"], said["error"]["exit"]) == (False, 69)
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (hard, hard))
        assert answer(connection, control.query("log", {}))["ok"] is True


def test_what_lies_in_the_directory_of_the_start_is_not_run(
    daemon: Daemon, tmp_path: Path
) -> None:
    for name in ("daemon", "eventstore", "msgspec"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('this is not ours')\n")
    daemon.directory = tmp_path
    daemon.start()
    assert daemon.query("verify", replay=True)["ok"] is True


def test_a_question_that_takes_too_long_is_given_up_and_changes_go_on(served: Daemon) -> None:
    for i in range(20):
        served.make(f"past{i}")
    with pytest.raises(RequestFailed) as raised:
        served.ask(control.query("verify", {"replay": True}, timeout_ms=1))
    assert raised.value.exit_code == 69
    assert "within 0.001 s" in str(raised.value.cause)
    served.make("meanwhile")
    assert served.query("verify", replay=True)["ok"] is True


@pytest.mark.parametrize("question", ["verify", "log", "outcome"])
def test_a_question_about_the_past_that_takes_long_delays_no_change(
    served: Daemon, question: str
) -> None:
    args: dict[str, object] = {"id": "x"} if question == "outcome" else {}
    with ExitStack() as stack:
        with held(only_reader(served)):
            read = stack.enter_context(asked(served, question, **args))
            for i in range(3):
                served.make(f"during-{question}-{i}")
            assert served.query("print", group="datadg")["groups"]
            assert not read.is_answered
        assert read.answer()["ok"] is True


def test_an_answer_is_never_given_to_the_next_question(served: Daemon) -> None:
    for i in range(10):
        with served.connect() as gone:
            gone.sendall(pack_message(control.query("log", {})))
        assert served.query("outcome", id=f"asked{i}")["id"] == f"asked{i}"


def test_a_question_is_answered_from_what_was_acknowledged_before_it(served: Daemon) -> None:
    for i in range(50):
        position = served.make(f"fresh{i}", f"fresh-{i}")
        assert served.outcome(f"fresh-{i}") == ("done", position)


def test_the_same_request_again_has_the_first_outcome_also_after_a_kill(served: Daemon) -> None:
    request = change("volume.make", volume("once"), "once")
    first = served.ask(request)["data"]["position"]
    assert served.ask(request)["data"]["position"] == first
    served.stop(signal.SIGKILL)
    served.start()
    assert served.ask(request)["data"]["position"] == first


def test_the_reader_ends_with_its_daemon_however_that_ends(served: Daemon) -> None:
    for number in (signal.SIGKILL, signal.SIGTERM):
        reader = only_reader(served)
        served.stop(number)
        wait_until(partial(is_gone, reader))
        served.start()


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
