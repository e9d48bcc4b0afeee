"""A bundle: a slice of a node's logs in one file, with all that is needed to believe it.

The file: ``vxbundle 1``, a line feed; the manifest, as JSON; the signature over it, as JSON; then
the sections, one after the other, each a Zstandard frame. A length of four bytes is before
manifest and signature. The manifest has the SHA-256 of every section. Sections, for each log:

``LOG.commits``   the commits (`eventstore.proofs.packing`)
``LOG.keyframe``  the state after the first one, where the slice begins later than its log
``LOG.proof``     the headers from the last one on to the signed head, which make a chain

and ``recording/NAME``: what went into the core of the node's daemon. Nothing is decompressed
before its hash was looked at, and nothing is longer than the manifest says.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from eventstore.codec import Commit, chain
from eventstore.compression import NotCompressed, compress, decompress
from eventstore.errors import Conflict, Rejected, StoreError, UnknownFormat
from eventstore.proofs import packing
from eventstore.proofs.heads import Head
from eventstore.proofs.signing import Endorsement, Key, signed_by
from eventstore.storage import slices
from eventstore.storage.keyframes import Keyframe
from eventstore.storage.offline import read_store
from eventstore.storage.reader import LogReader

MAGIC = b"vxbundle 1\n"
FORMAT = 1
_FAMILY = b"vxbundle "
_LENGTH_BYTES = 4
MANIFEST_MAX = 16 << 20
SECTION_MAX = 1 << 30


class Section(Struct, frozen=True):
    """A part of the file: how long it is, packed and as it was, and the hash of it packed."""

    name: str
    packed: int
    size: int
    sha256: str


class Log(Struct, frozen=True):
    """What there is of a log: from `first` to `last`; `before` is the hash before that."""

    log: str
    name: str
    lineage: str
    first: int
    last: int
    before: str


class Manifest(Struct, frozen=True):
    """What a bundle says of itself."""

    format: int
    made: str
    by: str
    node: str
    cluster: str
    cluster_id: str
    programs: dict[str, str]
    model: str
    redacted: bool
    logs: list[Log]
    heads: list[Head]
    sections: list[Section]


class Signature(Struct, frozen=True):
    """Who vouches for a manifest; empty: nobody."""

    node: str = ""
    key: str = ""
    signature: str = ""
    endorsement: Endorsement | None = None


_encode = msgspec.msgpack.Encoder().encode


def _said(manifest: bytes, node: str) -> str:
    return f"vxconfigd bundle 1\nnode {node}\nmanifest {sha256(manifest).hexdigest()}\n"


def written(
    manifest: Manifest,
    sections: dict[str, bytes],
    signer: tuple[Key, Endorsement | None] | None,
) -> tuple[bytes, Manifest]:
    """Return the bytes of a bundle, and its manifest with the sections that are given."""
    frames = {name: compress(data) for name, data in sections.items()}
    listed = [
        Section(name, len(frame), len(sections[name]), sha256(frame).hexdigest())
        for name, frame in frames.items()
    ]
    whole = msgspec.structs.replace(manifest, sections=listed)
    body = msgspec.json.encode(whole)
    vouched = Signature()
    if signer is not None:
        key, endorsement = signer
        signature = key.sign(_said(body, manifest.node))
        vouched = Signature(manifest.node, key.public, signature, endorsement)
    told = msgspec.json.encode(vouched)
    parts = [MAGIC, _length(body), body, _length(told), told, *frames.values()]
    return b"".join(parts), whole


def _length(data: bytes) -> bytes:
    return len(data).to_bytes(_LENGTH_BYTES, "big")


def is_bundle(path: Path) -> bool:
    """Tell whether a file is a bundle, of whatever version."""
    try:
        with path.open("rb") as file:
            return file.read(len(_FAMILY)) == _FAMILY
    except OSError:
        return False


class Bundle:
    """A bundle that was read; its manifest is not believed before `problems` says nothing."""

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises:
            Rejected: it is no bundle, or cannot be read.
            UnknownFormat: a newer program wrote it.
            Conflict: it is not what was written.
        """
        self.path = path
        try:
            self._data = memoryview(path.read_bytes())
        except OSError as error:
            raise no_bundle(path, str(error)) from error
        if self._data[: len(MAGIC)] != MAGIC:
            raise _other_format(path, bytes(self._data[: len(MAGIC)]))
        try:
            body, at = self._counted(len(MAGIC))
            told, self._at = self._counted(at)
            self.manifest = msgspec.json.decode(body, type=Manifest)
            self.signature = msgspec.json.decode(told, type=Signature)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            raise self._changed(f"its beginning cannot be read: {error}") from error
        self._body = bytes(body)
        self._places = self._check_sections()

    def _counted(self, at: int) -> tuple[memoryview, int]:
        begin = at + _LENGTH_BYTES
        length = int.from_bytes(self._data[at:begin], "big")
        if length > MANIFEST_MAX or begin + length > len(self._data):
            raise ValueError("it is cut short")
        return self._data[begin : begin + length], begin + length

    def _check_sections(self) -> dict[str, tuple[Section, memoryview]]:
        at, found = self._at, dict[str, tuple[Section, memoryview]]()
        for section in self.manifest.sections:
            frame = self._data[at : at + section.packed]
            if sha256(frame).hexdigest() != section.sha256:
                raise self._changed(f"section {section.name} is another one")
            found[section.name] = section, frame
            at += section.packed
        if at != len(self._data):
            raise self._changed("it is longer, or shorter, than it says")
        return found

    def _changed(self, cause: str) -> Conflict:
        return Conflict(
            "V-5-1-9269",
            f"{self.path}: the bundle is not what was written",
            cause=cause,
            fix="get it again from whoever made it",
        )

    def section(self, name: str) -> bytes:
        """Return what a section holds; nothing if there is none.

        Raises:
            Conflict: it is not what was written.
        """
        if name not in self._places:
            return b""
        section, frame = self._places[name]
        try:
            data = decompress(bytes(frame), min(section.size, SECTION_MAX))
        except NotCompressed as error:
            raise self._changed(f"section {name}: {error}") from error
        return data

    def recording(self) -> dict[str, bytes]:
        """Return the files of the recording, by their names."""
        names = [name for name in self._places if name.startswith("recording/")]
        return {Path(name).name: self.section(name) for name in names}

    def commits(self, log: Log) -> list[Commit]:
        """Return what there is of a log; that they make a chain is for whoever reads them.

        Raises:
            Conflict: it is not what was written.
        """
        try:
            if log.last < log.first:
                return []
            data = self.section(f"{log.log}.commits")
            found = packing.unpack(data, log.first, bytes.fromhex(log.before))
        except ValueError as error:
            raise self._changed(f"section {log.log}.commits: {error}") from error
        if found[-1].position != log.last:
            raise self._changed(f"log {log.name} ends @{found[-1].position}, not @{log.last}")
        return found

    def unfold(self, path: Path) -> None:
        """Write the slice of the logs as a store that can be read.

        Raises:
            Conflict: the bundle is not what was written.
            Unavailable: there is no room.
        """
        slices.write(path, [self._part(log) for log in self.manifest.logs])

    def _part(self, log: Log) -> slices.Part:
        data = self.section(f"{log.log}.keyframe")
        keyframe = None
        if data:
            try:
                keyframe = msgspec.msgpack.decode(data, type=tuple[Keyframe, bytes])
            except msgspec.DecodeError as error:
                raise self._changed(f"section {log.log}.keyframe: {error}") from error
        lineage, before = bytes.fromhex(log.lineage), bytes.fromhex(log.before)
        return slices.Part(
            log.log, log.name, lineage, log.first, before, self.commits(log), keyframe
        )

    def problems(self) -> list[str]:
        """Return why it is not to be believed, certificates and the logs themselves apart."""
        found = []
        vouched = self.signature
        if not vouched.signature:
            found.append("nobody signed the bundle itself")
        elif not signed_by(vouched.key, vouched.signature, _said(self._body, vouched.node)):
            found.append(f"the signature of {vouched.node} over the bundle does not hold")
        for log in self.manifest.logs:
            found += self._unproven(log)
        return found

    def _unproven(self, log: Log) -> list[str]:
        """Return why a log does not lead to a signed head."""
        commits = self.commits(log)
        if not commits:
            return []
        last = commits[-1]
        heads = [head for head in self.manifest.heads if head.lineage == log.lineage]
        if not any(head.signature for head in heads):
            return [f"{log.name}: no signed head of it is here"]
        at, hash_ = last.position, last.hash
        for header in self._proof(log):
            at, hash_ = at + 1, chain(hash_, header)
        if any((head.position, head.hash) == (at, hash_.hex()) for head in heads):
            return []
        return [f"{log.name}: the commits do not lead to the signed head"]

    def _proof(self, log: Log) -> list[bytes]:
        data = self.section(f"{log.log}.proof")
        try:
            return msgspec.msgpack.decode(data, type=list[bytes]) if data else []
        except msgspec.DecodeError as error:
            raise self._changed(f"section {log.log}.proof: {error}") from error


