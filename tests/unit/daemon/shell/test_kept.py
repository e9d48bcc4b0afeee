"""Heads that are kept: never changed, never forgotten where they speak against something."""

from __future__ import annotations

from pathlib import Path

import msgspec

from daemon.shell import kept
from daemon.shell.kept import Kept, thinned
from eventstore.proofs.heads import Head
from eventstore.text import iso

DAY_US = 86_400_000_000


def head(position: int, *, node: str = "node2", digits: str = "00", day: int = 0) -> Head:
    time = iso(day * DAY_US + position)
    return Head("c", f"node/{node}", "ab" * 16, position, digits * 32, "", time, node)


def test_what_is_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    Kept(tmp_path).keep(head(1))
    again = Kept(tmp_path)
    again.keep(head(2))
    assert Kept(tmp_path).of("node2") == [head(1), head(2)]
    assert Kept(tmp_path).of("node3") == []


def test_a_line_that_was_cut_off_costs_no_other(tmp_path: Path) -> None:
    Kept(tmp_path).keep(head(1))
    path = tmp_path / kept.DIRECTORY / "node2.ndjson"
    path.write_bytes(path.read_bytes() + b'{"cluster": "c"')
    Kept(tmp_path).keep(head(2))
    assert Kept(tmp_path).of("node2") == [head(1), head(2)]


def test_a_log_that_was_contradicted_stays_so(tmp_path: Path) -> None:
    ours = Kept(tmp_path)
    for position in (3, 5):
        assert ours.against(head(position)) is None
        ours.keep(head(position))
    assert "ended @5 before" in str(ours.against(head(4)))
    ours.keep(head(4))
    assert ours.against(head(9)) is not None
    other = msgspec.structs.replace(head(1), lineage="cd" * 16)
    assert ours.against(other) is None


def test_of_what_is_old_the_first_of_each_day_stays() -> None:
    many = [head(position, day=position // 100) for position in range(1, 1001)]
    left = thinned(many)
    assert left[-kept.NEWEST :] == many[-kept.NEWEST :]
    assert [one.position for one in left[: -kept.NEWEST]] == [1, 100, 200, 300, 400]


def test_a_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    ours = Kept(tmp_path)
    for position in range(1, kept.LINES_MAX + 2):
        ours.keep(head(position))
    assert len(Kept(tmp_path).of("node2")) == kept.NEWEST + 1
