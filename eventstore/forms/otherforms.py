"""Output of the original from which no configuration can be built, and what it lacks for that.

Nothing of it is guessed at: who has such a file is told what is missing, by line.
"""

from __future__ import annotations

from re import compile as pattern

_MISSING = {
    "dg": ("the group", "MINORS, GROUP-ID"),
    "dm": ("its disks", "TYPE, PRIVLEN"),
    "v": ("volumes", "READPOL"),
    "pl": ("plexes", "LAYOUT, NCOL/WID, MODE"),
    "sd": ("subdisks", "DISK, DISKOFFS, the column of [COL/]OFF, DEVICE"),
}
"""Kind -> what its rows are of, and which columns of -ht the default form does not have."""

_LONG_FORM = "the long form (-l): it describes single records, and not all of what they hold"
_HEADINGS = (
    (pattern(r"TY +NAME +ASSOC.*"), "vxprint's default form"),
    (pattern(r"DEVICE +TYPE +DISK +GROUP.*"), "what vxdisk list prints: it has devices only"),
    (pattern(r"NAME +STATE +ID"), "what vxdg list prints: it has names and IDs of groups only"),
    (pattern(r"DISK +DEVICE +TAG.*"), "what vxdg free prints: it has free regions only"),
    (pattern(r"(Group|Disk|Volume|Plex|Subdisk|Device) *: .*"), _LONG_FORM),
    (pattern(r"(info|type|assoc|flags|device):.*"), _LONG_FORM),
)


class OtherForm:
    """A file of another form: its first line says which, its rows what they lack."""

    def __init__(self, number: int, line: str) -> None:
        self.name = name_of(line) or ""
        self.number = number
        self.rows: dict[str, list[int]] = {}

    def row(self, number: int, kind: str) -> None:
        """Take note of a row."""
        self.rows.setdefault(kind, []).append(number)

    def lacks(self) -> tuple[str, ...]:
        """Return what is missing, a sentence for each kind of row."""
        told = [f"line {self.number}: this is {self.name}"]
        if self.name != "vxprint's default form":
            return tuple(told)
        for kind, (_, columns) in _MISSING.items():
            lines = self.rows.get(kind, [])
            if lines:
                more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
                told.append(f"line {lines[0]}{more}: a row {kind} does not tell {columns}")
        absent = [of for kind, (of, _) in _MISSING.items() if kind not in self.rows]
        if absent:
            told.append(f"it has no rows of {', '.join(absent)} at all")
        return tuple(told)


def name_of(line: str) -> str | None:
    """Return which other form a line begins, or None if it begins none."""
    text = line.strip()
    return next((name for heading, name in _HEADINGS if heading.fullmatch(text)), None)
