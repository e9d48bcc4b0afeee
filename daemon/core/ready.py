"""What goes into the core, and what comes out: the contract with the shell.

Inputs are facts with everything that had to be looked up; a `Ready` is the work that one step
asks for, to be done in the order of its fields. Replies promise what `append` and `hard_state`
persist, so they leave only after those are on stable storage (I8).
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from eventstore.codec import Context, Entry
from eventstore.model.commands import AnyCommand
from eventstore.model.notifications import Notification

Answer = dict[str, Any]
"""What travels to a utility: ``ok`` and data, or an error."""


class HardState(Struct, frozen=True):
    """What must survive a crash beside the logs: the promise, and whose it is."""

    term: int = 0
    promised_to: str = ""
    incarnation: int = 0


class Begin(Struct, frozen=True):
    """The daemon starts: its logs are replayed; since their last commit nothing was observed."""

    boot_id: str
    version: str
    sqlite: str


class Submit(Struct, frozen=True):
    """A utility asks for a change; `found` is where its identifier is committed already."""

    token: int
    request: str
    verb: str
    command: AnyCommand
    context: Context
    found: int | None = None
    expect: int | None = None
    dry_run: bool = False


class Notified(Struct, frozen=True):
    """The kernel announced something."""

    notification: Notification


class Stop(Struct, frozen=True):
    """The daemon is to stop in an orderly way."""

    reason: str


Input = Begin | Submit | Notified | Stop


class Ready(Struct, frozen=True):
    """The work of one step, in the order in which it must be done.

    1. `append` and `hard_state` go to disk in one transaction.
    2. `replies` are sent, each to its token.
    3. `notes` are logged: what was seen, and what was decided.
    """

    append: tuple[Entry, ...] = ()
    hard_state: HardState | None = None
    replies: tuple[tuple[int, Answer], ...] = ()
    notes: tuple[str, ...] = ()
