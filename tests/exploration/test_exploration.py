"""Small scopes to exhaustion: no invariant breaks, all ends are good, planted bugs are found."""

from __future__ import annotations

import pytest

from tests.exploration import planted, scopes
from tests.exploration.disks import Image
from tests.exploration.planted import Plant
from tests.exploration.search import Search
from tests.exploration.snapshot import copied, key_of
from tests.exploration.space import Space
from tests.exploration.state import Scope


@pytest.mark.parametrize("scope", scopes.SMALL, ids=lambda scope: scope.name)
def test_a_small_scope_is_exhausted_without_a_violation(scope: Scope) -> None:
    report = Search(scope).run()
    assert (report.violation, report.path, report.is_exhausted) == ("", (), True)
    assert report.ends


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scope", scopes.LARGE, ids=lambda scope: scope.name)
def test_a_large_scope_is_exhausted_without_a_violation(scope: Scope) -> None:
    report = Search(scope).run()
    assert (report.violation, report.path, report.is_exhausted) == ("", (), True)


@pytest.mark.parametrize(
    ("plant", "rule", "scope"),
    [
        (planted.decides_without_one, "I5", scopes.ONE_REQUEST),
        (planted.says_before_the_flush, "I8", scopes.KILLED),
        (planted.promises_in_memory, "I8", scopes.KILLED),
        (planted.promises_in_memory, "I8", scopes.FLUSHES_SHARED),
        (planted.fails_what_may_be_decided, "I1", scopes.NO_POWER),
        (planted.never_asks_again, "I16", scopes.LOST_OR_DOUBLED),
        (planted.writes_down_what_is_over, "I5", scopes.HELD),
        (planted.leaves_io_held, "I16", scopes.HELD_AND_KILLED),
    ],
    ids=lambda item: getattr(item, "__name__", ""),
)
def test_a_missing_defence_is_found(
    plant: Plant, rule: str, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    report = Search(scope).run()
    assert report.violation.startswith(rule)
    assert report.path


def test_a_copy_of_a_core_goes_its_own_way() -> None:
    space = Space(scopes.ONE_REQUEST)
    state = space.beginning()
    core = space.steps.cores[state.cores[0]]
    before, other = key_of(core), copied(core)
    assert key_of(other) == before
    other.step(5000, core.member.wall_us, space.steps._input(other, _image(space), ("submit", 0)))
    assert key_of(other) != before == key_of(core)


def _image(space: Space) -> Image:
    return space.steps.disks[space.beginning().disks[0]]
