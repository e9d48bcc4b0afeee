"""The tree: each record stands below what it belongs to."""

from __future__ import annotations

from cli.render import tree
from tests.support import records

DRAWN: list[tree.Row] = tree.from_groups({"groups": [records.group()]})


def test_off_a_terminal_it_is_drawn_in_ascii() -> None:
    assert tree.text(DRAWN, tree.ASCII).isascii()


def test_each_line_stands_below_its_owner() -> None:
    places = {(row[1], row[0]) for row in tree.rows(DRAWN)[1:]}
    assert {("dg", "0"), ("dm", "1"), ("v", "1"), ("pl", "2"), ("sd", "3")} <= places


def test_both_drawings_say_the_same() -> None:
    plain = tree.text(DRAWN, tree.ASCII)
    lines = tree.text(DRAWN, tree.LINES)
    table = str.maketrans({"├": "|", "└": "`", "│": "|", "─": "-"})
    assert lines.translate(table) == plain
