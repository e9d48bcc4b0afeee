"""Who may ask what: root and the daemon's user all, a group to read, others nothing (G1)."""

from __future__ import annotations

import grp
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from daemon.wire import control
from tests.support.daemons import Answer, Daemon, change, volume

pytestmark = [
    pytest.mark.integration,
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else"),
]

NOBODY = 65534
READERS = "games"
"""A group that every system has, and nobody is in."""

# What a stranger runs: who it is, then one request; prints what the daemon says.
STRANGER = """
import json, os, sys
from daemon.client import Client
from daemon.errors import RequestFailed
from daemon.wire.control import error_map
uid, gid, path, request = json.loads(sys.argv[1])
client = Client(path, 20.0)
os.setgroups([])
os.setresgid(gid, gid, gid)
os.setresuid(uid, uid, uid)
try:
    print(json.dumps(client.ask(request)))
except RequestFailed as error:
    print(json.dumps({"ok": False, "error": error_map(error)}))
"""


@pytest.fixture(scope="module")
def served() -> Iterator[Daemon]:
    # Not below pytest's own directory, into which only root may look.
    directory = Path(mkdtemp(prefix="vx-roles-"))
    directory.chmod(0o755)
    daemon = Daemon(directory / "home")
    try:
        daemon.start("--set", f"socket.readers={READERS}")
        yield daemon
    finally:
        daemon.end()
        shutil.rmtree(directory)


def ask_as(daemon: Daemon, uid: int, gid: int, request: dict[str, object]) -> Answer:
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, json.dumps([uid, gid, str(daemon.socket), request])],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    said: Answer = json.loads(done.stdout)
    return said


def reader_gid() -> int:
    return grp.getgrnam(READERS).gr_gid


def test_a_member_of_the_readers_may_ask_anything(served: Daemon) -> None:
    for request in (
        control.ping(),
        control.query("state", {}),
        control.query("log", {}),
        control.query("outcome", {"id": "x"}),
    ):
        assert ask_as(served, NOBODY, reader_gid(), request)["ok"] is True


def test_a_member_of_the_readers_may_change_nothing(served: Daemon) -> None:
    before = served.query("status")["logs"]
    for dry_run in (False, True):
        request = {**change("volume.make", volume("a")), "dry_run": dry_run}
        said = ask_as(served, NOBODY, reader_gid(), request)
        assert said["ok"] is False
        assert (said["error"]["exit"], said["error"]["rule"]) == (77, "G1")
        assert "nobody" in said["error"]["message"]
    assert served.query("status")["logs"] == before


def test_anybody_else_is_not_let_in(served: Daemon) -> None:
    for request in (control.ping(), change("volume.make", volume("a"))):
        said = ask_as(served, NOBODY, NOBODY, request)
        assert (said["ok"], said["error"]["exit"]) == (False, 77)


def test_who_comes_through_an_open_door_is_still_refused(served: Daemon) -> None:
    home, mode = served.home, served.home.stat().st_mode
    home.chmod(0o755)
    served.socket.chmod(0o666)
    try:
        for request in (control.ping(), control.query("state", {}), change("dg.destroy", {})):
            said = ask_as(served, NOBODY, NOBODY, request)
            assert (said["ok"], said["error"]["exit"]) == (False, 77), said
            assert "nobody" in said["error"]["message"]
    finally:
        served.socket.chmod(0o660)
        home.chmod(mode)


def test_who_changed_something_is_in_the_log_as_the_kernel_says(served: Daemon) -> None:
    request = {**change("volume.make", volume("a"), "who"), "program": "liar"}
    assert "error" in ask_as(served, 0, 0, request)
    actor = served.query("show", at={"log": None, "kind": "head"})["context"]["actor"]
    assert (actor["uid"], actor["user"], actor["program"]) == (0, "root", "liar")
    assert actor["pid"] > 1


def test_the_daemons_own_user_may_change_and_only_it() -> None:
    directory = Path(mkdtemp(prefix="vx-roles-"))
    daemon = Daemon(directory / "home")
    try:
        for path in (directory, daemon.home, *daemon.home.iterdir()):
            os.chown(path, NOBODY, NOBODY)
        done = subprocess.Popen(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
             sys.executable, "-P", "-m", "daemon", "--home", str(daemon.home)],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        daemon.process = done
        daemon.wait_for("serving")
        said = ask_as(daemon, NOBODY, NOBODY, change("dg.destroy", {"group": "none"}))
        assert said["error"]["exit"] == 3
        said = ask_as(daemon, 1, 1, change("dg.destroy", {"group": "none"}))
        assert said["error"]["exit"] == 77
    finally:
        daemon.end()
        shutil.rmtree(directory)
