"""Commands on a node's own daemon and devices."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from eventstore.model.command import MAX_LIST, Command, Text


class EnableDaemon(Command, frozen=True, tag="ctl.enable"):
    """Let the daemon take changes, and look at all devices."""


class DisableDaemon(Command, frozen=True, tag="ctl.disable"):
    """Let the daemon refuse changes until it is enabled."""


class ScanDevices(Command, frozen=True, tag="disk.scandisks"):
    """Look at all devices now."""


class ClearImport(Command, frozen=True, tag="disk.clearimport"):
    """Let the deported disk groups on devices be imported by any host."""

    devices: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=MAX_LIST)]
