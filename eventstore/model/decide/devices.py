"""What follows from a kernel notification.

Notifications are facts, so nothing here refuses. A notification about a disk that a group uses
also changes the state of that disk, and of the plexes and volumes on it: these are events of their
own in the same commit, so that the history of a volume says when it lost its disk, and why.
"""

from __future__ import annotations

from eventstore.model import events as ev
from eventstore.model.decide import logs
from eventstore.model.evolve import apply
from eventstore.model.notifications import (
    DeviceFact,
    DeviceNotified,
    DevicesScanned,
    Notification,
)
from eventstore.model.objects import (
    HEADER_RID,
    NODE_SPACE,
    NODEVICE,
    Change,
    Device,
    Disk,
    DiskGroup,
    Plex,
    Volume,
)
from eventstore.model.state import State


def observe(state: State, notification: Notification) -> tuple[ev.AnyEvent, ...]:
    """Return the events that follow from a notification; at least one for an announcement.

    What follows from one disk rests on what followed from the one before, so the events are
    applied as they arise, and undone at the end: the state is left as it was.
    """
    story = _Story(state)
    try:
        if isinstance(notification, DeviceNotified):
            _announced(story, notification)
        else:
            _scanned(story, notification)
    finally:
        state.restore(story.changes)
    return tuple(story.events)


class _Story:
    """The events so far, on a state that has them applied."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.events: list[ev.AnyEvent] = []
        self.changes: list[Change] = []

    def add(self, *events: ev.AnyEvent) -> None:
        self.events += events
        self.changes += apply(self.state, events)


def _announced(story: _Story, said: DeviceNotified) -> None:
    notice = ev.Notice(said.action, said.seqnum, said.kernel_us, said.boot_id)
    known = _named(story.state, said.name)
    if said.device is None:
        if known is None:
            story.add(ev.NoticeIgnored(said.name, notice))
        else:
            _lost(story, known, notice)
        return
    if known is not None and not _answers(story.state, known, said.device):
        # Another disk answers to the name: the one that did must have gone unseen.
        _lost(story, known, notice)
    _found(story, said.device, notice)


def _scanned(story: _Story, scan: DevicesScanned) -> None:
    """Bring the state to what a scan shows: first what went, then what came, by name."""
    notice = ev.Notice(f"scan-{scan.reason}", 0, scan.kernel_us, scan.boot_id)
    facts = {fact.name: fact for fact in sorted(scan.devices, key=lambda fact: fact.name)}
    present = [device for device in story.state.devices() if device.present]
    for device in sorted(present, key=lambda device: device.rid):
        fact = facts.get(device.name)
        if fact is None or fact.identity != _plain(device):
            _lost(story, device, notice)
    for fact in facts.values():
        known = _named(story.state, fact.name)
        if known is not None and not _answers(story.state, known, fact):
            _lost(story, known, notice)
            known = None
        if known is None or (fact.size_sectors, fact.failing) != (known.size, known.failing):
            _found(story, fact, notice)


def _lost(story: _Story, device: Device, notice: ev.Notice) -> None:
    """Tell what follows from a device's going away."""
    story.add(ev.DeviceRemoved(device.rid, notice))
    disk = _disk_on(story.state, device)
    if disk is not None:
        story.add(ev.DiskStateSet(disk.space, disk.rid, NODEVICE, device.name))
        story.add(*_plexes_follow(story.state, disk, lost=True))


def _found(story: _Story, fact: DeviceFact, notice: ev.Notice) -> None:
    """Tell what follows from a device's being there."""
    state = story.state
    identity, device = _known(state, fact)
    name, size, failing = fact.name, fact.size_sectors, fact.failing
    if device is None:
        rid = state.next_rid(NODE_SPACE)
        story.add(ev.DeviceAdded(rid, name, identity, size, notice, failing))
        return
    if device.present and size != device.size and failing == device.failing:
        story.add(ev.DeviceResized(device.rid, size, notice))
        return
    story.add(ev.DeviceChanged(device.rid, name, size, notice, failing))
    disk = None if device.present else _disk_on(state, device)
    if disk is not None:
        story.add(ev.DiskStateSet(disk.space, disk.rid, "", name))
        story.add(*_plexes_follow(state, disk, lost=False))


