"""What a change would have done at any moment, on states in memory; nothing is appended.

The deciding is that of the daemon: the same table, the same rules, on the state of then.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from eventstore.errors import StoreError
from eventstore.model.commands import AnyCommand, Transaction
from eventstore.model.decide import sharing
from eventstore.model.decide.home import home_of
from eventstore.model.decide.moment import Moment
from eventstore.model.decide.table import decide
from eventstore.model.events import AnyEvent
from eventstore.model.evolve import apply
from eventstore.model.state import State
from eventstore.present.differences import change_rows, event_row
from eventstore.present.standing import Log, Standing


class WhatIfArgs(Struct, frozen=True):
    """``what-if``: what is asked for, as a utility would send it; several are one transaction."""

    commands: tuple[AnyCommand, ...]
    lines: tuple[int, ...] = ()


def what_if(
    standing: Standing, args: WhatIfArgs, clock_us: int, position: int
) -> tuple[dict[str, Any], Log]:
    """Return the events and the differences that a change would make, and in which log.

    Raises:
        StoreError: it would be refused: why, as the daemon says it.
    """
    command: AnyCommand = Transaction(args.commands, args.lines)
    if len(args.commands) == 1 and not args.lines:
        command = args.commands[0]
    shared, own = standing.state("shared"), standing.state("node")
    log = home_of(shared, own, command)
    moment = Moment(standing.here, clock_us)
    events = _decided(shared, own, log, command, moment)
    state = shared if log == "shared" else own
    changes = apply(state, events)
    rows = change_rows(state, changes)
    state.restore(changes)
    data = {
        "position": position,
        "outcome": "dry-run",
        "events": [event_row(event) for event in events],
        "diff": rows,
    }
    return data, log


def _decided(
    shared: State, own: State, log: Log, command: AnyCommand, moment: Moment
) -> tuple[AnyEvent, ...]:
    against: StoreError | None
    if log == "shared":
        disks = sharing.completed(own, sharing.named_disks(shared, own, command))
        events = sharing.decide_shared(shared, command, moment, disks)
        against = sharing.local_check(own, shared, events)
    else:
        events = decide(own, command, moment)
        against = sharing.private_check(shared, own, events)
    if against is not None:
        raise against
    return events
