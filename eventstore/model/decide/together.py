"""Several commands as one change: all or none, each decided on what those before it left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eventstore.errors import Rejected, StoreError
from eventstore.model import commands as cmd, events as ev, tags as tg
from eventstore.model.decide import wayback
from eventstore.model.decide.moment import Moment
from eventstore.model.evolve import apply
from eventstore.model.objects import Change
from eventstore.model.state import State

APART = (
    cmd.AddNode,
    cmd.RemoveNode,
    cmd.EnableDaemon,
    cmd.DisableDaemon,
    cmd.ScanDevices,
    cmd.Transaction,
    cmd.ConfirmChange,
    cmd.TakeBack,
    tg.SetTag,
    tg.RemoveTag,
    cmd.RedactContext,
    cmd.SetRetention,
)
"""What takes effect outside the configuration, or stands for a change of its own."""

Decide = Callable[[cmd.AnyCommand], Sequence[ev.AnyEvent]]


def together(
    state: State, command: cmd.Transaction, moment: Moment, decide: Decide
) -> tuple[ev.AnyEvent, ...]:
    """Return the events of all commands in order; the state is left as it is.

    Raises:
        StoreError: one of them is refused; the line is named.
    """
    events: list[ev.AnyEvent] = []
    changes: list[Change] = []
    try:
        for number, one in enumerate(command.commands):
            check_allowed(command, number)
            try:
                made = decide(one)
            except StoreError as error:
                raise at_line(command, number, error) from error
            changes += apply(state, made)
            events += made
        if command.confirm_s is not None:
            until_us = moment.wall_us + command.confirm_s * 1_000_000
            events.append(wayback.awaited(state, changes, command.request, until_us))
    finally:
        state.restore(changes)
    return tuple(events)


def check_allowed(command: cmd.Transaction, number: int) -> None:
    """Refuse what cannot be one of several.

    Raises:
        Rejected: it is that.
    """
    one = command.commands[number]
    if isinstance(one, APART):
        refused = Rejected(
            "V-5-1-9245",
            f"{one.__struct_config__.tag} goes alone",
            cause="it takes effect outside the disk groups, or cannot be undone",
            fix="ask for it by itself, without --confirm-within",
            rule="D2",
        )
        raise at_line(command, number, refused)


def at_line(command: cmd.Transaction, number: int, error: StoreError) -> StoreError:
    """Return an error that says in which line the command stands that it is about."""
    if number < len(command.lines):
        error.message = f"line {command.lines[number]}: {error.message}"
    return error
