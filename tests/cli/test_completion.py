"""Completion: words from the commands, names from the daemon if it is quick."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.commands import Runner
from tests.support.fake_daemon import fake_daemon

OFFERED = {
    "vx dg ad": ["adddisk"],
    "vx stat": ["state", "status"],
    "vxassist shr": ["shrinkto", "shrinkby"],
    "vxassist sto": [],
    "vxvol sto": ["stop", "stopall"],
    "vxdg -g da": ["datadg"],
    "vxassist -g datadg growby vo": ["vol01"],
    "vx volume growby -g datadg vo": ["vol01"],
    "vxdg -g datadg rmdisk datadg01 datadg0": ["datadg01", "datadg02"],
    "vxdisk init l": ["loop0", "loop1"],
    "vx blame datadg/vol0": ["datadg/vol01"],
    "vx log --sin": ["--since"],
    "vx verify x": [],
}


@pytest.mark.parametrize("line", OFFERED)
def test_what_a_word_may_become_is_offered(line: str, run: Runner) -> None:
    offered = run(f"vx complete -- {line}").out.splitlines()
    assert [word for word in offered if "-0" not in word] == OFFERED[line]


def test_without_a_daemon_words_are_still_offered_and_nothing_is_said(run: Runner) -> None:
    words = ["vx", "complete", "--home", "/nonexistent", "--"]
    assert run.alone([*words, "vxdg", "dep"]).out == "deport\n"
    done = run.alone([*words, "vxdg", "-g", "d"])
    assert (done.out, done.err, done.code) == ("", "", 0)


def test_a_daemon_that_is_slow_is_not_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_daemon(lambda _: b"") as daemon:
        done = Runner(capsys, daemon)("vx complete -- vxdg -g d")
    assert (done.out, done.err, done.code) == ("", "", 0)


def test_the_script_is_one_that_its_shell_takes(run: Runner) -> None:
    script = run.alone(["vx", "completion", "bash"]).out
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    asked = subprocess.run(
        ["bash", "-c", f"{script}\ncomplete -p vxdg vx"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.count("-F _vx_complete") == 2


def test_a_shell_that_is_not_known_is_refused(run: Runner) -> None:
    assert run.alone(["vx", "completion", "csh"]).code == 2
