"""Settings of logs that are never thrown away: accepted where they are so, else refused."""

from __future__ import annotations

import pytest

from cli.failure import UsageError
from cli.log_settings import Asked, notes
from daemon.errors import RequestFailed


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(), []),
        (Asked(mode="on"), ["-m on"]),
        (Asked(number="no_limit"), ["-n no_limit"]),
        (Asked(queries="off"), ["-q off"]),
        (Asked("on", "no_limit", None, "off"), ["-m on", "-n no_limit", "-q off"]),
    ],
)
def test_what_is_so_anyway_is_accepted_and_said(asked: Asked, said: list[str]) -> None:
    assert [note.partition(":")[0] for note in notes(asked)] == said


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (Asked(mode="off"), "V-5-1-7970"),
        (Asked(number="5"), "V-5-1-7971"),
        (Asked(size="512k"), "V-5-1-7972"),
        (Asked(queries="on"), "V-5-1-7973"),
    ],
)
def test_what_would_throw_a_part_away_is_refused_by_name(asked: Asked, name: str) -> None:
    with pytest.raises(RequestFailed) as raised:
        notes(asked)
    assert (raised.value.id, raised.value.exit_code) == (name, 1)


@pytest.mark.parametrize(
    "asked", [Asked(mode="maybe"), Asked(number="0"), Asked(number="-1"), Asked(size="much"),
              Asked(queries="")]
)  # fmt: skip
def test_what_is_no_value_of_the_original_is_a_usage_error(asked: Asked) -> None:
    with pytest.raises(UsageError):
        notes(asked)
