"""Old versions of events, and how each is lifted to the next.

An event that gains a version gets a new class in `events`; the class it had moves here, keeps its
stored name, and gets one pure function to its successor. Nothing here is ever edited or removed:
the logs of every release replay for ever (`tests/golden`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventstore.model.events import AnyEvent, Event, OfGroup, PlexCreated, SubdiskCreated


class PlexCreatedV1(OfGroup, frozen=True, tag="plex-created/1"):
    """A plex came to be."""

    name: str
    volume: int
    length: int
    layout: str = "CONCAT"


class SubdiskCreatedV1(OfGroup, frozen=True, tag="subdisk-created/1"):
    """A region of a disk was given to a plex."""

    name: str
    plex: int
    disk: int
    disk_offset: int
    length: int
    plex_offset: int = 0


def _plex_2(old: PlexCreatedV1) -> PlexCreated:
    return PlexCreated(
        old.dgid, old.rid, name=old.name, volume=old.volume, length=old.length, layout=old.layout
    )


def _subdisk_2(old: SubdiskCreatedV1) -> SubdiskCreated:
    return SubdiskCreated(
        old.dgid,
        old.rid,
        name=old.name,
        plex=old.plex,
        disk=old.disk,
        disk_offset=old.disk_offset,
        length=old.length,
        plex_offset=old.plex_offset,
    )


UPCASTERS: dict[type, Callable[[Any], Event]] = {
    PlexCreatedV1: _plex_2,
    SubdiskCreatedV1: _subdisk_2,
}
"""Superseded class -> function to the version after it."""

OLD_EVENTS: tuple[type[Event], ...] = tuple(UPCASTERS)
"""Superseded classes; the decoder knows them beside those in `AnyEvent`."""


def lift(event: Event) -> AnyEvent:
    """Return an event in its present version."""
    while (upcaster := UPCASTERS.get(type(event))) is not None:
        event = upcaster(event)
    return event  # type: ignore[return-value]
