"""Taking over a disk group of another system, as its own listing shows it.

The rows are taken at their word where the model has no rule, and checked where it has one: what
is wrong is told by line. `faults` is pure, so that who reads the listing says the same at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from re import compile as pattern
from typing import Any

from msgspec import Struct

from eventstore.errors import Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide import editing
from eventstore.model.decide.moving import check_group_free
from eventstore.model.invariants import column_problems
from eventstore.model.objects import LOG_OFFSET, Disk, DiskGroup, Plex, Subdisk, Volume
from eventstore.model.state import State

NAME_MAX = 128
"""Characters in a name: later versions of the original allow more than our own 31."""

COLUMNS_MAX = 1024
"""Columns of a plex: no array of disks is that wide, and a row shall not cost more memory."""

FAULTS_TOLD = 20
"""Faults that a refusal tells; who reads a listing finds all of them by `faults`."""

PLACES = ("", "v", "v2")
"""How a volume may stand: alone, in the block of another record, as a layer below a plex."""

_NAME = pattern(r"[A-Za-z0-9_][A-Za-z0-9_.:+@%=,-]*")
_DGID = pattern(r"[0-9]+\.[0-9]+\.[^\s#/]+")
NamedRow = cmd.DiskRow | cmd.VolumeRow | cmd.PlexRow | cmd.SubdiskRow
_SETTABLE: dict[type, tuple[str, ...]] = {
    cmd.DiskRow: editing.SETTABLE[Disk],
    cmd.VolumeRow: editing.SETTABLE[Volume],
    cmd.PlexRow: editing.SETTABLE[Plex],
    cmd.SubdiskRow: editing.SETTABLE[Subdisk],
}


class Fault(Struct, frozen=True, order=True):
    """What is wrong with a line."""

    line: int
    reason: str


def take_over(state: State, command: cmd.TakeOverDiskGroup) -> list[ev.AnyEvent]:
    """Take over a disk group, whole."""
    head = command.rows[0] if command.rows else None
    found = faults(command.rows)
    if found or not isinstance(head, cmd.GroupRow):
        told = [f"line {fault.line}: {fault.reason}" for fault in found[:FAULTS_TOLD]]
        raise Rejected(
            "V-5-1-7890",
            "rows cannot be taken over" if found else "there is no row of a group",
            cause="; ".join(told) or None,
            fix="repair the listing, or take over the rest with --lenient",
            rule="D2",
        )
    check_group_free(state, head.name)
    if head.dgid in state.spaces:
        raise Rejected(
            "V-5-1-7891",
            f"Disk group {head.name}: a disk group with its ID exists",
            cause=f"the ID is {head.dgid}",
            fix="'vxdg list' and 'vxdisk -o alldgs list' show it",
            rule="D2",
        )
    return _events(head, command.rows[1:])


def _events(head: cmd.GroupRow, rows: Sequence[cmd.AnyRow]) -> list[ev.AnyEvent]:
    """Return one event a row, in their order; record IDs are drawn in that order too."""
    events: list[ev.AnyEvent] = [
        ev.DiskGroupTakenOver(head.dgid, head.name, head.base_minor, head.nconfig, head.nlog)
    ]
    rids: dict[str, int] = {"": 0}
    placed = [row for row in _with_places(rows) if not isinstance(row, cmd.WordsRow)]
    for rid, row in enumerate(placed, 1):
        if not isinstance(row, (cmd.ForeignRow, cmd.GroupRow, cmd.WordsRow)):
            rids[row.name] = rid
    for rid, row in enumerate(placed, 1):
        events.append(_EVENTS[type(row)](head.dgid, rid, row, rids))
    events += [
        ev.LabelsSet(head.dgid, rids[words.name], words.fields, words.values)
        for words in rows
        if isinstance(words, cmd.WordsRow)
    ]
    return events


def _with_places(rows: Sequence[cmd.AnyRow]) -> Iterator[cmd.AnyRow]:
    """Yield the rows, and before a volume that stands in another's block what keeps its place."""
    for row in rows:
        if isinstance(row, cmd.VolumeRow) and row.place:
            yield cmd.ForeignRow(row.line, row.place, row.name, row.below, ())
        yield row


def _disk(dgid: str, rid: int, row: cmd.DiskRow, _rids: dict[str, int]) -> ev.AnyEvent:
    return ev.DiskTakenOver(
        dgid,
        rid,
        name=row.name,
        device_name=row.device,
        device_type=row.device_type,
        private_len=row.private_sectors,
        public_len=row.public_sectors,
        state=row.state,
    )


