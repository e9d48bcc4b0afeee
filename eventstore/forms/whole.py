"""Is a disk group there as a whole? What its rows say of rows that are not there.

A file that was cut exactly between two volumes reads like that of a smaller group, and nothing
can tell. What can be told is here: faults, without which the group cannot be taken over, and
doubts, which whoever has the other system before them can settle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from eventstore.forms.rows import HEADINGS
from eventstore.model import commands as cmd
from eventstore.model.decide.takeover import Fault

_NAMES_VOLUME = {"dc": "LOGVOL", "sp": "SNAPVOL", "sv": "VOLNAME"}
"""Kind -> the column in which it names a volume of its group."""

_COUNTS_VOLUMES = {"vt": "NVOLUME", "rv": "DATAVOLS"}
"""Kind -> the column in which it says how many volumes belong to it."""


def missing(rows: Sequence[cmd.AnyRow]) -> Iterator[Fault]:
    """Yield what says for certain that rows are missing."""
    if any(isinstance(row, cmd.DiskRow) for row in rows):
        return
    for row in rows:
        if isinstance(row, cmd.GroupRow):
            why = "the file is cut, or tells only some of its records"
            yield Fault(row.line, f"disk group {row.name} has no disk: {why}")


def doubts(rows: Sequence[cmd.AnyRow]) -> list[Fault]:
    """Return what suggests that rows are missing."""
    return sorted(_doubts(rows))


def _doubts(rows: Sequence[cmd.AnyRow]) -> Iterator[Fault]:
    volumes = {row.name for row in rows if isinstance(row, cmd.VolumeRow)}
    plexes = {row.name for row in rows if isinstance(row, cmd.PlexRow)}
    members = Counter(row.rvg for row in rows if isinstance(row, cmd.VolumeRow))
    if not volumes and rows:
        yield Fault(rows[-1].line, "no volume follows: has the group none?")
    for row in rows:
        if isinstance(row, cmd.VolumeRow) and row.prefplex and row.prefplex not in plexes:
            yield Fault(row.line, f"its preferred plex {row.prefplex} is not there")
        elif isinstance(row, cmd.ForeignRow):
            yield from _of_foreign(row, volumes, members)


def _of_foreign(row: cmd.ForeignRow, volumes: set[str], members: Counter[str]) -> Iterator[Fault]:
    heading = HEADINGS.get(row.kind, ())[1:]
    if len(heading) != len(row.cells):
        return
    called = dict(zip(heading, row.cells, strict=True))
    named = called.get(_NAMES_VOLUME.get(row.kind, ""))
    if named not in (None, "-", *volumes):
        yield Fault(row.line, f"volume {named}, which {row.kind} {row.name} names, is not there")
    said = called.get(_COUNTS_VOLUMES.get(row.kind, ""))
    found = members[row.name] - (called.get("SRL") in volumes)
    if said is not None and said != str(found):
        yield Fault(row.line, f"{row.kind} {row.name} says {said} volumes; there are {found}")
