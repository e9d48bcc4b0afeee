"""Reading what the original prints: every line is a row, or is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from cli.render import vxprint as render
from cli.render.takeover import differences, printed_rows
from eventstore.forms import vxprint
from eventstore.forms.rows import HEADINGS
from eventstore.forms.whole import doubts
from eventstore.model import commands as cmd
from eventstore.model.state import State
from eventstore.present.listing import print_view
from tests.support.listings import (
    FIXTURES,
    HEADING,
    SAMPLES,
    SMALL,
    configurations,
    laid_out,
    one_group,
    rows_of,
)
from tests.support.model import a_world, goes

SMALL_LINES = SMALL.splitlines()
WORDS = ["dg", "dm", "v", "pl", "sd", "dc", "sv", "v2", "p2", "s2", "DG", "TY", "NAME"]
WORDS += ["-", "0", "1", "2/128", "ENA", "LOG", "LOGONLY", "\n", ""]


def faults(text: str) -> list[tuple[int, str]]:
    listing = vxprint.parse(text)
    found = [*listing.faults, *(fault for group in listing.groups for fault in group.faults)]
    return sorted((fault.line, fault.reason) for fault in found)


def changed(line: int, words: str) -> list[tuple[int, str]]:
    """What is wrong once a line of the small listing is another; None of it is left out."""
    lines = list(SMALL_LINES)
    lines[line - 1] = words
    return faults("\n".join(lines) + "\n")


@pytest.mark.parametrize("path", sorted(FIXTURES.iterdir()), ids=lambda path: path.name)
def test_a_listing_is_given_back_row_by_row(path: Path) -> None:
    text = path.read_text()
    groups = vxprint.parse(text).groups
    assert [group.faults for group in groups] == [()] * len(groups)
    assert [row for group in groups for row in printed_rows(group)] == rows_of(text)
    assert differences(text, list(groups)) == []


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*vxprint*")), ids=lambda path: path.name)
def test_a_sample_is_given_back_or_says_what_it_lacks(path: Path) -> None:
    text = path.read_text()
    listing = vxprint.parse(text)
    if not listing.lacks:
        assert printed_rows(one_group(text)) == rows_of(text)
    else:
        assert listing.groups == ()
        assert re.match(r"line \d+: this is (vxprint's default|the long) form", listing.lacks[0])


@given(configurations())
def test_what_is_printed_and_taken_over_is_printed_again(words: str) -> None:
    printed = printed_rows(one_group(words))
    again = one_group(HEADING + "\n".join(printed) + "\n")
    assert printed_rows(again) == printed
    assert sorted(rows_of(laid_out(words))) == sorted(printed)


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=60))
def test_no_text_is_more_than_it_can_read(words: list[str]) -> None:
    vxprint.parse(" ".join(words))


@given(configurations(), st.data())
def test_a_mutilated_listing_never_gets_in_with_a_fault(words: str, data: st.DataObject) -> None:
    lines = words.split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    cells = lines[at].split()
    if cells:
        cells[data.draw(st.integers(0, len(cells) - 1))] = data.draw(st.sampled_from(WORDS))
    lines[at] = " ".join(cells)
    for group in vxprint.parse("\n".join(lines)).groups:
        whole = vxprint.without_faults(group)
        if whole.rows:
            printed_rows(whole)


@given(configurations(), st.integers(min_value=1))
def test_a_listing_cut_anywhere_has_a_fault_or_is_whole_so_far(words: str, at: int) -> None:
    cut = words[: at % len(words)]
    for group in vxprint.parse(cut).groups:
        if not group.faults:
            assert set(printed_rows(group)) <= set(rows_of(laid_out(words)))


def test_lost_blanks_change_nothing() -> None:
    rows = [row for row in laid_out(SMALL).split("\n") if row]
    assert printed_rows(one_group(SMALL)) == rows
    assert printed_rows(one_group("\n".join(SMALL.split("\n\n")))) == rows


WRONG = {
    (1, "dg dg1 default default many 1300000000.1.alpha"): (1, "its MINORS many is no number"),
    (1, "dg dg1 default default 1000 alpha"): (1, "alpha is no ID of a disk group"),
    (3, "dm d1 c1t1d0 auto 2048 10000"): (3, "a row dm has 7 words; here are 6"),
    (3, "dm d2 c1t1d0 auto 2048 10000 -"): (4, "d2 is the name of line 3 too"),
    (6, "v vol1 - ENABLED ACTIVE 02000 SELECT - fsgen"): (6, "its LENGTH 02000 is no number"),
    (6, "v vol1 - ENABLED ACTIVE 2001 SELECT - fsgen"): (
        6,
        "volume vol1 has no plex that is as long as it",
    ),
    (7, "pl vol1-01 vol9 ENABLED ACTIVE 2000 CONCAT - RW"): (7, "its volume vol9 is missing"),
    (7, "pl vol1-01 vol1 ENABLED ACTIVE 2000 STRIPE 2 RW"): (
        7,
        "its NCOL/WID 2 is not of the form 3/128",
    ),
    (8, "sd d1-01 vol1-01 d1 9000 2000 0 c1t1d0 ENA"): (
        8,
        "it ends at 11000, beyond its disk d1 of 10000 sectors",
    ),
    (8, "sd d1-01 vol1-01 d1 1 2000 0 c1t1d0 ENA"): (
        14,
        "it overlaps subdisk d1-01 of line 8",
    ),
    (8, "sd d1-01 vol1-01 d7 0 2000 0 c1t1d0 ENA"): (8, "its disk d7 is missing"),
    (8, "sd d1-01 vol1-01 d1 0 2000 0 c1t9d0 ENA"): (
        8,
        "its device c1t9d0 is not that of disk d1",
    ),
    (8, "sd d1-01 vol1-01 d1 0 2000 0/0 c1t1d0 ENA"): (
        8,
        "its [COL/]OFF 0/0 does not fit the layout of its plex",
    ),
    (8, ""): (7, "plex vol1-01 is not whole: its subdisks have 0 sectors, not 2000"),
    (6, "zz vol1 what"): (6, "'zz' is no kind of row, and no heading explains it"),
    (2, "PL NAME VOLUME STATE"): (
        2,
        f"its columns are not those of this form: {' '.join(HEADINGS['pl'])}",
    ),
    (2, "\x1b[1m"): (2, "it is too long, or no text"),
    (2, "v2 x - ENABLED ACTIVE 1 SELECT - fsgen"): (2, "it stands below no plex"),
    (2, "Disk group: dg9"): (2, "no dg row of disk group dg9 follows"),
}


@pytest.mark.parametrize(("line", "words"), WRONG)
def test_what_is_wrong_is_named_by_its_line(line: int, words: str) -> None:
    assert WRONG[line, words] in changed(line, words)


def test_a_file_that_ends_within_a_row_says_so() -> None:
    assert (14, "the file ends within this line") in faults(SMALL[:-3])
    assert faults(SMALL[:-1]) == []


def test_rows_before_the_group_s_own_are_named() -> None:
    assert faults("\n".join(SMALL_LINES[2:4]) + "\n") == [
        (1, "it stands before any row of a disk group"),
        (2, "it stands before any row of a disk group"),
    ]


def test_a_kind_that_a_heading_names_is_kept_as_it_stands() -> None:
    row = "zz odd    as it   stands"
    group = one_group("ZZ NAME SOMETHING\n\n" + SMALL + "\n" + row + "\n")
    assert printed_rows(group)[-1] == row


@pytest.mark.parametrize("row", ["dc vol2_dco    vol2   vol2_dcl", "sr site_a ENABLED more"])
def test_a_row_that_is_laid_out_otherwise_is_kept_as_it_stands(row: str) -> None:
    assert printed_rows(one_group(SMALL + row + "\n"))[-1] == row


def test_what_our_own_commands_made_is_printed_and_goes_in_elsewhere() -> None:
    world = a_world(8192, 8192, 8192)
    world.does(
        cmd.MakeVolume("dg", "plain", 1000),
        cmd.MakeVolume("dg", "wide", 4096, layout="stripe", columns=3),
        cmd.MakeVolume("dg", "twice", 2048, layout="mirror", mirrors=2),
        cmd.DissociatePlex("dg", "twice-02"),
        cmd.StopVolumes("dg", ("plain",)),
    )
    for notification in (goes("sd1"), goes("sd3")):
        world.sees(notification)
        text = shown(world.state, "dg")
        assert "\n".join(printed_rows(one_group(text))) == text.replace("\n\n", "\n").rstrip()


def shown(state: State, group: str) -> str:
    groups = print_view(state, group)["groups"]
    layout = render.Layout(typed=True, hierarchy=True)
    return render.text(groups, layout, header=False, titled=False)


def test_leaving_out_a_line_leaves_out_what_rests_on_it() -> None:
    lines = [line for line in SMALL_LINES if line != SMALL_LINES[3]]
    (group,) = vxprint.parse("\n".join(lines) + "\n").groups
    whole = vxprint.without_faults(group)
    assert [row.line for row in group.rows if row not in whole.rows] == [8, 9]
    assert [fault.line for fault in whole.faults] == [8, 9]


def test_without_the_group_s_own_row_nothing_is_left() -> None:
    (group,) = vxprint.parse(SMALL.replace("1300000000.1.alpha", "none")).groups
    assert vxprint.without_faults(group).rows == ()


def test_a_group_that_comes_twice_is_named() -> None:
    assert (15, "disk group dg1 is at line 1 too") in faults(SMALL + SMALL)


def test_the_default_form_says_what_it_lacks() -> None:
    text = "TY NAME ASSOC KSTATE LENGTH PLOFFS STATE TUTIL0 PUTIL0\nv x fsgen - - - - - -\n"
    lacks = vxprint.parse(text).lacks
    assert lacks == (
        "line 1: this is vxprint's default form",
        "line 2: a row v does not tell READPOL",
        "it has no rows of the group, its disks, plexes, subdisks at all",
    )


OTHERS = {
    "DEVICE          TYPE            DISK         GROUP        STATUS": "vxdisk list",
    "NAME         STATE           ID": "vxdg list",
    "DISK         DEVICE       TAG          OFFSET    LENGTH    FLAGS": "vxdg free",
    "  Group: datadg": "long form",
    "Volume:   vol01": "long form",
}


@pytest.mark.parametrize("line", OTHERS)
def test_what_other_programs_print_is_known_for_what_it_is(line: str) -> None:
    (lacks,) = vxprint.parse(f"{line}\nand more\n").lacks
    assert lacks.startswith("line 1: this is ")
    assert OTHERS[line] in lacks


def test_a_group_without_a_disk_was_cut() -> None:
    assert faults("\n".join(SMALL_LINES[:2]) + "\n") == [
        (1, "disk group dg1 has no disk: the file is cut, or tells only some of its records")
    ]


def test_headings_without_rows_are_named() -> None:
    assert faults(HEADING) == [(1, "no row of a disk group follows this heading")]


DOUBTS = {
    SMALL: [],
    "\n".join(SMALL_LINES[:4]) + "\n": ["no volume follows: has the group none?"],
    SMALL.replace("2000 SELECT -", "2000 PREFER vol1-09"): [
        "its preferred plex vol1-09 is not there"
    ],
    SMALL + "dc vol2_dco vol2 vol2_dcl\n": [
        "volume vol2_dcl, which dc vol2_dco names, is not there"
    ],
    SMALL + "\nvt set01 - ENABLED ACTIVE 2\n": ["vt set01 says 2 volumes; there are 0"],
    SMALL + "\nrv rvg01 1 ENABLED ACTIVE primary 1 srl\n": [
        "rv rvg01 says 1 volumes; there are 0"
    ],
}


@pytest.mark.parametrize("text", DOUBTS)
def test_what_suggests_that_rows_are_missing_is_told(text: str) -> None:
    assert [doubt.reason for doubt in doubts(one_group(text).rows)] == DOUBTS[text]


@pytest.mark.parametrize("path", sorted(FIXTURES.iterdir()), ids=lambda path: path.name)
def test_of_a_whole_listing_nothing_is_doubted_but_that_a_group_has_no_volume(path: Path) -> None:
    for group in vxprint.parse(path.read_text()).groups:
        reasons = [doubt.reason for doubt in doubts(group.rows)]
        volumes = any(isinstance(row, cmd.VolumeRow) for row in group.rows)
        assert reasons == ([] if volumes else ["no volume follows: has the group none?"])