def _known(state: State, fact: DeviceFact) -> tuple[str, Device | None]:
    """Return the identity to go by, and the device that has it.

    A second device with the identity of a present one (two paths, two loop devices on one file)
    is kept apart from it by its name. Once the first is gone the second takes its place, unless
    it was itself initialised.
    """
    first, apart = _identified(state, fact.identity), f"{fact.identity}@{fact.name}"
    second = _identified(state, apart)
    if first is not None and first.present and first.name != fact.name:
        return apart, second
    if second is not None and second.disk_id:
        return apart, second
    return fact.identity, first


def _answers(state: State, device: Device, fact: DeviceFact) -> bool:
    """Tell whether a device is the one that a fact is about."""
    _identity, known = _known(state, fact)
    return known is not None and known.rid == device.rid


def _named(state: State, name: str) -> Device | None:
    found = state.named(NODE_SPACE, name)
    return found if isinstance(found, Device) else None


def _plain(device: Device) -> str:
    """Return a device's identity as the kernel says it."""
    return device.identity.removesuffix(f"@{device.name}")


def _identified(state: State, identity: str) -> Device | None:
    rid = state.identities.get(identity)
    device = None if rid is None else state.get((NODE_SPACE, rid))
    return device if isinstance(device, Device) else None


def _disk_on(state: State, device: Device) -> Disk | None:
    key = state.device_disks.get(device.rid)
    disk = None if key is None else state.get(key)
    return disk if isinstance(disk, Disk) else None


def _plexes_follow(state: State, disk: Disk, *, lost: bool) -> list[ev.AnyEvent]:
    """Return the state changes of the plexes on a disk, and of their volumes.

    A plex runs while every disk below it has a device, a volume while one of its plexes does.
    A plex that is lost while another one runs misses what is written from then on: it is
    DETACHED, comes back STALE, and has to be attached again. The last one to run is DISABLED with
    its volume, and comes back with it. A log is no plex in this sense: it follows the volume.
    """
    events: list[ev.AnyEvent] = []
    runs: dict[Volume, bool] = {}
    for rid in sorted({subdisk.plex for subdisk in state.subdisks(disk)}):
        plex = state.get((disk.space, rid))
        volume = state.get((disk.space, plex.volume)) if isinstance(plex, Plex) else None
        if isinstance(plex, Plex) and isinstance(volume, Volume):
            runs.setdefault(volume, volume.kstate == "ENABLED")
            follow = _plex_lost if lost else _plex_found
            followed = follow(state, disk, plex, volume) if plex.length else []
            if any(isinstance(event, ev.VolumeStateSet) for event in followed):
                runs[volume] = not lost
            events += [event for event in followed if event not in events]
    for volume, running in runs.items():
        events += logs.following(state, volume, runs=running)
    return events


def _plex_lost(state: State, disk: Disk, plex: Plex, volume: Volume) -> list[ev.AnyEvent]:
    if plex.kstate != "ENABLED":
        return []
    others = (other for other in state.copies(volume) if other.rid != plex.rid)
    running = [other for other in others if other.kstate == "ENABLED"]
    if any(all(sd.disk != disk.rid for sd in state.subdisks(other)) for other in running):
        return [ev.PlexStateSet(plex.space, plex.rid, "DETACHED", NODEVICE)]
    return [
        ev.PlexStateSet(plex.space, plex.rid, "DISABLED", NODEVICE),
        ev.VolumeStateSet(volume.space, volume.rid, "DISABLED", volume.state),
    ]


def _plex_found(state: State, disk: Disk, plex: Plex, volume: Volume) -> list[ev.AnyEvent]:
    if plex.state != NODEVICE or not _whole_but_for(state, plex, disk):
        return []
    if plex.kstate == "DETACHED":
        return [ev.PlexStateSet(plex.space, plex.rid, "DETACHED", "STALE")]
    group = state.get((plex.space, HEADER_RID))
    if isinstance(group, DiskGroup) and not group.imported:
        # Nothing of a deported group runs; it can be started once it is imported.
        return [ev.PlexStateSet(plex.space, plex.rid, "DISABLED", "CLEAN")]
    return [
        ev.PlexStateSet(plex.space, plex.rid, "ENABLED", "ACTIVE"),
        ev.VolumeStateSet(volume.space, volume.rid, "ENABLED", volume.state),
    ]


def _whole_but_for(state: State, plex: Plex, disk: Disk) -> bool:
    """Tell whether every other disk below a plex has its device."""
    others = {subdisk.disk for subdisk in state.subdisks(plex)} - {disk.rid}
    found = (state.get((plex.space, rid)) for rid in others)
    return all(isinstance(other, Disk) and not other.state for other in found)
