"""Reads what the original's `vxprint -ht` and `-htr` print, without believing it.

A row is words between blanks: how many, and which, its kind says. Every line either becomes a row
or is named with a reason; nothing is guessed. Blank lines end a block, and blocks tell in which
volume's or plex's company a record of a kind unknown here stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from re import compile as pattern
from typing import NamedTuple

from msgspec.structs import replace

from eventstore.forms.otherforms import OtherForm, name_of
from eventstore.forms.rows import COLUMNS, HEADINGS, READERS, NotARow, group_row
from eventstore.forms.whole import missing
from eventstore.model import commands as cmd
from eventstore.model.decide.takeover import Fault, faults

LINE_MAX = 1024
"""Characters in a line; the longest row of the original has some two hundred."""

_LAYERED = {"v2": "v", "p2": "pl", "s2": "sd"}
_BELOW_PLEX = ("sv", "sc")
_WHOLE = frozenset(("ENA", "NDEV", "RW", "RO", "WO", "fsgen", "gen", "root", "swap", "raid5", "-"))
"""Words that end a row and are the beginning of no other: a file may end in one."""

_HEADING = pattern(r"[A-Z][A-Z0-9]? +NAME( .*)?")
_TITLE = pattern(r"Disk group: *(\S+)")


class Group(NamedTuple):
    """The rows of one disk group, and what is wrong with them."""

    name: str
    rows: tuple[cmd.AnyRow, ...]
    faults: tuple[Fault, ...]


class Listing(NamedTuple):
    """What a file holds: groups, faults outside of them, and, if it is of another form, which."""

    groups: tuple[Group, ...]
    faults: tuple[Fault, ...]
    lacks: tuple[str, ...]


def parse(text: str) -> Listing:
    """Return what a listing holds; never fails."""
    reader = _Reader()
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        reader.line(number, line)
    last = lines[-1].split()
    if last and last[-1] not in _WHOLE:
        reader.fault(len(lines), "the file ends within this line")
    reader.title(0, "")
    return reader.listing()


def without_faults(group: Group) -> Group:
    """Return a group without what is wrong, and without all that rests on it; all is told.

    No rows are left if the group's own row is wrong.
    """
    told = list(group.faults)
    bad = {fault.line for fault in told}
    rows = tuple(row for row in group.rows if row.line not in bad)
    while found := faults(rows):
        told += found
        bad = {fault.line for fault in found}
        rows = tuple(row for row in rows if row.line not in bad)
    whole = bool(rows) and isinstance(rows[0], cmd.GroupRow)
    return Group(group.name, rows if whole else (), tuple(sorted(told)))


class _Block(NamedTuple):
    """The rows since the last blank line, or since a volume that began a block of its own."""

    volume: str = ""
    foreign: bool = False
    plex: str = ""


class _Reader:
    def __init__(self) -> None:
        self.groups: list[tuple[str, list[cmd.AnyRow], list[Fault]]] = []
        self.faults: list[Fault] = []
        self.headings: set[str] = set()
        self.headed = 0
        self.plexes: dict[str, bool] = {}
        self.unread: set[str] = set()
        self.block = _Block()
        self.other: OtherForm | None = None
        self.titled: tuple[int, str] = (0, "")

    def listing(self) -> Listing:
        groups = []
        if self.headed and not self.groups:
            self.faults.append(Fault(self.headed, "no row of a disk group follows this heading"))
        first: dict[str, int] = {}
        for name, rows, found in self.groups:
            told = [*found, *faults(rows), *missing(rows)]
            line = first.setdefault(name, rows[0].line)
            if line != rows[0].line:
                told.append(Fault(rows[0].line, f"disk group {name} is at line {line} too"))
            groups.append(Group(name, tuple(rows), tuple(sorted(set(told)))))
        lacks = () if self.other is None else self.other.lacks()
        return Listing(tuple(groups), tuple(sorted(self.faults)), lacks)

    def fault(self, number: int, reason: str) -> None:
        inside = self.groups and not self.titled[1]
        (self.groups[-1][2] if inside else self.faults).append(Fault(number, reason))

    def line(self, number: int, line: str) -> None:
        words = line.split()
        title = _TITLE.fullmatch(line.rstrip())
        if not words:
            self.block = _Block()
        elif len(line) > LINE_MAX or not line.rstrip("\r").replace("\t", " ").isprintable():
            self.fault(number, "it is too long, or no text")
        elif title is not None:
            self.title(number, title[1])
        elif self.other is not None:
            self.other.row(number, words[0])
        elif name_of(line) is not None:
            self.other = OtherForm(number, line)
        elif _HEADING.fullmatch(line.rstrip()):
            self.heading(number, words)
        else:
            self.row(number, line.rstrip(), words)

    def title(self, number: int, name: str) -> None:
        """Begin another group; the one that was announced before must have come."""
        line, before = self.titled
        if before and self.other is None:
            self.faults.append(Fault(line, f"no dg row of disk group {before} follows"))
        self.titled = (number, name)
        self.block = _Block()

    def heading(self, number: int, words: list[str]) -> None:
        kind = words[0].lower()
        known = HEADINGS.get(kind)
        self.headed = self.headed or number
        if known is None:
            self.headings.add(kind)
        elif not _alike(kind, words[1:], known):
            self.unread.add(kind)
            self.fault(number, f"its columns are not those of this form: {' '.join(known)}")

    def row(self, number: int, line: str, words: list[str]) -> None:
        kind = words[0]
        try:
            self.check(kind, words)
            self.take(number, kind, line, words)
        except NotARow as error:
            self.fault(number, str(error))

    def check(self, kind: str, words: Sequence[str]) -> None:
        """Refuse a row of which it is not known what its words are."""
        known = _LAYERED.get(kind, kind)
        if known in self.unread:
            raise NotARow("its heading is not understood")
        if known not in HEADINGS and kind not in self.headings:
            raise NotARow(f"{kind[:20]!r} is no kind of row, and no heading explains it")
        wanted = len(HEADINGS.get(known, ("NAME",))) + 1
        if len(words) < wanted or (known in READERS and len(words) > wanted):
            raise NotARow(f"a row {kind} has {wanted} words; here are {len(words)}")

    def take(self, number: int, kind: str, line: str, words: list[str]) -> None:
        if kind == "dg":
            self.begin(number, words)
            return
        if not self.groups or self.titled[1]:
            raise NotARow("it stands before any row of a disk group")
        read = READERS.get(_LAYERED.get(kind, kind))
        row = self.foreign(number, kind, line, words) if read is None else read(number, words)
        if isinstance(row, cmd.VolumeRow):
            row = self.placed(row, layered=kind == "v2")
        elif isinstance(row, cmd.PlexRow):
            self.plexes[row.name] = row.columns > 0
            self.block = self.block._replace(plex=row.name)
        elif isinstance(row, cmd.SubdiskRow) and words[6] != "LOG":
            striped = self.plexes.get(row.plex)
            if striped is not None and striped != ("/" in words[6]):
                raise NotARow(f"its [COL/]OFF {words[6][:20]} does not fit the layout of its plex")
        self.groups[-1][1].append(row)

    def begin(self, number: int, words: list[str]) -> None:
        """Begin a group with its own row."""
        row = group_row(number, words)
        announced, self.titled = self.titled[1], (0, "")
        self.plexes = {}
        self.block = _Block()
        self.groups.append((row.name, [row], []))
        if announced and announced != row.name:
            self.fault(number, f"disk group {announced} is announced, and {row.name} comes")

    def placed(self, row: cmd.VolumeRow, *, layered: bool) -> cmd.VolumeRow:
        """Say in which block a volume stands: its own, that of a plex above, or of others."""
        if layered:
            if not self.block.plex:
                raise NotARow("it stands below no plex")
            return replace(row, place="v2", below=self.block.plex)
        if self.block.foreign:
            self.block = self.block._replace(plex="")
            return replace(row, place="v", below=self.block.volume)
        self.block = _Block(volume=row.name)
        return row

    def foreign(self, number: int, kind: str, line: str, words: list[str]) -> cmd.ForeignRow:
        """Return a row that the model does not handle, below what it stands with."""
        below = self.block.volume
        if kind in _BELOW_PLEX:
            below = words[2] if words[2] in self.plexes else self.block.plex
            # What is layered below it follows, with plexes of its own.
            self.block = self.block._replace(plex=below)
        else:
            self.block = self.block._replace(foreign=True)
        cells = tuple(words[2:])
        if kind in self.headings or not _is_laid_out(kind, line, words):
            # Its columns are not ours to know: what follows the name is kept as it stands.
            at = line.index(words[1], len(kind)) + len(words[1])
            cells = (line[at:] or " ",)
        return cmd.ForeignRow(number, kind, words[1], below, cells)


def _is_laid_out(kind: str, line: str, words: Sequence[str]) -> bool:
    """Tell whether a row can be printed from its words: it stands so, or lost its blanks."""
    columns = COLUMNS[kind]
    if len(words) != len(columns):
        return False
    laid_out = ""
    for word, column in zip(words, columns, strict=True):
        laid_out += " " * max(column - len(laid_out), 1 if laid_out else 0) + word
    return line in (laid_out, " ".join(words))


def _alike(kind: str, words: Sequence[str], known: Sequence[str]) -> bool:
    """Tell whether a heading names the columns that are known; versions say RVG differently."""
    if kind == "v" and len(words) > 1 and words[1].startswith("RVG"):
        return [words[0], *words[2:]] == [known[0], *known[2:]]
    return list(words) == list(known)
