"""A cursor as a line of text."""

from __future__ import annotations

import pytest

from eventstore.cursors import Cursor, parse
from eventstore.errors import Rejected

WHOLE = Cursor("node/node1", 1204, "a" * 32, "b" * 64)


@pytest.mark.parametrize("cursor", [WHOLE, Cursor("shared", 0)])
def test_a_cursor_is_read_as_it_was_written(cursor: Cursor) -> None:
    assert parse(f"{cursor}\n") == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shared",
        "shared x",
        "shared -1",
        "elsewhere 7",
        f"shared 7 {'a' * 32}",
        f"shared 7 a {'b' * 64}",
    ],
)
def test_what_is_no_cursor_is_refused_by_name(text: str) -> None:
    with pytest.raises(Rejected, match="is no cursor"):
        parse(text)
