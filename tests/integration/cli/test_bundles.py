"""`vx bundle` and `vx verify` as their users run them: of a node that serves, and far from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.json_schema import problems
from tests.support.lab import RunningLab, running_lab

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("bundles")) as found:
        for disk in ("vxd1", "vxd2"):
            found.ok("vxdisk", "init", disk)
        found.ok("vxdg", "init", "datadg", "vxd1", "vxd2")
        found.ok("vxassist", "-g", "datadg", "make", "vol01", "10m")
        yield found


def document(lab: RunningLab, *words: str) -> Any:
    found = json.loads(lab.vx(*words, "--json"))
    assert problems(found) == []
    return found["data"]


def test_a_bundle_is_made_of_a_node_that_serves_and_read_anywhere(
    lab: RunningLab, tmp_path: Path
) -> None:
    file, directory = str(tmp_path / "a.vxb"), str(tmp_path / "unfolded")
    data = document(lab, "bundle", "create", "--since", "@-2", "--with-recording", "-O", file)
    assert any(one["name"].startswith("recording/") for one in data["sections"])
    assert document(lab, "bundle", "verify", file)["ok"]
    assert document(lab, "bundle", "open", file, "-O", directory)["directory"] == directory
    assert "read it with --log" in lab.vx("bundle", "open", file)
    for where in (file, directory):
        for words in (("print", "-g", "datadg", "-ht"), ("show", "head"), ("log", "-n", "2")):
            assert lab.vx(*words, "--log", where) == lab.vx(*words, "--log", str(lab.home))
        assert "no such option" not in lab.run("vx", "verify", "--log", where).err
        assert lab.run("vx", "verify", "--replay", "--log", where).code == 0
    assert "the same as the other up to @" in lab.vx("verify", "--against", file)


def test_contexts_can_be_left_out(lab: RunningLab, tmp_path: Path) -> None:
    file = str(tmp_path / "redacted.vxb")
    lab.vx("bundle", "create", "--redact-context", "-O", file)
    assert lab.run("vx", "bundle", "verify", file).code == 0
    assert "vxassist" not in lab.vx("log", "--log", file, "--json")
    words = ("bundle", "create", "--redact-context", "--with-recording", "-O", f"{file}.2")
    done = lab.run("vx", *words)
    assert (done.code, "V-5-1-9270" in done.err) == (2, True)
    assert lab.run("vx", "bundle", "create", "-O", file).code == 1


def test_a_bundle_that_was_changed_is_refused(lab: RunningLab, tmp_path: Path) -> None:
    file = tmp_path / "changed.vxb"
    lab.vx("bundle", "create", "-O", str(file))
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)
    for words in (("bundle", "verify", str(file)), ("log", "--log", str(file))):
        done = lab.run("vx", *words)
        assert (done.code, "is not what was written" in done.err) == (70, True)


def test_a_check_in_pieces_can_be_left_and_taken_up(lab: RunningLab, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.json"
    first = document(lab, "verify", "--replay", "--checkpoint", str(file))
    assert [row["resumed"] for row in first["logs"]] == [None, None]
    kept = json.loads(file.read_text())["logs"]["node"]
    assert (kept["position"], kept["head_hash"]) == (kept["head"], kept["hash"])
    lab.ok("vxassist", "-g", "datadg", "growby", "vol01", "1m")
    again = document(lab, "verify", "--replay", "--checkpoint", str(file))
    assert again["logs"][1]["resumed"]["position"] == kept["position"]
    assert again["logs"][1]["commits"] > kept["position"]
    file.write_text("nothing")
    assert lab.run("vx", "verify", "--checkpoint", str(file)).code == 1


def test_a_verdict_says_when_by_whom_and_how_to_repeat_it(lab: RunningLab) -> None:
    said = lab.vx("verify", "--replay", "--report").splitlines()
    assert [line.split(":")[0] for line in said[-3:]] == ["checked", "programs", "repeat"]
    assert said[-1].endswith("vx verify --replay")


def test_a_node_alone_signs_too(lab: RunningLab) -> None:
    heads = lab.data("head")["heads"]
    assert [bool(head["signature"]) for head in heads] == [True, True]
    assert [head["witnesses"] for head in heads] == [[], []]
