"""What holds of stored bytes whatever they are."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, strategies as st

from eventstore import codec
from eventstore.errors import Damaged, UnknownFormat
from eventstore.model import digest, events as ev
from eventstore.model.objects import AnyRecord
from tests.support.histories import EVENTS, RECORDS, TEXTS, of

GARBAGE = (
    st.binary(max_size=64)
    | st.just(b"\x91" * 100_000)
    | st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | TEXTS
        | st.binary(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    ).map(msgspec.msgpack.encode)
)


@pytest.mark.parametrize("kind", EVENTS)
@given(st.data())
def test_an_event_reads_back_as_it_was(kind: type[ev.AnyEvent], data: st.DataObject) -> None:
    event = data.draw(of(kind))
    assert codec.decode_events(codec.encode_events([event])) == [event]


@pytest.mark.parametrize("kind", EVENTS)
@given(st.data())
def test_an_event_that_was_read_is_written_with_the_same_meaning(
    kind: type[ev.AnyEvent], data: st.DataObject
) -> None:
    (event,) = codec.decode_events(codec.encode_events([data.draw(of(kind))]))
    assert codec.decode_events(codec.encode_events([event])) == [event]


@pytest.mark.parametrize("kind", RECORDS)
@given(st.data())
def test_a_record_reads_back_as_it_was(kind: type[AnyRecord], data: st.DataObject) -> None:
    record = data.draw(of(kind))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=kind) == record


@pytest.mark.parametrize("kind", RECORDS)
@given(st.data())
def test_equal_records_hash_alike_wherever_their_values_come_from(
    kind: type[AnyRecord], data: st.DataObject
) -> None:
    record = data.draw(of(kind))
    copy = msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=kind)
    assert digest.canonical(copy) == digest.canonical(record)


@pytest.mark.parametrize("kind", RECORDS)
@given(st.data())
def test_records_that_differ_have_different_canonical_forms(
    kind: type[AnyRecord], data: st.DataObject
) -> None:
    one, other = data.draw(of(kind)), data.draw(of(kind))
    assert (digest.canonical(one) == digest.canonical(other)) == (one == other)


@given(of(codec.Context))
def test_a_context_reads_back_as_it_was(context: codec.Context) -> None:
    assert codec.decode_context(codec.encode_context(context)) == context


@given(st.data())
def test_a_commit_is_where_and_when_it_was_sealed(data: st.DataObject) -> None:
    last_us, clock_us = data.draw(st.integers(0, 2**60)), data.draw(st.integers(0, 2**60))
    position, shared = data.draw(st.integers(0, 2**60)), data.draw(st.none() | st.integers(0, 9))
    head = codec.Head(bytes(16), position, codec.ZERO_HASH, last_us)
    draft = codec.Draft("tx", "n", b"\x80", b"\x90", b"", clock_us, shared, 3)
    commit = codec.seal(head, draft, 7)
    header = codec.decode_header(commit.header)
    assert (header.position, header.time_us) == (position + 1, max(last_us, clock_us))
    assert header.shared_position == shared
    assert codec.head_after(head, commit) == (bytes(16), position + 1, commit.hash, header.time_us)
    assert codec.content_hashes_hold(commit)


@given(GARBAGE)
def test_garbage_is_damage_and_never_anything_else(garbage: bytes) -> None:
    for decode in (codec.decode_events, codec.decode_header, codec.decode_context):
        with suppress(Damaged, UnknownFormat):
            decode(garbage)


@given(st.data())
def test_a_flipped_bit_is_damage_or_another_event_and_never_anything_else(
    data: st.DataObject,
) -> None:
    stored = bytearray(codec.encode_events([data.draw(st.one_of(*map(of, EVENTS)))]))
    place = data.draw(st.integers(0, len(stored) * 8 - 1))
    stored[place // 8] ^= 1 << place % 8
    with suppress(Damaged, UnknownFormat):
        codec.decode_events(bytes(stored))
