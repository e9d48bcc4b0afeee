"""The live state: frozen records in dictionaries, and the indexes that find them.

`State` is changed in place, one record at a time, by `put` and `drop`; both keep the indexes true
and neither decides anything. What stood there before is in the changes that `evolve` gives back,
and `restore` puts it back: nothing ever copies the state.

The order in which dictionaries hold their entries depends on what was undone, so nothing that
decides or prints may rest on it: sort first.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from eventstore.model.objects import (
    HEADER_RID,
    NODE_SPACE,
    AnyRecord,
    Change,
    Device,
    Disk,
    DiskGroup,
    Foreign,
    Key,
    Plex,
    Subdisk,
    Volume,
)

Extent = tuple[int, int, int]
"""(offset on the disk, length, record ID of the subdisk)."""


Word = TypeVar("Word")
Holder = TypeVar("Holder")


class Space:
    """The records of one disk group, or of the node itself, with their indexes."""

    __slots__ = ("children", "extents", "names", "records")

    def __init__(self) -> None:
        self.records: dict[int, AnyRecord] = {}
        self.names: dict[str, int] = {}
        self.children: dict[int, set[int]] = {}
        self.extents: dict[int, list[Extent]] = {}

    def stretch(self, after: Subdisk) -> AnyRecord:
        """Store a subdisk of which only the length changed, and return the one before.

        Growth is what happens most: no other index knows the length.
        """
        before = self.records[after.rid]
        self.records[after.rid] = after
        extents, offset = self.extents[after.disk], after.disk_offset
        extents[bisect_left(extents, (offset,))] = (offset, after.length, after.rid)
        return before


class State:
    """Everything one log says is true after its last commit.

    Beside the records: how many there are of each kind, and which are in trouble (volumes that do
    not run, devices that are gone), so that a status costs what it shows.
    """

    __slots__ = ("counts", "device_disks", "group_names", "identities", "spaces", "troubled")

    def __init__(self) -> None:
        self.counts: dict[type, int] = {}
        self.troubled: set[Key] = set()
        self.spaces: dict[str, Space] = {NODE_SPACE: Space()}
        self.group_names: dict[str, str] = {}
        self.identities: dict[str, int] = {}
        self.device_disks: dict[int, Key] = {}

    def get(self, key: Key) -> AnyRecord | None:
        """Return the record at a key, or None."""
        space = self.spaces.get(key[0])
        return None if space is None else space.records.get(key[1])

    def records(self) -> Iterator[AnyRecord]:
        """Yield every record, in no particular order."""
        for space in self.spaces.values():
            yield from space.records.values()

    def put(self, after: AnyRecord) -> Change:
        """Store a record, in place of the one at its key if there is one.

        Raises:
            KeyError: another record has its name, identity or device; nothing was changed.
        """
        key = (after.space, after.rid)
        space = self.spaces.get(after.space) or Space()
        before = space.records.get(after.rid)
        if before is not None:
            self._leave(space, before)
        try:
            self._enter(space, after)
        except KeyError:
            if before is not None:
                self._enter(space, before)
            raise
        space.records[after.rid] = after
        if before is None:
            self.spaces[after.space] = space
        return key, before, after

    def drop(self, key: Key) -> Change:
        """Remove the record at a key; a disk group's space goes with its header."""
        space = self.spaces[key[0]]
        before = space.records.pop(key[1])
        self._leave(space, before)
        if not space.records and key[0] != NODE_SPACE:
            del self.spaces[key[0]]
        return key, before, None

    def restore(self, changes: Iterable[Change]) -> None:
        """Undo changes, given in the order in which they were made."""
        for key, before, _after in reversed(tuple(changes)):
            if before is None:
                self.drop(key)
            else:
                self.put(before)

    def _enter(self, space: Space, record: AnyRecord) -> None:
        """Enter a record into the indexes, or into none; the inverse of `_leave`.

        Raises:
            KeyError: another record has its name, identity or device.
        """
        kind = type(record)
        enter = _ENTER.get(kind)
        if enter is not None:
            enter(self, space, record)
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def _leave(self, space: Space, record: AnyRecord) -> None:
        kind = type(record)
        self.counts[kind] -= 1
        if not self.counts[kind]:
            del self.counts[kind]
        leave = _LEAVE.get(kind)
        if leave is not None:
            leave(self, space, record)

    def next_rid(self, space: str) -> int:
        """Return the record ID that the next record of a space gets."""
        header = self.spaces[space].records[HEADER_RID]
        rid: int = header.next_rid  # type: ignore[union-attr]
        return rid

    def group(self, name_or_id: str) -> DiskGroup | None:
        """Find an imported disk group by its name, or by its ID."""
        dgid = self.group_names.get(name_or_id, name_or_id)
        record = self.get((dgid, HEADER_RID))
        return record if isinstance(record, DiskGroup) and record.imported else None

    def deported(self) -> list[DiskGroup]:
        """Return the disk groups that are not imported, by name and ID."""
        headers = (self.get((dgid, HEADER_RID)) for dgid in self.spaces)
        found = [dg for dg in headers if isinstance(dg, DiskGroup) and not dg.imported]
        return sorted(found, key=lambda dg: (dg.name, dg.space))

    def groups(self) -> list[DiskGroup]:
        """Return the imported disk groups, by name."""
        found = (self.group(name) for name in sorted(self.group_names))
        return [group for group in found if group is not None]

    def named(self, space: str, name: str) -> AnyRecord | None:
        """Find a record of a space by its name."""
        found = self.spaces.get(space)
        rid = None if found is None else found.names.get(name)
        return None if found is None or rid is None else found.records[rid]

    def plexes(self, volume: Volume) -> list[Plex]:
        """Return the plexes of a volume, in the order of their record IDs."""
        return [record for record in self._children(volume) if isinstance(record, Plex)]

    def copies(self, volume: Volume) -> list[Plex]:
        """Return the plexes that hold a volume's data: those with a length, not its logs."""
        return [plex for plex in self.plexes(volume) if plex.length]

    def subdisks(self, parent: Plex | Disk) -> list[Subdisk]:
        """Return the subdisks of a plex or on a disk, in the order of their record IDs."""
        return [record for record in self._children(parent) if isinstance(record, Subdisk)]

    def loose_plexes(self, group: DiskGroup) -> list[Plex]:
        """Return the plexes of a group that belong to no volume, by record ID."""
        return [record for record in self._children(group) if isinstance(record, Plex)]

    def foreign(self, parent: DiskGroup | Volume | Plex) -> list[Foreign]:
        """Return the records of unknown kinds below one, in the order in which they were read."""
        return [record for record in self._children(parent) if isinstance(record, Foreign)]

    def disks(self, group: DiskGroup) -> list[Disk]:
        """Return the disks of a group, by name."""
        records = self.spaces[group.space].records.values()
        found = [record for record in records if isinstance(record, Disk)]
        return sorted(found, key=lambda disk: disk.name)

    def volumes(self, group: DiskGroup) -> list[Volume]:
        """Return the volumes of a group, by name."""
        records = self.spaces[group.space].records.values()
        found = [record for record in records if isinstance(record, Volume)]
        return sorted(found, key=lambda volume: volume.name)

    def devices(self) -> list[Device]:
        """Return the devices, by name; present ones before those that went away."""
        records = self.spaces[NODE_SPACE].records.values()
        found = [record for record in records if isinstance(record, Device)]
        return sorted(found, key=lambda device: (not device.present, device.name, device.rid))

    def _children(self, parent: AnyRecord) -> list[AnyRecord]:
        space = self.spaces[parent.space]
        return [space.records[rid] for rid in sorted(space.children.get(parent.rid, ()))]

    def extents(self, disk: Disk) -> list[Extent]:
        """Return what is allocated on a disk, by offset; not to be changed by the caller."""
        return self.spaces[disk.space].extents.get(disk.rid, [])


