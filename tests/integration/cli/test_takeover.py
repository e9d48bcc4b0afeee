"""A configuration of another system, taken over by a real daemon and given back by it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.json_schema import problems
from tests.support.lab import RunningLab, running_lab
from tests.support.listings import FIXTURES, HEADING, SAMPLES

pytestmark = pytest.mark.integration

PLAIN = FIXTURES / "plain_htg.txt"
EVERYTHING = FIXTURES / "everything_htr.txt"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("takeover")) as running:
        running.ok("vx", "import", "vxprint", str(PLAIN))
        yield running


def test_the_file_is_printed_again_byte_by_byte(lab: RunningLab) -> None:
    assert lab.ok("vxprint", "-ht", "-g", "appdg") == PLAIN.read_text()


def test_each_group_is_one_commit_and_the_past_is_without_it(lab: RunningLab) -> None:
    before = int(lab.data("log", "-n", "1", "--reverse")[0]["position"])
    data = lab.data("import", "vxprint", str(EVERYTHING))
    assert [row["position"] for row in data["groups"]] == [before + 1, before + 2]
    first, _, second = EVERYTHING.read_text().partition("\nDisk group: litdg\n\n")
    printed = lab.ok("vxprint", "-ht", "-g", "bizdg")
    assert printed == HEADING + first.partition("WORDS\n\n")[2]
    assert lab.ok("vxprint", "-ht", "-g", "litdg") == second
    missing = lab.run("vxprint", "-g", "litdg", "--at", f"@{before + 1}")
    assert missing.code == 3
    lab.ok("vxdg", "destroy", "bizdg", "--yes")
    assert lab.ok("vxprint", "-ht", "-g", "bizdg", "--at", f"@{before + 1}") == printed


def test_what_was_taken_over_is_there_after_a_crash_and_in_the_log(lab: RunningLab) -> None:
    lab.kill()
    assert lab.ok("vxprint", "-ht", "-g", "appdg", "--log", str(lab.home)) == PLAIN.read_text()
    lab.start()
    assert lab.ok("vxprint", "-ht", "-g", "appdg") == PLAIN.read_text()
    assert lab.data("verify", "--replay")["ok"]


def test_a_group_that_exists_is_in_the_way(lab: RunningLab) -> None:
    done = lab.run("vx", "import", "vxprint", str(PLAIN))
    assert (done.code, "Disk group appdg: cannot create" in done.err) == (1, True)


@pytest.mark.parametrize("line", ["vxprint -g appdg", "vx disk list", "vx dg list appdg"])
def test_what_is_shown_of_it_is_what_the_schemas_say(line: str, lab: RunningLab) -> None:
    assert problems(json.loads(lab.ok(*line.split(), "--json"))) == []


@pytest.mark.parametrize(
    "options",
    [
        "",
        "-v",
        "-p",
        "-s",
        "-d",
        "-l",
        "-A",
        "-htA",
        "-hv",
        "-m",
        "-mvpsd",
        "-G",
        "-e len>1",
        "-F%dgname",
    ],
)
def test_every_form_of_vxprint_shows_it(options: str, lab: RunningLab) -> None:
    printed = lab.ok("vxprint", *options.split())
    assert "appdg" in printed


def test_a_description_rebuilds_the_same_with_its_words(lab: RunningLab) -> None:
    lab.ok("vxedit", "-g", "appdg", "set", "comment=a word or two", "putil0=mine", "data")
    table = lab.ok("vxprint", "-ht", "-g", "appdg")
    described = lab.ok("vxprint", "-m", "-g", "appdg")
    path = lab.home / "described.txt"
    path.write_text(described)
    lab.ok("vxdg", "destroy", "appdg", "--yes")
    lab.ok("vx", "import", "vxprint", str(path))
    assert lab.ok("vxprint", "-ht", "-g", "appdg") == table
    assert lab.ok("vxprint", "-m", "-g", "appdg") == described


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*vxprint*")), ids=lambda path: path.name)
def test_a_sample_goes_in_and_out_or_says_what_it_lacks(path: str, lab: RunningLab) -> None:
    text = (SAMPLES / path).read_text()
    done = lab.run("vx", "import", "vxprint", str(SAMPLES / path))
    if done.code == 0:
        (name,) = (line.split()[1] for line in text.split("\n") if line.startswith("dg "))
        assert lab.ok("vxprint", "-ht", "-g", name) == HEADING + text.partition("\n\n")[2]
    else:
        assert "cause: line" in done.err
