"""What changed, as plain data: by record, and by field old and new.

Pure, like `present.views`. A record that is gone, and the group it was in, are named by what
they were called before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from eventstore.model.events import AnyEvent, stored_name
from eventstore.model.objects import (
    HEADER_RID,
    NODE_SPACE,
    AnyRecord,
    Change,
    DiskGroup,
    Key,
    rid_text,
)
from eventstore.model.state import State
from eventstore.present.views import Row, fields

Pair = tuple[AnyRecord | None, AnyRecord | None]
"""(record before, record after)."""


def net(changes: Iterable[Change]) -> dict[Key, Pair]:
    """Fold changes into one a record: what was before the first, what is after the last."""
    folded: dict[Key, Pair] = {}
    for key, before, after in changes:
        first = folded[key][0] if key in folded else before
        folded[key] = (first, after)
    return {key: pair for key, pair in folded.items() if pair[0] != pair[1]}


def change_rows(state: State, changes: Iterable[Change]) -> list[Row]:
    """Return the differences that people can see, sorted; counters are not among them.

    `state` is one of the two that are compared: it names the groups that did not change.
    """
    folded = net(changes)
    rows = [_change_row(state, folded, key, *pair) for key, pair in folded.items()]
    seen = [row for row in rows if row["op"] != "~" or row["fields"]]
    return sorted(seen, key=lambda row: (row["object"], row["rid"]))


def _change_row(
    state: State,
    folded: Mapping[Key, Pair],
    key: Key,
    before: AnyRecord | None,
    after: AnyRecord | None,
) -> Row:
    old = {} if before is None else fields(before)
    new = {} if after is None else fields(after)
    record = after if after is not None else before
    assert record is not None
    names = [name for name in {**old, **new} if name not in ("type", "rid")]
    return {
        "op": "+" if before is None else "-" if after is None else "~",
        "object": _name(state, folded, key, record),
        "type": str(record.__struct_config__.tag),
        "rid": rid_text(key),
        "fields": {
            name: [old.get(name), new.get(name)]
            for name in names
            if old.get(name) != new.get(name)
        },
    }


def _name(state: State, folded: Mapping[Key, Pair], key: Key, record: AnyRecord) -> str:
    """Return ``DG/NAME``; alone what is in no group."""
    if key[1] == HEADER_RID or key[0] == NODE_SPACE:
        return record.name
    header = (key[0], HEADER_RID)
    was, is_now = folded.get(header, (None, state.get(header)))
    group = is_now or was
    return f"{group.name if isinstance(group, DiskGroup) else key[0]}/{record.name}"


def event_row(event: AnyEvent) -> Row:
    """Return an event as plain data: its stored name and version, then its fields.

    The name that an event gives to an object is ``object_name``.
    """
    name, version = stored_name(type(event))
    plain = msgspec.structs.asdict(event)
    row = {key: msgspec.to_builtins(value) for key, value in plain.items()}
    if "name" in row:
        row["object_name"] = row.pop("name")
    return {"name": name, "version": version, **row}
