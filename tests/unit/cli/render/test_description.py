"""`vxprint -m` line by line."""

from __future__ import annotations

from cli.render import description
from cli.render.vxprint import Layout
from tests.support import records

WORDS = """\
	tutil0="
	tutil1="
	tutil2="
	comment="nightly copy
	putil0="
	putil1="
	putil2="
"""
VOLUME = f"""\
vol  vol01
{WORDS}	user=oracle
	rvg_name=
	pref_name=
	use_type=fsgen
	read_pol=SELECT
	state="ACTIVE
	kstate=ENABLED
	len=204800
plex vol01-01
{WORDS.replace("nightly copy", "")}	v_name=vol01
	iomode=RW
	ncolumn=0
	st_width=0
	layout=CONCAT
	state="ACTIVE
	kstate=ENABLED
	len=204800
"""


def text(layout: Layout, *, titled: bool = False) -> str:
    group = records.group()
    for row in group["records"]:
        if row["name"] == "vol01":
            row["labels"] = {"comment": "nightly copy", "user": "oracle"}
    return description.text([group], layout, titled=titled)


def test_a_record_has_a_keyword_and_then_a_field_a_line() -> None:
    assert text(Layout(named=("vol01", "vol01-01"))) == VOLUME


def test_the_group_comes_first_and_is_named_above_where_it_was_not_asked_for() -> None:
    assert text(Layout(), titled=True).startswith("Disk group: datadg\n\ndg   datadg\n")


def test_kinds_select_what_is_described() -> None:
    lines = text(Layout(kinds=("v", "dm"))).splitlines()
    assert [line[:4].strip() for line in lines if line[0] != "\t"] == ["dm", "dm", "vol", "vol"]


def test_a_value_that_would_end_early_begins_with_a_quote() -> None:
    assert description.field("x", "a b", is_text=False) == 'x="a b'
    assert description.field("x", '"a', is_text=False) == 'x=""a'
    assert description.field("x", "a", is_text=False) == "x=a"
    assert description.field("x", "", is_text=True) == 'x="'


def test_nothing_in_a_value_steers_a_terminal_or_begins_a_line() -> None:
    assert description.field("x", "a\x1b\n\tb", is_text=True) == 'x="a\\x1b\\n\tb'
