import os
from pathlib import Path

import msgspec
import pytest

from daemon.kernel.monitor import store
from daemon.kernel.monitor.disks import DiskRequest, apply, found
from eventstore.errors import Damaged, Unavailable, UnknownFormat

MONITOR = found("lab", ["node1"], 2, size_sectors=100, boot_id="boot")


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    monitor = apply(MONITOR, DiskRequest("fail", "vxd1"), 7).monitor
    store.save(tmp_path, monitor)
    assert store.load(tmp_path) == monitor
    assert list(tmp_path.iterdir()) == [tmp_path / "monitor.json"]


def test_a_directory_without_a_monitor_is_empty(tmp_path: Path) -> None:
    assert store.load(tmp_path) is None


def test_a_damaged_file_is_not_taken_for_another(tmp_path: Path) -> None:
    (tmp_path / "monitor.json").write_text('{"cluster": "lab"')
    with pytest.raises(Damaged, match=r"monitor\.json"):
        store.load(tmp_path)


def test_a_newer_file_is_refused_by_its_format(tmp_path: Path) -> None:
    store.save(tmp_path, MONITOR)
    file = tmp_path / "monitor.json"
    file.write_text(file.read_text().replace('"format": 2', '"format": 3'))
    with pytest.raises(UnknownFormat, match="format 3"):
        store.load(tmp_path)


def test_a_file_without_members_becomes_one_whose_nodes_have_not_joined(tmp_path: Path) -> None:
    (tmp_path / "monitor.json").write_text(
        '{"boot_id": "boot", "cluster": "lab", "disks": {}, "format": 1, "nodes": ["node1"],'
        ' "seqnum": 7}'
    )
    loaded = store.load(tmp_path)
    assert loaded == msgspec.structs.replace(found("lab", ["node1"], 0, 1, "boot"), seqnum=7)


def test_a_directory_has_one_monitor(tmp_path: Path) -> None:
    held = store.lock(tmp_path)
    with pytest.raises(Unavailable, match="another monitor"):
        store.lock(tmp_path)
    os.close(held)
