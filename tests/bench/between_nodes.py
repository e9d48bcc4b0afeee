"""What lies between two nodes: a round trip as bare asyncio over TLS does it, and as peers do.

The bare one is the unit for the cluster's figures: no change is decided in less than one of it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from daemon.core import messages as msg
from daemon.shell import authority, tls
from daemon.shell.handshake import Identity
from daemon.shell.peers import Peers
from eventstore.codec import ZERO_HASH, Commit, Draft, Head, seal
from tests.bench.echo import CLUSTER, HERE
from tests.bench.ground import Scale, entry
from tests.bench.measure import Goal, Row, Turns, percentile

TRIPS = 1000
MESSAGE_BYTES = 200
PIECES = 16
_PIECE_BYTES = 1 << 20


class Ping(asyncio.Protocol):
    """Sends, waits until as much came back, and sends again."""

    def __init__(self) -> None:
        self._left = self._missing = 0
        self._waits: list[float] = []
        self._transport: asyncio.Transport
        self._done: asyncio.Future[None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    async def waits(self, trips: int) -> list[float]:
        self._left, self._waits = trips, []
        self._done = asyncio.get_running_loop().create_future()
        self._send()
        await self._done
        return self._waits

    def _send(self) -> None:
        self._missing, self._begin = MESSAGE_BYTES, perf_counter()
        self._transport.write(bytes(MESSAGE_BYTES))

    def data_received(self, data: bytes) -> None:
        self._missing -= len(data)
        if self._missing:
            return
        self._waits.append(perf_counter() - self._begin)
        self._left -= 1
        if self._left:
            self._send()
        else:
            self._done.set_result(None)


class Node:
    """The node `a`: sends messages to `b`, and waits for each to come back."""

    def __init__(self, home: Path) -> None:
        self.ready = asyncio.Event()
        self.peers = Peers(
            "a",
            CLUSTER,
            home / "tls",
            listen=HERE,
            on_message=self._came_back,
            note=lambda _text: None,
            on_change=self.ready.set,
        )
        self._to_send: list[msg.AnyMessage] = []
        self._waits: list[float] = []
        self._done: asyncio.Future[None]

    async def waits(self, message: msg.AnyMessage, trips: int) -> list[float]:
        """Return how long each round trip of a message took, in seconds."""
        self._to_send, self._waits = [message] * trips, []
        self._done = asyncio.get_running_loop().create_future()
        self._send()
        await self._done
        return self._waits

    async def all_back_s(self, messages: list[msg.AnyMessage]) -> float:
        """Return how long it took until all of some messages were back."""
        self._to_send, self._waits = [], []
        self._done = asyncio.get_running_loop().create_future()
        self._expected = len(messages)
        begin = perf_counter()
        for message in messages:
            self.peers.send("b", message)
        await self._done
        return perf_counter() - begin

    _expected = 0

    def _send(self) -> None:
        message = self._to_send.pop()
        self._begin = perf_counter()
        self.peers.send("b", message)

    def _came_back(self, _sender: str, _message: msg.AnyMessage) -> None:
        if self._expected:
            self._expected -= 1
        else:
            self._waits.append(perf_counter() - self._begin)
        if self._to_send:
            self._send()
        elif not self._expected:
            self._done.set_result(None)


@contextmanager
def bare_trips(directory: Path) -> Iterator[Callable[[int], list[float]]]:
    """Give what measures so many round trips of bare asyncio over TLS, in seconds each."""
    authority.create(directory / "ca", CLUSTER)
    for name in ("a", "b"):
        authority.issue(directory / "ca", name, directory / name)
    with asyncio.Runner() as runner, _other_process(directory / "b") as other:
        ping, node = runner.run(_connected(directory / "a", other))
        yield lambda trips: runner.run(ping.waits(trips))
        runner.run(node.peers.stop())


def round_trips(directory: Path, scale: Scale) -> list[Row]:
    """Compare a round trip between peers with a bare one, in turns."""
    trips = scale.count(TRIPS)
    authority.create(directory / "ca", CLUSTER)
    for name in ("a", "b"):
        authority.issue(directory / "ca", name, directory / name)
    with asyncio.Runner() as runner, _other_process(directory / "b") as other:
        ping, node = runner.run(_connected(directory / "a", other))
        proposal = _proposal()

        def peers_us(message: msg.AnyMessage) -> float:
            return 1e6 * percentile(runner.run(node.waits(message, trips)), 0.5)

        turns = Turns(
            bare=lambda: 1e6 * percentile(runner.run(ping.waits(trips)), 0.5),
            peers=lambda: peers_us(_message()),
            proposal=lambda: peers_us(proposal),
        )
        turns.run(scale.rounds)
        there = PIECES * _PIECE_BYTES / runner.run(node.all_back_s([_piece()] * PIECES))
        runner.run(node.peers.stop())
    length = len(msg.encode(proposal))
    base_is = f"p50 of {MESSAGE_BYTES} bytes over asyncio and TLS, in turns"
    goal = Goal(1.5, at_most=True)
    return [
        turns.row(
            f"a round trip of {MESSAGE_BYTES} bytes between peers, p50",
            "peers",
            "bare",
            unit="us",
            goal=goal,
            base_is=base_is,
        ),
        turns.row(
            f"  of a proposal of {length} bytes", "proposal", "bare", unit="us", base_is=base_is
        ),
        Row("  pieces of a log of 1 MiB, there and back", there / (1 << 20), "MiB/s"),
    ]


@contextmanager
def _other_process(home: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.bench.echo", str(home)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        yield started
        started.communicate()
        assert started.returncode == 0


async def _connected(home: Path, other: subprocess.Popen[str]) -> tuple[Ping, Node]:
    """Connect with the other process, both ways of doing it."""
    assert other.stdin is not None
    assert other.stdout is not None
    port, address = (await asyncio.to_thread(other.stdout.readline)).split()
    node = Node(home)
    await node.peers.start()
    other.stdin.write(f"{node.peers.address}\n")
    other.stdin.flush()
    node.peers.follow({"b": address})
    await node.ready.wait()
    context = tls.load(home / "tls", Identity(CLUSTER, "a")).dialing
    _transport, ping = await asyncio.get_running_loop().create_connection(
        Ping, "127.0.0.1", int(port), ssl=context
    )
    return ping, node


def _message() -> msg.AnyMessage:
    """Return a message that has just the length, frame and all."""
    empty = len(msg.encode(msg.Distrust(1, "x" * 40)))
    return msg.Distrust(1, "x" * (40 + MESSAGE_BYTES - 4 - empty))


def _commit() -> Commit:
    draft = entry(1).item
    assert isinstance(draft, Draft)
    return seal(Head(bytes(16), 0, ZERO_HASH, 0), draft, draft.clock_us)


def _proposal() -> msg.AnyMessage:
    return msg.Propose(1, msg.Record(1, 1, False, ("a", "b", "c"), (_commit(),)))


def _piece() -> msg.AnyMessage:
    commit = _commit()
    count = _PIECE_BYTES // len(msg.encode(msg.Piece(1, 1, 1, (commit,))))
    return msg.Piece(1, 1, count, (commit,) * count)
