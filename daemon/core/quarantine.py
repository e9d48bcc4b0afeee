"""A log that is another one than the cluster's: what its node does until it is set aside (B3).

It counts for nothing and takes part in nothing. Only an administrator puts the diverging tail
aside, which is kept and listed, never deleted; then the node joins like one that was damaged.
"""

from __future__ import annotations

from typing import Any

from daemon.core.ready import Answer, Cut, Release, SetAside
from daemon.core.station import Station
from daemon.core.waiting import changed_since, error_answer
from eventstore.errors import Rejected
from eventstore.model.cluster_events import LogSetAside


def set_aside(member: Station, said: SetAside) -> Answer:
    """Put aside what differs, unless it is a dry run; return the answer for whoever asked.

    The step's `cut` is carried out with what it writes, and the core begins anew from the log.
    """
    first, head = member.hard.quarantined, member.end.position
    if not first:
        return error_answer(_nothing(member.name), member.name)
    if said.expect is not None and said.expect < member.shared.last_change:
        return error_answer(changed_since(said.expect, member.shared.last_change), member.name)
    if not said.dry_run:
        _cut(member, first, head)
    data: dict[str, Any] = {"outcome": "dry-run" if said.dry_run else "set-aside"}
    data |= {"position": first - 1, "from": first, "through": head}
    return {"ok": True, "data": data, "log": "shared", "position": first - 1, "notes": []}


def _cut(member: Station, first: int, head: int) -> None:
    member.work.cut = Cut(first, member.hard.doubt)
    if member.hard.held:
        member.work.directives.append(Release())
    member.set_hard(quarantined=0, doubt=None, held=())
    member.facts.append(LogSetAside(first, head))
    member.work.note(f"set aside from @{first} to @{head} -> begin anew, and be caught up")


def _nothing(node: str) -> Rejected:
    return Rejected(
        "V-5-1-9110",
        "there is nothing to set aside: the shared log of this node is not quarantined",
        fix="'vx status' tells how the node stands",
        rule="B3",
        node=node,
    )
