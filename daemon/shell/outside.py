"""What a core is connected to, as the driver sees it: its peers and its kernel."""

from __future__ import annotations

from collections.abc import Callable

from daemon.core.messages import AnyMessage
from daemon.core.ready import Directive, Held, Hold


class Alone:
    """The surroundings of a node without peers, and with a kernel that holds no I/O."""

    def __init__(self, held: Callable[[Held], None]) -> None:
        self._held = held

    def send(self, to: str, message: AnyMessage) -> None:
        """Drop a message: there is nobody to take it."""

    def direct(self, directive: Directive) -> None:
        """Answer at once that I/O is held: none passes here (D4)."""
        if isinstance(directive, Hold):
            self._held(Held(directive.number))
