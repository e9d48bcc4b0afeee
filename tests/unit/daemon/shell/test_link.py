"""Two lanes: what is short goes before the rest of what is long (I14)."""

import msgspec
import pytest

from daemon.shell.link import MESSAGE_MAX, PART_BYTES, Lanes

SHORT = b"\x01"
LONG = bytes(range(256)) * 256 * 3 + b"end"


def _parts(lanes: Lanes) -> list[tuple[bool, bytes]]:
    found = []
    while (body := lanes.take()) is not None:
        found.append(msgspec.msgpack.decode(body, type=tuple[bool, bytes]))
    return found


def test_a_long_message_goes_in_parts_and_comes_back_whole() -> None:
    lanes = Lanes(1 << 20)
    assert lanes.put(LONG)
    parts = _parts(lanes)
    assert [last for last, _part in parts] == [False] * 3 + [True]
    assert b"".join(part for _last, part in parts) == LONG


def test_a_short_message_goes_between_two_parts() -> None:
    lanes = Lanes(1 << 20)
    lanes.put(LONG)
    first = lanes.take()
    lanes.put(SHORT)
    assert first != SHORT
    assert lanes.take() == SHORT
    assert len(_parts(lanes)) == 3


def test_each_lane_keeps_its_order() -> None:
    lanes = Lanes(1 << 20)
    for body in (LONG + b"1", b"1", LONG + b"2", b"2"):
        lanes.put(body)
    assert [lanes.take(), lanes.take()] == [b"1", b"2"]
    ends = [part[-1:] for last, part in _parts(lanes) if last]
    assert ends == [b"1", b"2"]


def test_what_waits_is_bounded_and_room_comes_back() -> None:
    lanes = Lanes(len(LONG) + 2)
    assert lanes.put(LONG)
    assert lanes.put(SHORT)
    assert not lanes.put(LONG)
    assert lanes.put(SHORT)
    assert not lanes.put(SHORT)
    while lanes.take() is not None:
        pass
    assert lanes.put(LONG)


@pytest.mark.parametrize(("length", "parts"), [(PART_BYTES + 1, 2), (2 * PART_BYTES, 2)])
def test_no_part_is_empty(length: int, parts: int) -> None:
    lanes = Lanes(1 << 20)
    lanes.put(bytes(length))
    assert [len(part) > 0 for _last, part in _parts(lanes)] == [True] * parts


def test_a_message_that_no_peer_would_take_is_not_sent() -> None:
    assert not Lanes(1 << 30).put(bytes(MESSAGE_MAX + 1))
