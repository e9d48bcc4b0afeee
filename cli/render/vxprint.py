"""The tables of vxprint, byte by byte.

Token i of a row starts at max(column i, end of the token before + 1), and trailing blanks are
dropped: a long name moves its neighbours no further than it must. A row whose tokens all fit is
written by one format, which gives the same and costs a tenth; nearly all rows are such.
"""

from __future__ import annotations

from itertools import pairwise

Record = dict[str, object]
Group = dict[str, object]
Block = list[Record]

DEFAULT_HEADER = "TY NAME ASSOC KSTATE LENGTH PLOFFS STATE TUTIL0 PUTIL0".split()  # noqa: SIM905
DEFAULT_COLUMNS = (0, 3, 16, 29, 38, 47, 56, 65, 73)
TYPED_COLUMNS = (0, 3, 16, 29, 38, 47, 56, 66, 75)

# In the order of the manual; the lines of kinds that are not kept here are part of the format.
TYPED_HEADER = {
    "dg": "DG NAME         NCONFIG      NLOG     MINORS   GROUP-ID",
    "st": "ST NAME         STATE        DM_CNT   SPARE_CNT         APPVOL_CNT",
    "dm": "DM NAME         DEVICE       TYPE     PRIVLEN  PUBLEN   STATE",
    "rv": "RV NAME         RLINK_CNT    KSTATE   STATE    PRIMARY  DATAVOLS  SRL",
    "rl": "RL NAME         RVG          KSTATE   STATE    REM_HOST REM_DG    REM_RLNK",
    "co": "CO NAME         CACHEVOL     KSTATE   STATE",
    "vt": "VT NAME         RVG          KSTATE   STATE    NVOLUME",
    "v": "V  NAME         RVG/VSET/CO  KSTATE   STATE    LENGTH   READPOL   PREFPLEX UTYPE",
    "pl": "PL NAME         VOLUME       KSTATE   STATE    LENGTH   LAYOUT    NCOL/WID MODE",
    "sd": "SD NAME         PLEX         DISK     DISKOFFS LENGTH   [COL/]OFF DEVICE   MODE",
    "sv": "SV NAME         PLEX         VOLNAME  NVOLLAYR LENGTH   [COL/]OFF AM/NM    MODE",
    "sc": "SC NAME         PLEX         CACHE    DISKOFFS LENGTH   [COL/]OFF DEVICE   MODE",
    "dc": "DC NAME         PARENTVOL    LOGVOL",
    "sp": "SP NAME         SNAPVOL      DCO",
    "ex": "EX NAME         ASSOC        VC                       PERMS    MODE     STATE",
    "sr": "SR NAME         KSTATE",
}
# What may stand below a record in its hierarchy, and so which lines head a selection of it.
_BELOW = {
    "dg": ("dg",),
    "dm": ("dm",),
    "v": ("v", "pl", "sd", "sv", "sc", "dc", "sp", "ex"),
    "pl": ("pl", "sd", "sv", "sc"),
    "sd": ("sd",),
}


class Layout:
    """Which records are shown, and in which of the layouts."""

    __slots__ = ("hierarchy", "kinds", "long", "named", "only", "typed")

    def __init__(
        self,
        *,
        typed: bool = False,
        hierarchy: bool = False,
        long: bool = False,
        kinds: tuple[str, ...] = (),
        named: tuple[str, ...] = (),
        only: frozenset[str] | None = None,
    ) -> None:
        self.typed = typed
        self.hierarchy = hierarchy
        self.long = long
        self.kinds = kinds
        self.named = named
        self.only = only

    @property
    def selects(self) -> bool:
        """Whether only some of a group's records are asked for."""
        return bool(self.kinds or self.named) or self.only is not None


def text(groups: list[Group], layout: Layout, *, header: bool, titled: bool) -> str:
    """Return the table of some disk groups; `titled` when the command did not name the one."""
    return "\n".join(_group(group, layout, header, titled) for group in groups)