def _claim(index: dict[Word, Holder], word: Word, holder: Holder) -> None:
    if word in index:
        raise _taken(word)
    index[word] = holder


def _taken(word: object) -> KeyError:
    return KeyError(f"{word} is taken")


def _adopt(space: Space, parent: int, child: int) -> None:
    found = space.children.get(parent)
    if found is None:
        space.children[parent] = {child}
    else:
        found.add(child)


def _abandon(space: Space, parent: int, child: int) -> None:
    found = space.children[parent]
    found.discard(child)
    if not found:
        del space.children[parent]


def _enter_subdisk(_state: State, space: Space, record: Subdisk) -> None:
    _claim(space.names, record.name, record.rid)
    _adopt(space, record.plex, record.rid)
    _adopt(space, record.disk, record.rid)
    extent = (record.disk_offset, record.length, record.rid)
    insort(space.extents.setdefault(record.disk, []), extent)


def _leave_subdisk(_state: State, space: Space, record: Subdisk) -> None:
    del space.names[record.name]
    _abandon(space, record.plex, record.rid)
    _abandon(space, record.disk, record.rid)
    extents = space.extents[record.disk]
    extent = (record.disk_offset, record.length, record.rid)
    del extents[bisect_left(extents, extent)]
    if not extents:
        del space.extents[record.disk]


