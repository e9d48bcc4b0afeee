"""Rows of the original's listings: what the columns of each kind are, and words made into rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from re import compile as pattern

from eventstore.model import commands as cmd
from eventstore.model.objects import LOG_OFFSET

_HEADING_LINES = """\
DG NAME         NCONFIG      NLOG     MINORS   GROUP-ID
ST NAME         STATE        DM_CNT   SPARE_CNT         APPVOL_CNT
DM NAME         DEVICE       TYPE     PRIVLEN  PUBLEN   STATE
RV NAME         RLINK_CNT    KSTATE   STATE    PRIMARY  DATAVOLS  SRL
RL NAME         RVG          KSTATE   STATE    REM_HOST REM_DG    REM_RLNK
CO NAME         CACHEVOL     KSTATE   STATE
VT NAME         RVG          KSTATE   STATE    NVOLUME
V  NAME         RVG/VSET/CO  KSTATE   STATE    LENGTH   READPOL   PREFPLEX UTYPE
PL NAME         VOLUME       KSTATE   STATE    LENGTH   LAYOUT    NCOL/WID MODE
SD NAME         PLEX         DISK     DISKOFFS LENGTH   [COL/]OFF DEVICE   MODE
SV NAME         PLEX         VOLNAME  NVOLLAYR LENGTH   [COL/]OFF AM/NM    MODE
SC NAME         PLEX         CACHE    DISKOFFS LENGTH   [COL/]OFF DEVICE   MODE
DC NAME         PARENTVOL    LOGVOL
SP NAME         SNAPVOL      DCO
EX NAME         ASSOC        VC                       PERMS    MODE     STATE
SR NAME         KSTATE
"""
_WORD = pattern(r"\S+")
HEADINGS = {
    line[:2].strip().lower(): tuple(line.split()[1:]) for line in _HEADING_LINES.splitlines()
}
"""Kind -> what its columns are called."""

COLUMNS = {
    line[:2].strip().lower(): tuple(word.start() for word in _WORD.finditer(line))
    for line in _HEADING_LINES.splitlines()
}

_DIGITS_MAX = 15


class NotARow(Exception):
    """A line is no row of its kind; says why."""


def row(kind: str, number: int, words: Sequence[str]) -> cmd.AnyRow:
    """Return the row of a kind from its words behind the kind.

    Raises:
        NotARow: a word is not what it has to be; says which.

    """
    for word in words:
        if len(word.split()) != 1:
            raise NotARow(f"{word[:20]!r} is not one word")
    return READERS[kind](number, [kind, *words])


def field_name(column: str) -> str:
    """Return the name that a column has as a field of a description."""
    return column.lower().replace("/", "_").replace("[", "").replace("]", "")


def _text(word: str) -> str:
    return "" if word == "-" else word


def _number(word: str, what: str) -> int:
    if word.isascii() and word.isdecimal() and len(word) <= _DIGITS_MAX:
        number = int(word)
        if word == str(number):
            return number
    raise NotARow(f"its {what} {word[:20]} is no number")


def group_row(number: int, words: list[str]) -> cmd.GroupRow:
    """Return the row of a group itself.

    Raises:
        NotARow: a word is not what it has to be; says which.

    """
    _, name, nconfig, nlog, minors, dgid = words
    counts = ["" if word == "default" else word for word in (nconfig, nlog)]
    return cmd.GroupRow(number, name, counts[0], counts[1], _number(minors, "MINORS"), dgid)


def _disk(number: int, words: list[str]) -> cmd.DiskRow:
    _, name, device, kind, private, public, state = words
    lengths = (0, 0)
    if kind != "-":
        lengths = _number(private, "PRIVLEN"), _number(public, "PUBLEN")
    elif (private, public) != ("-", "-"):
        raise NotARow("it has lengths, and no type of device")
    return cmd.DiskRow(number, name, _text(device), _text(kind), *lengths, _text(state))


def _volume(number: int, words: list[str]) -> cmd.VolumeRow:
    _, name, rvg, kstate, state, length, readpol, prefplex, utype = words
    return cmd.VolumeRow(
        number,
        name,
        _text(rvg),
        _text(kstate),
        _text(state),
        _number(length, "LENGTH"),
        _text(readpol),
        _text(prefplex),
        _text(utype),
    )


def _plex(number: int, words: list[str]) -> cmd.PlexRow:
    _, name, volume, kstate, state, length, layout, columns, mode = words
    count, stripe = 0, 0
    if columns != "-":
        first, slash, second = columns.partition("/")
        if not slash:
            raise NotARow(f"its NCOL/WID {columns[:20]} is not of the form 3/128")
        count, stripe = _number(first, "NCOL"), _number(second, "WID")
        if not count:
            raise NotARow("it has no columns")
    size = 0 if length == "LOGONLY" else _number(length, "LENGTH")
    if length == "0":
        raise NotARow("it has no length")
    return cmd.PlexRow(
        number,
        name,
        _text(volume),
        _text(kstate),
        _text(state),
        size,
        _text(layout),
        count,
        stripe,
        _text(mode),
    )


def _subdisk(number: int, words: list[str]) -> cmd.SubdiskRow:
    _, name, plex, disk, disk_offset, length, place, device, mode = words
    column, offset = 0, LOG_OFFSET
    if place != "LOG":
        first, slash, second = place.partition("/")
        column = _number(first, "COL") if slash else 0
        offset = _number(second if slash else first, "OFF")
    return cmd.SubdiskRow(
        number,
        name,
        plex,
        disk,
        _number(disk_offset, "DISKOFFS"),
        _number(length, "LENGTH"),
        column,
        offset,
        _text(device),
        mode,
    )


READERS: dict[str, Callable[[int, list[str]], cmd.AnyRow]] = {
    "dg": group_row,
    "dm": _disk,
    "v": _volume,
    "pl": _plex,
    "sd": _subdisk,
}
