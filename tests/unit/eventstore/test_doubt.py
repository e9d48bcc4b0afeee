"""An answer about a time in which nothing was observed says so, whatever was asked (A5)."""

from collections.abc import Iterator
from typing import Any

import pytest

from eventstore.asking.questions import STATE_QUESTIONS
from eventstore.past.moments import unknown_intervals
from eventstore.present.standing import Log
from tests.support.past import Past, at, time

GIVEN: dict[str, dict[str, Any]] = {
    "get": {"object": "dg"},
    "blame": {"object": "dg"},
    "volume.maxsize": {"group": "dg"},
    "volume.maxgrow": {"group": "dg", "name": "vol"},
}
QUESTIONS = [*STATE_QUESTIONS, "log", "show", "trace", "knew", "blame"]


@pytest.fixture(params=["node", "shared"])
def default(past: Past, request: pytest.FixtureRequest) -> Iterator[Log]:
    """The log that is meant where none is named: the shared one in a cluster."""
    before, past.source.default = past.source.default, request.param
    yield request.param
    past.source.default = before


def unknown_us(past: Past) -> int:
    """A time at which the daemon was down."""
    reader = past.source.readers["node"]
    _position, interval = max(
        unknown_intervals(reader), key=lambda i: i[1].until_us - i[1].since_us
    )
    return (interval.since_us + interval.until_us) // 2


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_about_a_time_of_which_nothing_is_known_says_so(
    past: Past, question: str
) -> None:
    found = past.asks(question, time(unknown_us(past)), **GIVEN.get(question, {}))
    assert any("unknown interval" in note for note in found["notes"])


@pytest.mark.parametrize("question", ["dg.list", "disk.list", "print", "dg.free"])
def test_an_answer_from_both_logs_tells_what_was_not_observed_in_either(
    past: Past, default: Log, question: str
) -> None:
    found = past.asks(question, time(unknown_us(past)))
    assert any("unknown interval" in note for note in found["notes"]), default


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_about_a_commit_is_in_no_doubt(past: Past, question: str) -> None:
    assert past.asks(question, at(9), **GIVEN.get(question, {}))["notes"] == []
