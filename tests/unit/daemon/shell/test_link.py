"""One connection without one: lanes, ticks, and what ends it (E7, G2, I14)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest

from daemon.config import PeerSettings
from daemon.core import messages
from daemon.core.messages import Agreed, AnyMessage
from daemon.shell import handshake
from daemon.shell.handshake import Hello, Refusal
from daemon.shell.link import MESSAGE_MAX, OPEN, PART_BYTES, Lanes, Link

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


def test_the_depth_of_each_message_that_can_have_any_is_looked_at() -> None:
    deep = {
        kind
        for kind in get_args(messages.AnyMessage)
        if "AnyType" in repr(msgspec.inspect.type_info(kind))
    }
    assert deep == set(OPEN)


HEARTBEAT = b"\x07"
LIMITS = PeerSettings(heartbeat_seconds=1, silence_seconds=3, frame_seconds=2)


class Wire(asyncio.Transport):
    """Takes what is written, and brings nothing."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "socket": socket.socket()})
        self.written: list[bytes] = []
        self.is_over = False

    def write(self, data: Any) -> None:
        assert int.from_bytes(data[:4], "big") == len(data) - 4
        self.written.append(bytes(data[4:]))

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def abort(self) -> None:
        self.is_over = True

    close = abort


class Keeper:
    """Lets everybody in, and remembers what it was told."""

    def __init__(self) -> None:
        self.got: list[AnyMessage] = []
        self.reasons: list[str] = []
        self.positions: list[int] = []
        self.together: list[int] = []

    def judge(self, _link: Link, _said: Hello) -> Refusal | None:
        return None

    def opened(self, link: Link) -> None:
        pass

    def received(self, _link: Link, message: AnyMessage) -> None:
        self.got.append(message)

    def inquired(self, _link: Link, body: bytes) -> None:
        raise AssertionError(body)

    def beaten(self, _link: Link, position: int) -> None:
        self.positions.append(position)

    def heard(self) -> None:
        self.together.append(len(self.got))

    def lost(self, _link: Link, reason: str) -> None:
        self.reasons.append(reason)


def frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def on_an_open_link(story: Callable[[Link, Wire, Keeper], None]) -> None:
    """Tell a story of a link that the other end has greeted."""

    async def told() -> None:
        wire, keeper = Wire(), Keeper()
        link = Link(keeper, Hello("c1", "a"), LIMITS, None)
        link.connection_made(wire)
        link.data_received(frame(handshake.encode(Hello("c1", "b"))))
        assert handshake.decode(wire.written.pop()) == Hello("c1", "a")
        try:
            story(link, wire, keeper)
        finally:
            wire.get_extra_info("socket").close()

    asyncio.run(told())


def test_silence_ends_a_link_after_as_many_ticks_as_it_may_last() -> None:
    def story(link: Link, wire: Wire, keeper: Keeper) -> None:
        for _ in range(3):
            link.tick(7)
        assert (wire.written, wire.is_over) == ([HEARTBEAT] * 3, False)
        link.tick(7)
        assert wire.is_over
        assert keeper.reasons == ["silent; the connection is opened anew"]

    on_an_open_link(story)


def test_whatever_arrives_ends_the_silence() -> None:
    def story(link: Link, wire: Wire, keeper: Keeper) -> None:
        for data in (frame(HEARTBEAT), frame(messages.encode(Agreed(1, 2)))) * 4:
            link.tick(7)
            link.tick(7)
            link.data_received(data)
        assert not wire.is_over
        assert keeper.got == [Agreed(1, 2)] * 4
        assert keeper.positions == [7] * 4

    on_an_open_link(story)


def test_what_is_short_does_not_wait_for_an_acknowledgement() -> None:
    def story(_link: Link, wire: Wire, _keeper: Keeper) -> None:
        raw: socket.socket = wire.get_extra_info("socket")
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1

    on_an_open_link(story)


def test_what_came_together_is_told_to_be_all_once() -> None:
    def story(link: Link, _wire: Wire, keeper: Keeper) -> None:
        keeper.together.clear()
        link.data_received(frame(messages.encode(Agreed(1, 2))) * 3)
        link.data_received(frame(messages.encode(Agreed(1, 3))) + frame(b"\xc1"))
        assert keeper.together == [3, 4]

    on_an_open_link(story)


def test_a_message_has_to_end_in_time_however_it_drips() -> None:
    def story(link: Link, _wire: Wire, keeper: Keeper) -> None:
        for _ in range(3):
            link.data_received(b"\x00")
            link.tick(7)
        assert keeper.reasons == ["it began a message and did not end it"]

    on_an_open_link(story)


def test_a_link_that_takes_nothing_holds_what_is_short_back_and_ends() -> None:
    def story(link: Link, wire: Wire, keeper: Keeper) -> None:
        link.pause_writing()
        assert link.send(SHORT)
        for _ in range(4):
            link.data_received(frame(HEARTBEAT))
            link.tick(7)
        assert wire.written == []
        assert keeper.reasons == ["it takes nothing any more; the connection is opened anew"]

    on_an_open_link(story)


def test_what_waits_goes_when_the_other_end_takes_again_the_short_first() -> None:
    def story(link: Link, wire: Wire, _keeper: Keeper) -> None:
        link.pause_writing()
        link.send(LONG)
        link.send(SHORT)
        link.resume_writing()
        assert wire.written[0] == SHORT
        assert len(wire.written) == 1 + 4

    on_an_open_link(story)


def test_a_long_message_leaves_the_loop_to_others_in_between() -> None:
    def story(link: Link, wire: Wire, _keeper: Keeper) -> None:
        link.send(LONG * 4)
        begun = len(wire.written)
        link.send(SHORT)
        assert begun < 13
        assert wire.written[-1] == SHORT

    on_an_open_link(story)


def test_an_end_is_told_once() -> None:
    def story(link: Link, _wire: Wire, keeper: Keeper) -> None:
        link.end("first")
        link.end("second")
        link.connection_lost(OSError("third"))
        assert keeper.reasons == ["first"]
        assert not link.send(SHORT)

    on_an_open_link(story)
