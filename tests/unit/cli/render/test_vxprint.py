"""Tables byte by byte, and the rule from which they follow."""

from __future__ import annotations

from hypothesis import given, strategies as st

from cli.render import vxprint
from cli.render.vxprint import Layout
from tests.support import records
from tests.support.records import Record

tokens = st.lists(st.text("abcxyz019_-", min_size=1, max_size=20), min_size=1, max_size=9)

DEFAULT = """\
TY NAME         ASSOC        KSTATE   LENGTH   PLOFFS   STATE    TUTIL0  PUTIL0
dg datadg       datadg       -        -        -        -        -       -

dm datadg01     loop0        -        2031616  -        -        -       -
dm datadg02     -            -        -        -        NODEVICE -       -

pl old-01       -            DISABLED 204800   -        -        -       -
sd datadg02-01  old-01       ENABLED  204800   0        -        -       -

v  vol01        fsgen        ENABLED  204800   -        ACTIVE   -       -
pl vol01-01     vol01        ENABLED  204800   -        ACTIVE   -       -
sd datadg01-01  vol01-01     ENABLED  204800   0        -        -       -

v  a_volume_of_long_name fsgen ENABLED 204800  -        ACTIVE   -       -
pl a_volume_of_long_name-01 a_volume_of_long_name ENABLED 204800 - ACTIVE - -
sd datadg01-01  a_volume_of_long_name-01 ENABLED 204800 0 -      -       -
"""

TYPED_ROWS = """\
dg datadg       default      default  4000     1790000000.1.node1

dm datadg01     loop0        auto     65536    2031616  -
dm datadg02     -            -        -        -        NODEVICE

pl old-01       -            DISABLED -        204800   CONCAT    -        RW
sd datadg02-01  old-01       datadg02 0        204800   0         loop0    ENA

v  vol01        -            ENABLED  ACTIVE   204800   SELECT    -        fsgen
pl vol01-01     vol01        ENABLED  ACTIVE   204800   CONCAT    -        RW
sd datadg01-01  vol01-01     datadg01 0        204800   0         loop0    ENA

v  a_volume_of_long_name -   ENABLED  ACTIVE   204800   SELECT    -        fsgen
pl a_volume_of_long_name-01 a_volume_of_long_name ENABLED ACTIVE 204800 CONCAT - RW
sd datadg01-01  a_volume_of_long_name-01 datadg01 17317888 204800 0 loop0  ENA
"""

