"""What a field's name means at a record: its own field, or one of what it belongs to.

`len` is the record's own length; `v_len` is that of the volume, be the record the volume itself,
a plex of it or a subdisk of a plex of it.
"""

from __future__ import annotations

from typing import Any

from cli.render import fields, vxprint
from cli.render.fields import Record, Value
from cli.render.vxprint import Group

_PREFIXES = {"dg": "dg", "dm": "dm", "v": "v", "vol": "v", "pl": "pl", "plex": "pl", "sd": "sd"}
_ALIASES = {
    "usetype": "use_type",
    "utype": "use_type",
    "readpol": "read_pol",
    "length": "len",
    "nstripe": "ncolumn",
    "stwidth": "st_width",
    "device": "da_name",
    "disk": "dm_name",
}
_OWN = ("name", "type", "rid", "dgname", "assoc")
"""What every record has beside its fields."""


class _Blank(dict[str, Any]):
    """A record that has every field: for the names of the fields."""

    def __missing__(self, _key: str) -> str:
        return ""


KNOWN = {
    kind: {*_OWN, *fields.of_record(_Blank(type=kind)), *more}
    for kind, more in {
        "dg": ("version", "diskdetpolicy", "dgfailpolicy"),
        "dm": (),
        "v": ("user", "group", "mode", "layered", "below"),
        "pl": (),
        "sd": ("da_name",),
    }.items()
}
"""Kind -> the names of its fields."""


class Related:
    """The records of a group, by what hangs together."""

    def __init__(self, group: Group) -> None:
        self.head = vxprint.head_of(group)
        self.named: dict[tuple[str, str], Record] = {}
        self.read: dict[int, fields.Fields] = {}
        for record in vxprint.records_of(group):
            if "cells" not in record:
                self.named[str(record["type"]), str(record["name"])] = record

    def value(self, record: Record, name: str) -> Value | None:
        """Return the value of a field at a record; None if it has none there."""
        own = _ALIASES.get(name, name)
        found = self._fields(record).get(own)
        if found is not None:
            return found
        prefix, _, rest = name.partition("_")
        other = self._of_kind(record, _PREFIXES.get(prefix))
        return None if other is None else self._fields(other).get(_ALIASES.get(rest, rest))

    def _of_kind(self, record: Record, kind: str | None) -> Record | None:
        """Return the record of a kind to which a record belongs, or which it is."""
        own = record["type"]
        if kind is None or own == kind:
            return record if kind is not None else None
        if kind == "dg":
            return self.head
        if own == "sd" and kind == "dm":
            return self.named.get(("dm", record["disk"]))
        plex = self.named.get(("pl", record["plex"])) if own == "sd" else record
        if kind == "pl" or plex is None:
            return plex if own == "sd" else None
        if kind == "v" and plex["type"] == "pl":
            return self.named.get(("v", plex["volume"] or ""))
        return None

    def _fields(self, record: Record) -> fields.Fields:
        found = self.read.get(id(record))
        if found is None:
            found = self.read[id(record)] = self._read(record)
        return found

    def _read(self, record: Record) -> fields.Fields:
        found = {**fields.of_record(record), "name": record["name"], "type": record["type"]}
        found |= {"rid": record["rid"], "dgname": str(self.head["name"])}
        assoc = vxprint.association(record)
        if assoc:
            found["assoc"] = assoc
        if record["type"] == "sd" and record["device"]:
            found["da_name"] = record["device"]
        return found


def is_known(name: str) -> bool:
    """Tell whether records of any kind have such a field."""
    prefix, _, rest = name.partition("_")
    kind = _PREFIXES.get(prefix)
    if any(_ALIASES.get(name, name) in names for names in KNOWN.values()):
        return True
    return kind is not None and _ALIASES.get(rest, rest) in KNOWN[kind]


def known_names() -> str:
    """Return all names of fields, for who used another."""
    return ", ".join(sorted(set().union(*KNOWN.values())))
