"""What a moment is in a log."""

from pathlib import Path

import pytest

from eventstore.errors import NotFound, Rejected
from eventstore.past.moments import Moment, position_of_tx, resolve, time_of, unknown_intervals
from eventstore.storage.reader import LogReader
from eventstore.text import iso
from tests.support.core import a_core
from tests.support.model import START_US, make, remove
from tests.support.past import Past, past_of, time

HEAD = 31


def reader(past: Past) -> LogReader:
    return past.source.readers["node"]


@pytest.mark.parametrize(
    ("moment", "position"),
    [
        (None, HEAD),
        (Moment("head"), HEAD),
        (Moment("position", 1), 1),
        (Moment("position", HEAD), HEAD),
        (Moment("relative", 0), HEAD),
        (Moment("relative", -3), HEAD - 3),
        (Moment("relative", 1 - HEAD), 1),
        (Moment("tx", "make-vol"), 8),
        (Moment("tx", "node1@1"), None),
        (Moment("tx", "node1@2"), 2),
    ],
)
def test_a_moment_is_a_position(past: Past, moment: Moment | None, position: int | None) -> None:
    if position is None:
        with pytest.raises(NotFound):
            resolve(reader(past), moment)
    else:
        assert resolve(reader(past), moment).position == position


@pytest.mark.parametrize(
    "moment",
    [
        Moment("position", 0),
        Moment("position", -1),
        Moment("position", HEAD + 1),
        Moment("position", 2**70),
        Moment("relative", -HEAD),
        Moment("relative", 1),
        Moment("tx", "nobody"),
        Moment("time", START_US - 1),
        Moment("time", -(2**62)),
    ],
)
def test_a_moment_that_the_log_does_not_have_is_not_found(past: Past, moment: Moment) -> None:
    with pytest.raises(NotFound):
        resolve(reader(past), moment)


@pytest.mark.parametrize("moment", [Moment("position"), Moment("time", "noon")])
def test_a_moment_without_its_number_is_rejected(past: Past, moment: Moment) -> None:
    with pytest.raises(Rejected):
        resolve(reader(past), moment)


def test_a_time_is_the_last_commit_at_or_before_it(past: Past) -> None:
    for position in range(1, HEAD):
        at_us, next_us = (time_of(reader(past), n) for n in (position, position + 1))
        if at_us < next_us:
            assert resolve(reader(past), Moment("time", at_us)).position == position
            assert resolve(reader(past), Moment("time", next_us - 1)).position == position


def test_a_time_after_the_last_commit_is_the_last_commit(past: Past) -> None:
    assert resolve(reader(past), Moment("time", 2**62)).position == HEAD


def test_of_commits_at_one_time_the_last_is_meant(tmp_path: Path) -> None:
    core = a_core(160)
    core.clock_jumps(-3600)
    core.asks(make("vol", 8))
    core.asks(remove("vol"))
    with past_of(core, tmp_path) as past:
        stuck_us = time_of(reader(past), core.position)
        assert time_of(reader(past), core.position - 2) == stuck_us
        assert resolve(reader(past), Moment("time", stuck_us)).position == core.position
        listed = past.log(since=time(stuck_us))
        assert listed[-4:] == list(range(core.position - 3, core.position + 1))


def test_the_answer_says_what_a_moment_became(past: Past) -> None:
    resolved = resolve(reader(past), Moment("position", 1))
    assert str(resolved) == f"at @1 ({iso(START_US)})"
    assert iso(START_US) == "2025-11-24T16:00:00.000000Z"


def test_a_time_that_no_calendar_has_is_told_as_a_number() -> None:
    assert iso(2**62) == f"{2**62} us"


def test_a_transaction_is_found_by_its_identifier(past: Past) -> None:
    assert position_of_tx(reader(past), "remove-wide") == 11
    assert position_of_tx(reader(past), "too-much") is None


def test_every_unknown_interval_is_found(past: Past) -> None:
    reasons = [interval.reason for _at, interval in unknown_intervals(reader(past))]
    assert [at for at, _interval in unknown_intervals(reader(past))] == [20, 21, 24]
    assert reasons == [
        "the daemon was down",
        "the clock jumped by -5.000 s",
        "notifications of the kernel were lost",
    ]
    assert [at for at, _interval in unknown_intervals(reader(past), after=20)] == [21, 24]
