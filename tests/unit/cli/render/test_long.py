"""`vxprint -l` in the original's lines."""

from __future__ import annotations

from cli.render import long
from cli.render.vxprint import Layout
from tests.support import records
from tests.support.records import Record

GROUP = """\
Disk group: datadg

Group:    datadg
info:     dgid=1790000000.1.node1
version:  310
alignment: 8192 (bytes)
activation: read-write
detach-policy: global
dg-fail-policy: dgdisable
copies:   nconfig=default nlog=default
devices:  max=32767 cur=2
minors:   >= 4000
cds=on
"""
VOLUME = """\
Volume:   vol01
info:     len=204800
type:     usetype=fsgen
state:    state=ACTIVE kernel=ENABLED
assoc:    plexes=vol01-01
policies: read=SELECT (round-robin)
device:   path=/dev/vx/dsk/datadg/vol01

Plex:     vol01-01
info:     len=204800
type:     layout=CONCAT
state:    state=ACTIVE kernel=ENABLED io=read-write
assoc:    vol=vol01 sd=datadg01-01
flags:    complete

Subdisk:  datadg01-01
info:     disk=datadg01 offset=0 len=204800
assoc:    vol=vol01 plex=vol01-01 (offset=0)
flags:    enabled
device:   device=loop0
"""


def text(layout: Layout, *, titled: bool = False, more: list[Record] | None = None) -> str:
    group = records.group()
    group["dg"] |= {"version": 310, "detach_policy": "global", "fail_policy": "dgdisable"}
    group["dg"] |= {"volumes": 2}
    group["records"] += more or []
    return long.text([group], layout, titled=titled)


def test_a_group_is_described_as_in_the_original() -> None:
    assert text(Layout(named=("datadg",)), titled=True) == GROUP


def test_a_volume_is_described_with_what_is_below_it() -> None:
    assert text(Layout(hierarchy=True, named=("vol01",))) == VOLUME


def test_words_stand_below_what_they_are_kept_at() -> None:
    group = records.group()
    words = {"comment": "nightly copy", "putil0": "a", "putil2": "c", "user": "oracle"}
    group["records"][4]["labels"] = words
    group["records"][0]["labels"] = {"spare": "on"}
    described = long.text([group], Layout(named=("vol01", "datadg01")), titled=False)
    assert described.endswith(
        "putils:   putil0=a putil2=c\nperms:    user=oracle\ncomment:  nightly copy\n"
    )
    assert "flags:    autoconfig spare\n" in described


def test_a_disk_and_a_plex_without_a_volume_say_what_they_have() -> None:
    described = text(Layout(kinds=("dm", "pl")))
    assert "assoc:    device=loop0 type=auto\n" in described
    assert "flags:    nodevice\n" in described
    assert "assoc:    vol=- sd=datadg02-01\nflags:    dissociated\n" in described


def test_a_striped_plex_names_its_columns() -> None:
    plex = {**records.pl("s-01", "vol01"), "columns": 2, "stripe_sectors": 128}
    subdisk = {**records.sd("s-sd", "s-01", "datadg01"), "column": 1}
    described = text(Layout(named=("s-01", "s-sd")), more=[plex, subdisk])
    assert "layout=CONCAT columns=2 width=128\n" in described
    assert "plex=s-01 (column=1 offset=0)\n" in described


def test_a_record_that_is_not_handled_shows_its_row() -> None:
    row: Record = {"type": "dc", "rid": "x#9", "name": "d", "cells": ["vol01", "vol01_dcl"]}
    row |= {"depth": 2, "joined": True}
    described = text(Layout(), more=[row])
    assert described.endswith("Record:   d (dc)\ninfo:     vol01 vol01_dcl\n")


def test_what_is_not_selected_prints_nothing() -> None:
    assert text(Layout(kinds=("v",), named=("nothing",)), titled=True) == ""
