"""How far somebody has come in a log, so that it can be gone on from wherever that log is.

A cursor belongs to a log, not to a node: the log's lineage, a position, and the hash there, which
is over all commits up to it. So it can be told from any copy of the log whether it is the one
that was read. This module stays light: utilities read a cursor before they know what they need.
"""

from __future__ import annotations

from typing import NamedTuple

from eventstore.errors import Rejected

_LINEAGE_DIGITS = 32
_HASH_DIGITS = 64
_DIGITS = frozenset("0123456789abcdef")
_POSITION_DIGITS = 18
"""63 bits of position, as the log counts."""


class Cursor(NamedTuple):
    """A log's name (``shared`` or ``node/NAME``), the last position that was taken, and which log.

    `lineage` and `hash` are hexadecimal digits; "" where only log and position are known.
    """

    log: str
    position: int
    lineage: str = ""
    hash: str = ""

    def __str__(self) -> str:
        """Return the cursor as one line, which `parse` reads."""
        return " ".join(str(word) for word in self if word != "")


def parse(text: str) -> Cursor:
    """Return the cursor that a line holds.

    Raises:
        Rejected: it holds none.
    """
    words = text.split()
    if len(words) == 2:  # noqa: PLR2004 a cursor of a release that knew no more
        words += ["", ""]
    if len(words) == len(Cursor._fields) and _is_whole(*words):
        return Cursor(words[0], int(words[1]), words[2], words[3])
    raise Rejected(
        "V-5-1-9302",
        f"{text.strip()[:120]!r} is no cursor",
        cause="a cursor is a log, a position, and the lineage and the hash there",
        fix="begin again without a cursor, or from a position",
    )


def _is_whole(log: str, position: str, lineage: str, digest: str) -> bool:
    return (
        (log == "shared" or log.startswith("node/"))
        and position.isascii()
        and position.isdecimal()
        and len(position) <= _POSITION_DIGITS
        and (len(lineage), len(digest)) in ((0, 0), (_LINEAGE_DIGITS, _HASH_DIGITS))
        and _DIGITS.issuperset(lineage + digest)
    )
