"""The rules of the protocol as stories, and the cases that random search seldom finds.

The stories are golden: they are written and changed by hand, never by a program.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.scenario import Unreadable, difference, played

STORIES = sorted(Path(__file__).parent.glob("*.txt"))
STORY = """\
given n1 n2 n3
n2 is asked r1: rename d0 of dg0 to x1
    n2 sends n1 early: ship 1 #1 r1
deliver n2 > n1: ship
    n1 sends n2 n3 early: propose 1.5 @7 r1
    n1 writes: in doubt about 1.5 @7 r1
"""


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_story_is_told_as_it_happens(path: Path) -> None:
    found = difference(path.read_text())
    assert not found, f"{path.name} tells it otherwise:\n{found}"


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_story_names_the_rule_that_its_file_is_named_by(path: Path) -> None:
    rule = path.stem.partition("-")[0]
    assert path.read_text().startswith("# " if rule == "case" else f"# {rule}")


def test_a_true_story_has_no_difference() -> None:
    assert difference(STORY) == ""


@pytest.mark.parametrize(
    ("told", "instead", "seen"),
    [
        ("@7 r1", "@8 r1", "-    n1 sends n2 n3 early: propose 1.5 @8 r1"),
        ("    n1 writes: in doubt about 1.5 @7 r1\n", "", "+    n1 writes: in doubt about 1.5"),
        ("early: ship", "late: ship", "+    n2 sends n1 early: ship 1 #1 r1"),
        ("n1 writes", "n3 writes", "-    n3 writes: in doubt about 1.5 @7 r1"),
    ],
)
def test_a_planted_wrong_line_is_shown_beside_the_right_one(
    told: str, instead: str, seen: str
) -> None:
    assert seen in difference(STORY.replace(told, instead))


def test_a_line_too_many_is_found() -> None:
    assert "-    n3 writes: nothing" in difference(STORY + "    n3 writes: nothing\n")


@pytest.mark.parametrize("line", ["n1 dreams", "n1 is asked r1: sing", "deliver n1 to n2"])
def test_what_is_not_in_the_language_is_said(line: str) -> None:
    with pytest.raises(Unreadable, match=r"dreams|sing|deliver"):
        played(f"given n1 n2\n{line}\n")
