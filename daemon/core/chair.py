"""What the rooms of an office need of the office itself."""

from __future__ import annotations

from typing import Protocol

from daemon.core.proposing import Proposing
from daemon.core.station import Station
from daemon.core.view import View


class Chair(Protocol):
    """The office in which changes are made, and reads confirmed."""

    term: int
    view: View
    member: Station
    proposing: Proposing

    @property
    def here(self) -> str:
        """Return this node."""

    @property
    def head(self) -> int:
        """Return where the shared log ends here."""

    @property
    def others(self) -> tuple[str, ...]:
        """Return the other members, in succession order."""

    @property
    def is_free(self) -> bool:
        """Whether a utility's change may be proposed now."""
