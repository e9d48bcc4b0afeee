"""What went into the core is kept in a bounded ring, and gives the same decisions again."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.config import ClusterSettings, NodeSettings, Settings
from daemon.core.node import Node
from daemon.core.ready import Begin, Input, Stop, Submit, Viewed
from daemon.core.view import View, ViewNode
from daemon.shell import home as homes, recorder
from daemon.shell.recorder import Recorder, began_with
from daemon.shell.recovery import recover
from daemon.shell.repeat import repeat
from eventstore.codec import Context
from eventstore.errors import Rejected
from eventstore.model.commands import DestroyDiskGroup
from eventstore.storage.store import Store

NOW_MS, WALL_US = 5_000, 1_790_000_000_000_000


def inputs(node: Node) -> list[Input]:
    view = View(node.member.cluster_id, (ViewNode("node1", "boot", 1),), "node1", quorate=True)
    gone = DestroyDiskGroup("none")
    return [
        Begin("boot", "1", "3"),
        Viewed(view),
        *(Submit(i, f"r{i}", "dg.destroy", gone, Context()) for i in range(3)),
        Stop("test"),
    ]


def recorded(home: Path, max_bytes: int = 1 << 24) -> Recorder:
    """Live a short run on a home, and record it."""
    store, node = recover(home / "log.db")
    ends = store.heads["shared"].position, store.heads["node"].position
    made = Recorder(home, began_with(*ends, store.hard_state()), max_bytes)
    for number, said in enumerate(inputs(node)):
        _step(store, node, made, said, NOW_MS + number)
    made.close()
    store.close()
    return made


def _step(store: Store, node: Node, made: Recorder, said: Input, now_ms: int) -> None:
    ready = node.step(now_ms, WALL_US, said)
    made.record(now_ms, WALL_US, said, ready)
    made.write()
    store.append(ready.append)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    homes.found(tmp_path, Settings(ClusterSettings("lab"), NodeSettings("node1")))
    return tmp_path


def test_a_recorded_run_gives_the_same_decisions_again(home: Path) -> None:
    recorded(home)
    recorded(home)
    assert [(one.steps, one.differs) for one in repeat(home)] == [(6, None), (6, None)]


def test_a_decision_that_differs_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(home)
    monkeypatch.setattr("daemon.core.node.Node._submit", lambda _node, _said: None)
    (found,) = repeat(home)
    assert found.steps == 2
    assert found.differs is not None
    assert "step 3, Submit" in found.differs


def test_a_run_that_was_cut_off_ends_with_its_last_whole_step(home: Path) -> None:
    recorded(home)
    (path,) = recorder.files(home)
    path.write_bytes(path.read_bytes()[:-1])
    assert [(one.steps, one.differs) for one in repeat(home)] == [(5, None)]


def test_the_ring_is_bounded_and_a_run_without_its_beginning_is_not_repeated(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "FILE_BYTES", 400)
    for _ in range(3):
        recorded(home, max_bytes=2000)
    assert sum(path.stat().st_size for path in recorder.files(home)) <= 2000
    recorded(home, max_bytes=0)
    with pytest.raises(Rejected, match="no recording that can be repeated"):
        repeat(home)


def test_a_disk_that_refuses_ends_the_recording_and_nothing_else(home: Path) -> None:
    (home / recorder.DIRECTORY).write_text("in the way")
    made = recorded(home)
    assert made.problem is not None
    with pytest.raises(Rejected):
        repeat(home)


def test_a_recording_that_is_not_understood_is_refused(home: Path) -> None:
    recorded(home)
    (path,) = recorder.files(home)
    path.write_bytes(b"\x00\x00\x00\x03abc" + path.read_bytes())
    with pytest.raises(Rejected, match="is not understood"):
        repeat(home)
