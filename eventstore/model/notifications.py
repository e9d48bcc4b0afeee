"""What a kernel tells the daemon about disks.

A notification is a fact as its source saw it; `eventstore.model.decide.devices` says which events
follow from it. `kernel_us` and `boot_id` are the source's own time and incarnation: they are kept
in the event, and never used for order.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Action = Literal["add", "remove", "change", "resize", "fail", "heal"]


class DeviceFact(Struct, frozen=True):
    """One disk as the kernel shows it; `identity` stays with the disk, `name` need not."""

    name: str
    identity: str
    size_sectors: int
    failing: bool = False


class DeviceNotified(Struct, frozen=True, tag_field="t", tag="device"):
    """The kernel announced something about one disk; `device` is None once it is gone."""

    action: Action
    name: str
    device: DeviceFact | None
    seqnum: int
    kernel_us: int
    boot_id: str


class DevicesScanned(Struct, frozen=True, tag_field="t", tag="scan"):
    """Every watched disk as it is: after a time of which nothing is known (A5), or on request."""

    reason: Literal["start", "overrun", "request"]
    devices: tuple[DeviceFact, ...]
    kernel_us: int
    boot_id: str


Notification = DeviceNotified | DevicesScanned
