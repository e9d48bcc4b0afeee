"""The port through which a kernel reaches the daemon, and the daemon its kernel.

A kernel delivers what happens to disks, who is in the cluster, and whether it holds I/O as it was
asked to; it carries out directives. It decides nothing about the configuration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from daemon.core.ready import Directive, Held, Leave
from daemon.core.view import View, ViewNode
from eventstore.model.notifications import DevicesScanned, Notification

Note = Callable[[str], None]
"""Receives one sentence about something the kernel port saw and did not deliver."""

News = Notification | View | Held | Leave
"""What a kernel delivers."""

Deliver = Callable[[News], None]


class KernelPort(Protocol):
    """A source of notifications about the node's disks and its cluster, and the place of holds.

    The first that is delivered is a `View`, unless the kernel still holds I/O: then a `Held` with
    the number of that hold comes before it, since a hold outlives the daemon (D4). A
    `DevicesScanned` follows: it is what the daemon compares with what it remembers, to find what
    happened while nobody listened. Whenever the port cannot know that it saw everything, it scans
    again with the reason "overrun" (A5).
    """

    async def start(self, deliver: Deliver) -> None:
        """Begin to listen, and deliver a first view and scan before returning.

        Raises:
            Unavailable: the kernel does not answer, or does not let us listen.

        """
        ...

    def direct(self, directive: Directive) -> None:
        """Give the kernel a directive; it never blocks, and a `Held` answers a `Hold`."""
        ...

    def ask_scan(self, take: Callable[[DevicesScanned | None], None]) -> None:
        """Look at all disks now, and hand over what is there, with the reason "request".

        It is handed over in order with what is delivered: what comes later is newer. None: the
        kernel does not answer.
        """
        ...

    async def stop(self) -> None:
        """Stop listening; nothing is delivered after this returns."""
        ...


def no_note(_text: str, /) -> None:
    """Drop a note, where nobody asked for them."""


def alone(node: str, cluster_id: str, boot_id: str) -> View:
    """Return the view of a node that nobody has to be asked about: its own master (B1)."""
    here = ViewNode(node, boot_id, daemon=1)
    return View(cluster_id, (here,), node, quorate=True)
