"""A log that is another one than the cluster's: what its node does until it is set aside (B3).

It counts for nothing and takes part in nothing. Only an administrator puts the diverging tail
aside, which is kept and listed, never deleted; then the node joins like one that was damaged.
"""

from __future__ import annotations

from typing import Any

from daemon.core.ready import Answer, Cut, Release
from daemon.core.station import Station
from eventstore.errors import Rejected
from eventstore.model.cluster_events import LogSetAside


def set_aside(member: Station) -> Answer:
    """Put aside what differs; return the answer for whoever asked.

    The step's `cut` is carried out with what it writes, and the core begins anew from the log.
    """
    first, head = member.hard.quarantined, member.shared.head.position
    if not first:
        return {"ok": False, "error": _nothing(member.name).to_map(), "about": None}
    member.work.cut = Cut(first, member.hard.doubt)
    if member.hard.held:
        member.work.directives.append(Release())
    member.set_hard(quarantined=0, doubt=None, held=())
    member.facts.append(LogSetAside(first, head))
    member.work.note(f"set aside from @{first} to @{head} -> begin anew, and be caught up")
    data: dict[str, Any] = {"outcome": "set-aside", "position": first - 1}
    data |= {"from": first, "through": head}
    return {"ok": True, "data": data, "log": "shared", "position": first - 1, "notes": []}


def _nothing(node: str) -> Rejected:
    return Rejected(
        "V-5-1-9110",
        "there is nothing to set aside: the shared log of this node is not quarantined",
        fix="'vx status' tells how the node stands",
        rule="B3",
        node=node,
    )
