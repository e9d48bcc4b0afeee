"""Signed heads: what is signed, by whom, and what does not pass for it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.shell import authority, clock
from eventstore.errors import Rejected
from eventstore.proofs import heads, signing
from eventstore.proofs.heads import Head, Witness
from eventstore.text import iso

CLUSTER = "c" * 32
NOW_US = 1_790_000_000_000_000
A_HEAD = Head(CLUSTER, "shared", "ab" * 16, 12, "cd" * 32, "01" + "ef" * 16, iso(NOW_US), "node1")


def home(where: Path, node: str = "node1") -> Path:
    (where / node).mkdir(exist_ok=True)
    return where / node


def signed(where: Path, node: str = "node1", *, head: Head = A_HEAD) -> Head:
    key = signing.key_of(home(where, node), make=True)
    said = msgspec.structs.replace(head, node=node)
    return heads.sign(said, key, signing.endorse(home(where, node), key.public))


def with_witness(where: Path, head: Head) -> Head:
    key = signing.key_of(home(where, "node2"), make=True)
    endorsement = signing.endorse(home(where, "node2"), key.public)
    word = heads.witness(
        head, "same", node="node2", time_us=NOW_US, key=key, endorsement=endorsement
    )
    return heads.witnessed(head, (word,))


def changed(said: Any, **fields: Any) -> Any:
    return msgspec.structs.replace(said, **fields)


def test_the_key_is_its_owners_alone_and_stays_the_same(tmp_path: Path) -> None:
    key = signing.key_of(home(tmp_path), make=True)
    path = home(tmp_path) / signing.KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signing.key_of(home(tmp_path), make=True).public == key.public


def test_a_key_that_lies_open_is_not_used(tmp_path: Path) -> None:
    signing.key_of(home(tmp_path), make=True)
    (home(tmp_path) / signing.KEY).chmod(0o640)
    with pytest.raises(Rejected, match="can be read by others"):
        signing.key_of(home(tmp_path))


def test_what_is_no_key_is_named(tmp_path: Path) -> None:
    path = home(tmp_path) / signing.KEY
    path.write_text("nothing")
    path.chmod(0o600)
    with pytest.raises(Rejected, match="no key that can sign"):
        signing.key_of(home(tmp_path))


def test_a_signed_and_witnessed_head_holds(tmp_path: Path) -> None:
    assert heads.problems(with_witness(tmp_path, signed(tmp_path))) == []


def test_a_head_that_nobody_signed_does_not() -> None:
    assert heads.problems(A_HEAD) == ["nobody signed it"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cluster", "d" * 32), ("log", "node/node1"), ("lineage", "00" * 16), ("position", 13),
        ("hash", "00" * 32), ("digest", "00" * 17), ("time", iso(NOW_US + 1)), ("node", "node2"),
        ("signature", "00" * 64), ("signature", "xy"), ("key", "00" * 32), ("key", ""),
    ],
)  # fmt: skip
def test_no_field_of_a_signed_head_can_be_changed(
    field: str, value: object, tmp_path: Path
) -> None:
    planted = changed(signed(tmp_path), **{field: value})
    assert any("does not hold" in problem for problem in heads.problems(planted))


@pytest.mark.parametrize(
    ("field", "value"),
    [("node", "node3"), ("found", "kept"), ("time", iso(0)), ("head", "00" * 32), ("key", "11")],
)
def test_no_field_of_a_witness_can_be_changed(field: str, value: object, tmp_path: Path) -> None:
    head = with_witness(tmp_path, signed(tmp_path))
    words: tuple[Witness, ...] = (changed(head.witnesses[0], **{field: value}),)
    assert heads.problems(heads.witnessed(head, words)) != []


def test_a_word_about_another_head_is_no_word_about_this_one(tmp_path: Path) -> None:
    head = with_witness(tmp_path, signed(tmp_path))
    other = signed(tmp_path, head=changed(A_HEAD, position=13))
    problems = heads.problems(heads.witnessed(other, head.witnesses))
    assert problems == ["the word of node2 is about another head"]


def certified(where: Path, *nodes: str, ca: str = "ca") -> bytes:
    """Give homes certificates of one authority; return its own."""
    authority.create(where / ca, CLUSTER)
    for node in nodes:
        authority.issue(where / ca, node, home(where, node))
    return (where / ca / "ca.pem").read_bytes()


def now_head() -> Head:
    """A head of a time at which the certificates are valid."""
    return msgspec.structs.replace(A_HEAD, time=iso(clock.wall_us()))


def test_a_certificate_of_the_authority_says_whose_the_key_is(tmp_path: Path) -> None:
    pem = certified(tmp_path, "node1")
    head = signed(tmp_path, head=now_head())
    assert heads.problems(head, pem) == []
    assert head.endorsement is not None


def test_without_a_certificate_nothing_says_so(tmp_path: Path) -> None:
    pem = certified(tmp_path, "node2")
    head = signed(tmp_path, head=now_head())
    assert heads.problems(head, pem) == ["no certificate says that the key is node1's"]


def test_a_certificate_of_another_authority_says_nothing(tmp_path: Path) -> None:
    certified(tmp_path, "node1")
    other = certified(tmp_path, ca="other")
    head = signed(tmp_path, head=now_head())
    assert heads.problems(head, other) == ["node1: the authority did not make the certificate"]


def test_the_certificate_of_another_node_says_nothing(tmp_path: Path) -> None:
    pem = certified(tmp_path, "node1", "node2")
    other = signed(tmp_path, "node2", head=now_head())
    key = signing.key_of(home(tmp_path), make=True)
    stolen = heads.sign(now_head(), key, other.endorsement)
    assert "names vxconfigd://" in heads.problems(stolen, pem)[0]


def test_a_key_that_the_certificate_did_not_sign_for_is_nobodys(tmp_path: Path) -> None:
    pem = certified(tmp_path, "node1")
    head = signed(tmp_path, head=now_head())
    (home(tmp_path) / signing.KEY).unlink()
    other = heads.sign(now_head(), signing.key_of(home(tmp_path), make=True), head.endorsement)
    assert heads.problems(other, pem) == [
        "node1: the key of the certificate did not sign for this one"
    ]


def test_a_head_from_outside_the_time_of_the_certificate_is_not_believed(tmp_path: Path) -> None:
    pem = certified(tmp_path, "node1")
    assert "was not valid then" in heads.problems(signed(tmp_path), pem)[0]


@pytest.mark.parametrize(
    ("later", "why"),
    [
        ({"position": 13, "hash": "00" * 32}, None),
        ({}, None),
        ({"hash": "00" * 32}, "another hash @12"),
        ({"position": 11}, "ended @12 before, and now @11"),
        ({"position": 11, "lineage": "00" * 16}, None),
        ({"position": 11, "log": "node/node1"}, None),
    ],
)
def test_two_heads_of_a_log_go_together_or_do_not(later: dict[str, Any], why: str | None) -> None:
    said = heads.contradicts(changed(A_HEAD, **later), A_HEAD)
    assert said is None if why is None else why in str(said)


@pytest.mark.parametrize("document", [[], {}, {"heads": []}, {"heads": [{"log": "shared"}]}, 7])
def test_what_holds_no_heads_is_refused(document: object) -> None:
    with pytest.raises(Rejected, match="holds no heads"):
        heads.loaded(document)


def test_heads_are_read_from_what_was_printed(tmp_path: Path) -> None:
    head = with_witness(tmp_path, signed(tmp_path))
    envelope = {"schema": "vx.head/v1", "data": {"heads": [msgspec.to_builtins(head)]}}
    assert heads.loaded(envelope) == [head]
