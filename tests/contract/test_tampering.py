"""Whatever is done to a log's file is found, by the log itself or by heads that are elsewhere."""

from __future__ import annotations

from random import Random

import pytest

from tests.support.tampering import KINDS, Tampered, tampered


def _effective(seed: int, count: int) -> list[Tampered]:
    """So many cases in which something of the log was changed, of all kinds in turn."""
    random, found = Random(seed), list[Tampered]()
    while len(found) < count:
        for kind in KINDS:
            case = tampered(random, kind)
            if case.truth is not None:
                found.append(case)
    return found[:count]


def check(case: Tampered) -> None:
    """It is found; and where: of a log made anew, between two heads that are known."""
    assert case.found, case
    assert case.truth is not None
    if case.kind == "rewrite":
        assert case.first_bad is not None
        assert (case.known_to or 0) < case.truth <= case.first_bad, case
    elif case.first_bad is not None:
        assert case.first_bad == case.truth, case


def test_two_hundred_tamperings_are_found_where_they_are() -> None:
    for case in _effective(1, 200):
        check(case)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_ten_thousand_tamperings_are_found_where_they_are() -> None:
    for case in _effective(2, 10_000):
        check(case)