def rows(groups: list[Group], layout: Layout) -> list[list[str]]:
    """Return the same as cells: in the layout by type the rows differ in what they hold."""
    tokens = _typed if layout.typed else _plain
    head = [] if layout.typed else [list(DEFAULT_HEADER)]
    return head + [
        list(tokens(record))
        for group in groups
        for block in _blocks(group, layout)
        for record in block
    ]


def chosen(group: Group, layout: Layout) -> list[Record]:
    """Return the records that are asked for, one after another."""
    return [record for block in _blocks(group, layout) for record in block]


def names(groups: list[Group], layout: Layout) -> str:
    """Return the names of the records that are asked for, one a line: `vxprint -n`."""
    return "".join(f"{row['name']}\n" for group in groups for row in chosen(group, layout))


def head_of(group: Group) -> Record:
    """Return the record of the group itself."""
    return _dg(group)


def records_of(group: Group) -> list[Record]:
    """Return the records of a group."""
    records = group["records"]
    assert isinstance(records, list)
    return records


def _group(group: Group, layout: Layout, header: bool, titled: bool) -> str:
    blocks = _blocks(group, layout)
    lines = [f"Disk group: {_field(_dg(group), 'name')}", ""] if titled and header else []
    if header:
        lines += _header(blocks, layout)
    tokens, write = (_typed, _typed_row) if layout.typed else (_plain, _plain_line)
    for i, block in enumerate(blocks):
        if i:
            lines.append("")
        lines += [write(tokens(record)) for record in block]
    return "\n".join(lines) + "\n" if lines else ""


def _header(blocks: list[Block], layout: Layout) -> list[str]:
    if not layout.typed:
        return [_plain_line(tuple(DEFAULT_HEADER))]
    if not layout.selects:
        return [*TYPED_HEADER.values(), ""]
    tops = {str(block[0]["type"]) for block in blocks}
    if not layout.hierarchy:
        tops = {str(record["type"]) for block in blocks for record in block}
    below = _BELOW if layout.hierarchy else {}
    shown = {kind for top in tops for kind in below.get(top, (top,))}
    return [*(line for kind, line in TYPED_HEADER.items() if kind in shown), ""]


def _blocks(group: Group, layout: Layout) -> list[Block]:
    """Return the records in the blocks between which a blank line stands."""
    everything = _hierarchy(group)
    whole = layout.hierarchy and not layout.kinds and _dg(group)["name"] in layout.named
    if (whole and layout.only is None) or not layout.selects:
        return everything
    chosen = [tree for block in everything for tree in _chosen(block, layout)]
    if layout.hierarchy:
        return chosen
    # Without what is below them, single rows stand close.
    return [[tree[0] for tree in chosen]] if chosen else []


def _hierarchy(group: Group) -> list[Block]:
    blocks: list[Block] = [[_dg(group)]]
    for record in records_of(group):
        kind = record["type"]
        close = kind == "dm" and blocks[-1][0]["type"] == "dm"
        if record.get("joined") or close or _depth(record) > 1:
            blocks[-1].append(record)
        else:
            blocks.append([record])
    return blocks


def _chosen(block: Block, layout: Layout) -> list[Block]:
    """Return each selected record of a block with what is below it; nothing comes twice."""
    found, end = [], 0
    for i, record in enumerate(block):
        if _is_chosen(record, layout) and (i >= end or not layout.hierarchy):
            end = i + 1 + _below(block, i)
            found.append(block[i:end])
    return found


def _is_chosen(record: Record, layout: Layout) -> bool:
    if layout.kinds and record["type"] not in layout.kinds:
        return False
    if layout.only is not None and record["rid"] not in layout.only:
        return False
    return not layout.named or record["name"] in layout.named


