"""Whether a node's shared disk groups are enabled, and if not, why (C1, E2 to E4).

They are disabled where the nodes are not in quorum, and from the start of a daemon until it has
caught up with its master. A daemon that merely cannot reach its master's has lost nothing: what it
shows is correct, and only changes have to wait.
"""

from __future__ import annotations

from msgspec import Struct

from daemon.core.view import View


class Standing(Struct, frozen=True):
    """How a node stands; `why` is "" where its shared disk groups are enabled."""

    why: str = ""

    @property
    def enabled(self) -> bool:
        """Whether its shared disk groups are enabled."""
        return not self.why


def standing(view: View | None, name: str, *, connected: bool, quarantined: int = 0) -> Standing:
    """Return how a node stands; `connected`: it caught up since its daemon started."""
    if quarantined:
        return Standing(f"its shared log is quarantined from @{quarantined} on")
    if view is None:
        return Standing("the kernel has not told yet who is in the cluster")
    if name not in view.names:
        return Standing("this node is not in the cluster")
    if not view.quorate:
        return Standing("the nodes that are here are not in quorum")
    if not connected:
        return Standing("the daemon has not caught up with the master's since it started")
    return Standing()
