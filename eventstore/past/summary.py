"""What a commit did, in the words of somebody who tells a colleague."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eventstore.model import events as ev
from eventstore.model.objects import HEADER_RID, NODE_SPACE, Key
from eventstore.model.tags import TagRemoved, TagSet
from eventstore.text import iso

NameOf = Callable[[Key], str]
Words = dict[type, Callable[[Any, str], str]]

_SHOWN = 3
"""Facts in one summary; what is beyond is counted."""


def summary(events: Sequence[ev.AnyEvent], name_of: NameOf) -> str:
    """Return one line about a commit; the main thing first, what follows from it after.

    Parts are told only where nothing is that they are parts of: a plex goes with its volume.
    """
    told = _told(events, name_of, _WORDS) or _told(events, name_of, _OF_PARTS)
    more = len(told) - _SHOWN
    return "; ".join(told[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _told(events: Sequence[ev.AnyEvent], name_of: NameOf, words: Words) -> list[str]:
    return [
        words[type(event)](event, _subject(event, name_of))
        for event in events
        if type(event) in words
    ]


def _subject(event: ev.AnyEvent, name_of: NameOf) -> str:
    if isinstance(event, ev.OfNode):
        return name_of((NODE_SPACE, event.rid))
    group = getattr(event, "dgid", None)
    return "" if group is None else name_of((group, getattr(event, "rid", HEADER_RID)))


def _started(event: ev.DaemonStarted, _name: str) -> str:
    before = "" if event.clean else ", the last one had not stopped"
    return f"daemon {event.version} started{before}"


def _changed(event: ev.DeviceChanged, name: str) -> str:
    return f"device {name} {'fails' if event.failing else f'is there ({event.notice.action})'}"


def _restored(event: ev.RecordsRestored, _name: str) -> str:
    count = len(event.back) + len(event.gone)
    records = "1 record" if count == 1 else f"{count} records"
    what = ", ".join(event.undoes[:_SHOWN]) + ("..." if event.undoes[_SHOWN:] else "")
    return f"{event.how} {what}: {records}"


def _disk_state(event: ev.DiskStateSet, name: str) -> str:
    return f"disk {name} lost its device" if event.state else f"disk {name} has its device again"


def _left(event: ev.NodeLeft, _name: str) -> str:
    return f"{event.node} left" + ("" if event.clean else ", not cleanly")


def _failed(event: ev.RequestsFailed, _name: str) -> str:
    where = f" on {event.node}" if event.node else ""
    return f"failed{where}: {event.message}"


def _labels(event: ev.LabelsSet, name: str) -> str:
    pairs = zip(event.fields, event.values, strict=False)
    return f"{name}: " + ", ".join(f"{field}={value}" for field, value in pairs)


def _retention(event: ev.RetentionSet, _name: str) -> str:
    if not event.archive_after_s and not event.keep:
        return "nothing is archived by rule any more"
    age = f" that are older than {event.archive_after_s} s" if event.archive_after_s else ""
    return f"each node archives commits{age}, but for the last {event.keep}"


_WORDS: Words = {
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
    TagSet: lambda e, _: f"@{e.position} named {e.name}",
    TagRemoved: lambda e, _: f"tag {e.name} taken away",
    ev.VolumeTakenOver: lambda e, name: f"volume {name} taken over, {e.length} sectors",
    ev.DiskGroupDeported: lambda _, name: f"disk group {name} deported",
    ev.DiskGroupImported: lambda _, name: f"disk group {name} imported",
    ev.DiskGroupRenamed: lambda e, _: f"disk group renamed to {e.name}",
    ev.DiskGroupSet: lambda e, name: (
        f"disk group {name}: detach policy {e.detach_policy}, fail policy {e.fail_policy}"
    ),
    ev.DiskGroupUpgraded: lambda e, name: f"disk group {name} has version {e.version}",
    ev.AutoImportSet: lambda e, name: (
        f"disk group {name} is {'' if e.automatic else 'not '}imported at the start of the cluster"
    ),
    ev.DiskRenamed: lambda e, _: f"disk renamed to {e.name}",
    ev.RecordRenamed: lambda e, _: f"record renamed to {e.name}",
    ev.LabelsSet: _labels,
    ev.ReadPolicySet: lambda e, name: f"volume {name} is read {e.readpol}",
    ev.ActivationSet: lambda e, name: f"disk group {name}: {e.mode} on {e.node}",
    ev.DeviceOfflineSet: lambda e, name: f"device {name} {'offline' if e.offline else 'online'}",
    ev.DeviceForgotten: lambda _, name: f"device {name} forgotten",
    ev.DeviceCloneSet: lambda e, name: f"device {name} is {'a' if e.clone else 'no'} clone",
    ev.DevicesScanned: lambda e, _: f"{e.devices} devices looked at",
    ev.ImportLockSet: lambda e, name: (
        f"device {name} kept for {e.host}" if e.host else f"device {name} kept for nobody"
    ),
    ev.MasterElected: lambda e, _: f"{e.master} is master of term {e.term}",
    ev.NodeJoined: lambda e, _: f"{e.node} joined",
    ev.NodeLeft: _left,
    ev.RequestsFailed: _failed,
    ev.VersionRaised: lambda e, _: f"the cluster speaks protocol version {e.protocol}",
    ev.ConfiguredNodesChanged: lambda e, _: f"the nodes are {', '.join(e.nodes)}",
    ev.LogQuarantined: lambda e, _: f"the shared log is another one from @{e.position} on",
    ev.LogSetAside: lambda e, _: f"@{e.first} to @{e.through} of the shared log put aside",
    ev.ContextRedacted: lambda e, _: f"context of @{e.position} redacted: {e.reason or '-'}",
    ev.RetentionSet: _retention,
    ev.DaemonModeSet: lambda e, _: f"the daemon is {e.mode}",
    ev.RecordsRestored: _restored,
    ev.ConfirmationAwaited: lambda e, _: f"undone at {iso(e.until_us)} unless confirmed",
    ev.ChangeConfirmed: lambda e, _: f"{e.request} confirmed",
    ev.ChangeUndone: lambda e, _: f"{e.request} was not confirmed",
    ev.UndoFailed: lambda e, _: f"{e.request} cannot be undone: {e.reason}",
}

_OF_PARTS: Words = {
    ev.PlexCreated: lambda e, name: f"plex {name} created, {e.length} sectors",
    ev.PlexResized: lambda e, name: f"plex {name} has {e.length} sectors",
    ev.PlexStateSet: lambda e, name: f"plex {name} {e.kstate} {e.state}",
    ev.PlexRemoved: lambda _, name: f"plex {name} removed",
    ev.PlexAttached: lambda _, name: f"plex {name} attached",
    ev.PlexDissociated: lambda _, name: f"plex {name} dissociated",
    ev.SubdiskCreated: lambda e, name: f"subdisk {name} created, {e.length} sectors",
    ev.SubdiskResized: lambda e, name: f"subdisk {name} has {e.length} sectors",
    ev.SubdiskRemoved: lambda _, name: f"subdisk {name} removed",
    ev.DiskTakenOver: lambda _, name: f"disk {name} taken over",
    ev.ForeignTakenOver: lambda e, _: f"{e.kind} {e.name} taken over",
    ev.ForeignRemoved: lambda _, name: f"{name} removed",
}