def _volume(dgid: str, rid: int, row: cmd.VolumeRow, _rids: dict[str, int]) -> ev.AnyEvent:
    return ev.VolumeTakenOver(
        dgid,
        rid,
        name=row.name,
        length=row.length_sectors,
        kstate=row.kstate,
        state=row.state,
        utype=row.utype,
        readpol=row.readpol,
        rvg=row.rvg,
        prefplex=row.prefplex,
    )


def _plex(dgid: str, rid: int, row: cmd.PlexRow, rids: dict[str, int]) -> ev.AnyEvent:
    return ev.PlexCreated(
        dgid,
        rid,
        name=row.name,
        volume=rids[row.volume],
        length=row.length_sectors,
        layout=row.layout,
        columns=row.columns,
        stripe=row.stripe_sectors,
        kstate=row.kstate,
        state=row.state,
        mode=row.mode,
    )


def _subdisk(dgid: str, rid: int, row: cmd.SubdiskRow, rids: dict[str, int]) -> ev.AnyEvent:
    return ev.SubdiskCreated(
        dgid,
        rid,
        name=row.name,
        plex=rids[row.plex],
        disk=rids[row.disk],
        disk_offset=row.disk_offset_sectors,
        length=row.length_sectors,
        plex_offset=row.plex_offset_sectors,
        column=row.column,
        mode=row.mode,
    )


def _foreign(dgid: str, rid: int, row: cmd.ForeignRow, rids: dict[str, int]) -> ev.AnyEvent:
    return ev.ForeignTakenOver(dgid, rid, row.kind, row.name, rids[row.below], row.cells)


_EVENTS: dict[type, Callable[[str, int, Any, dict[str, int]], ev.AnyEvent]] = {
    cmd.DiskRow: _disk,
    cmd.VolumeRow: _volume,
    cmd.PlexRow: _plex,
    cmd.SubdiskRow: _subdisk,
    cmd.ForeignRow: _foreign,
}


def faults(rows: Sequence[cmd.AnyRow]) -> list[Fault]:
    """Return what is wrong with the rows of one disk group, by line; nothing, if all is well."""
    return sorted(_Rows(rows).faults())


