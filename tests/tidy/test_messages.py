"""Every message that the program can give is in the catalogue, once, with the way out."""

from __future__ import annotations

import re

import pytest

from cli.explain import CATALOGUE, catalogue
from tests.tidy import rules

ID = re.compile(r"\bV-5-1-[0-9]+\b")


def raised(source: str) -> set[str]:
    """The IDs in strings of a module that stand alone, as they do where an error is made."""
    return {text for text in re.findall(r'"([^"\n]*)"', source) if ID.fullmatch(text)}


def test_every_message_that_is_raised_is_explained_and_no_other() -> None:
    used = {one for path in rules.python_files(*rules.LIBRARY) for one in raised(path.read_text())}
    assert used == {entry["id"] for entry in catalogue()}


def test_every_message_has_a_meaning_a_cause_and_a_way_out() -> None:
    for entry in catalogue():
        assert set(entry) == {"id", "meaning", "cause", "fix"}
        assert all(entry.values()), entry["id"]


def test_the_catalogue_is_in_the_order_of_its_numbers() -> None:
    text = (rules.ROOT / "cli" / CATALOGUE).read_text()
    numbers = [int(number) for number in re.findall(r'^\["V-5-1-([0-9]+)"\]', text, re.MULTILINE)]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise Rejected("V-5-1-1", "no")', {"V-5-1-1"}),
        ('"""See V-5-1-2."""', set()),
        ('fix="vx explain V-5-1-3"', set()),
    ],
)
def test_an_id_is_found_where_an_error_is_made(source: str, found: set[str]) -> None:
    assert raised(source) == found
