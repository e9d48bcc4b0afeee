"""A state as plain data: what programs print, and what JSON carries.

Pure functions from a `State` to maps and lists of strings, numbers and None. Lengths are in
sectors, and the keys say so. Everything is sorted, so that equal states give equal bytes.
"""

from __future__ import annotations

from re import compile as pattern
from typing import Any

import msgspec

from eventstore.errors import NotFound
from eventstore.model import digest
from eventstore.model.objects import (
    HEADER_RID,
    NODE_SPACE,
    AnyRecord,
    DiskGroup,
    Key,
    Labels,
    rid_text,
)
from eventstore.model.state import State

Row = dict[str, Any]

_SECTOR_FIELDS = {
    "size": "size_sectors",
    "length": "length_sectors",
    "private_len": "private_sectors",
    "public_len": "public_sectors",
    "disk_offset": "disk_offset_sectors",
    "plex_offset": "plex_offset_sectors",
}
_RID = pattern(r"(.*)#([0-9]{1,18})")
INTERNAL_FIELDS = frozenset({"space", "rid", "next_rid"})
"""Fields that make a record what it is, or count; nobody changes them by a command."""


def fields(record: AnyRecord) -> Row:
    """Return all fields of a record, by the names that JSON uses."""
    plain = msgspec.structs.asdict(record)
    kind = str(record.__struct_config__.tag)
    row: Row = {"type": kind, "rid": rid_text((record.space, record.rid))}
    for name, value in plain.items():
        if isinstance(value, Labels):
            row |= _words(value)
        elif name not in INTERNAL_FIELDS and name != "labels":
            row[field_name(name)] = _plain(value)
    return row


def _words(labels: Labels) -> Row:
    """Return the words that are set, each as a field of its record."""
    return {name: value for name, value in msgspec.structs.asdict(labels).items() if value}


def _plain(value: object) -> object:
    """Return a field's value as JSON has it."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return msgspec.structs.asdict(value) if isinstance(value, msgspec.Struct) else value


def field_name(name: str) -> str:
    """Return a field's name with its unit."""
    return _SECTOR_FIELDS.get(name, name)


def object_name(state: State, key: Key) -> str:
    """Return an object as people name it: ``DG``, ``DG/NAME``, a device's name, or its ID."""
    record = state.get(key)
    if isinstance(record, DiskGroup):
        return record.name
    if record is None or key[1] == HEADER_RID:
        return rid_text(key)
    if key[0] == NODE_SPACE:
        return record.name
    group = state.get((key[0], HEADER_RID))
    return f"{getattr(group, 'name', key[0])}/{record.name}"


def key_of_rid(text: str) -> Key | None:
    """Return the key that ``DGID#17`` or ``#3`` stands for, or None if it is no record ID."""
    found = _RID.fullmatch(text)
    return None if found is None else (found[1], int(found[2]))


def find(state: State, name: str) -> Key:
    """Return the key of ``DG``, ``DG/NAME``, a device, or a record ID.

    Raises:
        NotFound: there is no such object.
    """
    key = key_of_rid(name)
    if key is not None and state.get(key) is not None:
        return key
    group = state.group(name)
    if group is not None:
        return group.space, HEADER_RID
    head, slash, tail = name.partition("/")
    group = state.group(head)
    if slash and group is not None:
        record = state.named(group.space, tail)
    else:
        record = state.named(NODE_SPACE, name)
    if record is None:
        raise NotFound(
            "V-5-1-7842",
            f"{name}: no such object",
            fix="an object is a disk group DG, DG/NAME, a device, or a record ID such as "
            "DGID#17; 'vx log' shows the IDs of objects that are gone",
        )
    return record.space, record.rid


def get_view(state: State, name: str) -> Row:
    """Return all fields of one object.

    Raises:
        NotFound: there is no such object.
    """
    key = find(state, name)
    record = state.get(key)
    assert record is not None
    return {"object": object_name(state, key), **fields(record)}


def document_view(state: State) -> Row:
    """Return the whole state as one canonical document, all records by their IDs; its digest."""
    document = {
        rid_text((record.space, record.rid)): _document_row(record)
        for record in sorted(state.records(), key=lambda record: (record.space, record.rid))
    }
    return {"state": document, "digest": digest.stored(digest.of_state(state)).hex()}


def _document_row(record: AnyRecord) -> Row:
    """Return every field, by its own name: equal records give equal rows, counters included."""
    plain = msgspec.structs.asdict(record)
    row = {"type": str(record.__struct_config__.tag), **plain}
    for name in ("seats", "tags"):
        if row.get(name):
            row[name] = _plain(row[name])
    if row.get("labels") is not None:
        row["labels"] = _plain(row["labels"])
    return row
