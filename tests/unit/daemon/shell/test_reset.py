"""Beginning a home anew: what it is refused for, and what becomes of the logs before (E5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.config import ClusterSettings, NodeSettings, Settings
from daemon.shell.reset import reset
from eventstore.codec import decode_context
from eventstore.errors import Damaged, Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.storage.offline import read_store
from tests.support.core import Core, a_core, stored
from tests.support.model import make

SETTINGS = Settings(ClusterSettings("prod"), NodeSettings("node1"))


def a_home(core: Core, home: Path) -> bytes:
    """Write a core's logs into a home; return them."""
    return stored(core, home / "log.db").read_bytes()


def refused(home: Path) -> str:
    before = (home / "log.db").read_bytes()
    with pytest.raises(Rejected) as caught:
        reset(home, SETTINGS)
    assert [path.name for path in home.iterdir()] == ["log.db"]
    assert (home / "log.db").read_bytes() == before
    return caught.value.id


def test_both_logs_begin_anew_and_say_why(tmp_path: Path) -> None:
    a_home(a_core(160), tmp_path)
    kept = reset(tmp_path, SETTINGS)
    with read_store(tmp_path / "log.db") as readers:
        first = readers["node"].commit(1)
        assert [readers[log].last() for log in ("shared", "node")] == [1, 1]
    said = decode_context(first.context).message
    assert said == f"-r reset; what was before is in {kept.name}"


def test_the_logs_before_are_kept_as_they_were_each_time(tmp_path: Path) -> None:
    before = a_home(a_core(160), tmp_path)
    first, second = reset(tmp_path, SETTINGS), reset(tmp_path, SETTINGS)
    assert first.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("log.db", "log.db.before-reset-1", "log.db.before-reset-2"),
    ]
    with read_store(second) as readers:
        assert readers["node"].last() == 1


def test_what_was_recorded_of_the_core_goes_with_its_logs(tmp_path: Path) -> None:
    a_home(a_core(160), tmp_path)
    (tmp_path / "recording").mkdir()
    (tmp_path / "recording" / "1.rec").write_bytes(b"steps")
    reset(tmp_path, SETTINGS)
    assert not (tmp_path / "recording").exists()
    assert (tmp_path / "recording.before-reset-1" / "1.rec").read_bytes() == b"steps"


def test_what_a_crash_left_of_a_reset_is_in_nobodys_way(tmp_path: Path) -> None:
    a_home(a_core(160), tmp_path)
    (tmp_path / "log.db.new").write_bytes(b"half")
    reset(tmp_path, SETTINGS)
    assert not (tmp_path / "log.db.new").exists()


def test_a_node_of_a_cluster_with_others_is_not_reset(tmp_path: Path) -> None:
    core = a_core()
    core.shares(ev.ConfiguredNodesChanged(("node1", "node2")))
    a_home(core, tmp_path)
    assert refused(tmp_path) == "V-5-1-7934"


def test_nor_is_one_with_a_volume_in_use_until_it_is_stopped(tmp_path: Path) -> None:
    core = a_core(160)
    core.asks(make("u", 10))
    (tmp_path / "used").mkdir()
    a_home(core, tmp_path / "used")
    assert refused(tmp_path / "used") == "V-5-1-7935"
    core.asks(cmd.StopVolumes("dg"))
    (tmp_path / "stopped").mkdir()
    a_home(core, tmp_path / "stopped")
    assert reset(tmp_path / "stopped", SETTINGS).exists()


def test_logs_that_do_not_say_whose_they_are_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_bytes(b"no database" * 1000)
    with pytest.raises(Damaged):
        reset(tmp_path, SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["log.db"]
