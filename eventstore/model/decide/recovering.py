"""What a move between disk groups left behind that was never finished.

Here a change is one commit, so that nothing is ever half moved. A group of another system, or one
that other programs work on, can have objects marked for a move all the same.
"""

from __future__ import annotations

from eventstore.errors import Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.editing import remove as remove_records
from eventstore.model.decide.groups import remove_disks
from eventstore.model.decide.names import need_group
from eventstore.model.evolve import apply
from eventstore.model.objects import Change, Disk, DiskGroup, Labelled, Plex, Subdisk, Volume
from eventstore.model.state import State

MARK = "MOVE"
"""The word in ``tutil0`` of an object that is being moved."""


def recover(state: State, command: cmd.RecoverDiskGroup) -> list[ev.AnyEvent]:
    """Take the marks of a move away, or end the objects that have them."""
    group = need_group(state, command.group)
    marked = _marked(state, group)
    if not marked:
        raise Rejected(
            "V-5-1-7943",
            f"Disk group {group.name}: there is nothing to recover",
            cause=f"no object is marked with {MARK} in tutil0; a change is whole, or was not made",
            fix=f"'vxprint -g {group.name} -l' shows what is there",
            rule="D2",
        )
    if command.how == "clean":
        return [ev.LabelsSet(one.space, one.rid, ("tutil0",), ("",)) for one in marked]
    if command.how == "remove":
        return _ended(state, group, marked)
    raise Rejected(
        "V-5-1-7944",
        f"Disk group {group.name}: {len(marked)} objects are marked for a move, "
        f"{marked[0].name} first",
        cause="they belong here and the mark is to go, or they were moved and go themselves",
        fix=f"'vxdg -g {group.name} -o clean recover', or '-o remove recover'",
        rule="D2",
    )


def _marked(state: State, group: DiskGroup) -> list[Labelled]:
    records = state.spaces[group.space].records
    found = (records[rid] for rid in sorted(records))
    return [
        one
        for one in found
        if isinstance(one, (Disk, Volume, Plex, Subdisk))
        and one.labels is not None
        and one.labels.tutil0 == MARK
    ]


def _ended(state: State, group: DiskGroup, marked: list[Labelled]) -> list[ev.AnyEvent]:
    """Return the events that end objects, those on disks before the disks.

    Raises:
        Rejected: one cannot go, since something is left that rests on it.
    """
    tops = [one.name for one in marked if isinstance(one, (Volume, Plex))]
    disks = [one.name for one in marked if isinstance(one, Disk)]
    gone: list[ev.AnyEvent] = []
    changes: list[Change] = []
    try:
        if tops:
            ending = cmd.RemoveRecords(group.space, tuple(tops), recursive=True, force=True)
            gone += remove_records(state, ending)
            changes += apply(state, gone)
        if disks:
            gone += remove_disks(state, cmd.RemoveDisks(group.space, tuple(disks)))
    finally:
        state.restore(changes)
    return gone
