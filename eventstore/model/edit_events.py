"""Events by which fields are set that nothing else in the model rests on."""

from __future__ import annotations

from eventstore.model.event import OfGroup, OfGroupItself, OfNode


class LabelsSet(OfGroup, frozen=True, tag="labels-set/1"):
    """Words that people and programs keep at a record were set: each field, and its new value."""

    fields: tuple[str, ...]
    values: tuple[str, ...]


class RecordRenamed(OfGroup, frozen=True, tag="record-renamed/1"):
    """A volume, plex or subdisk got another name."""

    name: str


class ReadPolicySet(OfGroup, frozen=True, tag="read-policy-set/1"):
    """How a volume's plexes share its reads was set; `prefplex` names the preferred one."""

    readpol: str
    prefplex: str


class DiskGroupUpgraded(OfGroupItself, frozen=True, tag="group-upgraded/1"):
    """A disk group got a later version."""

    version: int


class DeviceCloneSet(OfNode, frozen=True, tag="device-clone-set/1"):
    """A device was marked as the copy of another, or the mark was taken away."""

    clone: bool
