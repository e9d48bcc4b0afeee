"""How a plex is laid out over columns, and how it grows and shrinks.

A concatenated plex is one column. A striped one has several of equal length, a multiple of the
stripe, so it may be somewhat longer than its volume.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from eventstore.errors import Rejected
from eventstore.model import events as ev
from eventstore.model.decide.allocation import COLUMNS_MAX, COLUMNS_MIN, Pool, Region
from eventstore.model.decide.names import free_name
from eventstore.model.objects import DiskGroup, Plex, Subdisk
from eventstore.model.state import State

STRIPE_DEFAULT = 128
"""Sectors of a column that follow each other: the original's 64 KiB."""


class Layout(Struct, frozen=True):
    """What was asked for: ``CONCAT``, or ``STRIPE`` with columns (None: as many as fit)."""

    kind: str = "CONCAT"
    columns: int | None = None
    stripe: int = STRIPE_DEFAULT

    def column_length(self, length: int, columns: int) -> int:
        """Return how long each of so many columns must be."""
        if self.kind == "CONCAT":
            return length
        each = -(-length // columns)
        return -(-each // self.stripe) * self.stripe


class Plan(Struct, frozen=True):
    """A plex before it has an ID: the regions of each column, and the length of all."""

    layout: Layout
    columns: tuple[tuple[Region, ...], ...]
    length: int

    @property
    def disks(self) -> set[int]:
        """Return the record IDs of the disks it is on."""
        return {region.disk.rid for column in self.columns for region in column}


def plan(pool: Pool, layout: Layout, length: int, without: Collection[int] = ()) -> Plan:
    """Take the space for a plex from a pool, on disks that are not excluded.

    Raises:
        Rejected: there is not enough.
    """
    if layout.kind == "CONCAT":
        return Plan(layout, (tuple(pool.concat(length, without)),), length)
    count = layout.columns or _columns_that_fit(pool, layout, length, without)
    each = layout.column_length(length, count)
    columns = pool.columns(count, each, without)
    return Plan(layout, tuple(map(tuple, columns)), each * count)


def _columns_that_fit(pool: Pool, layout: Layout, length: int, without: Collection[int]) -> int:
    """Return the largest number of columns, up to the limit, for which there are disks."""
    for count in range(COLUMNS_MAX, COLUMNS_MIN, -1):
        if pool.disks_with(layout.column_length(length, count), without) >= count:
            return count
    return COLUMNS_MIN


def check_layout(layout: Layout) -> None:
    """Refuse a layout that cannot be.

    Raises:
        Rejected: too few columns, or no stripe.
    """
    if layout.kind == "STRIPE" and (
        layout.stripe <= 0 or (layout.columns is not None and layout.columns < COLUMNS_MIN)
    ):
        raise Rejected(
            "V-5-1-15316",
            f"A stripe of {layout.columns} columns of {layout.stripe} sectors is not possible",
            cause="a stripe has at least two columns, and at least one sector of each in turn",
            fix="give ncol=2 or more, and stripeunit=64k",
            rule="D2",
        )


def creation(
    state: State,
    group: DiskGroup,
    first_rid: int,
    made: Plan,
    fields: dict[str, object],
    taken: set[str],
) -> list[ev.AnyEvent]:
    """Return the events that make a plex of a plan; its subdisks get the IDs behind `first_rid`.

    `fields` has the plex's name, its volume, and its states; names that are given join `taken`.
    """
    striped = made.layout.kind == "STRIPE"
    plex = ev.PlexCreated(
        group.space,
        first_rid,
        length=made.length,
        layout=made.layout.kind,
        columns=len(made.columns) if striped else 0,
        stripe=made.layout.stripe if striped else 0,
        **fields,  # type: ignore[arg-type]
    )
    return [plex, *regions_given(state, group, first_rid, made.columns, first_rid + 1, taken)]


def regions_given(
    state: State,
    group: DiskGroup,
    plex: int,
    columns: tuple[tuple[Region, ...], ...],
    first_rid: int,
    taken: set[str],
    starts: tuple[int, ...] | None = None,
) -> list[ev.AnyEvent]:
    """Return the events that give regions to a plex, in each column from its start on."""
    made: list[ev.AnyEvent] = []
    for column, regions in enumerate(columns):
        offset = 0 if starts is None else starts[column]
        for region in regions:
            disk = region.disk
            name = free_name(state, group.space, disk.name, len(state.extents(disk)) + 1, taken)
            made.append(
                ev.SubdiskCreated(
                    group.space,
                    first_rid + len(made),
                    name=name,
                    plex=plex,
                    disk=disk.rid,
                    disk_offset=region.offset,
                    length=region.length,
                    plex_offset=offset,
                    column=column,
                )
            )
            offset += region.length
    return made


def layout_of(plex: Plex) -> Layout:
    """Return the layout that a plex has."""
    if plex.columns:
        return Layout("STRIPE", plex.columns, plex.stripe)
    return Layout()


def columns_of(state: State, plex: Plex) -> list[list[Subdisk]]:
    """Return the subdisks of a plex by column, each by offset."""
    columns: list[list[Subdisk]] = [[] for _ in range(plex.columns or 1)]
    for subdisk in sorted(state.subdisks(plex), key=lambda subdisk: subdisk.plex_offset):
        columns[subdisk.column].append(subdisk)
    return columns
