"""The digest's rules, pinned: a library that changed its output would be noticed."""

import pytest
from msgspec.structs import replace

from eventstore.model import digest
from eventstore.model.objects import (
    AnyRecord,
    Cluster,
    Device,
    Disk,
    DiskGroup,
    Node,
    Plex,
    Subdisk,
    Volume,
)
from eventstore.model.state import State
from tests.support.model import a_world, make

VECTORS: list[tuple[AnyRecord, str, str]] = [
    (
        Cluster("", 0, "prod", "c1", ("node1", "node2")),
        "96a7636c7573746572a000a470726f64a2633192a56e6f646531a56e6f646532",
        "6cf216a96887ecf3a262fb5a36bbf29f",
    ),
    (
        Node("", 0, "node1", "c1", next_rid=7, boot_id="b", running=True),
        "98a46e6f6465a000a56e6f646531a2633107a162c3",
        "4cdf73caa3d8839a7c5497dcd8952ede",
    ),
    (
        Device("", 3, "sda", "wwid:x", 2880),
        "96a26461a003a3736461a6777769643a78cd0b40",
        "64b88cf2399410dcd9a53647a27cf9ec",
    ),
    (
        Device(
            "",
            3,
            "sda",
            "wwid:x",
            2880,
            present=False,
            disk_id="1.3.n",
            private_len=1024,
            public_len=1600,
        ),
        "9ba26461a003a3736461a6777769643a78cd0b40c2c2a5312e332e6ecd0400cd0640",
        "a7473b3d7dae2c8d65b2301aa9c7244c",
    ),
    (
        DiskGroup("1.1.n", 0, "dg", base_minor=1000),
        "96a26467a5312e312e6e00a2646701cd03e8",
        "faef635a57b7e8c46ee78dfe7e469c73",
    ),
    (
        Disk("1.1.n", 1, "d1", 3, "sda", "1.3.n", 1024, 1600, "NODEVICE"),
        "9aa2646da5312e312e6e01a2643103a3736461a5312e332e6ecd0400cd0640a84e4f444556494345",
        "d4b51607b7b295070ef199e4b91023f5",
    ),
    (
        Volume("1.1.n", 2, "vol", 100),
        "95a176a5312e312e6e02a3766f6c64",
        "1c5e74d71ae4368deb69edd1b1f9c1d5",
    ),
    (
        Volume("1.1.n", 2, "vol", 100, kstate="DISABLED"),
        "96a176a5312e312e6e02a3766f6c64a844495341424c4544",
        "be0a9f636b5a176b137710b53753de4f",
    ),
    (
        Plex("1.1.n", 3, "vol-01", 2, 100),
        "96a2706ca5312e312e6e03a6766f6c2d30310264",
        "f4bf82764a2b42c49a27ca32e5ffca2d",
    ),
    (
        Subdisk("1.1.n", 4, "d1-01", 3, 1, 2**40, 100, 2**32),
        "99a27364a5312e312e6e04a564312d30310301cf000001000000000064cf0000000100000000",
        "431302ccf4c4de8dc01394f3839d9824",
    ),
]


@pytest.mark.parametrize(("record", "canonical", "hashed"), VECTORS)
def test_the_hash_of_a_record_is_pinned(record: AnyRecord, canonical: str, hashed: str) -> None:
    assert digest.canonical(record).hex() == canonical
    assert f"{digest.of_record(record):032x}" == hashed


def test_the_stored_form_begins_with_the_version_of_the_rules() -> None:
    assert digest.stored(0) == bytes([1]) + bytes(16)
    assert digest.stored((1 << 128) - 1) == bytes([1]) + b"\xff" * 16
    assert len(digest.stored(7)) == digest.SIZE


def test_an_empty_state_has_the_digest_zero() -> None:
    assert digest.of_state(State()) == 0


def test_the_digest_does_not_depend_on_the_order_of_changes() -> None:
    one, other = Device("", 1, "a", "x", 8), Device("", 2, "b", "y", 8)
    forth = digest.updated(0, [(("", 1), None, one), (("", 2), None, other)])
    assert forth == digest.updated(0, [(("", 2), None, other), (("", 1), None, one)])


def test_a_change_and_its_undoing_leave_the_digest() -> None:
    one = Device("", 1, "a", "x", 8)
    there = digest.updated(5, [(("", 1), None, one)])
    assert there != 5
    assert digest.updated(there, [(("", 1), one, None)]) == 5


def test_a_planted_change_of_any_field_is_seen_in_the_digest() -> None:
    state = a_world(160).does(make("vol", 100)).state
    clean = digest.of_state(state)
    for record in list(state.records()):
        for name, value in (("rid", record.rid + 1), ("name", f"{record.name}x")):
            changed = [((record.space, record.rid), record, replace(record, **{name: value}))]
            assert digest.updated(clean, changed) != clean
