"""What is read of a disk group of another system, and the command that takes it over."""

from __future__ import annotations

from typing import Annotated, Union

from msgspec import Meta, Struct

from eventstore.model.command import Command, Sectors, Text

MAX_ROWS = 1 << 16
"""Rows of one disk group that is taken over."""


class TakenRow(Struct, frozen=True, array_like=True):
    """A row of another system's listing, and the number of its line; empty text is none.

    Rows travel as lists: a configuration has many, and what a request may hold is bounded.
    """

    line: int


class GroupRow(TakenRow, frozen=True, tag="dg"):
    """A disk group."""

    name: Text
    nconfig: Text
    nlog: Text
    base_minor: Sectors
    dgid: Text


class DiskRow(TakenRow, frozen=True, tag="dm"):
    """A disk; one without a device type tells nothing of its lengths either."""

    name: Text
    device: Text
    device_type: Text
    private_sectors: Sectors
    public_sectors: Sectors
    state: Text


class VolumeRow(TakenRow, frozen=True, tag="v"):
    """A volume.

    `place` is "v" or "v2" if it stands in the block of another record, which is the plex or
    volume `below`, or the group if that is "".
    """

    name: Text
    rvg: Text
    kstate: Text
    state: Text
    length_sectors: Sectors
    readpol: Text
    prefplex: Text
    utype: Text
    place: Text = ""
    below: Text = ""


class PlexRow(TakenRow, frozen=True, tag="pl"):
    """A plex; one of length 0 holds a log only, one without a volume is dissociated."""

    name: Text
    volume: Text
    kstate: Text
    state: Text
    length_sectors: Sectors
    layout: Text
    columns: Sectors
    stripe_sectors: Sectors
    mode: Text


class SubdiskRow(TakenRow, frozen=True, tag="sd"):
    """A subdisk; `plex_offset_sectors` is -1 for one that holds a log."""

    name: Text
    plex: Text
    disk: Text
    disk_offset_sectors: Sectors
    length_sectors: Sectors
    column: Sectors
    plex_offset_sectors: Sectors
    device: Text
    mode: Text


class ForeignRow(TakenRow, frozen=True, tag="foreign"):
    """A record of a kind that the model does not handle, in the block of `below` ("": none)."""

    kind: Text
    name: Text
    below: Text
    cells: tuple[Text, ...]


class WordsRow(TakenRow, frozen=True, tag="words"):
    """Words that are kept at the record of a name ("": the group); its row came before."""

    name: Text
    fields: tuple[Text, ...]
    values: tuple[Text, ...]


AnyRow = Union[  # noqa: UP007 one member a line reads better
    GroupRow,
    DiskRow,
    VolumeRow,
    PlexRow,
    SubdiskRow,
    ForeignRow,
    WordsRow,
]


class TakeOverDiskGroup(Command, frozen=True, tag="dg.takeover"):
    """Take over a disk group of another system, as its listing shows it."""

    rows: Annotated[tuple[AnyRow, ...], Meta(max_length=MAX_ROWS)]
