"""Events by which what was changed is changed back, and by which a change waits to be confirmed.

Records travel whole in here, as they are to be: the commits that they came from may be long ago,
and a replay must not look for them. What was there before, `evolve` gives back, as of any event.
A record with a field that this program does not know has another digest here, and is found out.
"""

from __future__ import annotations

from msgspec import Struct

from eventstore.model.event import Event, OfNode
from eventstore.model.objects import Device, Disk, DiskGroup, Foreign, Key, Plex, Subdisk, Volume

Configured = DiskGroup | Disk | Volume | Plex | Subdisk | Foreign | Device
"""What commands make; of a device only what they mark it with."""

DEADLINE = "deadline"
"""How a change was taken back that nobody confirmed; else it is the word of the command."""


class Where(Struct, frozen=True, array_like=True):
    """The key of a record."""

    space: str
    rid: int


class RecordsRestored(Event, frozen=True, tag="records-restored/1"):
    """Records were made again what they were: `back` as they are now, `gone` are no more.

    `how` is revert, restore, undo, redo or deadline; `undoes` says what: ``@N`` or ``tx:ID`` for
    commits that are undone, for a restore the moment from which the records are.
    """

    how: str
    undoes: tuple[str, ...]
    back: tuple[Configured, ...]
    gone: tuple[Where, ...]

    def touches(self) -> tuple[Key, ...]:
        """Return the keys of all records that it is about."""
        gone = ((where.space, where.rid) for where in self.gone)
        return (*gone, *((record.space, record.rid) for record in self.back))

    def only(self, key: Key) -> RecordsRestored:
        """Return what it says of one record."""
        back = tuple(one for one in self.back if (one.space, one.rid) == key)
        gone = tuple(where for where in self.gone if (where.space, where.rid) == key)
        return RecordsRestored(self.how, self.undoes, back, gone)


class ConfirmationAwaited(OfNode, frozen=True, tag="confirmation-awaited/1"):
    """The change in this commit is undone at `until_us`, unless it is confirmed before.

    `steps` is what has to be done then, as `eventstore.model.decide.wayback` writes it down: the
    digest covers these bytes, so that no later field of a record changes it.
    """

    request: str
    until_us: int
    steps: bytes


class ChangeConfirmed(OfNode, frozen=True, tag="change-confirmed/1"):
    """A change that waited stays."""

    request: str


class ChangeUndone(OfNode, frozen=True, tag="change-undone/1"):
    """A change that waited was undone, in the same commit."""

    request: str


class UndoFailed(OfNode, frozen=True, tag="undo-failed/1"):
    """A change that was not confirmed in time cannot be undone: why not. It stays open."""

    request: str
    reason: str
