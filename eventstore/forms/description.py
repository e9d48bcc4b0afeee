"""Reads what the original's `vxprint -m` prints: the form of a description for `vxmake`.

A record is a keyword and a name, and then fields, on the same line or on lines that begin with a
blank. Blank lines end nothing, `#` begins a comment. Fields that the model does not know are
passed over, since the original has dozens; one that a row needs and that is not there is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from re import MULTILINE, compile as pattern

from msgspec.structs import replace

from eventstore.forms import rows as table
from eventstore.forms.rows import NotARow
from eventstore.forms.vxprint import LINE_MAX, Group, Listing
from eventstore.forms.whole import missing
from eventstore.model import commands as cmd
from eventstore.model.decide.takeover import Fault, faults

_IS_ONE = pattern(
    r"^([ \t]+[a-z][a-z0-9_]*=|(vol|plex|sd|dm|dg)[ \t]+\S+[ \t]+[a-z][a-z0-9_]*=)", MULTILINE
)
_RECORD = pattern(r"([a-z][a-z0-9]*)[ \t]+(\S+)(.*)")
_FIELD = pattern(r"[ \t]*([a-z][a-z0-9_]*)=(\"(.*)|([^\s\"]\S*)?)")
_COMMENT = pattern(r"[ \t]*#.*|[ \t]*\\?")

_ALIASES = {
    "usetype": "use_type",
    "readpol": "read_pol",
    "prefname": "pref_name",
    "stwidth": "st_width",
    "disk": "dm_name",
    "offset": "dm_offset",
}
"""Names that a file which was written for vxmake may have, and those that vxprint prints."""

_WORDS = ("comment", "tutil0", "tutil1", "tutil2", "putil0", "putil1", "putil2")
_WORDS_OF = {
    "dg": ("comment",),
    "dm": (*_WORDS, "reserve", "spare", "nohotuse"),
    "vol": (*_WORDS, "user", "group", "mode"),
    "plex": _WORDS,
    "sd": _WORDS,
}
_OFF = ("", "off")

Fields = dict[str, str]


def is_one(text: str) -> bool:
    """Tell whether a text is of this form, and not rows in columns."""
    return _IS_ONE.search(text) is not None


def parse(text: str) -> Listing:
    """Return what a description holds; never fails."""
    reader = _Reader()
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        reader.line(number, line.rstrip("\r"))
    if lines[-1]:
        reader.fault(len(lines), "the file ends within this line")
    reader.end()
    return Listing(tuple(reader.groups), tuple(sorted(reader.faults)), ())


class _Record:
    """A record as it stands: its line, its words, and where each field is."""

    def __init__(self, line: int, keyword: str, name: str) -> None:
        self.line = line
        self.keyword = keyword
        self.name = name
        self.fields: Fields = {}
        self.last = line

    def need(self, *names: str) -> list[str]:
        """Return the values of fields.

        Raises:
            NotARow: it has no such field.

        """
        missing = [name for name in names if name not in self.fields]
        if missing:
            raise NotARow(f"{self.keyword} {self.name} has no field {', '.join(missing)}")
        return [_word(self.fields[name]) for name in names]

    def get(self, name: str, otherwise: str = "-") -> str:
        """Return the word of a field; what is empty or not there is what a row has instead."""
        return self.fields.get(name) or otherwise


class _Reader:
    def __init__(self) -> None:
        self.groups: list[Group] = []
        self.faults: list[Fault] = []
        self.records: list[_Record] = []
        self.told: list[Fault] = []

    def fault(self, number: int, reason: str) -> None:
        (self.told if self.records else self.faults).append(Fault(number, reason))

    def line(self, number: int, line: str) -> None:
        if len(line) > LINE_MAX or not line.replace("\t", " ").isprintable():
            self.fault(number, "it is too long, or no text")
        elif _COMMENT.fullmatch(line) or line.startswith("Disk group:"):
            return
        elif line[0] in " \t":
            self.fields(number, line)
        else:
            found = _RECORD.fullmatch(line)
            if found is None:
                self.fault(number, f"{line.split(maxsplit=1)[0][:20]!r} begins no record")
                return
            if found[1] == "dg":
                self.end()
            self.records.append(_Record(number, found[1], found[2]))
            self.fields(number, found[3])

    def fields(self, number: int, text: str) -> None:
        """Read the fields of a line into the record to which they belong."""
        if not self.records:
            self.fault(number, "its field belongs to no record")
            return
        record, at = self.records[-1], 0
        record.last = number
        while not _COMMENT.fullmatch(text, at):
            found = _FIELD.match(text, at)
            if found is None:
                self.fault(number, f"{text[at:].split(maxsplit=1)[0][:20]!r} is no field")
                return
            name = _ALIASES.get(found[1], found[1])
            if name in record.fields:
                self.fault(number, f"field {name} comes twice")
            record.fields[name] = found[3] if found[3] is not None else found[4] or ""
            at = found.end()

    def end(self) -> None:
        """Make a group of the records since the last one."""
        records, told = self.records, self.told
        self.records, self.told = [], []
        if not records:
            self.faults += told
            return
        if records[0].keyword != "dg":
            self.faults += told
            reason = "it stands before any record dg: print them too, with -G"
            self.faults += [Fault(record.line, reason) for record in records]
            return
        rows: list[cmd.AnyRow] = []
        rows_of = _Rows(records)
        for record in records:
            try:
                rows += rows_of.of(record)
            except NotARow as error:
                told.append(Fault(record.line, str(error)))
        name = records[0].name
        if any(group.name == name for group in self.groups):
            told.append(Fault(records[0].line, f"disk group {name} is there already"))
        told += [*faults(rows), *missing(rows)]
        self.groups.append(Group(name, tuple(rows), tuple(sorted(set(told)))))


class _Rows:
    """The rows of a group's records: what one record says, others need."""

    def __init__(self, records: list[_Record]) -> None:
        self.disks = {record.name: record for record in records if record.keyword == "dm"}
        self.plexes = {record.name: record for record in records if record.keyword == "plex"}
        self.readers = {
            "dg": self.group,
            "dm": self.disk,
            "vol": self.volume,
            "plex": self.plex,
            "sd": self.subdisk,
        }

    def of(self, record: _Record) -> Iterator[cmd.AnyRow]:
        """Yield the row of a record, and what words are kept at it.

        Raises:
            NotARow: it is none; says why.

        """
        read = self.readers.get(record.keyword)
        if read is None:
            yield _foreign(record)
            return
        yield read(record)
        known = _WORDS_OF[record.keyword]
        words = {name: record.fields.get(name, "") for name in known}
        kept = {name: word for name, word in words.items() if word not in _OFF}
        if kept:
            name = "" if record.keyword == "dg" else record.name
            yield cmd.WordsRow(record.line, name, tuple(kept), tuple(kept.values()))

    def group(self, record: _Record) -> cmd.AnyRow:
        dgid, minor = record.need("dgid", "base_minor")
        counts = (record.get("nconfig", "default"), record.get("nlog", "default"))
        return table.row("dg", record.line, [record.name, *counts, minor, dgid])

    def disk(self, record: _Record) -> cmd.AnyRow:
        kind, lengths = record.get("da_type"), ["-", "-"]
        (device,) = record.need("da_name")
        if kind != "-":
            lengths = record.need("priv_len", "pub_len")
        words = [record.name, device, kind, *lengths, _state_of(record)]
        return table.row("dm", record.line, words)

    def volume(self, record: _Record) -> cmd.AnyRow:
        usage, kstate, length, policy = record.need("use_type", "kstate", "len", "read_pol")
        words = [record.name, record.get("rvg_name"), kstate, record.get("state"), length]
        words += [policy, record.get("pref_name"), usage]
        row = table.row("v", record.line, words)
        if "below" not in record.fields:
            return row
        place = "v2" if record.fields.get("layered") == "on" else "v"
        return replace(row, place=place, below=record.fields["below"])

    def plex(self, record: _Record) -> cmd.AnyRow:
        kstate, length, layout = record.need("kstate", "len", "layout")
        words = [record.name, record.get("v_name"), kstate, record.get("state")]
        columns = record.get("ncolumn", "0")
        place = "-" if columns == "0" else f"{columns}/{record.get('st_width', '0')}"
        words += ["LOGONLY" if length == "0" else length, layout, place]
        return table.row("pl", record.line, [*words, record.get("iomode", "RW")])

    def subdisk(self, record: _Record) -> cmd.AnyRow:
        if record.fields.get("subvolume") == "on":
            raise NotARow(f"{record.name} is a volume below a plex: this form tells too little")
        disk, plex = record.need("dm_name", "pl_name")
        start, place, length = record.need("dm_offset", "pl_offset", "len")
        above, below = self.plexes.get(plex), self.disks.get(disk)
        if place != "LOG" and above is not None and above.get("ncolumn", "0") != "0":
            place = f"{record.get('column', '0')}/{place}"
        device = "-" if below is None else below.get("da_name")
        gone = below is None or below.get("da_type") == "-"
        mode = record.get("mode", "NDEV" if gone else "ENA")
        words = [record.name, plex, disk, start, length, place, device, mode]
        return table.row("sd", record.line, words)


