"""Making a bundle of a node's logs: from which commit to which, and what has to go with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from eventstore.errors import Damaged, NotFound
from eventstore.past.moments import Moment
from eventstore.present.standing import Log as LogName
from eventstore.proofs import bundles, packing
from eventstore.proofs.bundles import Log, Manifest
from eventstore.proofs.heads import Head
from eventstore.proofs.signing import Endorsement, Key
from eventstore.source import Source, Then
from eventstore.storage.keyframes import MODEL, Keyframe, cut
from eventstore.storage.reader import LogReader

_LOGS: tuple[LogName, ...] = ("shared", "node")


class Wanted(NamedTuple):
    """What is to be in a bundle, and what it says of itself."""

    since: Moment | None
    until: Moment | None
    redact: bool
    heads: Sequence[Head]
    recording: dict[str, bytes]
    made: str
    by: str
    programs: dict[str, str]
    cluster_id: str
    signer: tuple[Key, Endorsement | None] | None = None


def bundle(source: Source, wanted: Wanted) -> tuple[bytes, Manifest]:
    """Return the bytes of a bundle, and its manifest.

    Raises:
        NotFound: a log has no such moment.
        Damaged: a log does not hold what is wanted.
    """
    sections: dict[str, bytes] = {}
    logs, heads = [], list[Head]()
    for name in _LOGS:
        log, head = _of_log(source, name, wanted, sections)
        logs.append(log)
        heads += [head] if head is not None else []
    for file, data in wanted.recording.items():
        sections[f"recording/{file}"] = data
    manifest = Manifest(
        bundles.FORMAT, wanted.made, wanted.by, source.readers["node"].name.removeprefix("node/"),
        source.cluster or "", wanted.cluster_id, wanted.programs, MODEL, wanted.redact, logs,
        heads, [],
    )  # fmt: skip
    return bundles.written(manifest, sections, wanted.signer)


def _of_log(
    source: Source, name: LogName, wanted: Wanted, sections: dict[str, bytes]
) -> tuple[Log, Head | None]:
    reader = source.readers[name]
    first, last = _reach(source, name, wanted)
    before = _hash_before(reader, first)
    about = Log(name, reader.name, reader.lineage.hex(), first, last, before.hex())
    if last < first:
        return about, None
    commits = reader.commits(first, last)
    sections[f"{name}.commits"] = packing.pack(commits, redact=wanted.redact)
    if first > 1:
        sections[f"{name}.keyframe"] = _keyframe(source, name, first)
    head = _nearest(reader, last, wanted.heads)
    if head is not None and head.position > last:
        headers = [commit.header for commit in reader.commits(last + 1, head.position)]
        sections[f"{name}.proof"] = bundles.packed_proof(headers)
    return about, head


def _reach(source: Source, name: LogName, wanted: Wanted) -> tuple[int, int]:
    """Return the first and the last commit; the first is the one before what is asked for.

    So the state before the first change is there, and what it changed can be told.
    """
    reader = source.readers[name]
    last = reader.last()
    if wanted.until is not None:
        last = _position(source, name, wanted.until)
    first = reader.first
    if wanted.since is not None:
        at = _position(source, name, wanted.since)
        # The last commit before a time is the state in which that time begins.
        first = max(first, at if wanted.since.kind == "time" else at - 1)
    return min(first, max(last, 1)), last


def _position(source: Source, name: LogName, moment: Moment) -> int:
    try:
        return Then(source, moment, source.default).resolved(name).position
    except NotFound:
        if moment.kind != "time" and name == source.default:
            raise
        return 0


def _hash_before(reader: LogReader, first: int) -> bytes:
    return reader.before if first <= reader.first else reader.commit(first - 1).hash


def _keyframe(source: Source, name: LogName, first: int) -> bytes:
    reader = source.readers[name]
    commit = reader.commit(first)
    place = Keyframe(reader.log, first, commit.hash, commit.digest, first)
    frame, pieces = cut(reader.lineage, place, source.replayers[name].state_at(first))
    return bundles.packed_keyframe(frame, pieces)


def _nearest(reader: LogReader, last: int, heads: Sequence[Head]) -> Head | None:
    """Return the first head at or behind the last commit, a signed one before any other.

    Raises:
        Damaged: the log is not the one that the head is of.
    """
    here = [
        head
        for head in heads
        if head.lineage == reader.lineage.hex() and last <= head.position <= reader.last()
    ]
    if not here:
        return None
    found = min(here, key=lambda head: (not head.signature, head.position))
    if reader.commit(found.position).hash.hex() != found.hash:
        raise Damaged(
            f"log {reader.name}: commit @{found.position} is another one than a signed head says",
            position=found.position,
            cause="'vx verify --head' tells more",
        )
    return found
