"""What goes into the core, and what comes out: the contract with the shell.

Inputs are facts with everything that had to be looked up; a `Ready` is the work that one step
asks for, to be done in the order of its fields. Replies and sends promise what `append` and
`hard_state` persist, so they leave only after those are on stable storage (I8); only `early` may
leave before, as nothing in it rests on the disk.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from daemon.core.messages import AnyMessage, Frame, Record
from daemon.core.view import View
from eventstore.codec import Commit, Context, Entry
from eventstore.model.commands import AnyCommand
from eventstore.model.notifications import DevicesScanned, Notification
from eventstore.model.objects import ENABLED, Key

Answer = dict[str, Any]
"""What travels to a utility: ``ok`` and data, or an error."""


class HardState(Struct, frozen=True):
    """What must survive a crash beside the logs: one row, written with the appends.

    `term`, `promised_to` and `promised_incarnation` are the promise (C2). `numbered` is the
    highest (term, number) of a record that was written down here: a lower one is refused, also
    after a restart. `doubt` is the record in doubt; `held` what the kernel holds for it (D4).
    `intact` is False from the discovery of damage until a `MasterElected` of a term above
    `distrusted_term` is in the log (C3). `view_number` is the highest that an arbiter gave.
    `quarantined` is the first position at which the log is another one than the cluster's, until
    what differs is set aside (B3); 0: it is not. `given_in` are the terms in which catch-up gave
    something, and no election of this node's own has followed yet, each with how far the log went
    before (C3).
    """

    term: int = 0
    promised_to: str = ""
    incarnation: int = 0
    promised_incarnation: int = 0
    numbered: tuple[int, int] = (0, 0)
    doubt: Record | None = None
    held: tuple[Key, ...] = ()
    intact: bool = True
    distrusted_term: int = 0
    view_number: int = 0
    quarantined: int = 0
    given_in: tuple[tuple[int, int], ...] = ()


class Found(Struct, frozen=True):
    """What the shared or the node log says of a request's identifier (D13)."""

    outcome: Literal["done", "failed"]
    position: int
    node: str = ""
    message_id: str = ""
    message: str = ""
    rule: str = ""

    def to_error(self) -> dict[str, Any]:
        """Return a failure in the form in which errors travel: the log says where, and why."""
        return {
            "id": self.message_id,
            "rule": self.rule,
            "message": f"{self.message}; the request has failed, nothing was changed",
            "cause": f"recorded in the shared log @{self.position}",
            "fix": "ask again under another identifier, once the cause is gone",
            "node": self.node,
            "exit": 1,
        }


class Begin(Struct, frozen=True):
    """The daemon starts: its logs are replayed; since their last commit nothing was observed.

    In a `mode` that is not ``enabled`` it takes no changes until it is told to.
    """

    boot_id: str
    version: str
    sqlite: str
    mode: str = ENABLED


class Submit(Struct, frozen=True):
    """A utility asks for a change; `found` is what became of its identifier before.

    `as_of` is the shared log's position at which it was looked up. `scan` is what the kernel
    showed when it was asked, for a command that looks at all devices.
    """

    token: int
    request: str
    verb: str
    command: AnyCommand
    context: Context
    found: Found | None = None
    expect: int | None = None
    dry_run: bool = False
    ship: bool = True
    as_of: int = 0
    scan: DevicesScanned | None = None


class ReadCurrent(Struct, frozen=True):
    """A utility wants to read what is current (G6); the answer says from which position on."""

    token: int


class Notified(Struct, frozen=True):
    """The kernel announced something about a disk."""

    notification: Notification


class Viewed(Struct, frozen=True):
    """The kernel announced a view."""

    view: View


class Received(Struct, frozen=True):
    """A peer sent a message; it has been authenticated as `sender` (G1).

    `found` and `as_of` are those of a shipped request, as in `Submit`.
    """

    sender: str
    message: AnyMessage
    found: Found | None = None
    as_of: int = 0


class Linked(Struct, frozen=True):
    """There is a link with a node's daemon, where there was none: what was sent before is lost."""

    node: str


class Held(Struct, frozen=True):
    """The kernel holds I/O as it was asked to, or cannot (D4)."""

    number: int
    problem: str | None = None


class Leave(Struct, frozen=True):
    """The kernel says that this node is to leave the cluster cleanly, or is to stay (B8)."""

    wanted: bool = True