@contextmanager
def reading(path: Path) -> Iterator[dict[str, LogReader]]:
    """Open a bundle's logs as those of a store.

    Raises:
        Rejected, UnknownFormat, Conflict: as `Bundle`.
        Unavailable: there is no room.
    """
    bundle = Bundle(path)
    with tempfile.TemporaryDirectory(prefix="vx-bundle-") as directory:
        file = Path(directory) / "log.db"
        bundle.unfold(file)
        with read_store(file) as readers:
            yield readers


def no_bundle(path: Path, cause: str) -> StoreError:
    """Return the error for a file that is no bundle."""
    return Rejected(
        "V-5-1-9268",
        f"{path} is no bundle",
        cause=cause,
        fix="'vx bundle create -O FILE' makes one",
    )


def _other_format(path: Path, begin: bytes) -> StoreError:
    if begin.startswith(_FAMILY):
        return UnknownFormat(
            "V-5-1-2829",
            f"{path} is in a format that this program does not know",
            cause=f"this program knows {MAGIC.decode().strip()!r}; a newer one wrote it",
            fix="read it with the version that wrote it, or a later one",
            rule="B5",
        )
    return no_bundle(path, "it does not begin as one")


def packed_keyframe(frame: Keyframe, pieces: list[bytes]) -> bytes:
    """Return the section of a keyframe."""
    return _encode((frame, b"".join(pieces)))


def packed_proof(headers: list[bytes]) -> bytes:
    """Return the section of a proof."""
    return _encode(headers)


def summary(manifest: Manifest) -> dict[str, Any]:
    """Return what a manifest says, as plain data."""
    return msgspec.to_builtins(manifest)  # type: ignore[no-any-return]