class _Rows:
    """The rows of one group, by name and by what they stand below."""

    def __init__(self, rows: Sequence[cmd.AnyRow]) -> None:
        self.rows = rows
        self.named: dict[str, NamedRow] = {}
        self.twice: list[Fault] = []
        self.plexes: dict[str, list[cmd.PlexRow]] = {}
        self.pieces: dict[str, list[cmd.SubdiskRow]] = {}
        self.extents: dict[str, list[cmd.SubdiskRow]] = {}
        self.with_others: set[str] = set()
        for row in rows:
            self._enter(row)

    def _enter(self, row: cmd.AnyRow) -> None:
        if isinstance(row, (cmd.ForeignRow, cmd.VolumeRow)):
            self.with_others.add(row.below)
        if isinstance(row, (cmd.ForeignRow, cmd.GroupRow, cmd.WordsRow)):
            return
        first = self.named.setdefault(row.name, row)
        if first is not row:
            self.twice.append(Fault(row.line, f"{row.name} is the name of line {first.line} too"))
            return
        if isinstance(row, cmd.PlexRow):
            self.plexes.setdefault(row.volume, []).append(row)
        elif isinstance(row, cmd.SubdiskRow):
            self.pieces.setdefault(row.plex, []).append(row)
            self.extents.setdefault(row.disk, []).append(row)

    def faults(self) -> Iterator[Fault]:
        yield from self.twice
        before = 0
        for number, row in enumerate(self.rows):
            if isinstance(row, cmd.GroupRow) != (number == 0):
                yield Fault(row.line, "one row of a disk group comes first, and only one")
            if row.line < before + (not isinstance(row, cmd.WordsRow)):
                yield Fault(row.line, f"it comes after line {before}")
            before = row.line
            for reason in _CHECKS[type(row)](self, row):
                yield Fault(row.line, reason)
        for rows in self.extents.values():
            yield from _overlaps(rows)

    def group(self, row: cmd.GroupRow) -> Iterator[str]:
        yield from _name(row.name)
        if not _DGID.fullmatch(row.dgid):
            yield f"{row.dgid or '-'} is no ID of a disk group"
        if row.base_minor < 0:
            yield "its base minor is negative"

    def disk(self, row: cmd.DiskRow) -> Iterator[str]:
        yield from _name(row.name)
        if min(row.private_sectors, row.public_sectors) < 0:
            yield "its length is negative"

    def volume(self, row: cmd.VolumeRow) -> Iterator[str]:
        yield from _name(row.name)
        yield from self._place(row)
        if row.place not in PLACES:
            yield f"{row.place} is no place"
        if row.length_sectors <= 0:
            yield "it has no length"
        plexes = self.plexes.get(row.name, [])
        if not any(plex.length_sectors >= row.length_sectors for plex in plexes):
            yield f"volume {row.name} has no plex that is as long as it"
        elif row.kstate == "ENABLED" and all(plex.kstate != "ENABLED" for plex in plexes):
            yield f"volume {row.name} is ENABLED, and none of its plexes is"

    def plex(self, row: cmd.PlexRow) -> Iterator[str]:
        yield from _name(row.name)
        if row.volume and not isinstance(self.named.get(row.volume), cmd.VolumeRow):
            yield f"its volume {row.volume} is missing"
        if (
            min(row.length_sectors, row.columns, row.stripe_sectors) < 0
            or row.columns > COLUMNS_MAX
        ):
            yield "it has no such length or number of columns"
        elif row.name not in self.with_others:
            pieces = [
                (piece.column, piece.plex_offset_sectors, piece.length_sectors)
                for piece in self.pieces.get(row.name, [])
            ]
            for problem in column_problems(row.layout, row.columns, row.length_sectors, pieces):
                yield f"plex {row.name} is not whole: {problem}"

    def subdisk(self, row: cmd.SubdiskRow) -> Iterator[str]:
        yield from _name(row.name)
        plex, disk = self.named.get(row.plex), self.named.get(row.disk)
        if not isinstance(plex, cmd.PlexRow):
            yield f"its plex {row.plex or '-'} is missing"
        elif not 0 <= row.column < max(plex.columns, 1):
            yield f"its plex {row.plex} has no column {row.column}"
        if row.length_sectors <= 0 or row.disk_offset_sectors < 0:
            yield "it has no length, or begins before its disk"
        if row.plex_offset_sectors < LOG_OFFSET:
            yield "it begins before its plex"
        if not isinstance(disk, cmd.DiskRow):
            yield f"its disk {row.disk or '-'} is missing"
            return
        end = row.disk_offset_sectors + row.length_sectors
        if disk.device_type and end > disk.public_sectors:
            yield f"it ends at {end}, beyond its disk {disk.name} of {disk.public_sectors} sectors"
        if row.device != disk.device:
            yield f"its device {row.device or '-'} is not that of disk {disk.name}"

    def foreign(self, row: cmd.ForeignRow) -> Iterator[str]:
        if not row.kind or any(not cell for cell in row.cells) or not row.cells:
            yield "it is no row"
        yield from self._place(row)

    def words(self, row: cmd.WordsRow) -> Iterator[str]:
        named = self.named.get(row.name)
        known = editing.SETTABLE[DiskGroup] if not row.name else _SETTABLE.get(type(named), ())
        if row.name and (named is None or named.line > row.line):
            yield f"{row.name}, at which words are kept, is missing"
        elif not row.fields or len(row.fields) != len(row.values):
            yield "it has no words"
        elif set(row.fields) - set(known) or len(set(row.fields)) != len(row.fields):
            yield f"such words cannot be kept: {', '.join(row.fields)}"
        elif not all(map(editing.is_word, row.values)):
            yield "a word is too long, or no text"

    def _place(self, row: cmd.VolumeRow | cmd.ForeignRow) -> Iterator[str]:
        """Check that what a row stands below is there, and before it."""
        if not row.below:
            return
        above = self.named.get(row.below)
        if not isinstance(above, (cmd.VolumeRow, cmd.PlexRow)) or above.line >= row.line:
            yield f"{row.below}, in whose block it stands, is missing"


_CHECKS: dict[type, Callable[[_Rows, Any], Iterator[str]]] = {
    cmd.GroupRow: _Rows.group,
    cmd.DiskRow: _Rows.disk,
    cmd.VolumeRow: _Rows.volume,
    cmd.PlexRow: _Rows.plex,
    cmd.SubdiskRow: _Rows.subdisk,
    cmd.ForeignRow: _Rows.foreign,
    cmd.WordsRow: _Rows.words,
}


def _name(name: str) -> Iterator[str]:
    if len(name) > NAME_MAX or not _NAME.fullmatch(name):
        yield f"{name[:NAME_MAX]!r} is no name"


def _overlaps(rows: Sequence[cmd.SubdiskRow]) -> Iterator[Fault]:
    """Yield the subdisks of one disk that begin before an earlier one ends."""
    end, last = 0, None
    for row in sorted(rows, key=lambda row: (row.disk_offset_sectors, row.line)):
        if last is not None and row.disk_offset_sectors < end:
            later, first = (row, last) if row.line > last.line else (last, row)
            yield Fault(later.line, f"it overlaps subdisk {first.name} of line {first.line}")
        if row.disk_offset_sectors + row.length_sectors > end:
            end, last = row.disk_offset_sectors + row.length_sectors, row