def _below(block: Block, at: int) -> int:
    """How many of the records after the one at `at` belong to it: rows are in order of depth."""
    own = _depth(block[at])
    if own == 0:
        return 0
    count = 0
    while at + count + 1 < len(block) and _depth(block[at + count + 1]) > own:
        count += 1
    return count


_DEPTHS = {"dg": 0, "dm": 1, "v": 1, "pl": 2, "sd": 3}
# How much deeper a record of a layered volume stands.
_LAYER = 3


def _depth(record: Record) -> int:
    depth = record.get("depth")
    if isinstance(depth, int):
        return depth
    kind = str(record["type"])
    if kind == "pl" and not record.get("volume"):
        return 1
    return _DEPTHS[kind] + (_LAYER if record.get("layered") else 0)


def _kind(record: Record) -> str:
    kind = str(record["type"])
    return f"{kind[0]}2" if record.get("layered") else kind


def _dg(group: Group) -> Record:
    record = group["dg"]
    assert isinstance(record, dict)
    return record


def _field(record: Record, key: str) -> str:
    value = record.get(key)
    return "-" if value is None or value == "" else str(value)


def _plain(record: Record) -> tuple[str, ...]:
    kind = str(record["type"])
    name = str(record["name"])
    get = record.get
    offset: object = None
    if kind == "sd":
        length, offset = get("length_sectors"), _offset(record)
        assoc, kstate, state = get("plex"), get("kstate"), None
    elif kind == "pl":
        length = get("length_sectors") or "LOGONLY"
        assoc, kstate, state = get("volume"), get("kstate"), get("state")
    elif kind == "v":
        length, assoc = get("length_sectors"), get("utype")
        kstate, state = get("kstate"), get("state")
    elif kind == "dm":
        gone = _is_gone(record)
        length, assoc = (None, None) if gone else (get("public_sectors"), get("device"))
        kstate, state = None, get("state")
    elif kind == "dg":
        length = kstate = state = None
        assoc = name
    else:
        length, assoc, kstate, state = _foreign_cells(record)
    labels = get("labels")
    cells = (assoc, kstate, length, offset, state, *(_utils(labels) if labels else ("", "")))
    return (_kind(record), name, *["-" if x in (None, "") else str(x) for x in cells])


def association(record: Record) -> str:
    """Return what a record is associated with; nothing, if there is none."""
    assoc = _plain(record)[2]
    return "" if assoc == "-" else assoc


def _utils(labels: object) -> tuple[str, ...]:
    """Return the words in which utilities note what they are at: the first of each kind."""
    assert isinstance(labels, dict)
    return labels.get("tutil0", ""), labels.get("putil0", "")


def _offset(record: Record) -> object:
    """Return where in its plex a subdisk begins; one that holds a log has no place there."""
    offset = record.get("plex_offset_sectors")
    return "LOG" if offset is None else offset


def _is_gone(record: Record) -> bool:
    """Whether a disk of this system has lost its device: then the original tells nothing more."""
    return record.get("state") == "NODEVICE" and bool(record.get("here", True))


def _foreign_cells(record: Record) -> tuple[object, ...]:
    """Return length, association and states of a record of another kind, as its heading says."""
    cells, heading = record["cells"], TYPED_HEADER.get(str(record["type"]), "").split()[2:]
    assert isinstance(cells, list)
    if len(cells) != len(heading):
        return (None,) * 4
    called = dict(zip(heading, cells, strict=True))
    assoc = None if heading[0] in ("STATE", "KSTATE", "RLINK_CNT") else cells[0]
    return called.get("LENGTH"), assoc, called.get("KSTATE"), called.get("STATE")


_TYPED_FIELDS = {
    "dg": ("nconfig", "nlog", "base_minor", "dgid"),
    "dm": ("device", "device_type", "private_sectors", "public_sectors", "state"),
    "v": ("rvg", "kstate", "state", "length_sectors", "readpol", "prefplex", "utype"),
    "pl": ("volume", "kstate", "state", "length_sectors", "layout", "columns", "mode"),
    "sd": (
        *("plex", "disk", "disk_offset_sectors", "length_sectors"),
        *("plex_offset_sectors", "device", "mode"),
    ),
}


