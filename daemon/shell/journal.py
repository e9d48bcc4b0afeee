"""What one incarnation of the core writes to its store, and reads from it.

What is decided is on stable storage already, as what was in doubt. So its commits need not be
flushed (D6), and are not even written: they are held in memory until the next transaction that
has a reason of its own, and cost none. Nobody misses them. Who is about to read the store has
them written before (`write_held`), and for those who come unannounced, with `--log`, a timer does
it a moment later. If this process ends first they are applied again once the node knows again
that they are decided, as after a power cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from daemon.core.ready import HashAt, Ready
from daemon.shell import clock, pieces
from eventstore.codec import Entry
from eventstore.errors import SegmentDamaged, StoreError
from eventstore.model.keeping_events import REDACTIONS
from eventstore.storage import aside, redacting
from eventstore.storage.store import Store

HELD_MAX = 512
"""Commits; fewer than what the core remembers of requests (D13)."""
HELD_S = 0.05
"""Longer than a change takes while there are more of them to come."""

_encode = msgspec.msgpack.Encoder().encode


class Journal:
    """The store of one incarnation; see the module's description."""

    def __init__(
        self,
        store: Store,
        on_time: Callable[[], None],
        note: Callable[[str], None] = lambda _note: None,
    ) -> None:
        self.store = store
        self._on_time = on_time
        """Called when what is held has waited long enough."""
        self._note = note
        self._held: list[Entry] = []
        self._hard_state: bytes | None = None
        """What is held beside the commits, or None."""
        self._timer: asyncio.TimerHandle | None = None
        self._until = 0.0
        """By when what is held has to be written; 0: nothing is held."""

    def persist(self, readies: Sequence[Ready]) -> bool:
        """Write what steps ask for, unless it may be held; return whether commits came.

        Raises:
            StoreError: the disk refused, or something else is at a position.
        """
        if readies and pieces.is_any(readies[-1]):
            came = self.persist(readies[:-1])
            self.write_held()
            pieces.keep(self.store, readies[-1])
            return self._persist(readies[-1:]) or came
        return self._persist(readies)

    def _persist(self, readies: Sequence[Ready]) -> bool:
        entries = [entry for ready in readies for entry in ready.append]
        hard = [ready.hard_state for ready in readies if ready.hard_state is not None]
        if hard:
            self._hard_state = _encode(hard[-1])
        self._held += entries
        cut = readies[-1].cut if readies else None
        if cut is not None:
            aside.keep(self.store.path, "shared", cut.first, clock.wall_us())
            self.store.cut("shared", cut.first, *self._take_held())
        elif any(not ready.lazy for ready in readies if ready.append or ready.hard_state):
            self._write(flush=True)
        elif len(self._held) > HELD_MAX or any(_reads(ready) for ready in readies):
            self.write_held()
        elif entries or hard:
            self._let_wait()
        if cut is None and any(REDACTIONS in entry.keys for entry in entries):
            self.write_held()
            redacting.carry_out(self.store, self._note)
        return bool(entries)

    def write_held(self) -> None:
        """Write what is held, for who is about to read the store.

        Raises:
            StoreError: the disk refused, or refused before.
        """
        if self._held or self._hard_state is not None:
            self._write(flush=False)

    def _write(self, *, flush: bool) -> None:
        entries, body = self._take_held()
        self.store.append(entries, new_hard_state=body, flush=flush)

    def _take_held(self) -> tuple[list[Entry], bytes | None]:
        entries, self._held = self._held, []
        body, self._hard_state = self._hard_state, None
        self._until = 0.0
        return entries, body

    def _let_wait(self) -> None:
        """Have what is held written in a while; one timer serves many changes, one by one."""
        now = asyncio.get_running_loop().time()
        self._until = self._until or now + HELD_S
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(
                self._until - now, self._time_reached
            )

    def _time_reached(self) -> None:
        self._timer = None
        if not self._until:
            return
        if asyncio.get_running_loop().time() < self._until:
            self._let_wait()
        else:
            self._on_time()

    def close(self) -> None:
        """Write what is held, if the disk takes it, and wake no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        with suppress(StoreError):
            self.write_held()

    def hash_at(self, position: int) -> HashAt | None:
        """Return the hash at a position of the shared log; None: there is no commit to be had."""
        if not 1 <= position <= self.store.heads["shared"].position:
            return None
        try:
            return HashAt(position, self.store.logs["shared"].commit(position).hash)
        except SegmentDamaged as error:
            self._note(f"{error.message} ({error.cause}) -> not looked up")
            return None


def _reads(ready: Ready) -> bool:
    """Whether a step asks for what the store has."""
    return bool(ready.loads or ready.lookups or ready.replay is not None)
