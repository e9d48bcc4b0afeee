"""What is true of every state.

`violations_at` looks at one record and what is next to it, so that a decision can be checked at
the cost of what it changes; `violations` looks at everything, the indexes included.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from eventstore.model.activation import conflicts
from eventstore.model.cluster import joined_nodes
from eventstore.model.objects import (
    HEADER_RID,
    LOG_OFFSET,
    NODE_SPACE,
    Device,
    Disk,
    DiskGroup,
    Key,
    Plex,
    Subdisk,
    Volume,
    rid_text,
)
from eventstore.model.state import State


def violations(state: State) -> list[str]:
    """Return everything that is wrong with a state; nothing, if all is well."""
    found = [
        text
        for record in state.records()
        for text in violations_at(state, (record.space, record.rid))
    ]
    found += _stale_indexes(state)
    return sorted(found)


def violations_at(state: State, key: Key) -> list[str]:
    """Return what is wrong with one record; nothing, if it is gone or all is well."""
    record = state.get(key)
    if record is None:
        return []
    check = _CHECKS.get(type(record))
    problems = [] if check is None else list(check(state, record))
    if key[1] != HEADER_RID and key[1] >= state.next_rid(key[0]):
        problems.append("its record ID was not drawn from the counter")
    return [f"{rid_text(key)}: {problem}" for problem in problems]


def _of_device(state: State, device: Device) -> Iterator[str]:
    if device.size < 0:
        yield "its size is negative"
    if state.identities.get(device.identity) != device.rid:
        yield f"another device has the identity {device.identity}"
    if device.present and state.spaces[NODE_SPACE].names.get(device.name) != device.rid:
        yield f"another device has the name {device.name}"
    if device.import_lock:
        key = state.device_disks.get(device.rid)
        group = None if key is None else state.get((key[0], HEADER_RID))
        if not isinstance(group, DiskGroup) or group.imported:
            yield f"it is kept for {device.import_lock}, but is in no deported disk group"


def _of_group(state: State, group: DiskGroup) -> Iterator[str]:
    if not group.imported:
        running = [volume.name for volume in state.volumes(group) if volume.kstate == "ENABLED"]
        if running:
            yield f"it is deported, but volume {running[0]} is ENABLED"
        if group.activations:
            yield f"it is deported, but {group.activations[0].node} has activated it"
    elif state.group_names.get(group.name) != group.space:
        yield f"another disk group has the name {group.name}"
    yield from _of_activations(state, group)


def _of_activations(state: State, group: DiskGroup) -> Iterator[str]:
    """No two nodes hold modes that do not go together, and none that is out holds any (I11)."""
    joined = joined_nodes(state)
    for held in group.activations:
        if held.node not in joined:
            yield f"{held.node} has activated it, and is not in the cluster"
        for other in conflicts(group, held.node, held.mode):
            yield f"{held.node} has activated it as {held.mode}, {other.node} as {other.mode}"


def _of_disk(state: State, disk: Disk) -> Iterator[str]:
    yield from _named(state, disk)
    if disk.device == 0:
        # Taken over from another system: nothing is known of its device.
        return
    device = state.get((NODE_SPACE, disk.device))
    if not isinstance(device, Device) or device.disk_id != disk.disk_id:
        yield f"device record #{disk.device} is not its disk"
    elif (disk.state == "") != device.present:
        yield f"its state {disk.state or '-'} does not fit its device"
    if state.device_disks.get(disk.device) != (disk.space, disk.rid):
        yield "another disk is on its device"


def _of_volume(state: State, volume: Volume) -> Iterator[str]:
    yield from _named(state, volume)
    if volume.length <= 0:
        yield "it has no length"
    plexes = state.copies(volume)
    if not any(plex.length >= volume.length for plex in plexes):
        yield "no plex is as long as the volume"
    if volume.kstate == "ENABLED" and not any(plex.kstate == "ENABLED" for plex in plexes):
        yield "it is ENABLED without an ENABLED plex"


def _of_plex(state: State, plex: Plex) -> Iterator[str]:
    yield from _named(state, plex)
    if plex.volume and not isinstance(state.get((plex.space, plex.volume)), Volume):
        yield f"its volume #{plex.volume} is missing"
    subdisks = state.subdisks(plex)
    for subdisk in subdisks:
        disk = state.get((plex.space, subdisk.disk))
        if not isinstance(disk, Disk) or plex.kstate != "ENABLED":
            continue
        # A disk that was taken over has the state that its own system showed, such as FAILING.
        if disk.device and disk.state:
            yield f"it is ENABLED, but disk {disk.name} is {disk.state}"
    if not state.foreign(plex):
        pieces = [(one.column, one.plex_offset, one.length) for one in subdisks]
        yield from column_problems(plex.layout, plex.columns, plex.length, pieces)


def column_problems(
    layout: str, columns: int, length: int, pieces: Iterable[tuple[int, int, int]]
) -> Iterator[str]:
    """Check that columns are equally long, without holes, and make up a plex.

    `pieces` are (column, offset in it, length). Logs are not part of what a plex holds: a piece
    at `LOG_OFFSET`, and all of a plex of length 0. Of RAID-5 one column's worth is parity. Both
    come only with configurations that are taken over.
    """
    if length == 0:
        return
    ends = [0] * max(columns, 1)
    for column, offset, size in sorted(pieces, key=lambda piece: piece[1]):
        if offset == LOG_OFFSET:
            continue
        if not 0 <= column < len(ends):
            yield f"it has no column {column}"
            return
        if offset != ends[column]:
            yield f"there is a hole or an overlap at {ends[column]}"
        ends[column] = offset + size
    held = sum(ends) - (ends[0] if layout == "RAID" else 0)
    if held != length or len(set(ends)) != 1:
        yield f"its subdisks have {'+'.join(map(str, ends))} sectors, not {length}"


def _of_subdisk(state: State, subdisk: Subdisk) -> Iterator[str]:
    yield from _named(state, subdisk)
    if not isinstance(state.get((subdisk.space, subdisk.plex)), Plex):
        yield f"its plex #{subdisk.plex} is missing"
    disk = state.get((subdisk.space, subdisk.disk))
    if not isinstance(disk, Disk):
        yield f"its disk #{subdisk.disk} is missing"
        return
    end = subdisk.disk_offset + subdisk.length
    # A disk that was taken over without a device tells nothing of its lengths.
    known = disk.device or disk.device_type
    if subdisk.length <= 0 or subdisk.disk_offset < 0 or (known and end > disk.public_len):
        yield "it is not within its disk"
    extents = state.extents(disk)
    at = bisect_left(extents, (subdisk.disk_offset, subdisk.length, subdisk.rid))
    if at and sum(extents[at - 1][:2]) > subdisk.disk_offset:
        yield f"it overlaps subdisk #{extents[at - 1][2]}"
    if at + 1 < len(extents) and extents[at + 1][0] < end:
        yield f"it overlaps subdisk #{extents[at + 1][2]}"


def _named(state: State, record: Disk | Volume | Plex | Subdisk) -> Iterator[str]:
    if state.spaces[record.space].names.get(record.name) != record.rid:
        yield f"another record has the name {record.name}"


_CHECKS: dict[type, Callable[[State, Any], Iterator[str]]] = {
    Device: _of_device,
    DiskGroup: _of_group,
    Disk: _of_disk,
    Volume: _of_volume,
    Plex: _of_plex,
    Subdisk: _of_subdisk,
}


def _stale_indexes(state: State) -> Iterator[str]:
    """Yield what the indexes say that a state built anew from the records would not say."""
    anew = State()
    try:
        for record in state.records():
            anew.put(record)
    except KeyError as error:
        yield f"two records claim one word: {error.args[0]}"
        return
    for name in State.__slots__:
        if name != "spaces" and getattr(state, name) != getattr(anew, name):
            yield f"index {name} is stale"
    if state.spaces.keys() != anew.spaces.keys():
        yield "there is a space without records"
        return
    for key, space in state.spaces.items():
        for name in type(space).__slots__:
            if getattr(space, name) != getattr(anew.spaces[key], name):
                yield f"index {name} of space {key!r} is stale"
