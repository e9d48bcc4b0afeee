"""What strangers send costs them their connection, and nobody else anything (G2)."""

from __future__ import annotations

import select
import socket
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from daemon.errors import RequestFailed
from daemon.wire import control
from daemon.wire.frames import HEADER_BYTES, MAX_FRAME, MORE, FrameReader, pack_message
from tests.support.daemons import Daemon, change, received, volume
from tests.support.processes import open_files, rss_kib
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

BAD = 1000
GROWTH_KIB = 20 * 1024


def frame(body: bytes, length: int | None = None) -> bytes:
    return (len(body) if length is None else length).to_bytes(HEADER_BYTES, "big") + body


def nested(depth: int) -> bytes:
    return b"\x91" * depth + b"\xc0"


MALFORMED = {
    "garbage": b"GET / HTTP/1.1\r\n\r\n",
    "zeros": bytes(64),
    "oversize": frame(b"", MAX_FRAME + 1),
    "huge": frame(b"", 0x7FFF_FFFF),
    "empty frame": frame(b""),
    "more for ever": frame(b"x", 1 | MORE) * 3 + frame(b""),
    "too long in pieces": frame(bytes(MAX_FRAME), MAX_FRAME | MORE) * 2,
    "no MessagePack": frame(b"\xc1"),
    "two values": frame(b"\x01\x02"),
    "cut inside": frame(b"\x93\x01"),
    "deep": frame(nested(33)),
    "very deep": frame(nested(100_000)),
    "a million values": frame(b"\xdd\x00\x0f\xff\xff" + b"\xc0" * 0xFFFFF),
    "announces millions": frame(b"\xdd\x7f\xff\xff\xff"),
    "an extension": frame(b"\xd4\x01\x00"),
    "not UTF-8": frame(b"\xa1\xff"),
}

