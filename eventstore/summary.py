"""What a commit did, in the words of somebody who tells a colleague."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eventstore.model import events as ev
from eventstore.model.objects import HEADER_RID, NODE_SPACE, Key

NameOf = Callable[[Key], str]

_SHOWN = 3
"""Facts in one summary; what is beyond is counted."""


def summary(events: Sequence[ev.AnyEvent], name_of: NameOf) -> str:
    """Return one line about a commit; the main thing first, what follows from it after."""
    told = [text for event in events if (text := _told(event, name_of))]
    more = len(told) - _SHOWN
    return "; ".join(told[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _told(event: ev.AnyEvent, name_of: NameOf) -> str:
    template = _WORDS.get(type(event))
    if template is None:
        return ""
    return template(event, _subject(event, name_of))


def _subject(event: ev.AnyEvent, name_of: NameOf) -> str:
    if isinstance(event, ev.OfGroup):
        return name_of((event.dgid, event.rid))
    if isinstance(event, ev.OfNode):
        return name_of((NODE_SPACE, event.rid))
    if isinstance(event, (ev.DiskGroupCreated, ev.DiskGroupDestroyed)):
        return name_of((event.dgid, HEADER_RID))
    return ""


def _started(event: ev.DaemonStarted, _name: str) -> str:
    before = "" if event.clean else ", the last one had not stopped"
    return f"daemon {event.version} started{before}"


def _changed(event: ev.DeviceChanged, name: str) -> str:
    return f"device {name} {'fails' if event.failing else f'is there ({event.notice.action})'}"


def _disk_state(event: ev.DiskStateSet, name: str) -> str:
    return f"disk {name} lost its device" if event.state else f"disk {name} has its device again"


_WORDS: dict[type, Callable[[Any, str], str]] = {
    ev.ClusterCreated: lambda e, _: f"cluster {e.name} founded on {', '.join(e.nodes)}",
    ev.NodeCreated: lambda e, _: f"node {e.name} made",
    ev.DaemonStarted: _started,
    ev.DaemonStopped: lambda e, _: f"daemon stopped ({e.reason})",
    ev.IntervalUnknown: lambda e, _: (
        f"{(e.until_us - e.since_us) / 1e6:.3f} s before this were not observed: {e.reason}"
    ),
    ev.RequestRejected: lambda e, _: f"rejected: {e.message}",
    ev.DeviceAdded: lambda e, name: f"device {name} added, {e.size} sectors",
    ev.DeviceRemoved: lambda _, name: f"device {name} removed",
    ev.DeviceChanged: _changed,
    ev.DeviceResized: lambda e, name: f"device {name} has {e.size} sectors",
    ev.NoticeIgnored: lambda e, _: f"{e.notice.action} of an unknown device {e.name}",
    ev.DiskInitialized: lambda _, name: f"disk {name} initialised",
    ev.DiskGroupCreated: lambda _, name: f"disk group {name} created",
    ev.DiskGroupDestroyed: lambda _, name: f"disk group {name} destroyed",
    ev.DiskGroupTakenOver: lambda e, _: f"disk group {e.name} taken over",
    ev.DiskAdded: lambda e, name: f"disk {name} added on {e.device_name}",
    ev.DiskRemoved: lambda _, name: f"disk {name} removed",
    ev.DiskStateSet: _disk_state,
    ev.VolumeCreated: lambda e, name: f"volume {name} created, {e.length} sectors",
    ev.VolumeResized: lambda e, name: f"volume {name} has {e.length} sectors",
    ev.VolumeStateSet: lambda e, name: f"volume {name} {e.kstate}",
    ev.VolumeRemoved: lambda _, name: f"volume {name} removed",
}
"""Plexes and subdisks follow their volume, and are not told."""
