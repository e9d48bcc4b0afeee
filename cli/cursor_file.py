"""A file that holds how far a follower came: one cursor a line, one line a log."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from cli.failure import UsageError
from eventstore.cursors import Cursor, parse
from eventstore.errors import Rejected

Row = dict[str, Any]

_BYTES_MAX = 1024
"""Two cursors with names of any length that a node may have."""


class CursorFile:
    """The file; it is replaced as a whole, so that it always holds one."""

    def __init__(self, path: str) -> None:
        self._path = path

    def read(self) -> tuple[Row, ...]:
        """Return the cursors as places of a follower; none if there is no such file yet.

        Raises:
            UsageError: there is one, and it holds something else.

        """
        try:
            with open(self._path, encoding="utf-8") as file:
                text = file.read(_BYTES_MAX)
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise self._bad(str(error)) from error
        try:
            found = tuple(parse(line)._asdict() for line in text.splitlines())
        except Rejected as error:
            raise self._bad(error.message) from error
        if not found:
            raise self._bad("it is empty")
        return found

    def write(self, places: Iterable[Row]) -> None:
        """Replace the file.

        Raises:
            UsageError: it cannot be written.

        """
        fresh = f"{self._path}.{os.getpid()}"
        try:
            with open(fresh, "w", encoding="utf-8") as file:
                file.writelines(f"{_cursor(place)}\n" for place in places)
            os.replace(fresh, self._path)
        except OSError as error:
            raise self._bad(str(error)) from error

    def _bad(self, why: str) -> UsageError:
        return UsageError(
            f"{self._path} is no cursor", cause=why, fix="name another file, or remove this one"
        )


def _cursor(place: Row) -> Cursor:
    return Cursor(
        str(place["log"]),
        int(place["position"]),
        place.get("lineage") or "",
        place.get("hash") or "",
    )
