"""What each question takes: the arguments, typed, as they are read from a map."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from eventstore.codec import Commit
from eventstore.model.commands import MakeVolume
from eventstore.model.decide.layout import STRIPE_DEFAULT
from eventstore.past import following
from eventstore.past.moments import Moment
from eventstore.past.resuming import Place
from eventstore.proofs.heads import Outside
from eventstore.proofs.verify import Checkpoint

UNDO_MAX = 1000
"""Changes that one undo may take back."""


class PrintArgs(Struct, frozen=True):
    """``print``: the records of a group, or of all; only the named ones, if any are named."""

    group: str | None = None
    names: tuple[str, ...] = ()


class GroupArgs(Struct, frozen=True):
    """``dg.list``: one disk group, or all."""

    group: str | None = None


class DeviceArgs(Struct, frozen=True):
    """``disk.list``: one device or disk, or all."""

    device: str | None = None


class RoomArgs(Struct, frozen=True):
    """``volume.maxsize``: a volume of which only the length is not said."""

    group: str
    disks: tuple[str, ...] = ()
    layout: str = "concat"
    mirrors: int | None = None
    columns: int | None = None
    stripe: int = STRIPE_DEFAULT

    def command(self) -> MakeVolume:
        """Return the command that would make it."""
        return MakeVolume(
            self.group,
            "",
            0,
            self.disks,
            self.layout,
            mirrors=self.mirrors,
            columns=self.columns,
            stripe=self.stripe,
        )


class GrowArgs(Struct, frozen=True):
    """``volume.maxgrow``: which volume."""

    group: str
    name: str


class NoArgs(Struct, frozen=True):
    """``state``, ``show``: nothing but the moment."""


class ObjectArgs(Struct, frozen=True):
    """``get``, ``blame``: an object by name or record ID."""

    object: str


class LogArgs(Struct, frozen=True):
    """``log``: which commits, how many, in which order."""

    since: Moment | None = None
    until: Moment | None = None
    which: str | None = None
    node: str | None = None
    actor: str | None = None
    object: str | None = None
    type: str | None = None
    tx: str | None = None
    n: int | None = None
    reverse: bool = False


class DiffArgs(Struct, frozen=True):
    """``diff``: two moments, and perhaps one object."""

    a: Moment
    b: Moment
    object: str | None = None


class VerifyArgs(Struct, frozen=True):
    """``verify``: with or without replay, and against which heads; `which` asks for a piece.

    A piece is up to `most` commits of one log behind a checkpoint.
    """

    replay: bool = False
    heads: tuple[Outside, ...] = ()
    which: Literal["shared", "node"] | None = None
    after: Checkpoint | None = None
    most: Annotated[int, Meta(ge=1)] | None = None


class HeadArgs(Struct, frozen=True):
    """``head``: of whom, and whether of all; a log itself can tell only of its own."""

    node: str | None = None
    all: bool = False


class HashArgs(Struct, frozen=True):
    """``hashes``: of a log, at some positions; `node` says whose, and is the daemon's matter."""

    log: Literal["shared", "node"] = "shared"
    positions: Annotated[tuple[int, ...], Meta(max_length=64)] = ()
    node: str | None = None


class OutcomeArgs(Struct, frozen=True):
    """``outcome``: the identifier of a request."""

    id: str


class KnewArgs(Struct, frozen=True):
    """``knew``: which node, None for the one whose log it is."""

    node: str | None = None


class ReplayArgs(Struct, frozen=True):
    """``replay.digest``: up to where the shared log is replayed, and a commit behind that."""

    position: int
    commit: Commit | None = None


class MomentsArgs(Struct, frozen=True):
    """``moments``: what some moments are in one log."""

    whens: tuple[Moment, ...]


class RangeArgs(Struct, frozen=True):
    """``range``: from which commit to which two moments reach."""

    since: Moment | None = None
    until: Moment | None = None


class FollowArgs(Struct, frozen=True):
    """``follow``: up to `n` commits after a position; None: only where the head is."""

    after: int | None = None
    n: int = following.PIECE_MAX
    which: str | None = None


class ResumeArgs(Struct, frozen=True):
    """``resume``: up to `n` commits of each log that follow some places, in one order.

    Without places, `both`: from now on, of the shared log and the node's own if it has peers.
    """

    places: tuple[Place, ...] = ()
    both: bool = False
    n: int = following.PIECE_MAX


class WayArgs(Struct, frozen=True):
    """``way-back``: revert or restore a moment, or undo the last `n`, or redo."""

    how: Literal["revert", "restore", "undo", "redo"]
    n: Annotated[int, Meta(ge=1, le=UNDO_MAX)] = 1
    object: str | None = None
    which: str | None = None
