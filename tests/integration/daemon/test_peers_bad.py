"""What a peer sends, or does not take, costs it its connection, and no other (G2, E7, I14)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from msgspec.structs import replace

from daemon.config import PeerSettings
from daemon.shell import authority, handshake
from daemon.shell.handshake import Hello
from daemon.shell.link import MESSAGE_MAX, PART_BYTES
from tests.support.peers import (
    CLUSTER,
    IMPATIENT,
    LIMITS,
    Node,
    Stranger,
    agreed,
    cluster,
    context,
    nodes,
    piece,
    run,
    stranger,
    until,
)

pytestmark = pytest.mark.integration

HEARTBEAT = b"\x00"


@asynccontextmanager
async def impostor(
    directory: Path, limits: PeerSettings = LIMITS
) -> AsyncIterator[tuple[Node, Stranger]]:
    """A node `a`, and the bare other end of its link with `b`."""
    async with nodes(directory, "a", limits=limits) as made:
        a = made["a"]
        authority.issue(directory / "ca", "b", directory / "b")
        a.peers.follow({"b": "127.0.0.1:1"})
        async with stranger(a, context(directory / "b")) as other:
            assert await other.greet(Hello(CLUSTER, "b")) == Hello(CLUSTER, "a")
            await a.sees("b")
            yield a, other


def _part(data: bytes, *, last: bool) -> bytes:
    return msgspec.msgpack.encode((last, data))


LIST_OF_MILLIONS = b"\x95\xa5piece\x01\x01\x01\xdd\x7f\xff\xff\xff"
DEEP = b"\x94\xacjoin-checked\x01\x01" + b"\x91" * 100 + b"\xc0"


@pytest.mark.parametrize(
    "body",
    [
        b"\xc1",
        b"\xc0\xc0",
        b"\xa1x",
        b"\xc0",
        b"\xcd\x01",
        b"\xff",
        b"\x93\xa6agreed\x01\xa1x",
        b"\x93\xa6nobody\x01\x01",
        LIST_OF_MILLIONS,
        DEEP,
        b"\x92\xc3\x01",
        _part(b"", last=True),
        _part(LIST_OF_MILLIONS, last=True),
        _part(DEEP, last=True),
        bytes(PART_BYTES + 100),
    ],
    ids=str,
)
def test_what_is_no_message_costs_its_sender_the_connection(tmp_path: Path, body: bytes) -> None:
    async def story() -> None:
        async with impostor(tmp_path) as (a, other):
            other.send(body)
            assert await other.is_hung_up_on()
            assert a.said("it sent what is no message") == 1
            assert a.got == []

    run(story())


def test_who_speaks_before_it_was_greeted_is_hung_up_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with nodes(tmp_path, "a") as made:
            made["a"].peers.follow({"b": "127.0.0.1:1"})
            authority.issue(tmp_path / "ca", "b", tmp_path / "b")
            async with stranger(made["a"], context(tmp_path / "b")) as other:
                body = handshake.encode(Hello(CLUSTER, "b"))
                other.writer.write(len(body).to_bytes(4, "big") + body + b"\x00")
                assert await other.is_hung_up_on()
            assert made["a"].said("it spoke before it was greeted") == 1
            assert made["a"].peers.connected == frozenset()

    run(story())


def test_a_message_that_no_peer_would_take_costs_nobody_a_connection(tmp_path: Path) -> None:
    async def story() -> None:
        async with cluster(tmp_path, "a", "b") as made:
            made["a"].peers.send("b", piece(1, mib=17))
            made["a"].peers.send("b", agreed(1))
            await made["b"].gets(agreed(1), "a")
            assert made["a"].said("is longer than a peer takes") == 1

    run(story())


def test_a_long_message_that_never_ends_is_given_up_at_its_bound(tmp_path: Path) -> None:
    async def story() -> None:
        async with impostor(tmp_path) as (a, other):
            for _ in range(MESSAGE_MAX // PART_BYTES + 1):
                other.send(_part(bytes(PART_BYTES), last=False))
            assert await other.is_hung_up_on()
            assert a.said("a message is longer than")

    run(story())


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(min_size=1, max_size=200), in_frames=st.booleans())
def test_any_bytes_leave_the_links_of_others_alone(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, in_frames: bool
) -> None:
    async def story() -> None:
        directory = tmp_path_factory.mktemp("fuzz")
        async with cluster(directory, "a", "c") as made:
            a = made["a"]
            authority.issue(directory / "ca", "b", directory / "b")
            a.peers.follow({"b": "127.0.0.1:1", "c": made["c"].address})
            seen = len(a.seen)
            async with stranger(a, context(directory / "b")) as other:
                await other.greet(Hello(CLUSTER, "b"))
                if in_frames:
                    other.send(data)
                else:
                    other.writer.write(data)
                a.peers.send("c", agreed(1))
                await made["c"].gets(agreed(1), "a")
            await a.sees("c")
            assert all("c" in names for names in a.seen[seen:])

    run(story())


def test_a_peer_that_falls_silent_is_reopened(tmp_path: Path) -> None:
    async def story() -> None:
        async with impostor(tmp_path, IMPATIENT) as (a, other):
            await a.sees()
            assert a.said("silent; the connection is opened anew") == 1
            assert await other.is_hung_up_on()

    run(story())


def test_a_peer_that_is_heard_is_kept_and_hears_heartbeats(tmp_path: Path) -> None:
    async def story() -> None:
        async with impostor(tmp_path, IMPATIENT) as (a, other):
            for _ in range(20):  # longer than the silence that is allowed
                assert await other.hear() == HEARTBEAT
                other.send(HEARTBEAT)
            assert a.peers.connected == {"b"}

    run(story())


@pytest.mark.parametrize("begun", [b"\x00", b"\x00\x00\x00\x05\x93"])
def test_half_a_message_has_to_end_in_time_also_when_more_of_it_drips(
    tmp_path: Path, begun: bytes
) -> None:
    async def story() -> None:
        limits = replace(IMPATIENT, silence_seconds=10)
        async with impostor(tmp_path, limits) as (a, other):
            other.writer.write(begun)
            await a.sees()
            assert a.said("it began a message and did not end it") == 1

    run(story())


def test_a_long_transfer_delays_neither_short_messages_nor_heartbeats(tmp_path: Path) -> None:
    async def story() -> None:
        limits = replace(LIMITS, silence_seconds=1)
        async with cluster(tmp_path, "a", "b", limits=limits) as made:
            a, b = made["a"], made["b"]
            long = [piece(number) for number in range(24)]
            for one in long:
                a.peers.send("b", one)
            a.peers.send("b", agreed(1))
            await b.gets(long[-1], "a")
            order = [message for _sender, message in b.got]
            assert order.index(agreed(1)) < 4
            assert [one for one in order if one != agreed(1)] == long
            assert a.said("") == b.said("") == 0

    run(story())


def test_a_peer_that_takes_nothing_costs_a_bounded_amount_of_memory(tmp_path: Path) -> None:
    async def story() -> None:
        limits = replace(LIMITS, queue_mib=4)
        async with impostor(tmp_path, limits) as (a, other):
            other.writer.transport.pause_reading()  # type: ignore[attr-defined]
            link = a.peers._current["b"]
            for number in range(64):
                a.peers.send("b", piece(number))
                a.peers.send("b", agreed(number))
                await _turn()
                assert link._lanes._bytes <= 4 << 20
                assert link.transport.get_write_buffer_size() <= 8 * PART_BYTES
            assert a.said("it takes less than it is sent") == 1

    run(story())


async def _turn() -> None:
    """Let everybody have a turn."""
    ready = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(ready.set_result, None)
    await ready


def test_a_peer_that_takes_nothing_for_too_long_is_reopened(tmp_path: Path) -> None:
    async def story() -> None:
        async with impostor(tmp_path, IMPATIENT) as (a, other):
            other.writer.transport.pause_reading()  # type: ignore[attr-defined]
            for number in range(16):
                a.peers.send("b", piece(number))

            def is_given_up_although_it_is_heard() -> bool:
                other.send(HEARTBEAT)
                return not a.peers.connected

            await until(is_given_up_although_it_is_heard)
            assert a.said("it takes nothing any more") == 1

    run(story())
