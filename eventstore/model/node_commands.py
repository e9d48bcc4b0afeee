"""Commands on a node's own daemon and devices."""

from __future__ import annotations

from eventstore.model.command import Command


class EnableDaemon(Command, frozen=True, tag="ctl.enable"):
    """Let the daemon take changes, and look at all devices."""


class DisableDaemon(Command, frozen=True, tag="ctl.disable"):
    """Let the daemon refuse changes until it is enabled."""


class ScanDevices(Command, frozen=True, tag="disk.scandisks"):
    """Look at all devices now."""
