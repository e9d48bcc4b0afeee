"""Events about disks as the kernel offers them."""

from __future__ import annotations

from eventstore.model.event import Event, Notice, OfNode


class DeviceAdded(OfNode, frozen=True, tag="device-added/1"):
    """A disk appeared that was not known, or is known no longer."""

    name: str
    identity: str
    size: int
    notice: Notice
    failing: bool = False


class DeviceRemoved(OfNode, frozen=True, tag="device-removed/1"):
    """A disk went away."""

    notice: Notice


class DeviceChanged(OfNode, frozen=True, tag="device-changed/1"):
    """A disk came back, was renamed, fails, recovered, or was just announced again."""

    name: str
    size: int
    notice: Notice
    failing: bool = False


class DeviceResized(OfNode, frozen=True, tag="device-resized/1"):
    """The size of a disk changed."""

    size: int
    notice: Notice


class NoticeIgnored(Event, frozen=True, tag="notice-ignored/1"):
    """A notification about a disk that is not known; kept because every one is (A4)."""

    name: str
    notice: Notice


class DiskInitialized(OfNode, frozen=True, tag="disk-initialized/1"):
    """A disk was given an ID and a private region."""

    disk_id: str
    private_len: int
    public_len: int
