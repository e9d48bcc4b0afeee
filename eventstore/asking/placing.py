"""Which log a moment is in, where that has to be looked up: tags, requests, other nodes' logs.

Behind this a moment is a position, a time or the head of a log that is here.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Struct

from eventstore.errors import NotFound
from eventstore.past.moments import Moment, log_of, position_of_tx
from eventstore.past.tagging import position_of
from eventstore.present.standing import Log
from eventstore.source import Source
from eventstore.storage.reader import LogReader

Args = TypeVar("Args", bound=Struct)


def placed(source: Source, moment: Moment | None) -> Moment | None:
    """Return a moment with what it names looked up.

    A tag, and a request whose log is not named, are looked for in the log that is meant where none
    is named, then in the other one.

    Raises:
        NotFound: there is no such tag, or the log is another node's.
    """
    if moment is None:
        return None
    check_here(source, moment.log)
    if moment.kind == "tag":
        return _of_tag(source, moment)
    if moment.kind == "tx" and moment.log is None:
        for reader in _readers(source, None):
            if position_of_tx(reader, str(moment.value)) is not None:
                return msgspec.structs.replace(moment, log=reader.name)
    return moment


def placed_args(source: Source, args: Args) -> Args:
    """Return arguments with every moment in them placed.

    Raises:
        NotFound: as `placed`.
    """
    values = {name: getattr(args, name) for name in args.__struct_fields__}
    found = {
        name: placed(source, value) for name, value in values.items() if isinstance(value, Moment)
    }
    if isinstance(values.get("which"), str):
        check_here(source, values["which"])
    return msgspec.structs.replace(args, **found) if found else args


def check_here(source: Source, log: str | None) -> None:
    """Refuse to answer about another node's log from this one's.

    Raises:
        NotFound: the log that is named is another node's.
    """
    own = source.readers["node"].name
    if log is None or not log.startswith("node/") or own in (log, "node"):
        return
    node = log.removeprefix("node/")
    raise NotFound(
        "V-5-1-9134",
        f"this is the log of {own.removeprefix('node/')}, not of {node}",
        cause="each node's own log is on that node alone",
        fix=f"ask the daemon on {node}, or its log with --log",
    )


def _of_tag(source: Source, moment: Moment) -> Moment:
    name = str(moment.value)
    for reader in _readers(source, moment):
        position = position_of(reader, name)
        if position is not None:
            return Moment("position", position, log=reader.name)
    raise NotFound(
        "V-5-1-9223",
        f"there is no tag {name}",
        cause="no other form of a moment reads like this, so it was taken for a tag",
        fix="'vx tag list' shows the tags; the other forms are @1204, head, tx:ID, "
        "a date or time, now, today, yesterday, '2h30m ago', epoch:SECONDS",
    )


def _readers(source: Source, moment: Moment | None) -> list[LogReader]:
    """Return the logs in which a name may be: the one that is named, or the default one first."""
    log = log_of(moment)
    if log is not None:
        return [source.readers[log]]
    order: tuple[Log, ...] = (source.default, "node" if source.default == "shared" else "shared")
    return [source.readers[each] for each in order]
