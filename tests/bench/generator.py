"""Clients of a daemon, in a process of their own: each asks, waits for the answer, asks again.

    python -m tests.bench.generator HOME CLIENTS REQUESTS [VERB ARGS]

ARGS is JSON, in which `{id}` stands for the request's identifier; without them a volume grows.
It says "ready", waits for a line, has its say, and says "done". The requests are made beforehand,
and answers are only looked at for being one: what is measured is the daemon.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys

from daemon.wire import control
from daemon.wire.frames import FrameReader, pack_message

_RECEIVE_BYTES = 1 << 16
VERB = "volume.growby"
ARGS = '{"group": "datadg", "name": "vol0001", "length_sectors": 1}'
_Client = tuple[socket.socket, list[bytes], FrameReader]


def main() -> None:
    """Run the command line."""
    home, clients, requests = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    verb, args = sys.argv[4:6] if len(sys.argv) > 4 else (VERB, ARGS)
    asking = [_client(home, number, requests, verb, args) for number in range(clients)]
    print("ready", flush=True)
    sys.stdin.readline()
    _run(asking)
    print("done", flush=True)


def _client(home: str, client: int, requests: int, verb: str, args: str) -> _Client:
    connection = socket.socket(socket.AF_UNIX)
    directory = os.open(home, os.O_PATH | os.O_DIRECTORY)
    connection.connect(f"/proc/self/fd/{directory}/vxconfigd.sock")
    os.close(directory)
    names = [f"load-{os.getpid()}-{client}-{i}" for i in range(requests)]
    messages = [_request(name, verb, args) for name in names]
    return connection, messages, FrameReader(max_items=None)


def _request(request_id: str, verb: str, args: str) -> bytes:
    return pack_message(
        control.command(
            verb,
            json.loads(args.replace("{id}", request_id)),
            request_id=request_id,
            cmdline="vxassist -g datadg growby vol0001 1s",
            program="vxassist",
        )
    )


def _run(clients: list[_Client]) -> None:
    poll = select.epoll()
    by_descriptor = {}
    for client in clients:
        connection, messages, _ = client
        by_descriptor[connection.fileno()] = client
        poll.register(connection, select.EPOLLIN)
        connection.sendall(messages.pop())
    left = len(clients)
    while left:
        for descriptor, _event in poll.poll():
            connection, messages, frames = by_descriptor[descriptor]
            for answer in frames.feed(connection.recv(_RECEIVE_BYTES)):
                assert isinstance(answer, dict)
                assert answer["ok"], answer
                if messages:
                    connection.sendall(messages.pop())
                else:
                    left -= 1


if __name__ == "__main__":
    main()
