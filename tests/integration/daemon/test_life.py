"""How a daemon starts, refuses to start, and stops."""

from __future__ import annotations

import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from daemon.config import CONFIG_FILE
from daemon.errors import RequestFailed
from eventstore.codec import Context as CommitContext, Draft, Entry, encode_context, encode_events
from eventstore.model import events as ev
from eventstore.storage.store import Store
from tests.support.daemons import DEADLINE_S, Daemon, daemon_with_disks, make_group, received
from tests.support.stores import raw
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

CLIENTS = 8


def test_a_second_daemon_on_a_home_is_refused_and_the_first_one_named(daemon: Daemon) -> None:
    daemon.start()
    second = Daemon(daemon.home)
    second.output = daemon.home / "second"
    code, said = second.refuses_to_start()
    assert code == 69
    assert f"process {daemon.pid} holds" in said
    assert "Traceback" not in said
    assert daemon.state == "serving"
    assert daemon.stop() == 0


def test_after_a_kill_a_daemon_starts_on_what_is_left(daemon: Daemon) -> None:
    daemon.start()
    daemon.stop(signal.SIGKILL)
    assert daemon.socket.exists()
    daemon.start()
    daemon.assert_sound()


def test_an_orderly_stop_is_recorded_and_leaves_one_whole_file(tmp_path: Path) -> None:
    def work(number: int) -> int:
        for made in count():
            try:
                daemon.make(f"w{number}-{made}", f"w{number}-{made}")
            except RequestFailed as error:
                if error.exit_code in (5, 69):  # not known, or no daemon
                    return made
                raise
        raise AssertionError

    with daemon_with_disks(tmp_path) as daemon, ThreadPoolExecutor(CLIENTS) as pool:
        daemon.start()
        make_group(daemon)
        working = [pool.submit(work, number) for number in range(CLIENTS)]
        wait_until(lambda: daemon.query("status")["volumes"] > 100)
        assert daemon.stop(signal.SIGTERM) == 0
        made = [future.result(DEADLINE_S) for future in working]
        left = {path.name for path in daemon.home.iterdir()}
        assert not left & {"log.db-wal", "log.db-shm", "vxconfigd.sock"}
        with raw(daemon.home / "log.db") as connection:
            query = ("SELECT (SELECT max(position) FROM node_commits), indexed_to "
                     "FROM index_marks WHERE log = 'node'")  # fmt: skip
            last, indexed = connection.execute(query).fetchone()
        assert last == indexed
        daemon.start()
        newest = daemon.query("log", n=4)
        assert "daemon-stopped" in [name for row in newest for name in row["events"]]
        for number, many in enumerate(made):
            assert daemon.outcome(f"w{number}-{many - 1}")[0] == "done"
        assert daemon.query("status")["unknown_intervals"][-1]["reason"] == "the daemon was down"
        daemon.assert_sound()


def test_two_clients_that_want_one_name_one_wins_and_the_other_is_told_who(
    tmp_path: Path,
) -> None:
    with daemon_with_disks(tmp_path) as daemon, ThreadPoolExecutor(CLIENTS) as pool:
        daemon.start()
        make_group(daemon)
        asked = [pool.submit(daemon.make, "wanted", f"rival-{i}") for i in range(CLIENTS)]
        errors = [future.exception(DEADLINE_S) for future in asked]
        won = [i for i, error in enumerate(errors) if error is None]
        assert len(won) == 1
        position = asked[won[0]].result()
        for error in errors:
            if error is not None:
                assert isinstance(error, RequestFailed)
                assert error.exit_code == 1
                assert f"@{position}" in str(error.cause)
        maker = daemon.query("blame", object="datadg/wanted")
        assert {(row["tx"], row["position"]) for row in maker} == {(f"rival-{won[0]}", position)}
        outcomes = [daemon.outcome(f"rival-{i}")[0] for i in range(CLIENTS)]
        assert sorted(outcomes) == ["done"] + ["rejected"] * (CLIENTS - 1)


def append(daemon: Daemon, payload: bytes) -> None:
    with Store.open(daemon.home / "log.db") as store:
        draft = Draft("later", "node1", encode_context(CommitContext()), payload, bytes(17), 1)
        store.append([Entry("node", draft)])


def test_a_commit_of_a_newer_program_is_named_and_not_skipped(daemon: Daemon) -> None:
    known = encode_events((ev.DaemonStopped("x"),))
    append(daemon, known.replace(b"daemon-stopped/1", b"daemon-stopped/9"))
    code, said = daemon.refuses_to_start()
    assert code == 70
    assert "commit @2 holds an event daemon-stopped/9" in said
    assert "Traceback" not in said


def test_a_log_that_gives_another_state_than_was_recorded_is_not_served(daemon: Daemon) -> None:
    append(daemon, encode_events((ev.DaemonStarted("boot", "0", "3", clean=True),)))
    code, said = daemon.refuses_to_start()
    assert code == 70
    assert "another state than was recorded" in said


