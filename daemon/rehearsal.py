"""A site's log rehearsed with this program: opened, replayed, crashed, recovered, decided again.

Works on private copies in a temporary directory; the log itself is only read. What is found is
plain data: for each part what was done and whether it came out as recorded, and the first thing
that did not.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from daemon.shell import recorder
from daemon.shell.crashing import IO_LAST, Crashing, Differs, transactions
from daemon.shell.recovery import opened
from daemon.shell.repeat import repeated_run
from daemon.version import VERSION
from eventstore.errors import Rejected, StoreError, Unavailable
from eventstore.model import digest
from eventstore.proofs.shadow import Difference, described, shadow
from eventstore.source import DATABASE, Source, open_log
from eventstore.storage.backup import take_private
from eventstore.storage.crashes import Files
from eventstore.storage.store import Store

_IN_MEMORY = "/dev/shm"  # noqa: S108 a directory of our own is made in it
_COPIES = 16
"""So many times the log's size is the most that the copies may take, with much to spare."""

Told = Callable[[str, int, int], None]
"""Who hears how far it is: in which part, and how much of how much."""


class Part(Struct, frozen=True):
    """What came of one part: ``same``, ``differs``, or ``skipped``; in words what was done."""

    part: str
    outcome: str
    count: int
    text: str


class Rehearsed(Struct, frozen=True):
    """What came of it all; `version` is that of this program."""

    source: str
    version: str
    ok: bool
    parts: tuple[Part, ...]
    first_difference: Difference | None


def rehearse(source: Path, last: int | None, told: Told = lambda _p, _d, _t: None) -> Rehearsed:
    """Rehearse a home, a log.db or a backup; of the last commits only, where `last` says so.

    Raises:
        NotFound: there is no such log.
        UnknownFormat: a newer program wrote it.
        Unavailable: there is no room for the copies.
    """
    database = source / DATABASE if source.is_dir() else source
    with TemporaryDirectory(prefix="vx-rehearse-", dir=_fast(database)) as directory:
        try:
            rehearsal = _Rehearsal(Path(directory), told)
            rehearsal.take(database)
            rehearsal.run(last)
        except OSError as error:
            raise Unavailable(
                "V-5-1-9310",
                "the rehearsal has no room for its copies",
                cause=f"{directory}: {error.strerror or error}",
                fix="make room, or name another directory in TMPDIR",
            ) from error
    differences = rehearsal.differences
    first = differences[0] if differences else None
    return Rehearsed(str(source), VERSION, first is None, tuple(rehearsal.parts), first)


def _fast(database: Path) -> str | None:
    """Return a directory in memory, if it has room: what a flush is for is of no matter here."""
    with suppress(OSError):
        free = os.statvfs(_IN_MEMORY)
        size = sum(path.stat().st_size for path in database.parent.glob(f"{database.name}*"))
        if "TMPDIR" not in os.environ and free.f_bavail * free.f_frsize > _COPIES * size:
            return _IN_MEMORY
    return None


