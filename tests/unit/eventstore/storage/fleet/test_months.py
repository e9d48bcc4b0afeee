"""The months by which an archive is cut."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, strategies as st

from eventstore.storage.fleet.months import begins_us, month_of
from eventstore.text import microseconds


@pytest.mark.parametrize(
    ("time", "month"),
    [
        ("2026-11-30T23:59:59.999999Z", date(2026, 11, 1)),
        ("2026-12-01T00:00:00.000000Z", date(2026, 12, 1)),
        ("2024-02-29T12:00:00.000000Z", date(2024, 2, 1)),
    ],
)
def test_a_month_is_one_of_utc(time: str, month: date) -> None:
    assert month_of(microseconds(time)) == month


@given(st.integers(0, 253_370_764_800_000_000))
def test_a_month_begins_where_it_says(time_us: int) -> None:
    month = month_of(time_us)
    assert begins_us(month) <= time_us
    assert month_of(begins_us(month)) == month


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_time_that_a_log_can_have_is_in_a_month(time_us: int) -> None:
    assert month_of(time_us).day == 1
