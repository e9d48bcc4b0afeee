"""`vxprint -e`: of which records an expression is true."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from cli import search
from cli.failure import UsageError
from tests.support import records
from tests.support.records import Record


def group() -> Record:
    """A group in which each record has an ID of its own: its name."""
    found = records.group()
    for row in found["records"]:
        row["rid"] = row["name"]
    found["records"][4] |= {"kstate": "DISABLED", "length_sectors": 409600}
    found["records"][5]["labels"] = {"putil0": "mine"}
    found["records"][6]["rid"], found["records"][9]["rid"] = "sd1", "sd2"
    return found


LONG = "a_volume_of_long_name"
FOUND = {
    'state == "ACTIVE" && kstate == "DISABLED"': {"vol01"},
    "len > 100m": {"vol01"},
    "len >= 100m && type == 'v'": {"vol01", LONG},
    'v_kstate == "DISABLED"': {"vol01", "vol01-01", "sd1"},
    'v_name ~ "^vol"': {"vol01", "vol01-01", "sd1"},
    'v_name !~ "^vol"': {LONG, f"{LONG}-01", "sd2", "old-01"},
    "putil0": {"vol01-01"},
    '!(type == "sd") && !(v_len < 1g)': {"old-01"},
    "pl_putil0 == 'mine'": {"vol01-01", "sd1"},
    'read_pol == "ROUND" || name == "vol01"': {"vol01"},
    "dm_offset > 17000000": {"sd2"},
    'pl_name == "vol01-01" && v_len == 409600': {"vol01-01", "sd1"},
    "da_type == 'auto'": set(),
}


@pytest.mark.parametrize("expression", FOUND)
def test_an_expression_finds_what_it_is_true_of(expression: str) -> None:
    assert search.matching([group()], expression) == FOUND[expression]


WRONG = ["", "len >", "len > > 3", "(len", "len)", "nothing == 3", "name ~ name", 'name ~ "("']
WRONG += ["len = 3", '"open', "!" * 60 + "len", "len || " * 200 + "len", "len 3", "len > 3x"]


@pytest.mark.parametrize("expression", WRONG)
def test_what_is_no_expression_is_a_usage_error(expression: str) -> None:
    with pytest.raises(UsageError):
        search.matching([group()], expression)


tokens = st.sampled_from(["len", "3", '"x"', "(", ")", "!", "&&", "||", "==", "~", "<", "name"])


@given(st.lists(tokens, max_size=30))
def test_any_words_are_an_expression_or_a_usage_error(words: list[str]) -> None:
    with suppress(UsageError):
        search.matching([group()], " ".join(words))
