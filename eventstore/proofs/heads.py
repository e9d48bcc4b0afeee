"""Signed heads: where a log ended at a moment, said so that it cannot be unsaid.

A head names a log by its lineage, a position, and the hash there, which covers every commit up to
it; the digest of the state; when, and which node says so. What is signed is the text of `text`,
line by line, so that it can be checked with other tools. Others witness it: they sign its hash,
and what they found. Whoever has a head from outside can tell whether a log is still the same.

It does no I/O, and reads no clock.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Literal

import msgspec
from msgspec import Struct

from eventstore.codec import Commit
from eventstore.errors import Rejected, StoreError
from eventstore.proofs.signing import Endorsement, Key, problem_of, signed_by
from eventstore.text import iso

Found = Literal["same", "kept"]
"""``same``: the witness's own log has the same hash there. ``kept``: it has no such log; it keeps
the head, and found nothing in what it kept before that speaks against it."""


class Witness(Struct, frozen=True):
    """Another node's word that it saw a head; `head` is the hash of its text."""

    node: str
    head: str
    found: Found
    time: str
    key: str
    signature: str
    endorsement: Endorsement | None = None

    @property
    def text(self) -> str:
        """Return what is signed."""
        return (
            f"vxconfigd witness 1\nhead {self.head}\nfound {self.found}\ntime {self.time}\n"
            f"node {self.node}\nkey {self.key}\n"
        )


class Head(Struct, frozen=True):
    """Where a log ended; `key` and `signature` are empty if nobody signed it."""

    cluster: str
    log: str
    lineage: str
    position: int
    hash: str
    digest: str
    time: str
    node: str
    key: str = ""
    signature: str = ""
    endorsement: Endorsement | None = None
    witnesses: tuple[Witness, ...] = ()

    @property
    def text(self) -> str:
        """Return what is signed."""
        return (
            f"vxconfigd head 1\ncluster {self.cluster}\nlog {self.log}\nlineage {self.lineage}\n"
            f"position {self.position}\nhash {self.hash}\ndigest {self.digest}\n"
            f"time {self.time}\nnode {self.node}\nkey {self.key}\n"
        )

    @property
    def name(self) -> str:
        """Return the hash of the text, by which witnesses name it."""
        return sha256(self.text.encode()).hexdigest()


def head_of(
    commit: Commit, lineage: bytes, log: str, *, cluster: str, node: str, time_us: int
) -> Head:
    """Return the head of a log whose last commit is given, unsigned."""
    return Head(
        cluster, log, lineage.hex(), commit.position, commit.hash.hex(), commit.digest.hex(),
        iso(time_us), node,
    )  # fmt: skip


def sign(head: Head, key: Key, endorsement: Endorsement | None = None) -> Head:
    """Return a head with the signature of its node."""
    named = msgspec.structs.replace(head, key=key.public, endorsement=endorsement)
    return msgspec.structs.replace(named, signature=key.sign(named.text))


def witness(
    head: Head, found: Found, *, node: str, time_us: int, key: Key, endorsement: Endorsement | None
) -> Witness:
    """Return a node's word that it saw a head."""
    said = Witness(node, head.name, found, iso(time_us), key.public, "", endorsement)
    return msgspec.structs.replace(said, signature=key.sign(said.text))


def witnessed(head: Head, words: tuple[Witness, ...]) -> Head:
    """Return a head with the words of its witnesses."""
    return msgspec.structs.replace(head, witnesses=words)


def problems(head: Head, authority: bytes | None = None) -> list[str]:
    """Return what is wrong with the signatures of a head and of its witnesses.

    With `authority` (a ``ca.pem``) also whether each key is the node's by a certificate.
    """
    if not head.signature:
        return ["nobody signed it"]
    found = _problems(head, authority, head.cluster)
    for one in head.witnesses:
        if one.head != head.name:
            found.append(f"the word of {one.node} is about another head")
        found += _problems(one, authority, head.cluster)
    return found


def _problems(said: Head | Witness, authority: bytes | None, cluster: str) -> list[str]:
    if not signed_by(said.key, said.signature, said.text):
        return [f"the signature of {said.node} does not hold"]
    if authority is None:
        return []
    if said.endorsement is None:
        return [f"no certificate says that the key is {said.node}'s"]
    why = problem_of(said.endorsement, cluster, said.node, said.key, authority, said.time)
    return [] if why is None else [f"{said.node}: {why}"]


def contradicts(head: Head, kept: Head) -> str | None:
    """Return why a head speaks against one that was kept before of the same log, or None.

    Two heads at one position have one hash; a log does not become shorter.
    """
    if (head.log, head.lineage) != (kept.log, kept.lineage):
        return None
    if head.position < kept.position:
        return f"it ended @{kept.position} before, and now @{head.position}"
    if head.position == kept.position and head.hash != kept.hash:
        return f"it has another hash @{head.position} than before"
    return None


class Outside(Struct, frozen=True):
    """What is compared with a log: a place in it, and the hash and digest there."""

    lineage: str
    position: int
    hash: str
    digest: str = ""
    source: str = ""
    log: str = ""

    @classmethod
    def of(cls, head: Head, source: str = "") -> Outside:
        """Return what a head says of its log."""
        return cls(head.lineage, head.position, head.hash, head.digest, source, head.log)


def loaded(document: Any) -> list[Head]:
    """Return the heads of a document: what ``vx head`` printed or wrote.

    Raises:
        Rejected: it holds none.
    """
    try:
        if isinstance(document, dict):
            document = document.get("data", document)
        if isinstance(document, dict):
            document = document["heads"]
        found = [one if isinstance(one, Head) else msgspec.convert(one, Head) for one in document]
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise not_heads(str(error)) from error
    if not found:
        raise not_heads("it is empty")
    return found


def not_heads(cause: str) -> StoreError:
    """Return the error for a file that holds no heads."""
    return Rejected(
        "V-5-1-9262",
        "the file holds no heads of logs",
        cause=cause,
        fix="'vx head -O FILE' writes one",
    )
