"""Who decides, and when: what a decision may know of the world beside the state."""

from __future__ import annotations

from msgspec import Struct

from eventstore.model.notifications import DevicesScanned


class Moment(Struct, frozen=True):
    """The deciding node and its clock, in microseconds since the epoch.

    `scan` is what the kernel shows, for a command that asks to look; `head` is where the log ends
    that is decided about.
    """

    node: str
    wall_us: int
    scan: DevicesScanned | None = None
    head: int = 0

    def identifier(self, number: int) -> str:
        """Return an ID in the original's form, ``SECONDS.NUMBER.NODE``."""
        return f"{self.wall_us // 1_000_000}.{number}.{self.node}"