TYPED_HEADER = """\
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


def table(layout: Layout, *groups: Record, header: bool = True, titled: bool = False) -> str:
    shown = list(groups) or [records.group()]
    return vxprint.text(shown, layout, header=header, titled=titled)


def test_the_default_layout() -> None:
    assert table(Layout()) == DEFAULT


def test_the_layout_by_type() -> None:
    assert table(Layout(typed=True, hierarchy=True)) == TYPED_HEADER + TYPED_ROWS


def test_the_words_of_utilities_have_columns_of_their_own() -> None:
    group = records.group()
    group["records"][0]["labels"] = {"putil0": "mine"}
    group["records"][4]["labels"] = {"tutil0": "ATT", "comment": "not here"}
    rows = table(Layout(kinds=("dm", "v")), group, header=False).splitlines()
    assert (
        rows[0] == "dm datadg01     loop0        -        2031616  -        -        -       mine"
    )
    assert rows[2] == "v  vol01        fsgen        ENABLED  204800   -        ACTIVE   ATT     -"


def test_plain_is_the_table_without_its_heading() -> None:
    assert table(Layout(typed=True), header=False) == TYPED_ROWS


def test_a_group_that_was_not_named_is_named_above_its_table() -> None:
    small = {"dg": records.dg("other"), "records": [records.dm("other01", "loop7")]}
    printed = table(Layout(), records.group(), small, titled=True)
    assert printed == (
        "Disk group: datadg\n\n"
        + DEFAULT
        + "\nDisk group: other\n\n"
        + DEFAULT.splitlines()[0]
        + "\ndg other        other        -        -        -        -        -       -\n"
        + "\ndm other01      loop7        -        2031616  -        -        -       -\n"
    )


def test_volumes_only_stand_close() -> None:
    assert table(Layout(kinds=("v",))).splitlines() == [
        "TY NAME         ASSOC        KSTATE   LENGTH   PLOFFS   STATE    TUTIL0  PUTIL0",
        "v  vol01        fsgen        ENABLED  204800   -        ACTIVE   -       -",
        "v  a_volume_of_long_name fsgen ENABLED 204800  -        ACTIVE   -       -",
    ]


def test_a_selection_by_type_has_the_headings_of_what_may_be_below() -> None:
    printed = table(Layout(kinds=("v",), hierarchy=True, typed=True, named=("vol01",)))
    heading, rows = printed.split("\n\n")
    kinds = [line.split()[0] for line in heading.splitlines()]
    assert kinds == ["V", "PL", "SD", "SV", "SC", "DC", "SP", "EX"]
    assert [line.split()[:2] for line in rows.splitlines()] == [
        ["v", "vol01"],
        ["pl", "vol01-01"],
        ["sd", "datadg01-01"],
    ]


def test_kinds_are_selected_together() -> None:
    printed = table(Layout(kinds=("dm", "sd")), header=False)
    assert [line.split()[0] for line in printed.splitlines()] == ["dm", "dm", "sd", "sd", "sd"]


def test_a_name_alone_selects_its_record() -> None:
    assert table(Layout(typed=True, named=("vol01-01",))) == (
        "PL NAME         VOLUME       KSTATE   STATE    LENGTH   LAYOUT    NCOL/WID MODE\n\n"
        "pl vol01-01     vol01        ENABLED  ACTIVE   204800   CONCAT    -        RW\n"
    )


def test_a_name_with_its_hierarchy_selects_what_is_below() -> None:
    printed = table(Layout(hierarchy=True, named=("vol01-01",)), header=False)
    assert [line.split()[1] for line in printed.splitlines()] == ["vol01-01", "datadg01-01"]


def test_the_group_s_own_name_with_its_hierarchy_selects_all_of_it() -> None:
    assert table(Layout(hierarchy=True, named=("datadg",))) == DEFAULT


def test_no_groups_print_nothing() -> None:
    assert vxprint.text([], Layout(typed=True), header=True, titled=True) == ""


def test_cells_are_the_tokens_under_one_row_of_names() -> None:
    rows = vxprint.rows([records.group()], Layout())
    assert rows[0][:3] == ["TY", "NAME", "ASSOC"]
    assert [row[1] for row in rows[1:4]] == ["datadg", "datadg01", "datadg02"]


def test_as_single_things_records_carry_their_group() -> None:
    found = vxprint.items([records.group()])
    assert len(found) == 11
    assert {record["group"] for record in found if isinstance(record, dict)} == {"datadg"}


@given(tokens, st.sampled_from([vxprint.DEFAULT_COLUMNS, vxprint.TYPED_COLUMNS]))
def test_each_token_starts_at_its_column_or_one_behind_the_token_before(
    row: list[str], columns: tuple[int, ...]
) -> None:
    line = vxprint.by_rule(tuple(row), columns)
    end = -1
    for token, column in zip(row, columns, strict=False):
        start = max(column, end + 1)
        assert line[start : start + len(token)] == token
        end = start + len(token)
    assert len(line) == end


@given(tokens)
def test_the_quick_way_to_write_a_row_follows_the_rule(row: list[str]) -> None:
    tokens_of_row = tuple(row)
    for write, columns in (
        (vxprint._plain_line, vxprint.DEFAULT_COLUMNS),
        (vxprint._typed_line, vxprint.TYPED_COLUMNS),
    ):
        assert write(tokens_of_row) == vxprint.by_rule(tokens_of_row, columns)