def _state_of(record: _Record) -> str:
    """Return the state of a disk: a word, or one of the flags that the original has for it."""
    flags = {"nodarec": "NODEVICE", "removed": "REMOVED", "failing": "FAILING"}
    states = [state for flag, state in flags.items() if record.fields.get(flag) == "on"]
    return record.get("state", states[0] if states else "-")


def _foreign(record: _Record) -> cmd.ForeignRow:
    """Return a record of a kind that the model does not handle, with its cells.

    Raises:
        NotARow: neither its columns are there, nor its row as it stood.

    """
    below, row = record.get("below", ""), record.fields.get("row")
    if row is not None:
        return cmd.ForeignRow(record.line, record.keyword, record.name, below, (row,))
    heading = table.HEADINGS.get(record.keyword)
    if heading is None:
        raise NotARow(f"{record.keyword[:20]!r} is no kind of record")
    names = [table.field_name(word) for word in heading[1:]]
    missing = [name for name in names if name not in record.fields]
    if missing:
        raise NotARow(f"{record.keyword} {record.name} has no field {', '.join(missing)}")
    cells = tuple(record.fields[name] for name in names)
    return cmd.ForeignRow(record.line, record.keyword, record.name, below, cells)


def _word(value: str) -> str:
    """Return a value as the one word that it is in a row."""
    return value or "-"
