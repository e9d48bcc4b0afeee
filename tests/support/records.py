"""Records of a small disk group, as a daemon answers with them."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]


def dg(name: str = "datadg") -> Record:
    return {
        "type": "dg",
        "rid": "1790000000.1.node1#0",
        "name": name,
        "dgid": "1790000000.1.node1",
        "nconfig": None,
        "nlog": None,
        "base_minor": 4000,
    }


def dm(name: str, device: str | None, state: str | None = None) -> Record:
    return {
        "type": "dm",
        "rid": "1790000000.1.node1#1",
        "name": name,
        "device": device,
        "device_type": "auto",
        "private_sectors": 65536,
        "public_sectors": 2031616,
        "state": state,
        "disk_id": "1790000000.2.node1",
    }


def v(name: str, length: int = 204800) -> Record:
    return {
        "type": "v",
        "rid": "1790000000.1.node1#2",
        "name": name,
        "rvg": None,
        "kstate": "ENABLED",
        "state": "ACTIVE",
        "length_sectors": length,
        "readpol": "SELECT",
        "prefplex": None,
        "utype": "fsgen",
    }


def pl(name: str, volume: str | None, length: int = 204800) -> Record:
    return {
        "type": "pl",
        "rid": "1790000000.1.node1#3",
        "name": name,
        "volume": volume,
        "kstate": "ENABLED" if volume else "DISABLED",
        "state": "ACTIVE" if volume else None,
        "length_sectors": length,
        "layout": "CONCAT",
        "columns": None,
        "stripe_sectors": None,
        "mode": "RW",
    }


def sd(name: str, plex: str, disk: str, offset: int = 0, length: int = 204800) -> Record:
    return {
        "type": "sd",
        "rid": "1790000000.1.node1#4",
        "name": name,
        "plex": plex,
        "disk": disk,
        "disk_offset_sectors": offset,
        "length_sectors": length,
        "plex_offset_sectors": 0,
        "device": "loop0",
        "mode": "ENA",
        "kstate": "ENABLED",
    }


def volume(name: str, disk: str, offset: int = 0) -> list[Record]:
    """Return a volume with its plex and its subdisk."""
    return [
        v(name),
        pl(f"{name}-01", name),
        sd(f"{disk}-01", f"{name}-01", disk, offset),
    ]


def group(name: str = "datadg") -> Record:
    """Return a group with two disks, one of them gone, a loose plex and two volumes."""
    return {
        "dg": dg(name),
        "records": [
            dm("datadg01", "loop0"),
            dm("datadg02", None, "NODEVICE"),
            pl("old-01", None),
            sd("datadg02-01", "old-01", "datadg02"),
            *volume("vol01", "datadg01"),
            *volume("a_volume_of_long_name", "datadg01", 17317888),
        ],
    }
