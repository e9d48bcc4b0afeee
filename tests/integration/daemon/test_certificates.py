"""``vxconfigd ca`` and ``vxconfigd node-cert``, as an operator types them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration


def _vxconfigd(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "daemon", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_an_authority_and_a_certificate_are_made(tmp_path: Path) -> None:
    ca, home = tmp_path / "ca", tmp_path / "home"
    assert _vxconfigd("ca", "init", "--dir", ca, "--cluster", "c1").returncode == 0
    made = _vxconfigd("node-cert", "--ca", ca, "--node", "node1", "--home", home, "--days", 9)
    assert (made.returncode, made.stdout) == (
        0,
        f"certificate of node1 in cluster c1, good for 9 days: {home}/tls\n",
    )
    assert sorted(path.name for path in (home / "tls").iterdir()) == [
        "ca.pem",
        "cert.pem",
        "key.pem",
    ]


def test_a_home_goes_over_to_another_authority(tmp_path: Path) -> None:
    for name in ("old", "new"):
        _vxconfigd("ca", "init", "--dir", tmp_path / name, "--cluster", "c1")
        done = _vxconfigd("ca", "trust", "--ca", tmp_path / name, "--home", tmp_path)
        assert done.returncode == 0
    _vxconfigd("ca", "distrust", "--ca", tmp_path / "old", "--home", tmp_path)
    last = _vxconfigd("ca", "distrust", "--ca", tmp_path / "new", "--home", tmp_path)
    assert last.returncode == 1
    assert "V-5-1-9041" in last.stderr
    assert (tmp_path / "tls" / "ca.pem").read_bytes() == (tmp_path / "new/ca.pem").read_bytes()


def test_an_error_says_the_way_out(tmp_path: Path) -> None:
    found = _vxconfigd("node-cert", "--ca", tmp_path, "--node", "node1", "--home", tmp_path)
    assert found.returncode == 3
    assert "V-5-1-9041" in found.stderr
    assert "fix: make one: 'vxconfigd ca init" in found.stderr


def test_the_first_init_says_what_to_type_on_the_others(tmp_path: Path) -> None:
    def init(node: str, *more: str) -> str:
        home = tmp_path / node
        words = ["--home", home, "--cluster", "prod", "--node", node, "--nodes", "a,b"]
        return _vxconfigd("init", *words, *more).stdout

    *_, last = init("a").splitlines()
    assert last.startswith("on b: vxconfigd init --cluster prod --node NODE --nodes a,b")
    assert init("b", "--cluster-id", last.split()[-1]) == (
        f"home of b in cluster prod made: {tmp_path / 'b'}\ncluster ID: {last.split()[-1]}\n"
    )


def test_a_name_that_cannot_be_one_is_told_in_words(tmp_path: Path) -> None:
    done = _vxconfigd("init", "--home", tmp_path / "a", "--cluster", "prod", "--node", "bad name")
    assert done.returncode == 1
    assert "a letter or digit, then at most 30" in done.stderr
