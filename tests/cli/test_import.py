"""`vx import vxprint`: what is sent, what is refused, what is said."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.commands import Done, Runner
from tests.support.listings import FIXTURES, SMALL

Taken = Callable[..., Done]
EVERYTHING = FIXTURES / "everything_htr.txt"


@pytest.fixture
def taken(tmp_path: Path, run: Runner) -> Taken:
    def import_(text: str, options: str = "") -> Done:
        path = tmp_path / "listing.txt"
        path.write_text(text)
        return run(f"vx import vxprint {path} {options}")

    return import_


def sent(run: Runner) -> list[tuple[str, bool]]:
    """The groups that were sent, and whether as a trial."""
    requests = [request for request in run.daemon.requests if request["op"] == "command"]
    return [(request["args"]["rows"][0][2], request["dry_run"]) for request in requests]


def test_each_group_is_tried_before_one_is_taken_over(run: Runner) -> None:
    done = run(f"vx import vxprint {EVERYTHING} --id mine --expect @7")
    assert sent(run) == [("bizdg", True), ("litdg", True), ("bizdg", False), ("litdg", False)]
    assert [request["id"] for request in run.daemon.requests] == ["mine.1", "mine.2"] * 2
    assert [request["expect"] for request in run.daemon.requests] == [7, None] * 2
    assert (
        done.out.splitlines()[1]
        == "litdg: committed @1205: 1 disk, 0 volumes, 0 plexes, 0 subdisks, 0 others"
    )
    assert done.err == "note: litdg: line 100: no volume follows: has the group none?\n"


def test_one_group_of_the_file_is_taken_by_its_name(run: Runner) -> None:
    assert run(f"vx import vxprint {EVERYTHING} --dg litdg").code == 0
    assert sent(run) == [("litdg", True), ("litdg", False)]
    done = run(f"vx import vxprint {EVERYTHING} --dg nodg")
    assert (done.code, "there are: bizdg, litdg" in done.err) == (3, True)


def test_a_dry_run_is_only_tried(run: Runner) -> None:
    out = run(f"vx import vxprint {EVERYTHING} --dry-run").out
    assert out.startswith("nothing was appended")
    assert out.splitlines()[-2:] == [
        "bizdg: would be taken over: 3 disks, 9 volumes, 11 plexes, 12 subdisks, 11 others",
        "litdg: would be taken over: 1 disk, 0 volumes, 0 plexes, 0 subdisks, 0 others",
    ]
    assert sent(run) == [("bizdg", True), ("litdg", True)]


def test_lines_that_are_not_understood_are_listed_and_nothing_is_sent(
    taken: Taken, run: Runner
) -> None:
    done = taken(SMALL.replace("dm d1 c1t1d0", "dm d1") + "what is this\n")
    assert done.code == 1
    assert done.err.splitlines()[0].endswith("lines are not understood; nothing was imported")
    assert "line 3: a row dm has 7 words; here are 6" in done.err
    assert "line 15: 'what' is no kind of row, and no heading explains it" in done.err
    assert sent(run) == []


def test_lenient_leaves_out_the_line_and_what_rests_on_it(taken: Taken, run: Runner) -> None:
    broken = SMALL.replace("dm d2 c1t2d0 auto", "dm d2 auto")
    done = taken(broken, "--lenient --json")
    lines = [entry["line"] for entry in json.loads(done.out)["data"]["left_out"]]
    assert lines == [4, 9, 10]
    assert "left out: line 10: its disk d2 is missing" in done.err
    assert sent(run) == [("dg1", True), ("dg1", False)]


def test_nothing_left_is_an_error(taken: Taken) -> None:
    done = taken("what is this\n", "--lenient")
    assert (done.code, "no disk group that can be taken over" in done.err) == (1, True)
    assert taken("").code == 1


def test_another_form_says_what_it_lacks_and_how_to_get_it(taken: Taken) -> None:
    for options in ("", "--lenient"):
        done = taken("TY NAME ASSOC KSTATE\nv x fsgen ENABLED\n", options)
        assert done.code == 1
        assert "line 2: a row v does not tell READPOL" in done.err
        assert "fix: run `vxprint -ht -g DG`" in done.err


def test_rows_in_another_order_or_form_than_the_original_s_are_told(taken: Taken) -> None:
    done = taken(SMALL)
    assert done.err == (
        "note: dg1: line 1 and 10 more will be printed in the original's columns\n"
    )


def test_a_group_beyond_the_bounds_of_a_request_names_them(taken: Taken, run: Runner) -> None:
    disks = "".join(f"dm disk{n:05} {'d' * 99} auto 1 1 -\n" for n in range(9000))
    done = taken(SMALL.splitlines()[0] + "\n" + disks)
    assert done.code == 1
    assert "9001 rows are one request, and a message of" in done.err
    assert sent(run) == []


def test_a_listing_comes_from_stdin_too(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(SMALL.encode())))
    assert run("vx import vxprint -").code == 0


def test_a_file_that_cannot_be_read_is_a_usage_error(run: Runner) -> None:
    assert run("vx import vxprint /nonexistent/x").code == 2
