"""The fields of a record under the original's names: what `vxprint -m`, -F and -e speak of.

Only what the model knows is here: a field of the original that has no counterpart is left out, so
that nobody rests on a value that nobody keeps.
"""

from __future__ import annotations

from typing import Any

from cli.render.vxprint import TYPED_HEADER

Record = dict[str, Any]
Value = str | int
Fields = dict[str, Value]

WORDS = ("tutil0", "tutil1", "tutil2", "comment", "putil0", "putil1", "putil2")
"""What people and programs may write at every record; shown even where nothing is written."""

TEXTS = frozenset((*WORDS, "state"))
"""Fields whose value is a text and begins with a quote."""

KEYWORDS = {"v": "vol", "pl": "plex"}
"""Kind of a row -> the word by which a description of it begins, where it is another."""

_SWITCHES = ("reserve", "spare", "nohotuse")
_NODES = ("user", "group", "mode")


def of_record(record: Record) -> Fields:
    """Return the fields of a record, in the order in which they are printed.

    The last one is one without which it is not read: a file that was cut is noticed.
    """
    if "cells" in record:
        return _foreign(record)
    return _READERS[record["type"]](record)


def _words(record: Record, *, transient: bool = True) -> Fields:
    labels = record.get("labels") or {}
    return {name: labels.get(name, "") for name in (WORDS if transient else ("comment",))}


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _count(value: object) -> Value:
    return "default" if value is None else str(value)


def _group(record: Record) -> Fields:
    known = {"version": "version", "diskdetpolicy": "detach_policy", "dgfailpolicy": "fail_policy"}
    return {
        **_words(record, transient=False),
        "nconfig": _count(record["nconfig"]),
        "nlog": _count(record["nlog"]),
        **{name: record[key] for name, key in known.items() if record.get(key) is not None},
        "base_minor": record["base_minor"],
        "dgid": record["dgid"],
    }


def _disk(record: Record) -> Fields:
    labels = record.get("labels") or {}
    found: Fields = {
        **_words(record),
        **{name: labels.get(name, "off") for name in _SWITCHES},
        "diskid": _text(record["disk_id"]),
        "state": _text(record["state"]),
    }
    gone = record.get("state") == "NODEVICE" and record.get("here", True)
    if record["device_type"] is not None and not gone:
        found |= {
            "device_tag": _text(record["device"]),
            "da_type": record["device_type"],
            "priv_len": record["private_sectors"],
            "pub_len": record["public_sectors"],
        }
    return {**found, "da_name": _text(record["device"])}


def _volume(record: Record) -> Fields:
    labels = record.get("labels") or {}
    found: Fields = {
        **_words(record),
        **{name: labels[name] for name in _NODES if name in labels},
        "rvg_name": _text(record["rvg"]),
        "pref_name": _text(record["prefplex"]),
    }
    if record.get("layered"):
        found["layered"] = "on"
    if record.get("layered") or record.get("joined"):
        # In whose block it stands: the original tells that by the order of the rows of -ht.
        found["below"] = _text(record.get("below"))
    return {
        **found,
        "use_type": record["utype"],
        "read_pol": record["readpol"],
        "state": _text(record["state"]),
        "kstate": record["kstate"],
        "len": record["length_sectors"],
    }


def _plex(record: Record) -> Fields:
    return {
        **_words(record),
        "v_name": _text(record["volume"]),
        "iomode": record["mode"],
        "ncolumn": record["columns"] or 0,
        "st_width": record["stripe_sectors"] or 0,
        "layout": record["layout"],
        "state": _text(record["state"]),
        "kstate": record["kstate"],
        "len": record["length_sectors"],
    }


def _subdisk(record: Record) -> Fields:
    offset = record["plex_offset_sectors"]
    return {
        **_words(record),
        "mode": record["mode"],
        "dm_name": record["disk"],
        "pl_name": _text(record["plex"]),
        "dm_offset": record["disk_offset_sectors"],
        "column": record.get("column") or 0,
        "pl_offset": "LOG" if offset is None else offset,
        "len": record["length_sectors"],
    }


_READERS = {"dg": _group, "dm": _disk, "v": _volume, "pl": _plex, "sd": _subdisk}


def _foreign(record: Record) -> Fields:
    """Return the cells of a kind that is not handled, under the names of its columns."""
    cells, names = record["cells"], columns(record["type"])
    found: Fields = {"below": _text(record.get("below"))}
    if len(cells) == len(names):
        return found | dict(zip(names, cells, strict=True))
    return found | {"row": cells[0]}


def columns(kind: str) -> list[str]:
    """Return the columns of a kind behind the name, as names of fields; none if not known."""
    words = TYPED_HEADER.get(kind, "").lower().split()[2:]
    return [word.replace("/", "_").replace("[", "").replace("]", "") for word in words]
