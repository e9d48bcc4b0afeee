"""The free regions of disk groups, as rows: what `vxdg free` lists."""

from __future__ import annotations

from typing import Any

from eventstore.model.decide.allocation import free_regions
from eventstore.model.decide.names import need_group
from eventstore.model.state import State

Row = dict[str, Any]


def free_view(state: State, group: str | None) -> list[Row]:
    """Return one row for each free region, of one group or of all; a disk that is away has none.

    Raises:
        NotFound: there is no such group.
    """
    groups = state.groups() if group is None else [need_group(state, group)]
    return [
        {
            "dg": dg.name,
            "disk": disk.name,
            "device": disk.device_name,
            "tag": disk.device_name,
            "offset_sectors": region.offset,
            "length_sectors": region.length,
            "flags": None,
        }
        for dg in groups
        for disk in state.disks(dg)
        if disk.device
        for region in free_regions(state, disk)
    ]
