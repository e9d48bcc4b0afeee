"""A bounded ring of files with everything that went into the core, so that a run can be repeated.

A file is a stream of MessagePack values. The first says with what the run began: how far both
logs went, and the hard state; every other is one step: the clocks, the input, and a checksum of
what the core decided. Recording is best effort: it is not flushed, and an error of the disk ends
it and nothing else. Nothing else of the daemon may rest on it.

`repeat` is the other direction: the same inputs into a core on the same logs, and the first
decision that differs, if one does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, get_args
from zlib import crc32

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from daemon.core.messages import Bulk
from daemon.core.ready import Input, Ready, Received
from daemon.version import VERSION

DIRECTORY = "recording"
FILE_BYTES = 4 << 20
SUFFIX = ".rec"

_KINDS: dict[str, type[Input]] = {kind.__name__: kind for kind in get_args(Input)}
_encode = msgspec.msgpack.Encoder().encode
_LENGTH_BYTES = 4


class Began(Struct, frozen=True, array_like=True):
    """With what a run began: the positions of both logs, and the hard state as it was stored."""

    version: str
    shared: int
    own: int
    hard_state: bytes | None


class Step(Struct, frozen=True, array_like=True):
    """One step: its clocks, its input by kind, and a checksum of the `Ready` that it gave."""

    now_ms: int
    wall_us: int
    kind: str
    said: msgspec.Raw
    decided: int

    def input(self) -> Input:
        """Return what went into the core.

        Raises:
            msgspec.ValidationError: another version of the program recorded it.
        """
        return msgspec.msgpack.decode(self.said, type=_KINDS[self.kind])


def fingerprint(ready: Ready | None) -> int:
    """Return a checksum of everything that a step decided; -1 if it ended in an error.

    But for what it stores without applying it: that is in the input, and its end in what it says.
    """
    if ready is None:
        return -1
    return crc32(_encode(replace(ready, store=()) if ready.store else ready))


def short(said: Input, ready: Ready | None) -> Input:
    """Return an input as it is recorded: without what the log has word for word by then."""
    if isinstance(said, Received) and isinstance(said.message, Bulk) and ready and ready.store:
        return replace(said, message=replace(said.message, body=b""))
    return said


class Recorder:
    """Writes one run into a ring of files of at most `max_bytes` together."""

    def __init__(self, home: Path, began: Began, max_bytes: int) -> None:
        self._directory = home / DIRECTORY
        self._max_bytes = max_bytes
        self._file: BinaryIO | None = None
        self._began = began
        self._run = 0
        self._part = 0
        self._size = 0
        self._waiting: list[tuple[int, int, Input, Ready | None]] = []
        self.problem: str | None = None
        try:
            self._directory.mkdir(mode=0o750, exist_ok=True)
            self._run = 1 + max((run for run, _part in map(_place, files(home))), default=0)
            self._open()
        except OSError as error:
            self._give_up(error)

    def record(self, now_ms: int, wall_us: int, said: Input, ready: Ready | None) -> None:
        """Remember a step until the next `write`; None: it ended in an error.

        Nobody waits for a recording, so it is encoded there: nothing in a step may change until.
        """
        if self._file is not None:
            self._waiting.append((now_ms, wall_us, said, ready))

    def write(self) -> None:
        """Encode what was remembered, and hand it to the operating system."""
        if self._file is None or not self._waiting:
            return
        data = b"".join([_step(*step) for step in self._waiting])
        self._waiting.clear()
        try:
            self._file.write(data)
            self._size += len(data)
            if self._size >= FILE_BYTES:
                self._file.close()
                self._part += 1
                self._open()
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """End the recording of this run."""
        self.write()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> None:
        path = self._directory / f"{self._run:08d}-{self._part:06d}{SUFFIX}"
        self._file = path.open("xb", buffering=0)
        path.chmod(0o640)
        self._size = 0
        if self._part == 0:
            self._file.write(_framed(self._began))
        self._drop_oldest()

    def _drop_oldest(self) -> None:
        """Keep the ring within its bound; a run whose beginning is gone cannot be repeated."""
        there = files(self._directory.parent)
        size = FILE_BYTES + sum(path.stat().st_size for path in there)
        for path in there[:-1]:
            if size <= self._max_bytes:
                return
            size -= path.stat().st_size
            path.unlink()

    def _give_up(self, error: OSError) -> None:
        self.problem = f"the recording ended: {error.strerror or error}"
        self._file = None
        self._waiting.clear()


def files(home: Path) -> list[Path]:
    """Return the files of a home's recording, oldest first."""
    return sorted((home / DIRECTORY).glob(f"*{SUFFIX}"))


def _place(path: Path) -> tuple[int, int]:
    run, _dash, part = path.stem.partition("-")
    return int(run), int(part)


def runs(home: Path) -> list[list[Path]]:
    """Return the files of each run that is there from its beginning, oldest run first."""
    found: dict[int, list[Path]] = {}
    for path in files(home):
        found.setdefault(_place(path)[0], []).append(path)
    return [paths for _run, paths in sorted(found.items()) if _place(paths[0])[1] == 0]


def read(paths: list[Path]) -> tuple[Began, Iterator[Step]]:
    """Return with what a run began, and its steps; one that was cut off ends with the last whole.

    Raises:
        msgspec.DecodeError: it is no recording, or another version's.
    """
    bodies = _bodies(paths)
    began = msgspec.msgpack.decode(next(bodies, b""), type=Began)
    decoder = msgspec.msgpack.Decoder(Step)
    return began, (decoder.decode(body) for body in bodies)


def _bodies(paths: list[Path]) -> Iterator[bytes]:
    for path in paths:
        data = path.read_bytes()
        at = 0
        while at + _LENGTH_BYTES <= len(data):
            length = int.from_bytes(data[at : at + _LENGTH_BYTES], "big")
            at += _LENGTH_BYTES
            if at + length > len(data):
                return
            yield data[at : at + length]
            at += length


def _step(now_ms: int, wall_us: int, said: Input, ready: Ready | None) -> bytes:
    body = msgspec.Raw(_encode(short(said, ready)))
    return _framed(Step(now_ms, wall_us, type(said).__name__, body, fingerprint(ready)))


def _framed(value: Any) -> bytes:
    body = _encode(value)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


def began_with(shared: int, own: int, hard_state: bytes | None) -> Began:
    """Return the first value of a run's recording."""
    return Began(VERSION, shared, own, hard_state)