WRONG = {
    "a number": 7,
    "nothing": None,
    "a list": [1, 2],
    "an empty map": {},
    "no such operation": {"v": 1, "op": "reboot"},
    "a later format": {"v": 2, "op": "ping"},
    "a format of another kind": {"v": "1", "op": "ping"},
    "no such verb": change("volume.shrink", {}),
    "no such question": control.query("why", {}),
    "arguments of another kind": {**change("volume.make", {}), "args": 5},
    "arguments missing": change("volume.make", {"group": "datadg"}),
    "a name of another kind": change("volume.make", {**volume("a"), "name": 5}),
    "a size out of bounds": change("volume.make", {**volume("a"), "length_sectors": 2**60}),
    "an identifier with a space": change("volume.make", volume("a"), "a b"),
    "an identifier with a line's end": change("volume.make", volume("a"), "a\n"),
    "an identifier too long": change("volume.make", volume("a"), "a" * 65),
    "the daemon's own identifier": change("volume.make", volume("a"), "node1@1"),
    "a command line too long": {**change("volume.make", volume("a")), "cmdline": "x" * 9000},
    "a key that is no text": {**change("volume.make", volume("a")), "args": {b"group": "datadg"}},
    "a time-out of nothing": control.query("print", {}, timeout_ms=0),
    "a moment of no kind": control.query("print", {}, at={"log": None, "kind": "soon"}),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_message_ends_that_connection_only(served: Daemon, name: str) -> None:
    with served.connect() as other, served.connect() as bad:
        with suppress(BrokenPipeError, ConnectionResetError):  # before it had taken everything
            bad.sendall(MALFORMED[name])
        assert received(bad) == b""
        assert answer(other, control.ping())["ok"] is True


def answer(connection: socket.socket, request: object) -> dict[str, object]:
    """Send a request on a bare connection, and return the answer."""
    connection.sendall(pack_message(request))
    reader = FrameReader()
    while data := connection.recv(1 << 16):
        for message in reader.feed(data):
            assert isinstance(message, dict)
            return message
    raise ConnectionResetError


@pytest.mark.parametrize("name", WRONG)
def test_a_request_that_is_none_is_an_error_and_the_connection_goes_on(
    served: Daemon, name: str
) -> None:
    with served.connect() as connection:
        said = answer(connection, WRONG[name])
        assert said["ok"] is False
        error = said["error"]
        assert isinstance(error, dict)
        assert error["id"].startswith("V-5-1-")
        assert error["exit"] in (1, 3)
        assert error["message"]
        assert answer(connection, control.ping())["ok"] is True


@pytest.mark.parametrize("part", [b"\x00", b"\x00\x00\x00\x05", b"\x00\x00\x00\x05\x85\xa1"])
def test_a_message_that_does_not_end_in_time_ends_its_connection(
    served: Daemon, part: bytes
) -> None:
    with served.connect() as slow, served.connect() as quiet:
        slow.sendall(part)
        assert received(slow) == b""
        assert answer(quiet, control.ping())["ok"] is True


def test_who_hangs_up_in_the_middle_harms_nobody(served: Daemon) -> None:
    request = pack_message(change("volume.make", volume("hung-up"), "hung-up"))
    for cut in (1, 4, 20, len(request) - 1, len(request)):
        with served.connect() as connection:
            connection.sendall(request[:cut])
    wait_until(lambda: served.outcome("hung-up")[0] == "done")
    assert served.state == "serving"


def test_bad_messages_leave_no_memory_behind(served: Daemon) -> None:
    def send_all() -> None:
        for i in range(BAD):
            with served.connect() as connection:
                with suppress(OSError):
                    connection.sendall(kinds[i % len(kinds)])
                    connection.shutdown(socket.SHUT_WR)
                received(connection)

    kinds = list(MALFORMED.values())
    send_all()  # what is loaded and pooled once is no leak
    before = rss_kib(served.pid)
    send_all()
    assert rss_kib(served.pid) - before < GROWTH_KIB
    wait_until(lambda: open_files(served.pid) < 40)


def test_who_does_not_read_the_answer_is_dropped_and_delays_nobody(served: Daemon) -> None:
    for i in range(60):
        served.make(f"bulk{i}")
    questions = [control.query("state", {})] * 60
    with served.connect() as deaf:
        deaf.sendall(b"".join(map(pack_message, questions)))
        ended = select.poll()
        ended.register(deaf, select.POLLRDHUP)
        assert served.state == "serving"
        assert ended.poll(20_000)
        answers = FrameReader(max_items=None).feed(received(deaf))
    assert 0 < len(answers) < len(questions)


def test_half_a_message_behind_long_answers_has_to_end_in_time_too(served: Daemon) -> None:
    questions = [control.query("state", {})] * 60
    with served.connect() as slow:
        slow.sendall(b"".join(map(pack_message, questions)) + b"\x00\x00")
        assert FrameReader(max_items=None).feed(received(slow))


def test_too_many_requests_at_once_end_their_connection(served: Daemon) -> None:
    question = pack_message(control.query("log", {}))
    with served.connect() as eager:
        with suppress(BrokenPipeError, ConnectionResetError):
            eager.sendall(question * 200)
        received(eager)
    assert served.state == "serving"


def test_requests_behind_each_other_are_answered_in_their_order(served: Daemon) -> None:
    with served.connect() as connection:
        asked = [control.query("get", {"object": f"nobody{i}"}) for i in range(20)]
        connection.sendall(b"".join(map(pack_message, asked)))
        reader = FrameReader()
        found: list[Any] = []
        while len(found) < len(asked):
            found += reader.feed(connection.recv(1 << 16))
    named = [message["error"]["message"] for message in found]
    assert all(f"nobody{i}" in text for i, text in enumerate(named))


def test_one_connection_too_many_is_told_so_and_there_is_room_again_later(
    daemon: Daemon,
) -> None:
    daemon.start("--set", "limits.connections=3")
    with ExitStack() as stack:
        held = [stack.enter_context(daemon.connect()) for _ in range(3)]
        for connection in held:
            assert answer(connection, control.ping())["ok"] is True
        with pytest.raises(RequestFailed, match="too many") as raised:
            daemon.ask(control.ping())
        assert raised.value.exit_code == 75
        assert answer(held[0], control.ping())["ok"] is True
    daemon.wait_for("serving")


def test_nothing_that_was_sent_here_harmed_the_log(served: Daemon) -> None:
    served.assert_sound()