class _Rehearsal:
    """One log's rehearsal, part by part."""

    def __init__(self, directory: Path, told: Told) -> None:
        self._directory = directory
        self._copy = directory / DATABASE
        self._told = told
        self._found = Files(b"", b"")
        self.parts: list[Part] = []
        self.differences: list[Difference] = []

    def take(self, database: Path) -> None:
        """Copy the log as of one moment, and the recording beside it."""
        take_private(database, self._copy, lambda done, total: self._told("copying", done, total))
        self._found = Files.of(self._copy)
        recording = database.parent / recorder.DIRECTORY
        if recording.is_dir():
            shutil.copytree(recording, self._directory / recorder.DIRECTORY)

    def run(self, last: int | None) -> None:
        """Do one part after the other; what rests on a part that differs is left out."""
        if not self._open():
            return
        with open_log(str(self._copy)) as log:
            replayed = self._replay(log)
            if replayed:
                self._crash(log, last)
                self._start()
            else:
                self._note("crashes", "skipped", 0, "the replay differs")
                self._note("start", "skipped", 0, "the replay differs")
            self._repeat(log)

    def _note(self, part: str, outcome: str, count: int, text: str) -> None:
        self.parts.append(Part(part, outcome, count, text))

    def _differs(self, found: Difference, count: int) -> None:
        self.differences.append(found)
        self._note(found.part, "differs", count, found.text)

    def _failed(self, part: str, error: Exception) -> None:
        at = getattr(error, "position", None)
        self._differs(Difference(part, described(error), None, at), 0)

    def _open(self) -> bool:
        """Bring the copy to the schema of this program, as its start would."""
        try:
            with Store.open(self._copy) as store:
                revision = store.backup
        except StoreError as error:
            self._failed("open", error)
            return False
        text = "it is of this program's schema" if revision is None else "it was migrated"
        self._note("open", "same", 1, text)
        return True

    def _replay(self, log: Source) -> bool:
        """Replay both logs, and compare every digest."""
        log.tell(lambda done, total: self._told("replaying", done, total))
        found = [shadow(reader) for reader in log.readers.values()]
        log.tell(None)
        count = sum(one.commits for one in found)
        for one in found:
            if one.difference is not None:
                self._differs(one.difference, count)
                return False
        lifted = sum(sum(one.lifted.values()) for one in found)
        more = f", {lifted} events of earlier versions were lifted" if lifted else ""
        self._note("replay", "same", count, f"every digest is the recorded one{more}")
        return True

    def _crash(self, log: Source, last: int | None) -> None:
        """Crash at every commit, and at every I/O step of the last ones."""
        total = max(0, sum(reader.last() for reader in log.readers.values()) - 1)
        first = 0 if last is None else max(0, total - last)
        io_from = max(first, total - IO_LAST)
        crashing = Crashing(log.readers, log.cluster or "", self._directory)
        at = 0
        try:
            following = transactions(log.readers)
            done = next(following, None)
            while done is not None:
                then = next(following, None)
                if at < first:
                    crashing.skip(done)
                else:
                    crashing.append(done, then, io=at >= io_from)
                crashing.cut_keyframes()
                at, done = at + 1, then
                self._told("crashing", at - first, total - first)
            own = crashing.break_off(self._found)
        except Differs as found:
            self._differs(found.difference, crashing.images)
            return
        except StoreError as error:
            self._failed("crashes", error)
            return
        finally:
            crashing.close()
        more = f", at {own} writes of the WAL that it came with" if own else ""
        text = (
            f"after {at - first} commits{more}, and at every I/O step of the last {at - io_from}"
        )
        self._note("crashes", "same", crashing.images, f"{text}: the recorded state")

    def _start(self) -> None:
        """Start from the copy as a daemon would: its keyframes, its index and its hard state."""
        try:
            store, node = opened(self._copy)
        except Exception as error:  # noqa: BLE001 whatever it is, a daemon would not start
            self._failed("start", error)
            return
        with store:
            for live in (node.shared, node.own):
                if digest.of_state(live.state) != live.digest:
                    text = "the state that a daemon starts from is not the recorded one"
                    name, at = store.logs[live.log].name, live.head.position
                    self._differs(Difference("start", text, name, at), 0)
                    return
        self._note("start", "same", 1, "a daemon starts from it, with the recorded state")

    def _repeat(self, log: Source) -> None:
        """Repeat what was recorded of the core's inputs."""
        steps = 0
        runs = recorder.runs(self._directory)
        for number, paths in enumerate(runs):
            self._told("deciding again", number, len(runs))
            try:
                found = repeated_run(paths, log.readers["shared"], log.readers["node"])
            except (Rejected, StoreError) as error:
                self._note("recording", "skipped", steps, described(error))
                return
            steps += found.steps
            if found.difference is not None:
                self._differs(found.difference, steps)
                return
        if not runs:
            self._note("recording", "skipped", 0, "there is none, or none from its beginning")
            return
        self._note("recording", "same", steps, f"every decision of {len(runs)} runs is the same")