def test_a_damaged_log_is_not_served_and_the_position_named(daemon: Daemon) -> None:
    with raw(daemon.home / "log.db") as connection:
        connection.execute("UPDATE node_commits SET term = term + 1 WHERE position = 1")
    code, said = daemon.refuses_to_start()
    assert (code, "@1" in said, "Traceback" in said) == (70, True, False)


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_a_file_that_is_no_store_is_not_served(daemon: Daemon, content: bytes) -> None:
    (daemon.home / "log.db").write_bytes(content)
    code, said = daemon.refuses_to_start()
    assert (code, "Traceback" in said) == (70, False)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "cluster"),
        ("[cluster\n", "line 1"),
        ('[cluster]\nname = "lab"\n[node]\nname = "a b"\n', "$.node.name"),
        ('[cluster]\nname = "lab"\n[node]\nname = "n"\ncolour = 1\n', "colour"),
        ('[cluster]\nname = "lab"\n[node]\nname = "n"\n[disks]\n', "disks"),
        ('[cluster]\nname = "lab"\n[node]\nname = "n"\n[kernel]\ntype = "bsd"\n', "bsd"),
        (
            '[cluster]\nname = "lab"\n[node]\nname = "n"\n[limits]\nconnections = 0\n',
            "connections",
        ),
        ("cluster = 3\n", "cluster"),
        ('kernel = 3\n[cluster]\nname = "lab"\n[node]\nname = "n"\n', "kernel"),
        (
            '[cluster]\nname = "lab"\n[node]\nname = "n"\n[socket]\nreaders = "nonesuch"\n',
            "nonesuch",
        ),
    ],
)
def test_a_setting_that_is_not_valid_is_named(daemon: Daemon, text: str, named: str) -> None:
    (daemon.home / CONFIG_FILE).write_text(text)
    code, said = daemon.refuses_to_start(environment={"VX_KERNEL_MONITOR": "x"})
    assert (code, "Traceback" in said) == (1, False), said
    assert named in said


def test_settings_that_are_no_text_are_refused(daemon: Daemon) -> None:
    (daemon.home / CONFIG_FILE).write_bytes(b"\xff\xfe")
    code, said = daemon.refuses_to_start()
    assert (code, "Traceback" in said) == (1, False), said


@pytest.mark.parametrize("flag", ["log.levle=debug", "log.level", "level=debug", "log.level=loud"])
def test_a_flag_that_sets_nothing_is_refused(daemon: Daemon, flag: str) -> None:
    code, said = daemon.refuses_to_start("--set", flag)
    assert (code, "Traceback" in said) == (1, False), said
    assert flag.partition("=")[0] in said or "loud" in said


def test_a_home_that_was_never_made_is_named(tmp_path: Path, daemon: Daemon) -> None:
    daemon.home = tmp_path / "nowhere"
    code, said = daemon.refuses_to_start()
    assert code == 3
    assert f"{daemon.home} is not a home" in said
    assert "vxconfigd init" in said


def test_the_environment_overrides_the_file_and_a_flag_both(daemon: Daemon) -> None:
    config = daemon.home / CONFIG_FILE
    config.write_text(config.read_text() + '[log]\nlevel = "warning"\n')
    daemon.start()
    assert "serving" not in daemon.said
    assert daemon.stop() == 0
    daemon.start(environment={"VX_LOG_LEVEL": "info"})
    assert "serving" in daemon.said
    assert daemon.stop() == 0
    daemon.output.write_bytes(b"")
    daemon.start("--set", "log.level=error", environment={"VX_LOG_LEVEL": "info"})
    assert daemon.said == ""


def test_the_service_manager_is_told_when_it_serves_and_when_it_stops(
    daemon: Daemon, tmp_path: Path
) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "n"))
        manager.settimeout(DEADLINE_S)
        daemon.spawn(environment={"NOTIFY_SOCKET": str(tmp_path / "n")})
        ready = manager.recv(4096).decode().split("\n")
        assert "READY=1" in ready
        assert any(line.startswith("STATUS=") for line in ready)
        assert daemon.state == "serving"
        assert daemon.stop() == 0
        assert b"STOPPING=1" in manager.recv(4096)


def test_a_daemon_whose_messages_find_no_room_serves_all_the_same(tmp_path: Path) -> None:
    with daemon_with_disks(tmp_path) as daemon:
        daemon.output = Path("/dev/full")
        daemon.start()
        make_group(daemon)
        daemon.assert_sound()
        assert daemon.stop() == 0


def test_a_stop_ends_idle_connections_and_readers_of_the_past(daemon: Daemon) -> None:
    daemon.start()
    daemon.query("verify", replay=True)
    with daemon.connect() as idle:
        assert daemon.stop() == 0
        assert received(idle) == b""