class HashAt(Struct, frozen=True):
    """What was asked for in `lookups`: the hash of the shared log's commit at a position."""

    position: int
    hash: bytes


class SetAside(Struct, frozen=True):
    """An administrator wants the tail put aside at which this log is another one (B3)."""

    token: int
    expect: int | None = None
    dry_run: bool = False


class Replayed(Struct, frozen=True):
    """What a replay from the beginning gave: the digest after a position, and the recorded one."""

    position: int
    digest: bytes
    recorded: bytes


class Tick(Struct, frozen=True):
    """The time that a `Ready` named in `wake_at_ms` has come."""


class Stop(Struct, frozen=True):
    """The daemon is to stop in an orderly way."""

    reason: str


FromKernel = Notified | Viewed | Held | Leave
FromDisk = HashAt | SetAside | Replayed
Input = Begin | Submit | ReadCurrent | Received | Linked | Tick | Stop | FromKernel | FromDisk


class Send(Struct, frozen=True):
    """A message for a peer."""

    to: str
    message: AnyMessage


class Load(Struct, frozen=True):
    """Commits of the shared log behind `after`, at most up to `through`, to be sent.

    The shell reads some of them, as many as fit into one frame, into `message`. For a `Frame` it
    reads slices of the last keyframe in that range, or of the one that the message names already.
    """

    to: str
    message: AnyMessage
    after: int
    through: int


class Hold(Struct, frozen=True):
    """The kernel is to finish the I/O on these volumes, and hold new I/O (D4)."""

    number: int
    volumes: tuple[Key, ...]


class Release(Struct, frozen=True):
    """The outcome is known: I/O goes on."""


class ReadyForSlaves(Struct, frozen=True):
    """This master's section C is done: `term` is applied by all of `members` (B1)."""

    term: int
    members: tuple[str, ...]


class JoinComplete(Struct, frozen=True):
    """A node has joined: from now on it counts (B6)."""

    node: str


class PutOut(Struct, frozen=True):
    """The master asks its kernel to leave a node out: why it cannot join (B3, B4, B5)."""

    node: str
    reason: str


class LeaveAllowed(Struct, frozen=True):
    """This node has nothing in use: it may leave, and nothing will need recovery (B8)."""


Directive = Hold | Release | ReadyForSlaves | JoinComplete | PutOut | LeaveAllowed


class Cut(Struct, frozen=True):
    """The shared log's commits from `first` on, and a record in doubt, are to be set aside (B3).

    They are kept and listed, never deleted. What is in memory is of no use after that: the core
    begins anew from the log, as after a restart.
    """

    first: int
    doubt: Record | None


class Replay(Struct, frozen=True):
    """The shared log is to be replayed from its beginning, without a keyframe, to a position (G3).

    With `commit` the log ends before it, and it is applied after the last one.
    """

    position: int
    commit: Commit | None


class Ready(Struct, frozen=True):
    """The work of one step, in the order in which it must be done.

    1. `early` is sent: nothing in it rests on the disk.
    2. `append` and `hard_state` go to disk in one transaction; with `lazy` it need not be
       flushed before what follows: what it says is on stable storage in another form (D6).
       `cut` is carried out in that transaction too.
       Before that `store` is put behind the shared log, without an index, and nothing of it is
       applied; `frame` is put beside it, and is worth nothing before its last slice is there.
    3. `directives` go to the kernel.
    4. `sends` and `loads` are sent, `replies` are answered, each to its token.
    5. `notes` are logged: what was seen, and what was decided.

    `lookups` are positions of the shared log; a `HashAt` is to follow for each that is there.
    `replay` is done beside the loop; a `Replayed` is to follow.
    `anew` says why the core has to begin anew from its log, after everything else; "": it goes on.
    `wake_at_ms`: a `Tick` is due then, unless a later `Ready` names another time; None: none is.
    """

    early: tuple[Send, ...] = ()
    append: tuple[Entry, ...] = ()
    hard_state: HardState | None = None
    lazy: bool = False
    directives: tuple[Directive, ...] = ()
    sends: tuple[Send, ...] = ()
    loads: tuple[Load, ...] = ()
    replies: tuple[tuple[int, Answer], ...] = ()
    notes: tuple[str, ...] = ()
    wake_at_ms: int | None = None
    lookups: tuple[int, ...] = ()
    cut: Cut | None = None
    replay: Replay | None = None
    store: tuple[Commit, ...] = ()
    frame: Frame | None = None
    anew: str = ""
