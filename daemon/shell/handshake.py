"""Who may talk to whom: what two daemons say first, and what is refused (G1, B5).

The first frame each way is a `Hello`, or a `Refusal` that says why there will be none. They are
maps and keep their form for ever: a daemon of another protocol has to understand them. It decides
from what it is given, and touches no connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from daemon.version import PROTOCOL_MAX, PROTOCOL_MIN

FRAME_MAX = 4096
"""Bytes of a `Hello` or a `Refusal`; ours need about 120."""

_URI = re.compile(r"vxconfigd://([A-Za-z0-9._-]{1,64})/([A-Za-z0-9][A-Za-z0-9_.-]{0,30})\Z")
_CLUSTER_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


class Identity(NamedTuple):
    """A node of a cluster, as a certificate names it."""

    cluster_id: str
    node: str

    @property
    def uri(self) -> str:
        """Return the form in which it stands in a certificate."""
        return f"vxconfigd://{self.cluster_id}/{self.node}"


def is_cluster_id(text: str) -> bool:
    """Whether a text can name a cluster in a certificate."""
    return _CLUSTER_ID.match(text) is not None


def identity_in(uris: Sequence[str]) -> Identity | None:
    """Return whom a certificate names: exactly one node, else nobody."""
    found = [match for uri in uris if (match := _URI.match(uri))]
    return Identity(*found[0].groups()) if len(found) == 1 == len(uris) else None


def certified(certificate: Mapping[str, Any] | None) -> Identity | None:
    """Return whom the certificate of the other end names, from what ``getpeercert`` gives."""
    names = (certificate or {}).get("subjectAltName", ())
    return identity_in([value for kind, value in names if kind == "URI"])


class Hello(Struct, frozen=True, tag="hello", tag_field="m"):
    """Who speaks, and which cluster protocols it knows."""

    cluster: str
    node: str
    protocols: tuple[int, int] = (PROTOCOL_MIN, PROTOCOL_MAX)


class Refusal(Struct, frozen=True, tag="refused", tag_field="m"):
    """Why there is no conversation."""

    id: str
    message: str


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Hello | Refusal).decode
"""Bytes -> what was said first; raises msgspec.DecodeError for anything else."""


def judge(
    said: Hello, certificate: Identity | None, own: Hello, expected: str | None
) -> Refusal | None:
    """Return why whoever said that is refused, or None.

    `certificate` is whom its certificate names; `expected` the node that was dialed.
    """
    if certificate is None or "" in (said.node, said.cluster):
        return Refusal("V-5-1-9046", "the certificate or the greeting names no node of a cluster")
    if not certificate.cluster_id == said.cluster == own.cluster:
        theirs = said.cluster if said.cluster != own.cluster else certificate.cluster_id
        return Refusal("V-5-1-9047", f"{said.node!r:.40} is of cluster {theirs!r:.70}, "
                       f"{own.node} of {own.cluster!r}")  # fmt: skip
    if certificate.node != said.node:
        return Refusal(
            "V-5-1-9048",
            f"the certificate of {certificate.node} does not make it {said.node!r:.40}",
        )
    if said.node == own.node:
        return Refusal("V-5-1-9049", f"{said.node} is the name of this node itself")
    if expected is not None and said.node != expected:
        return Refusal("V-5-1-9048", f"{said.node} answered where {expected} was asked for")
    if not _have_a_protocol_in_common(said.protocols, own.protocols):
        return Refusal(
            "V-5-1-9050",
            "protocol version out of range: "
            f"{own.node} speaks {_span(own.protocols)}, {said.node} {_span(said.protocols)}",
        )
    return None


def _have_a_protocol_in_common(some: tuple[int, int], others: tuple[int, int]) -> bool:
    return max(some[0], others[0]) <= min(some[1], others[1])


def _span(protocols: tuple[int, int]) -> str:
    return "{} to {}".format(*protocols)
