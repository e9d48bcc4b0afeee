"""How tests are written."""

import pytest

from tests.tidy import rules

# The vocabulary polls for a condition, with a deadline; a test uses that.
MAY_SLEEP = "tests/support/"


def test_no_test_sleeps() -> None:
    found = {
        str(path.relative_to(rules.ROOT)): lines
        for path in rules.python_files("tests")
        if (lines := rules.sleeps(path.read_text()))
    }
    assert [name for name in found if not name.startswith(MAY_SLEEP)] == []


@pytest.mark.parametrize("call", ["time.sleep(1)", "await asyncio.sleep(0.1)", "sleep(1)"])
def test_a_planted_sleep_is_found(call: str) -> None:
    assert rules.sleeps(f"async def test() -> None:\n    {call}\n") == [2]


def test_no_test_uses_mocks() -> None:
    found = [
        path
        for path in rules.python_files("tests")
        if "unittest" in rules.imports(path.read_text())
    ]
    assert found == []


def test_a_planted_mock_is_found() -> None:
    assert "unittest" in rules.imports("from unittest.mock import patch\n")
