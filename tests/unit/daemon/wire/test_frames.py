import tracemalloc

import msgpack
import pytest
from hypothesis import given, strategies as st

from daemon.errors import ProtocolViolation
from daemon.wire.frames import (
    HEADER_BYTES,
    MAX_DEPTH,
    MAX_FRAME,
    MAX_ITEMS,
    MORE,
    REST_OF_REQUEST,
    FrameReader,
    check_request,
    check_shape,
    pack_message,
)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def frame(body: bytes, header: int | None = None) -> bytes:
    return (len(body) if header is None else header).to_bytes(HEADER_BYTES, "big") + body


def violation(data: bytes, **bounds: int) -> str:
    with pytest.raises(ProtocolViolation) as caught:
        FrameReader(**bounds).feed(data)
    return caught.value.message


@given(st.lists(values, max_size=4), st.integers(1, 40), st.integers(1, 64))
def test_messages_come_out_as_they_went_in_however_they_are_cut(
    messages: list[object], max_frame: int, portion: int
) -> None:
    data = b"".join(pack_message(message, max_frame) for message in messages)
    reader = FrameReader(max_frame=max_frame)
    received = [
        message
        for start in range(0, len(data), portion)
        for message in reader.feed(data[start : start + portion])
    ]
    assert received == messages
    assert reader.is_between_messages


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_waited_for_and_nothing_else(data: bytes) -> None:
    reader = FrameReader(max_frame=200, max_message=200)
    try:
        reader.feed(data)
    except ProtocolViolation:
        return


@given(st.binary(max_size=200))
def test_the_shape_of_any_bytes_agrees_with_the_decoder(body: bytes) -> None:
    try:
        msgpack.unpackb(body, strict_map_key=False)
    except (ValueError, TypeError, OverflowError):
        return
    uses_extensions = any(byte in body for byte in (*range(0xC7, 0xCA), *range(0xD4, 0xD9)))
    if not uses_extensions:
        check_shape(body)


@given(values)
def test_the_shape_of_what_is_sent_is_accepted(value: object) -> None:
    check_shape(msgpack.packb(value))


@given(values, st.data())
def test_a_truncated_message_is_refused(value: object, data: st.DataObject) -> None:
    body = msgpack.packb(value)
    cut = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(ProtocolViolation):
        check_shape(body[:cut])


def test_an_oversize_frame_is_refused_by_its_header_alone() -> None:
    assert "longer than 10" in violation(frame(b"", header=11), max_frame=10)


def test_an_oversize_message_is_refused_before_it_is_whole() -> None:
    piece = frame(b"12345678", header=8 | MORE)
    assert "longer than 20" in violation(piece * 3, max_message=20)


def test_an_empty_frame_is_refused_so_that_no_message_goes_on_for_ever() -> None:
    assert "empty" in violation(frame(b"", header=MORE))


@pytest.mark.parametrize("body", [b"\x91" * 200 + b"\xc0", (b"\x81\xa1k") * 200 + b"\xc0"])
def test_deep_nesting_is_refused(body: bytes) -> None:
    assert f"deeper than {MAX_DEPTH}" in violation(frame(body))


def test_nesting_up_to_the_bound_is_accepted() -> None:
    value: object = None
    for _ in range(MAX_DEPTH):
        value = [value]
    assert FrameReader().feed(pack_message(value)) == [value]


def test_too_many_values_are_refused() -> None:
    assert "more than 100 values" in violation(pack_message([None] * 100), max_items=100)


def test_bytes_after_the_value_are_refused() -> None:
    assert "one MessagePack value" in violation(frame(b"\xc0\xc0"))


def test_text_that_is_not_utf8_is_refused() -> None:
    assert "one MessagePack value" in violation(frame(b"\xa1\xff"))


@pytest.mark.parametrize("body", [b"\xc1", msgpack.packb(msgpack.ExtType(1, b"x"))])
def test_types_that_nobody_sends_are_refused(body: bytes) -> None:
    assert "not used here" in violation(frame(body))


def test_keys_that_are_not_text_are_refused() -> None:
    assert "one MessagePack value" in violation(pack_message({1: 2}))


def test_a_reader_that_met_a_violation_stays_closed() -> None:
    reader = FrameReader()
    for data in (frame(b"", header=0), pack_message({"v": 1})):
        with pytest.raises(ProtocolViolation):
            reader.feed(data)


@pytest.mark.parametrize(
    "body",
    [b"\xdd\xff\xff\xff\xff", b"\xdd\x00\x0f\xff\xff" * 1000, b"\xdf\x7f\xff\xff\xff" * 100],
)
def test_what_is_announced_but_not_sent_takes_no_memory(body: bytes) -> None:
    tracemalloc.start()
    try:
        assert "shorter than it announces" in violation(frame(body))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 17


def test_a_message_that_never_ends_is_held_only_up_to_its_bound() -> None:
    reader = FrameReader(max_message=1 << 16)
    piece = frame(b"x" * 1024, header=1024 | MORE)
    for _ in range(64):
        assert reader.feed(piece) == []
    with pytest.raises(ProtocolViolation):
        reader.feed(piece)


def test_it_tells_a_pause_from_a_cut() -> None:
    reader = FrameReader()
    data = pack_message("text")
    reader.feed(data[:-1])
    assert not reader.is_between_messages
    reader.feed(data[-1:])
    assert reader.is_between_messages


def test_what_fits_into_a_request_is_read_and_what_does_not_is_refused_beforehand() -> None:
    room = MAX_FRAME - REST_OF_REQUEST
    fits = {"rows": ["x" * 1000] * (room // 1010)}
    check_request(fits)
    request = {"op": "command", "args": fits, "cmdline": "y" * 8192}
    assert FrameReader(max_message=MAX_FRAME).feed(pack_message(request)) == [request]
    with pytest.raises(ProtocolViolation, match="bytes is longer than"):
        check_request({"rows": ["x" * room]})
    with pytest.raises(ProtocolViolation, match="more than"):
        check_request({"rows": [1] * MAX_ITEMS})
