"""How much could be made, in the original's words."""

from __future__ import annotations

from typing import Any

from cli.output import Rows

SECTORS_PER_MB = 2048


def maxsize(data: dict[str, Any], _header: bool) -> str:
    """Return the line of `vxassist maxsize`."""
    most = data["length_sectors"]
    return f"Maximum volume size: {most} ({most // SECTORS_PER_MB}Mb)\n"


def maxgrow(data: dict[str, Any], _header: bool) -> str:
    """Return the line of `vxassist maxgrow`."""
    most, by = data["length_sectors"], data["by_sectors"]
    megabytes = most // SECTORS_PER_MB
    return f"Volume {data['volume']} can be extended by {by} to: {most} ({megabytes}Mb)\n"


def rows(data: dict[str, Any]) -> Rows:
    """Return one row a value."""
    return [list(data), [str(value) for value in data.values()]]
