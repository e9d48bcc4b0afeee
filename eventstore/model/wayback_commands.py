"""Commands on the way back: records become what they were, or a change stays."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from eventstore.model.command import MAX_LIST, Command, Text
from eventstore.model.wayback_events import Configured


class Step(Struct, frozen=True, array_like=True):
    """One record of the way back: as its author saw it, and as it is to be; None: not there."""

    now: Configured | None
    then: Configured | None


class RestoreRecords(Command, frozen=True, tag="records.restore"):
    """Make records of a log what they were, if they are what the asker saw.

    It carries both ends, so that every node decides the same without a look at the past.
    """

    log: Literal["shared", "node"]
    how: Literal["revert", "restore", "undo", "redo"]
    undoes: Annotated[tuple[Text, ...], Meta(max_length=MAX_LIST)]
    steps: Annotated[tuple[Step, ...], Meta(max_length=MAX_LIST)]


class ConfirmChange(Command, frozen=True, tag="confirm"):
    """Let a change stay that is to be undone if nobody confirms it."""

    request: Text


class TakeBack(Command, frozen=True, tag="takeback"):
    """Undo a change that waits to be confirmed; the daemons do it when its time is over."""

    request: Text
