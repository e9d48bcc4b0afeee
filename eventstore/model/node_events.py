"""Events about a node's own daemon and devices that somebody asked for."""

from __future__ import annotations

from eventstore.model.event import Event, Notice, OfNode


class DaemonModeSet(Event, frozen=True, tag="daemon-mode-set/1"):
    """A daemon takes changes (``enabled``), or refuses them (``disabled``, ``booted``)."""

    mode: str


class DevicesScanned(Event, frozen=True, tag="devices-scanned/1"):
    """All devices were looked at on demand; what was found differs is in the same commit."""

    devices: int
    notice: Notice


class DeviceOfflineSet(OfNode, frozen=True, tag="device-offline-set/1"):
    """A device was taken out of use, or put back into it."""

    offline: bool


class ImportLockSet(OfNode, frozen=True, tag="import-lock-set/1"):
    """The disk group of a device was kept for a host, or is for any ("")."""

    host: str


class DeviceForgotten(OfNode, frozen=True, tag="device-forgotten/1"):
    """A device was removed from the list, on demand; a scan may find it again."""
