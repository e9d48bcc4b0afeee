"""The stored form of a commit, to the byte."""

from hashlib import sha256

import pytest
from msgspec import msgpack

from eventstore import codec
from eventstore.codec import Actor, Cause, Context, Draft, Head
from eventstore.errors import Damaged, UnknownFormat
from eventstore.model import events as ev
from eventstore.model.upcast import OLD_EVENTS
from tests.support.histories import EVENTS

HEAD = Head(bytes(range(16)), 41, bytes(range(32)), 1_000)
CREATED = ev.VolumeCreated("1.1.n", 17, name="vol", length=2048)
CONTEXT = Context(
    Actor(0, "root", 42, "vxassist"),
    command="vxassist make vol 1m",
    message="for the web",
    cause=Cause("transaction", "abc"),
    traceparent="00-1-2-3",
    clock_us=999,
)


def a_draft(clock_us: int = 2_000, shared_position: int | None = 3) -> Draft:
    payload, context = codec.encode_events([CREATED]), codec.encode_context(CONTEXT)
    return Draft("my-tx", "node1", context, payload, b"digest", clock_us, shared_position, 5)


def test_the_bytes_of_a_payload_are_pinned() -> None:
    assert codec.encode_events([CREATED]) == (
        b"\x91\x85\xa1e\xb0volume-created/1\xa4dgid\xa51.1.n\xa3rid\x11\xa4name\xa3vol"
        b"\xa6length\xcd\x08\x00"
    )


def test_the_bytes_of_a_context_are_pinned() -> None:
    assert codec.encode_context(CONTEXT) == (
        b"\x86\xa5actor\x84\xa3uid\x00\xa4user\xa4root\xa3pid*\xa7program\xa8vxassist"
        b"\xa7command\xb4vxassist make vol 1m\xa7message\xabfor the web"
        b"\xa5cause\x82\xa4kind\xabtransaction\xa3ref\xa3abc"
        b"\xabtraceparent\xa800-1-2-3\xa8clock_us\xcd\x03\xe7"
    )


def test_the_bytes_and_the_hash_of_a_header_are_pinned() -> None:
    commit = codec.seal(HEAD, a_draft(), 7)
    assert commit.context is not None
    assert commit.header == (
        b"\x9a\x01\xc4\x10" + HEAD.lineage + b"*\xa5my-tx\xcd\x07\xd0\xa5node1\x01\x03"
        b"\xc4\x20"
        + sha256(commit.context).digest()
        + b"\xc4\x20"
        + sha256(commit.payload).digest()
    )
    assert commit.hash == sha256(HEAD.hash + commit.header).digest()


def test_what_is_not_hashed_stands_beside_the_commit() -> None:
    commit = codec.seal(HEAD, a_draft(), 7)
    assert (commit.digest, commit.term, commit.applied_us) == (b"digest", 5, 7)
    assert codec.seal(HEAD, a_draft()._replace(term=6, digest=b"x"), 8).hash == commit.hash


def test_a_header_has_the_fields_that_the_module_describes() -> None:
    header = codec.decode_header(codec.seal(HEAD, a_draft(), 7).header)
    assert (header.format, header.lineage, header.position) == (1, HEAD.lineage, 42)
    assert (header.tx, header.node, header.payload_version) == ("my-tx", "node1", 1)
    assert (header.time_us, header.shared_position) == (2_000, 3)


def test_the_shared_log_records_no_position_of_the_shared_log() -> None:
    commit = codec.seal(HEAD, a_draft(shared_position=None), 7)
    assert codec.decode_header(commit.header).shared_position is None


def test_time_never_goes_back() -> None:
    commit = codec.seal(HEAD, a_draft(clock_us=10), 7)
    assert codec.decode_header(commit.header).time_us == 1_000
    assert codec.head_after(HEAD, commit).time_us == 1_000


def test_each_commit_rests_on_the_one_before() -> None:
    first = codec.seal(HEAD, a_draft(), 7)
    second = codec.seal(codec.head_after(HEAD, first), a_draft(), 7)
    assert second.position == first.position + 1
    assert second.hash == codec.chain(first.hash, second.header)
    assert codec.chain(bytes(32), second.header) != second.hash


def test_contents_are_held_to_their_hashes() -> None:
    commit = codec.seal(HEAD, a_draft(), 7)
    assert codec.content_hashes_hold(commit)
    assert not codec.content_hashes_hold(commit._replace(payload=b"\x90"))
    assert not codec.content_hashes_hold(commit._replace(context=b"\x80"))
    assert not codec.content_hashes_hold(commit._replace(header=commit.header[:60]))


def test_a_redacted_context_leaves_everything_else_valid() -> None:
    commit = codec.seal(HEAD, a_draft(), 7)._replace(context=None)
    assert codec.content_hashes_hold(commit)
    assert codec.chain(HEAD.hash, commit.header) == commit.hash
    assert codec.decode_context(commit.context) == Context()
    assert not codec.content_hashes_hold(commit._replace(payload=b"\x90"))


def test_an_event_of_an_unknown_kind_or_version_is_named() -> None:
    for name in ("volume-created/2", "volume-invented/1"):
        payload = msgpack.encode([{"e": "daemon-stopped/1", "reason": "x"}, {"e": name}])
        with pytest.raises(UnknownFormat, match=f"@9 holds an event {name}"):
            codec.decode_events(payload, 9)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        b"\x90\x90",
        b"\x80",
        msgpack.encode([{"e": "daemon-stopped/1"}]),
        msgpack.encode([{"e": "daemon-stopped/1", "reason": 7}]),
        msgpack.encode([{"reason": "no name"}]),
        msgpack.encode(["daemon-stopped/1"]),
        b"\x91\x82\xa1e\xb0daemon-stopped/1\xa6reason\xa2\xff\xff",
    ],
)
def test_a_payload_that_is_none_is_damage_at_its_position(payload: bytes) -> None:
    with pytest.raises(Damaged, match="@9 cannot be decoded") as caught:
        codec.decode_events(payload, 9)
    assert caught.value.position == 9


def test_a_header_of_a_later_format_is_refused_and_garbage_is_damage() -> None:
    header = codec.seal(HEAD, a_draft(), 7).header
    with pytest.raises(UnknownFormat, match=r"@42 is in format 2\.1"):
        codec.decode_header(header.replace(b"\x9a\x01", b"\x9a\x02", 1))
    with pytest.raises(Damaged):
        codec.decode_header(header[:-1])
    with pytest.raises(Damaged):
        codec.decode_context(b"\x90")


def test_a_commit_is_indexed_under_what_it_touches_and_says() -> None:
    rejected = ev.RequestRejected("their-id", "volume.make", "V-5-1-1", "no")
    unknown = ev.IntervalUnknown("down", 1, 2)
    assert codec.index_keys("tx1", [CREATED, CREATED, rejected, unknown]) == (
        "tx/tx1",
        "1.1.n#17",
        "request/their-id",
        "event/interval-unknown",
    )


def test_every_event_has_a_name_of_its_own_and_a_version() -> None:
    names = [ev.stored_name(kind) for kind in EVENTS]
    assert len(set(names)) == len(EVENTS)
    old = dict(ev.stored_name(kind) for kind in OLD_EVENTS)
    assert all(version == old.get(name, 0) + 1 for name, version in names)
