"""How much could be made, or grown: the largest length for which the decision is a yes.

The decision itself is asked, so that the answer is what a command would get; a search by halves
asks it some fifty times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from eventstore.errors import Rejected
from eventstore.model import commands as cmd
from eventstore.model.decide import resize, volumes
from eventstore.model.decide.allocation import free_regions
from eventstore.model.decide.names import need, need_group
from eventstore.model.objects import DiskGroup, Volume
from eventstore.model.state import State

Row = dict[str, Any]

_PROBE = "maxsize.probe"


def max_size(state: State, asked: cmd.MakeVolume) -> Row:
    """Return the greatest length in sectors that `asked` could have, 0 if none.

    Raises:
        NotFound: there is no such group, or disk.
        Rejected: a layout that cannot be.
    """
    group = need_group(state, asked.group)

    def fits(length: int) -> None:
        volumes.make(state, replace(asked, name=_PROBE, length_sectors=length))

    return {"group": group.name, "length_sectors": _largest(fits, 0, _free(state, group))}


def max_grow(state: State, group_name: str, name: str) -> Row:
    """Return how far a volume could grow.

    Raises:
        NotFound: there is no such group, or volume.
    """
    group = need_group(state, group_name)
    volume = need(state, group, Volume, name)

    def fits(length: int) -> None:
        resize.resize(state, cmd.GrowVolumeTo(group.name, volume.name, length))

    most = _largest(fits, volume.length, volume.length + _free(state, group))
    return {
        "group": group.name,
        "volume": volume.name,
        "by_sectors": most - volume.length,
        "length_sectors": most,
    }


def _free(state: State, group: DiskGroup) -> int:
    disks = state.disks(group)
    return sum(region.length for disk in disks for region in free_regions(state, disk))


def _largest(fits: Callable[[int], None], low: int, high: int) -> int:
    """Return the largest length up to `high` that fits; `low` does without asking."""
    while low < high:
        middle = (low + high + 1) // 2
        try:
            fits(middle)
        except Rejected:
            high = middle - 1
        else:
            low = middle
    return low
