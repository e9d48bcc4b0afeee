"""Questions about changes that are not made yet: what leads back, and what one would do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from eventstore.asking.answering import Answer, envelope, keys_at_either, log_meant
from eventstore.asking.asked import WayArgs
from eventstore.past import wayback, whatif
from eventstore.past.moments import Moment, doubt_about, resolve
from eventstore.source import Source, Then


def _way_back(source: Source, args: WayArgs, at: Moment | None) -> Answer:
    """Return what leads from the present to what was, and what it undoes."""
    reader = source.readers[log_meant(source, args.object, at, Moment("head", log=args.which))]
    replayer = source.replayers[reader.log]
    resolved = None if at is None else resolve(reader, at)
    if args.how == "undo":
        way = wayback.undo(replayer, args.n)
    elif args.how == "redo" or resolved is None:
        way = wayback.redo(replayer)
    elif args.how == "revert":
        way = wayback.revert(replayer, (resolved.position,))
    else:
        name, ends = args.object, (resolved.position, reader.last())
        keys = None if name is None else keys_at_either(source, reader, name, *ends)
        way = wayback.restore(replayer, resolved.position, keys)
    data = {"log": reader.log, **msgspec.to_builtins(way)}
    return envelope(source, reader, resolved, data, [])


def _what_if(source: Source, args: whatif.WhatIfArgs, at: Moment | None) -> Answer:
    """Return what a change would have done at a moment."""
    then = Then(source, at, source.default)
    resolved = then.resolved(then.default)
    data, log = whatif.what_if(then.standing, args, resolved.time_us, resolved.position)
    there = then.resolved(log)
    data["position"] = there.position
    told = there if at is not None else None
    return envelope(
        source, source.readers[log], told, data, doubt_about(source.readers[log], there)
    )


QUESTIONS: dict[str, tuple[type[Struct], Callable[[Source, Any, Moment | None], Answer]]] = {
    "way-back": (WayArgs, _way_back),
    "what-if": (whatif.WhatIfArgs, _what_if),
}