def _typed(record: Record) -> tuple[str, ...]:
    kind = str(record["type"])
    cells = record.get("cells")
    if isinstance(cells, list):
        return (kind, str(record["name"]), *map(str, cells))
    values = [record.get(key) for key in _TYPED_FIELDS[kind]]
    if kind == "dg":
        # Counts that were never set are shown by the original's word.
        values[:2] = ["default" if value is None else value for value in values[:2]]
    elif kind == "dm" and _is_gone(record):
        values[:4] = [None] * 4
    elif kind == "pl":
        values[3] = values[3] or "LOGONLY"
        if record.get("columns") is not None:
            values[5] = f"{record['columns']}/{record.get('stripe_sectors')}"
    elif kind == "sd":
        values[4] = _offset(record)
        if record.get("column") is not None and values[4] != "LOG":
            values[4] = f"{record['column']}/{values[4]}"
    return (
        _kind(record),
        str(record["name"]),
        *["-" if x in (None, "") else str(x) for x in values],
    )


def _formats(columns: tuple[int, ...]) -> dict[int, str]:
    """Return, for each number of tokens, the format that puts them at their columns."""
    widths = [after - before - 1 for before, after in pairwise(columns)]
    cells = [f"%-{width}s " for width in widths]
    return {n: "".join(cells[: n - 1]) + "%s" for n in range(1, len(columns) + 1)}


_PLAIN_FORMATS = _formats(DEFAULT_COLUMNS)
_TYPED_FORMATS = _formats(TYPED_COLUMNS)


def _plain_line(tokens: tuple[str, ...]) -> str:
    line = _PLAIN_FORMATS[len(tokens)] % tokens
    if len(line) == DEFAULT_COLUMNS[len(tokens) - 1] + len(tokens[-1]):
        return line
    return by_rule(tokens, DEFAULT_COLUMNS)


def _typed_line(tokens: tuple[str, ...]) -> str:
    line = _TYPED_FORMATS[len(tokens)] % tokens
    if len(line) == TYPED_COLUMNS[len(tokens) - 1] + len(tokens[-1]):
        return line
    return by_rule(tokens, TYPED_COLUMNS)


def _columns_of(heading: str) -> tuple[int, ...]:
    """Return where the words of a heading begin."""
    return tuple(
        at for at, c in enumerate(heading) if c != " " and (at == 0 or heading[at - 1] == " ")
    )


_OWN_COLUMNS = {
    kind: _columns_of(line)
    for kind, line in TYPED_HEADER.items()
    if _columns_of(line) != TYPED_COLUMNS[: len(line.split())]
}
"""Columns of the kinds that do not keep to those of the others."""


def _typed_row(tokens: tuple[str, ...]) -> str:
    """Return a row by type; of one that was read and not understood, as it stood."""
    kind = tokens[0]
    if len(tokens) > 2 and tokens[2][:1] == " ":  # noqa: PLR2004 kind and name come before
        return f"{kind:2} {tokens[1]}{tokens[2]}".rstrip()
    own = _OWN_COLUMNS.get(kind)
    return _typed_line(tokens) if own is None else by_rule(tokens, own)


def by_rule(tokens: tuple[str, ...], columns: tuple[int, ...]) -> str:
    """Return a row by the rule itself."""
    line = tokens[0]
    for token, column in zip(tokens[1:], columns[1:], strict=False):
        line = line.ljust(max(column - 1, len(line))) + " " + token
    return line


def items(groups: list[Group]) -> list[object]:
    """Return every record as one thing, with the name of its group."""
    found: list[object] = []
    for group in groups:
        name = _dg(group)["name"]
        records = group["records"]
        assert isinstance(records, list)
        found += [{"group": name, **record} for record in (_dg(group), *records)]
    return found
