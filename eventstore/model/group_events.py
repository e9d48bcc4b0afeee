"""Events of a disk group as a whole: where it is, what it is called, who may use it."""

from __future__ import annotations

from eventstore.model.event import OfGroupItself


class DiskGroupDeported(OfGroupItself, frozen=True, tag="group-deported/1"):
    """A disk group was put away; its disks know it, and it can be imported."""


class DiskGroupImported(OfGroupItself, frozen=True, tag="group-imported/1"):
    """A deported disk group came back, perhaps under another name."""

    name: str


class DiskGroupRenamed(OfGroupItself, frozen=True, tag="group-renamed/1"):
    """A disk group got another name."""

    name: str


class DiskGroupSet(OfGroupItself, frozen=True, tag="group-set/1"):
    """Attributes of a disk group were set; all of them are told."""

    detach_policy: str
    fail_policy: str


class ActivationSet(OfGroupItself, frozen=True, tag="activation-set/1"):
    """A node set its activation mode of a shared disk group (F1)."""

    node: str
    mode: str


class AutoImportSet(OfGroupItself, frozen=True, tag="autoimport-set/1"):
    """Whether the start of the cluster imports the group was set (B1)."""

    automatic: bool
