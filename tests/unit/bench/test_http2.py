"""What the load of a comparison understands of etcd's answers."""

import socket
from collections.abc import Iterator

import pytest

from tests.bench.http2 import Connection, Refused, field, fields, varint

DATA, HEADERS, PING = 0, 1, 6
END_STREAM = ACK = 1


def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + body


def answer(stream: int, message: bytes) -> bytes:
    body = b"\x00" + len(message).to_bytes(4, "big") + message
    trailers = frame(HEADERS, END_STREAM, stream, b"\x88")
    return frame(HEADERS, 0, stream, b"\x88") + frame(DATA, 0, stream, body) + trailers


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def connection(listening: socket.socket) -> Iterator[Connection]:
    made = Connection(f"127.0.0.1:{listening.getsockname()[1]}")
    yield made
    made.close()


def test_answers_are_found_however_their_bytes_arrive(connection: Connection) -> None:
    said = answer(1, b"one") + answer(3, b"two")
    heard = [each for i in range(len(said)) for each in connection.feed(said[i : i + 1])]
    assert heard == connection.feed(said) == [b"one", b"two"]


def test_an_answer_without_a_message_is_an_error(connection: Connection) -> None:
    with pytest.raises(Refused):
        connection.feed(frame(HEADERS, END_STREAM, 1, b"\x88"))


def test_the_end_of_the_connection_is_no_answer(connection: Connection) -> None:
    with pytest.raises(Refused, match="hung up"):
        connection.feed(b"")


def test_a_ping_is_given_back(connection: Connection, listening: socket.socket) -> None:
    other, _ = listening.accept()
    with other:
        connection.feed(frame(PING, 0, 0, b"12345678"))
        connection.socket.shutdown(socket.SHUT_WR)
        heard = b"".join(iter(lambda: other.recv(4096), b""))
    assert heard.endswith(frame(PING, ACK, 0, b"12345678"))


@pytest.mark.parametrize("number", [0, 127, 128, 300, 2**32, 2**63])
def test_a_field_is_read_as_it_was_written(number: int) -> None:
    assert fields(field(1, number) + field(2, b"x" * 200)) == {1: number, 2: b"x" * 200}
    assert varint(number)[-1] < 128
