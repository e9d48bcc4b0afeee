"""The port through which a kernel's notifications reach the daemon."""

from collections.abc import Callable
from typing import Protocol

from eventstore.model.notifications import Notification

Note = Callable[[str], None]
"""Receives one sentence about something the kernel port saw and did not deliver."""


class KernelPort(Protocol):
    """A source of notifications about the node's disks.

    The first notification is always a `DevicesScanned`: it is what the daemon compares with what
    it remembers, to find what happened while nobody listened. Whenever the port cannot know that
    it saw everything, it scans again with the reason "overrun" (A5).
    """

    async def start(self, deliver: Callable[[Notification], None]) -> None:
        """Begin to listen, and deliver a first scan before returning.

        Raises:
            Unavailable: the kernel does not answer, or does not let us listen.

        """
        ...

    async def stop(self) -> None:
        """Stop listening; nothing is delivered after this returns."""
        ...


def no_note(_text: str, /) -> None:
    """Drop a note, where nobody asked for them."""
