"""Every rule of the protocol is cited by a test or a scenario that proves it."""

from __future__ import annotations

import re

import pytest

from tests.tidy import rules

PROTOCOL = rules.ROOT / "daemon" / "PROTOCOL.md"

# Rules that no test may cite yet, and why.
UNPROVEN = {"F2": "the detach policy is not in the program yet"}


def stated(protocol: str) -> set[str]:
    """The rules that the protocol states: lines that begin with a rule's number."""
    return set(re.findall(r"^([A-G][0-9]{1,2}) \(", protocol, re.MULTILINE))


def cited(text: str) -> set[str]:
    """The rules that a text names; a part of a rule (`C4b`) counts for the rule."""
    return set(re.findall(r"\b([A-G][0-9]{1,2})[a-c]?\b", text))


def _cited_by_tests() -> set[str]:
    files = [p for p in rules.tracked_files() if p.relative_to(rules.ROOT).parts[0] == "tests"]
    texts = [p.read_text() for p in files if p.suffix in (".py", ".txt") and p.name != HERE]
    return set().union(*map(cited, texts))


HERE = "test_protocol.py"


def test_every_rule_of_the_protocol_is_cited_by_a_test() -> None:
    assert stated(PROTOCOL.read_text()) - _cited_by_tests() - set(UNPROVEN) == set()


def test_what_is_excepted_is_a_rule_and_no_exception_is_left_over() -> None:
    assert set(UNPROVEN) <= stated(PROTOCOL.read_text()) - _cited_by_tests()


def test_every_case_that_search_seldom_finds_has_a_scenario() -> None:
    listed = PROTOCOL.read_text().partition("## Cases that random search")[2].partition("\n\n")[2]
    stories = list((rules.ROOT / "tests" / "scenarios").glob("case-*.txt"))
    assert len(stories) == len(cases(listed)) == 16


def cases(listed: str) -> list[str]:
    """The cases of a list whose parts are divided by semicolons."""
    return [" ".join(case.split()) for case in listed.split(";")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A4 (ours) Every change\n", {"A4"}),
        ("   B10 (original) inside\n", set()),
        ("C4a and so on\n", set()),
    ],
)
def test_a_rule_is_stated_at_the_margin(text: str, found: set[str]) -> None:
    assert stated(text) == found


def test_a_rule_that_is_not_cited_is_found() -> None:
    assert stated("A1 (ours) x\nA2 (ours) y\n") - cited('"""A2: proved."""') == {"A1"}
    assert cited("C4b, not V5 or A123 or CA1") == {"C4"}


def test_cases_are_divided_by_semicolons() -> None:
    assert cases("one, and\nmore; two; three.") == ["one, and more", "two", "three."]
