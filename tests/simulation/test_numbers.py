"""Every nemesis of the table is in the simulator, or says where else it is tested."""

from __future__ import annotations

from tests.simulation import run
from tests.simulation.faults import NEMESES
from tests.simulation.numbers import DRAWN, ELSEWHERE, TITLES


def test_every_number_is_somebodys() -> None:
    assert run.ROOMS
    named = {number for nemesis in NEMESES.values() for number in nemesis.numbers}
    assert named | set(DRAWN) | set(ELSEWHERE) == set(TITLES)
    assert named & set(ELSEWHERE) == set()


def test_every_nemesis_says_what_it_does() -> None:
    assert [n.name for n in NEMESES.values() if not n.strike.__doc__ or not n.numbers] == []
