from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from cli import when
from cli.failure import UsageError

EAST = timezone(timedelta(hours=1))
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=EAST)
NOW_US = int(NOW.timestamp()) * 1_000_000

# The years that a log may hold, and a few centuries around them.
times = st.integers(0, 4_000_000_000_000_000)
positions = st.integers(0, 2**63 - 1)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)


def moment(text: str) -> tuple[object, object, object]:
    parsed = when.parse(text, NOW_US, EAST)
    return parsed["log"], parsed["kind"], parsed["value"]


def at(text: str) -> str:
    kind, value = moment(text)[1:]
    assert kind == "time"
    assert isinstance(value, int)
    return when.iso(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1204", (None, "position", 1204)),
        ("@1204", (None, "position", 1204)),
        ("@-3", (None, "relative", -3)),
        ("head", (None, "head", None)),
        ("tx:01JD-x", (None, "tx", "01JD-x")),
        ("now", (None, "time", NOW_US)),
        ("shared@12", ("shared", "position", 12)),
        ("shared@-3", ("shared", "relative", -3)),
        ("node/node1@head", ("node/node1", "head", None)),
        ("node/node1@tx:7", ("node/node1", "tx", "7")),
        ("node/a-b.c@@12", ("node/a-b.c", "position", 12)),
    ],
)
def test_positions_and_logs(text: str, expected: tuple[object, object, object]) -> None:
    assert moment(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T10:14:58.12Z", "2026-11-22T10:14:58.120000Z"),
        ("2026-11-22 10:14:58Z", "2026-11-22T10:14:58.000000Z"),
        ("2026-11-22T10:14+02:00", "2026-11-22T08:14:00.000000Z"),
        ("2026-11-22 10:14 -0530", "2026-11-22T15:44:00.000000Z"),
        ("2026-11-22T10:14+02", "2026-11-22T08:14:00.000000Z"),
        ("2026-11-22T10:14", "2026-11-22T09:14:00.000000Z"),
        ("2026-11-22", "2026-11-21T23:00:00.000000Z"),
        ("10:15", "2026-11-22T09:15:00.000000Z"),
        ("10:15:30.5", "2026-11-22T09:15:30.500000Z"),
        ("today", "2026-11-21T23:00:00.000000Z"),
        ("yesterday", "2026-11-20T23:00:00.000000Z"),
        ("2h30m ago", "2026-11-22T06:30:00.000000Z"),
        ("1w2d ago", "2026-11-13T09:00:00.000000Z"),
        ("90s ago", "2026-11-22T08:58:30.000000Z"),
        ("epoch:1764000000", "2025-11-24T16:00:00.000000Z"),
        ("epoch:1764000000.25", "2025-11-24T16:00:00.250000Z"),
        ("node/node1@10:15", "2026-11-22T09:15:00.000000Z"),
    ],
)
def test_times(text: str, expected: str) -> None:
    assert at(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "-3",
        "@+3",
        "yester",
        "HEAD",
        "2h",
        "ago",
        " ago",
        "2m3h ago",
        "2h 30m ago",
        "-2h ago",
        "25:00",
        "10:60",
        "2026-02-30",
        "2026-11-22T25:00Z",
        "2026-11-22T10:14:58.1234567Z",
        "2026-11-22T10:14+02:75",
        "0000-01-01",
        "9999-12-31T23:59-01:00",
        "22.11.2026",
        "epoch:",
        "epoch:-1",
        "tx:",
        "tx:a b",
        "shared",
        "shared@",
        "other@12",
        "node/@12",
        "1204 ",
        "\uff11\uff12",
        "9" * 19,
        "99999999w ago",
    ],
)
def test_anything_else_is_refused_and_the_forms_are_listed(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        moment(text)
    assert when.FORMS in str(caught.value.fix)
    assert caught.value.exit_code == 2


@given(times)
def test_every_time_that_is_printed_parses_back(epoch_us: int) -> None:
    assert moment(when.iso(epoch_us)) == (None, "time", epoch_us)


@given(positions, st.none() | st.just("shared") | names.map(lambda name: f"node/{name}"))
def test_every_position_that_is_printed_parses_back(position: int, log: str | None) -> None:
    printed = f"{log or ''}@{position}"
    assert moment(printed) == (log, "position", position)


@given(times)
def test_seconds_since_1970_mean_what_they_say(epoch_us: int) -> None:
    seconds, rest = divmod(epoch_us, 1_000_000)
    assert moment(f"epoch:{seconds}.{rest:06}") == (None, "time", epoch_us)


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_a_usage_error(text: str) -> None:
    try:
        assert set(when.parse(text, NOW_US, EAST)) == {"log", "kind", "value"}
    except UsageError:
        return


@given(st.integers(0, 10**9), st.integers(0, 23), st.integers(0, 59))
def test_a_span_ago_is_that_long_before_now(days: int, hours: int, minutes: int) -> None:
    span = timedelta(days=days % 3000, hours=hours, minutes=minutes)
    text = f"{days % 3000}d{hours}h{minutes}m ago"
    assert at(text) == when.iso(int((NOW.astimezone(UTC) - span).timestamp()) * 1_000_000)


def test_a_position_that_looks_like_a_time_is_told_how_to_be_one() -> None:
    parsed = when.parse("@1764000000", NOW_US, EAST)
    assert "epoch:1764000000" in str(when.suggestion(parsed))
    assert when.suggestion(when.parse("@1204", NOW_US, EAST)) is None


def test_without_a_zone_the_machine_has_one() -> None:
    parsed = when.parse("today", NOW_US)
    value = parsed["value"]
    assert isinstance(value, int)
    local = datetime.fromtimestamp(value / 1_000_000, tz=UTC).astimezone()
    assert (local.hour, local.minute, local.second) == (0, 0, 0)
