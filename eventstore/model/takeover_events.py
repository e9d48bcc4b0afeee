"""Events by which a configuration of another system is taken over, as its tools showed it."""

from __future__ import annotations

from eventstore.model.event import OfGroup, OfGroupItself


class VolumeTakenOver(OfGroup, frozen=True, tag="volume-taken-over/1"):
    """A volume of another system, as its own tools showed it."""

    name: str
    length: int
    kstate: str
    state: str
    utype: str
    readpol: str
    rvg: str = ""
    prefplex: str = ""


class DiskTakenOver(OfGroup, frozen=True, tag="disk-taken-over/1"):
    """A disk of another system; it is not here, so nothing is known of its device but the name."""

    name: str
    device_name: str
    device_type: str
    private_len: int
    public_len: int
    state: str


class ForeignTakenOver(OfGroup, frozen=True, tag="foreign-taken-over/1"):
    """A record of another system that the model does not handle, as it was read."""

    kind: str
    name: str
    parent: int
    cells: tuple[str, ...]


class ForeignRemoved(OfGroup, frozen=True, tag="foreign-removed/1"):
    """A record that the model does not handle ended, with what it stood below."""


class DiskGroupTakenOver(OfGroupItself, frozen=True, tag="group-taken-over/1"):
    """A disk group of another system, with its own ID."""

    name: str
    base_minor: int
    nconfig: str
    nlog: str
