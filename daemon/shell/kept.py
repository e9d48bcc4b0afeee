"""The heads that a node keeps, its own and those of others: one file a node, a head a line.

They are evidence, kept away from those whom they are about: a node whose log was rewritten, by
root even, finds its own heads at the others. A line is never changed. What grows too long is
thinned: of what is old, the first head of each log and day stays, since a head covers everything
before it. Nothing of the daemon rests on them; an error of the disk loses a head, and says so.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from eventstore.proofs.heads import Head, contradicts

DIRECTORY = "heads"
"""In a home."""
SUFFIX = ".ndjson"
LINES_MAX = 2048
NEWEST = 512
"""How many of the newest stay when a file is thinned."""
_DAY = len("2026-11-22")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Head).decode


class Kept:
    """The heads kept in one home."""

    def __init__(self, home: Path) -> None:
        self._directory = home / DIRECTORY
        self._by_node: dict[str, list[Head]] = {}

    def of(self, node: str) -> list[Head]:
        """Return what is kept of a node, oldest first; a line that is no head is passed over."""
        found = self._by_node.get(node)
        if found is None:
            found = self._by_node[node] = _read(self._directory / f"{node}{SUFFIX}")
        return found

    def last(self, node: str, log: str, lineage: str) -> Head | None:
        """Return the last head that is kept of a log of a node."""
        for head in reversed(self.of(node)):
            if (head.log, head.lineage) == (log, lineage):
                return head
        return None

    def against(self, head: Head) -> str | None:
        """Return what was kept before that speaks against a head, or None.

        What was contradicted once stays so, whatever comes after it: until somebody has looked
        into it, and moved the file away.
        """
        last: Head | None = None
        for kept in (*self.of(head.node), head):
            if (kept.log, kept.lineage) != (head.log, head.lineage):
                continue
            why = None if last is None else contradicts(kept, last)
            if why is not None:
                return why
            last = kept
        return None

    def keep(self, head: Head) -> None:
        """Write a head down.

        Raises:
            OSError: the disk does not take it.
        """
        heads = self.of(head.node)
        heads.append(head)
        self._directory.mkdir(mode=0o750, exist_ok=True)
        path = self._directory / f"{head.node}{SUFFIX}"
        if len(heads) > LINES_MAX:
            heads[:] = thinned(heads)
            new = path.with_name(f".{path.name}.new")
            new.write_bytes(b"".join(_encode(one) + b"\n" for one in heads))
            new.replace(path)
            return
        with path.open("a+b") as file:
            # What a crash cut off must not take the next line with it.
            begun = file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n"
            file.write((b"\n" if begun else b"") + _encode(head) + b"\n")


def thinned(heads: list[Head]) -> list[Head]:
    """Return the newest heads, and of those before the first of each log and day."""
    old, new = heads[:-NEWEST], heads[-NEWEST:]
    first = {(one.lineage, one.time[:_DAY]): one for one in reversed(old)}
    return [*(one for one in old if first[one.lineage, one.time[:_DAY]] is one), *new]


def _read(path: Path) -> list[Head]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(_decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue  # cut off by a crash, or not ours
    return found
