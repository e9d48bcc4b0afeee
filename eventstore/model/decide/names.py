"""Rules for names, and names that are made up."""

from __future__ import annotations

from re import compile as pattern
from typing import TypeVar

from eventstore.errors import NotFound, Rejected
from eventstore.model.objects import Device, Disk, DiskGroup, Plex, Volume, rid_text
from eventstore.model.state import State

NAME_MAX = 31
"""Characters in the name of any record: the original's limit."""

Member = TypeVar("Member", Disk, Volume, Plex)

_NAME = pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_KINDS: dict[type, str] = {
    DiskGroup: "Disk group",
    Disk: "Disk",
    Volume: "Volume",
    Plex: "Plex",
    Device: "Device",
}


def check_name(kind: str, name: str) -> None:
    """Refuse what is no name.

    Raises:
        Rejected: it is too long, empty, or has a character that names may not have.
    """
    if len(name) > NAME_MAX:
        raise Rejected(
            "V-5-1-10128",
            f"{kind} name {name} is too long",
            cause=f"it has {len(name)} characters; a name has at most {NAME_MAX}",
            fix="choose a shorter name",
            rule="D2",
        )
    if not _NAME.fullmatch(name):
        raise Rejected(
            "V-5-1-10129",
            f"{kind} name {name!r} is not a name",
            cause="a name consists of letters, digits, '_', '.' and '-', and starts with a "
            "letter, a digit or '_'",
            fix="choose another name",
            rule="D2",
        )


def check_free(state: State, space: str, group: str, kind: str, name: str) -> None:
    """Refuse a name that a record of the group bears.

    Raises:
        Rejected: the name is bad, or taken.
    """
    check_name(kind, name)
    taken = state.named(space, name)
    if taken is not None:
        what = _KINDS.get(type(taken), type(taken).__name__).lower()
        raise Rejected(
            "V-5-1-120",
            f"{kind} {name}: name is already used in disk group {group}",
            cause=f"a {what} of that name exists",
            fix=f"choose another name, or see 'vx blame {group}/{name}'",
            rule="D2",
            about=rid_text((taken.space, taken.rid)),
        )


def need_group(state: State, name: str) -> DiskGroup:
    """Find a disk group by name or ID.

    Raises:
        NotFound: there is none.
    """
    group = state.group(name)
    if group is None:
        raise NotFound(
            "V-5-1-582",
            f"Disk group {name}: No such disk group",
            fix="'vxdg list' names the disk groups",
            rule="D2",
        )
    return group


def need(state: State, group: DiskGroup, kind: type[Member], name: str) -> Member:
    """Find a record of a group by its name.

    Raises:
        NotFound: there is none of that kind.
    """
    record = state.named(group.space, name)
    if not isinstance(record, kind):
        raise NotFound(
            "V-5-1-607",
            f"{_KINDS[kind]} {name} not found in disk group {group.name}",
            fix=f"'vxprint -g {group.name}' names what is there",
            rule="D2",
        )
    return record


def counted(stem: str, number: int, mark: str = "") -> str:
    """Return ``STEMnn``, with a mark between, the stem cut so that the whole is a name."""
    suffix = f"{mark}{number:02d}"
    return stem[: NAME_MAX - len(suffix)] + suffix


def free_name(state: State, space: str, stem: str, first: int, taken: set[str]) -> str:
    """Return the first ``STEM-NN`` from `first` on that nothing bears; it joins `taken`."""
    names = state.spaces[space].names
    number = first
    while (name := counted(stem, number, "-")) in names or name in taken:
        number += 1
    taken.add(name)
    return name
