"""Whether a log is what was written, and gives the states that were recorded.

Without replay: every row, the chain of hashes, the hashes of context and payload, positions
without a gap, one lineage, times that never go back. With replay also that every commit fits the
state before it, and that the state's digest after it is the recorded one. With heads from outside
also that it is the same log as it was: a chain can be made anew, what others keep of it cannot.

It can be done in pieces: a checkpoint says up to where, and the next piece goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from eventstore.bulk import Columns, columns
from eventstore.codec import ZERO_HASH, Commit, decode_header
from eventstore.errors import Damaged, StoreError
from eventstore.model import digest
from eventstore.model.state import State
from eventstore.past.replay import Replayer
from eventstore.proofs.checks import ChainCheck, Check, ReplayCheck, Stop, another_state
from eventstore.proofs.heads import Outside
from eventstore.proofs.outside import Compared, OutsideCheck
from eventstore.storage.keyframes import nothing_collected
from eventstore.storage.reader import POSITION_MAX, LogReader


class Checkpoint(Struct, frozen=True):
    """Up to where a log was found to hold, with or without replay."""

    log: str
    lineage: str
    position: int
    hash: str
    digest: str
    replay: bool


class Verdict(Struct, frozen=True):
    """What was found; `first_bad` is the first position that does not hold, None if all do.

    `known_to` is the last position at which a head from outside was the same. `checkpoint` is
    where the next piece begins, None if the head was reached.
    """

    log: str
    commits: int
    head_hash: str
    first_bad: int | None
    problem: str | None
    checked: tuple[str, ...]
    lineage: str = ""
    first: int = 1
    digest: str = ""
    time_us: int = 0
    known_to: int | None = None
    compared: tuple[Compared, ...] = ()
    checkpoint: Checkpoint | None = None

    @property
    def ok(self) -> bool:
        """Tell whether everything holds."""
        return self.problem is None


def verify(
    reader: LogReader,
    *,
    with_replay: bool,
    heads: Sequence[Outside] = (),
    after: Checkpoint | None = None,
    most: int | None = None,
    replayer: Replayer | None = None,
) -> Verdict:
    """Check a log, or up to `most` commits of it behind a checkpoint.

    A `replayer` of the same log is asked for the state at the checkpoint, and given the last one.

    Raises:
        Damaged: the database's own structure is broken; it names the first commit that cannot be
            read.
    """
    return _Verification(reader, heads, with_replay).run(after, most, replayer)


class _Verification:
    """One look at a log, or at a piece of it."""

    def __init__(self, reader: LogReader, heads: Sequence[Outside], with_replay: bool) -> None:  # noqa: FBT001
        self._reader = reader
        self._outside = OutsideCheck(reader, heads) if heads else None
        self._with_replay = with_replay
        self._checks: list[Check] = []
        self._replay: ReplayCheck | None = None
        self._last: Commit | None = None
        self._at = 0

    def run(
        self, after: Checkpoint | None, most: int | None, replayer: Replayer | None
    ) -> Verdict:
        reader = self._reader
        replayer = replayer or Replayer(reader)
        self._at = reader.first - 1 if after is None else after.position
        try:
            low = self._begin(after, replayer)
            high = low + most - 1 if most is not None else POSITION_MAX
            with nothing_collected():
                self._walk(low, high)
            if self._at < high and (most is None or self._at >= reader.last()):
                reader.check_structure()
                if self._outside is not None:
                    self._outside.end(self._at)
                return self._verdict(None, None)
        except StoreError as error:
            if "store damaged" not in error.message:
                return self._bad(error)
            if (earlier := self._before_damage(error)) is not None:
                return earlier
            raise
        if self._replay is not None:
            replayer.keep(self._replay.state, self._at)
        return self._verdict(None, None, more=True)

    def _walk(self, low: int, high: int) -> None:
        for page in self._reader.pages(low, high):
            self._look_at(page)

    def _look_at(self, page: Columns) -> None:
        """Check commits that follow each other, up to the first that does not hold.

        Raises:
            StoreError: there is one.
        """
        stop: Stop | None = None
        for check in self._checks:
            # Of what comes before a stop, the next check may know that it does not hold.
            stop = check.page(page) or stop
            if stop is not None and not (page := page.begin(stop.good)).positions:
                break
        if page.positions:
            (self._last,), self._at = page.end().commits(), page.positions[-1]
        if stop is not None:
            raise stop.error

    def _bad(self, error: StoreError) -> Verdict:
        where = getattr(error, "position", None) or self._at + 1
        why = error.message if error.cause is None else f"{error.message}: {error.cause}"
        return self._verdict(where, why)

    def _before_damage(self, damage: StoreError) -> Verdict | None:
        """Look one by one at what can be read before the first commit that can not."""
        try:
            for position in range(self._at + 1, getattr(damage, "position", None) or 0):
                self._look_at(columns((self._reader.commit(position),)))
        except StoreError as error:
            return None if "store damaged" in error.message else self._bad(error)
        return None

    def _begin(self, after: Checkpoint | None, replayer: Replayer) -> int:
        """Get ready for the first commit to be looked at, and return its position.

        Raises:
            Damaged: what was checked before is not there any more.
        """
        reader = self._reader
        if after is not None:
            base = self._checked_before(after)
            self._checks.append(ChainCheck(reader.lineage, base))
        elif reader.first > 1:
            base = reader.commit(reader.first)
            begin = ChainCheck(reader.lineage, before=reader.before)
            begin(base)
            self._checks.append(ChainCheck(reader.lineage, base))
        else:
            base = None
            self._checks.append(ChainCheck(reader.lineage))
        if self._with_replay:
            self._replay = self._replay_from(base, replayer)
            self._checks.append(self._replay)
        if self._outside is not None:
            if base is not None:
                self._outside.begin(base.position)
            self._checks.append(self._outside)
        self._last, self._at = base, 0 if base is None else base.position
        return self._at + 1

    def _checked_before(self, after: Checkpoint) -> Commit:
        reader = self._reader
        commit = reader.commit(after.position)
        told = (after.lineage, after.hash, after.digest)
        if (reader.lineage.hex(), commit.hash.hex(), commit.digest.hex()) != told:
            raise Damaged(
                f"log {reader.name}: commit @{after.position} is not the one that was checked",
                position=after.position,
                cause=f"hash {commit.hash.hex()}, in the checkpoint {after.hash}",
            )
        return commit

    def _replay_from(self, base: Commit | None, replayer: Replayer) -> ReplayCheck:
        if base is None:
            return ReplayCheck(self._reader.name)
        state = replayer.state_at(base.position)
        replayer.keep(State(), 0)  # it is changed from here on
        known = digest.of_state(state)
        if digest.stored(known) != base.digest:
            raise another_state(base, digest.stored(known))
        return ReplayCheck(self._reader.name, state, known)

    def _verdict(self, where: int | None, why: str | None, *, more: bool = False) -> Verdict:
        reader, last, outside = self._reader, self._last, self._outside
        checked = ["rows", "chain", "content"]
        checked += ["replay", "digest"] if self._with_replay else []
        checked += ["heads"] if outside is not None else []
        head_hash = ZERO_HASH if last is None else last.hash
        found = "" if last is None else last.digest.hex()
        checkpoint = None
        if more:
            checkpoint = Checkpoint(
                reader.name, reader.lineage.hex(), self._at, head_hash.hex(), found,
                self._with_replay,
            )  # fmt: skip
        return Verdict(
            reader.name, self._at, head_hash.hex(), where, why, tuple(checked),
            lineage=reader.lineage.hex(),
            first=reader.first,
            digest=found,
            time_us=_time_of(last),
            known_to=None if outside is None else outside.known_to,
            compared=() if outside is None else tuple(outside.compared),
            checkpoint=checkpoint,
        )  # fmt: skip


def _time_of(commit: Commit | None) -> int:
    try:
        return 0 if commit is None else decode_header(commit.header).time_us
    except StoreError:
        return 0
