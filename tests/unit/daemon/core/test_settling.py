"""What becomes of a proposal in doubt (C4), over every combination of what members can say."""

from __future__ import annotations

from itertools import product

import pytest

from daemon.core.messages import Record
from daemon.core.settling import C4, Witness, choose
from eventstore.codec import ZERO_HASH, Commit, Draft, Head, head_after, seal

HEAD = Head(bytes(16), 0, ZERO_HASH, 0)


def commits(count: int, word: str = "x") -> tuple[Commit, ...]:
    head, made = HEAD, []
    for number in range(count):
        made.append(seal(head, Draft(f"{word}{number}", "n", b"", b"", b"", 0), 0))
        head = head_after(head, made[-1])
    return tuple(made)


def record(term: int = 1, number: int = 1, *, again: bool = False, count: int = 1) -> Record:
    return Record(term, number, again, ("a", "b", "c"), commits(count))


def test_every_combination_is_in_the_table() -> None:
    assert set(C4) == set(product((False, True), repeat=2))


@pytest.mark.parametrize(
    ("again", "b_has", "b_intact", "verdict"),
    [
        (again, has, intact, C4[again, intact and not has])
        for again, has, intact in product((False, True), repeat=3)
    ],
)
def test_only_an_intact_member_of_its_list_that_lacks_a_first_proposal_fails_it(
    again: bool, b_has: bool, b_intact: bool, verdict: str
) -> None:
    found = record(again=again)
    witnesses = [Witness("a", True, 0, found), Witness("b", b_intact, 0, found if b_has else None)]
    assert choose(HEAD, witnesses).verdict == verdict


def test_a_joiner_proves_nothing() -> None:
    witnesses = [Witness("a", True, 0, record()), Witness("d", True, 0, None)]
    assert choose(HEAD, witnesses).verdict == "complete"


def test_a_damaged_member_proves_nothing() -> None:
    witnesses = [Witness("a", True, 0, None), Witness("b", False, 0, record())]
    assert choose(HEAD, witnesses).verdict == "nothing"


def test_the_highest_term_and_number_count() -> None:
    low, high = record(2, 9), record(3, 1, again=True)
    witnesses = [Witness("a", True, 0, low), Witness("b", True, 0, high)]
    assert choose(HEAD, witnesses).order == (3, 1)


def test_a_record_is_cut_to_what_lies_beyond_the_longest_log() -> None:
    two = record(count=2)
    head = head_after(HEAD, two.commits[0])
    choice = choose(head, [Witness("a", True, 1, two)])
    assert (choice.verdict, choice.commits) == ("complete", two.commits[1:])


def test_a_record_in_whose_place_something_else_was_decided_is_dead() -> None:
    two = record(count=2)
    head = head_after(HEAD, commits(1, "other")[0])
    assert choose(head, [Witness("a", True, 1, two)]).verdict == "nothing"
