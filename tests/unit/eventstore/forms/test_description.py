"""What `vxprint -m` prints is read back as the same rows; what is wrong is named by its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from cli.render import description as render
from cli.render.takeover import printed_rows
from cli.render.vxprint import Layout
from eventstore.forms import description, vxprint
from eventstore.forms.vxprint import Group
from eventstore.model import commands as cmd
from eventstore.model.objects import Labels
from eventstore.model.state import State
from eventstore.present.listing import print_view
from tests.support.listings import FIXTURES, SMALL, configurations, one_group
from tests.support.model import World, a_world, goes

DESCRIBED = sorted((FIXTURES.parent / "description").glob("*.txt"))
words = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)


def described(state: State, name: str) -> str:
    return render.text(print_view(state, name)["groups"], Layout(), titled=False)


def read(text: str) -> Group:
    """Read a description of one group that has nothing wrong with it."""
    assert description.is_one(text)
    listing = description.parse(text)
    (group,) = listing.groups
    assert (listing.faults, group.faults) == ((), ())
    return group


def unnumbered(group: Group) -> list[cmd.AnyRow]:
    """The rows of a group, wherever they stood in their file."""
    return [replace(row, line=0) for row in group.rows]


def taken(group: Group) -> World:
    return World().does(cmd.TakeOverDiskGroup(group.rows))


def faults(text: str) -> list[tuple[int, str]]:
    listing = description.parse(text)
    found = [*listing.faults, *(fault for group in listing.groups for fault in group.faults)]
    return sorted((fault.line, fault.reason) for fault in found)


@given(configurations())
def test_a_description_has_the_rows_of_the_table(listing: str) -> None:
    # What was read is first put into the original's order, which is that of both forms.
    group = one_group("\n".join(printed_rows(one_group(listing))) + "\n")
    text = described(taken(group).state, group.name)
    assert unnumbered(read(text)) == unnumbered(group)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.txt")), ids=lambda path: path.name)
def test_what_the_model_does_not_handle_is_described_too(path: Path) -> None:
    for group in vxprint.parse(path.read_text()).groups:
        text = described(taken(group).state, group.name)
        assert printed_rows(read(text)) == printed_rows(group)
        assert described(taken(read(text)).state, group.name) == text


def test_our_own_configuration_is_read_back_disks_that_are_gone_included() -> None:
    world = a_world(8192, 8192, 8192)
    world.does(
        cmd.MakeVolume("dg", "wide", 4096, layout="stripe", columns=3),
        cmd.MakeVolume("dg", "twice", 2048, layout="mirror", mirrors=2),
        cmd.DissociatePlex("dg", "twice-02"),
    )
    world.sees(goes("sd1"))
    text = described(world.state, "dg")
    assert described(taken(read(text)).state, "dg") == without_ids(text)


def without_ids(text: str) -> str:
    """A disk that is taken over is another system's: its ID is not kept."""
    return re.sub(r"diskid=.*", "diskid=", text)


@given(words, words, words)
def test_words_at_records_come_back_whatever_they_are(one: str, two: str, three: str) -> None:
    world = taken(one_group(SMALL))
    world.does(
        cmd.EditRecords("dg1", ("vol1",), {"comment": one, "user": two}),
        cmd.EditRecords("dg1", ("d1", "vol1-01", "d1-01"), {"putil0": three}),
        cmd.EditRecords("dg1", ("dg1",), {"comment": two}),
        cmd.EditRecords("dg1", ("d2",), {"spare": "on"}),
    )
    text = described(world.state, "dg1")
    again = taken(read(text)).state
    volume = again.named("1300000000.1.alpha", "vol1")
    assert getattr(volume, "labels", None) == Labels(comment=one, user=two)
    assert described(again, "dg1") == text


@given(configurations(), st.randoms())
def test_records_may_come_in_any_order_behind_their_group(listing: str, random: object) -> None:
    group = one_group(listing)
    blocks = _records(described(taken(group).state, group.name))
    rest = [block for block in blocks[1:] if not block.startswith("dc ")]
    random.shuffle(rest)  # type: ignore[attr-defined]
    shuffled = read(blocks[0] + "".join(rest))
    kept = [row for row in printed_rows(group) if not row.startswith("dc ")]
    assert sorted(printed_rows(shuffled)) == sorted(kept)


def _records(text: str) -> list[str]:
    blocks: list[str] = []
    for line in text.splitlines(keepends=True):
        if line[0] == "\t":
            blocks[-1] += line
        else:
            blocks.append(line)
    return blocks


@given(st.lists(st.sampled_from(["dg", "vol", "sd", "x", "len=1", 'a="', "\n", "\t", "#"])))
def test_no_text_is_more_than_it_can_read(some: list[str]) -> None:
    description.parse(" ".join(some))


@given(configurations(), st.integers(min_value=1))
def test_a_description_cut_anywhere_has_a_fault_or_is_whole_so_far(words: str, at: int) -> None:
    group = one_group(words)
    text = described(taken(group).state, group.name)
    for cut in description.parse(text[: at % len(text)]).groups:
        if not cut.faults:
            assert set(printed_rows(cut)) <= set(printed_rows(group))


@pytest.mark.parametrize("path", DESCRIBED, ids=lambda path: path.name)
def test_a_description_by_other_hands_is_read(path: Path) -> None:
    group = read(path.read_text())
    assert printed_rows(group) == path.with_suffix(".rows").read_text().splitlines()


SEEN = DESCRIBED[-1].read_text().splitlines()
WRONG = {
    (1, "dm   paydg01"): (1, "it stands before any record dg: print them too, with -G"),
    (4, "\tdgid=alpha"): (1, "alpha is no ID of a disk group"),
    (6, "\tbase_minor=many"): (1, "its MINORS many is no number"),
    (6, "\tthis is no field"): (6, "'this' is no field"),
    (6, "XX no record"): (6, "'XX' begins no record"),
    (16, "\tpub_len=2"): (56, "it ends at 204800, beyond its disk paydg01 of 2 sectors"),
    (24, "\tda_type=auto da_type=auto"): (24, "field da_type comes twice"),
    (26, "\tp="): (21, "dm paydg02 has no field pub_len"),
    (41, "zz   who"): (41, "'zz' is no kind of record"),
    (62, "\tlen=1"): (
        45,
        "plex books-01 is not whole: its subdisks have 1+204800 sectors, not 409600",
    ),
}


@pytest.mark.parametrize(("line", "words"), WRONG)
def test_what_is_wrong_is_named_by_its_line(line: int, words: str) -> None:
    lines = list(SEEN)
    lines[line - 1] = words
    assert WRONG[line, words] in faults("\n".join(lines) + "\n")


def test_a_volume_below_a_plex_as_the_original_describes_it_is_named() -> None:
    text = "\n".join(SEEN).replace("subvolume=off", "subvolume=on", 1) + "\n"
    assert any("is a volume below a plex" in reason for _, reason in faults(text))


def test_a_file_that_ends_within_a_line_says_so() -> None:
    assert (len(SEEN), "the file ends within this line") in faults("\n".join(SEEN))
    assert faults("\n".join(SEEN) + "\n") == []


def test_rows_in_columns_are_no_description() -> None:
    assert not description.is_one(SMALL)
    assert description.is_one("sd small01-01 disk=small01 offset=500\n")
