"""The load of a comparison: clients in a process of their own, of our daemon or of etcd.

    python -m tests.bench.load ours|etcd CLIENTS REQUESTS BYTES PLACE

PLACE is a home, or the address of a server. Each client asks, waits for the answer, and asks
again; it sets one field of one volume of a thousand objects, or puts as many BYTES to one key of a
thousand. It says "ready", waits for a line, has its say, and prints what it saw, as JSON. The
requests are made beforehand, and one loop serves both sides: what is measured are the servers.
"""

from __future__ import annotations

import os
import select
import socket
import sys
from collections.abc import Callable
from time import perf_counter, process_time
from typing import NamedTuple

import msgspec

from daemon.wire import control
from daemon.wire.frames import FrameReader, pack_message
from tests.bench import etcd, http2
from tests.bench.measure import percentile

GROUP = "datadg"
VOLUMES = 333
_NOISE = 0x9E3779B97F4A7C15
_RECEIVE_BYTES = 1 << 16


class Seen(NamedTuple):
    """What a load saw: changes in a second, microseconds, and its own seconds of CPU."""

    rate: float
    p50_us: float
    p99_us: float
    seconds: float
    cpu_s: float


class _Client(NamedTuple):
    connection: socket.socket
    requests: list[bytes]
    feed: Callable[[bytes], int]
    """Takes what came, and returns how many answers that completes."""


def main() -> None:
    """Run the command line."""
    side, clients, requests, size, place = sys.argv[1:]
    make = {"ours": _of_ours, "etcd": _of_etcd}[side]
    asking = [make(place, number, int(requests), int(size)) for number in range(int(clients))]
    print("ready", flush=True)
    sys.stdin.readline()
    print(msgspec.json.encode(_run(asking)).decode(), flush=True)


def comment(number: int, size: int) -> str:
    """Return a value of so many bytes, of which no two are alike, in no two runs either."""
    return f"{(os.getpid() << 32 | number) * _NOISE:0{size}x}"[-size:]


def _of_ours(home: str, client: int, requests: int, size: int) -> _Client:
    connection = socket.socket(socket.AF_UNIX)
    directory = os.open(home, os.O_PATH | os.O_DIRECTORY)
    connection.connect(f"/proc/self/fd/{directory}/vxconfigd.sock")
    os.close(directory)
    frames = FrameReader(max_items=None)
    run = f"{os.getpid()}-{client}"

    def feed(data: bytes) -> int:
        answers = frames.feed(data)
        for answer in answers:
            assert isinstance(answer, dict)
            assert answer["ok"], answer
        return len(answers)

    made = [_edit(f"load-{run}-{i}", client * requests + i, size) for i in range(requests)]
    return _Client(connection, made, feed)


def _edit(request_id: str, number: int, size: int) -> bytes:
    name, value = f"vol{1 + number * _NOISE % VOLUMES:04d}", comment(number, size)
    return pack_message(
        control.command(
            "edit.set",
            {"group": GROUP, "names": [name], "values": {"comment": value}},
            request_id=request_id,
            cmdline=f"vxedit -g {GROUP} set comment={value} {name}",
            program="vxedit",
        )
    )


def _of_etcd(target: str, client: int, requests: int, size: int) -> _Client:
    connection = http2.Connection(target)

    def feed(data: bytes) -> int:
        return len(connection.feed(data))

    numbers = range(client * requests, (client + 1) * requests)
    made = [
        connection.request(etcd.PUT, etcd.put(i * _NOISE, comment(i, size).encode()))
        for i in numbers
    ]
    made.reverse()
    return _Client(connection.socket, made, feed)


def _run(clients: list[_Client]) -> Seen:
    poll = select.epoll()
    by_descriptor = {client.connection.fileno(): client for client in clients}
    asked_at: dict[int, float] = {}
    waits: list[float] = []
    begin, cpu = perf_counter(), process_time()
    for descriptor, client in by_descriptor.items():
        poll.register(client.connection, select.EPOLLIN)
        asked_at[descriptor] = perf_counter()
        client.connection.sendall(client.requests.pop())
    left = len(clients)
    while left:
        for descriptor, _event in poll.poll():
            connection, requests, feed = by_descriptor[descriptor]
            if not feed(connection.recv(_RECEIVE_BYTES)):
                continue
            now = perf_counter()
            waits.append(now - asked_at[descriptor])
            if requests:
                asked_at[descriptor] = now
                connection.sendall(requests.pop())
            else:
                left -= 1
    seconds = perf_counter() - begin
    p50, p99 = (1e6 * percentile(waits, share) for share in (0.5, 0.99))
    return Seen(len(waits) / seconds, p50, p99, seconds, process_time() - cpu)


if __name__ == "__main__":
    main()