def _enter_plex(_state: State, space: Space, record: Plex) -> None:
    _claim(space.names, record.name, record.rid)
    _adopt(space, record.volume, record.rid)


def _leave_plex(_state: State, space: Space, record: Plex) -> None:
    del space.names[record.name]
    _abandon(space, record.volume, record.rid)


def _enter_volume(state: State, space: Space, record: Volume) -> None:
    _claim(space.names, record.name, record.rid)
    if record.kstate != "ENABLED":
        state.troubled.add((record.space, record.rid))


def _leave_volume(state: State, space: Space, record: Volume) -> None:
    del space.names[record.name]
    state.troubled.discard((record.space, record.rid))


def _enter_disk(state: State, space: Space, record: Disk) -> None:
    if record.name in space.names:
        raise _taken(record.name)
    if record.device:
        _claim(state.device_disks, record.device, (record.space, record.rid))
    space.names[record.name] = record.rid


def _leave_disk(state: State, space: Space, record: Disk) -> None:
    del space.names[record.name]
    if record.device:
        del state.device_disks[record.device]


def _enter_device(state: State, space: Space, record: Device) -> None:
    if record.present and record.name in space.names:
        raise _taken(record.name)
    _claim(state.identities, record.identity, record.rid)
    if record.present:
        space.names[record.name] = record.rid
    else:
        state.troubled.add((record.space, record.rid))


def _leave_device(state: State, space: Space, record: Device) -> None:
    state.troubled.discard((record.space, record.rid))
    del state.identities[record.identity]
    if record.present:
        del space.names[record.name]


def _enter_group(state: State, _space: Space, record: DiskGroup) -> None:
    if record.imported:
        _claim(state.group_names, record.name, record.space)


def _leave_group(state: State, _space: Space, record: DiskGroup) -> None:
    if record.imported:
        del state.group_names[record.name]


def _enter_foreign(_state: State, space: Space, record: Foreign) -> None:
    _adopt(space, record.parent, record.rid)


def _leave_foreign(_state: State, space: Space, record: Foreign) -> None:
    _abandon(space, record.parent, record.rid)


Indexer = Callable[[State, Space, Any], None]
_ENTER: dict[type, Indexer] = {
    Subdisk: _enter_subdisk,
    Plex: _enter_plex,
    Volume: _enter_volume,
    Disk: _enter_disk,
    Device: _enter_device,
    DiskGroup: _enter_group,
    Foreign: _enter_foreign,
}
_LEAVE: dict[type, Indexer] = {
    Subdisk: _leave_subdisk,
    Plex: _leave_plex,
    Volume: _leave_volume,
    Disk: _leave_disk,
    Device: _leave_device,
    DiskGroup: _leave_group,
    Foreign: _leave_foreign,
}


def from_records(records: Iterable[AnyRecord]) -> State:
    """Return the state of all its records: what putting one after another gives, and faster."""
    state = State()
    spaces, enter = state.spaces, state._enter  # noqa: SLF001 its other half
    for record in records:
        space = spaces.get(record.space)
        if space is None:
            space = spaces[record.space] = Space()
        space.records[record.rid] = record
        enter(space, record)
    return state
