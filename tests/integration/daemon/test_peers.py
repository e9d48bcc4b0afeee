"""Links between daemons, over real sockets with real certificates (G1, G2, E7)."""

from __future__ import annotations

import ssl
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.shell import authority
from daemon.shell.handshake import Hello, Refusal
from tests.support.peers import (
    CLUSTER,
    IMPATIENT,
    LIMITS,
    Node,
    agreed,
    cluster,
    context,
    follow_all,
    nodes,
    run,
    silent_listener,
    stranger,
    until,
)

pytestmark = pytest.mark.integration


def test_nodes_that_follow_each_other_exchange_messages(tmp_path: Path) -> None:
    async def story() -> None:
        async with cluster(tmp_path, "a", "b", "c") as made:
            for sender, to in (("a", "b"), ("b", "a"), ("c", "a"), ("b", "c")):
                made[sender].peers.send(to, agreed(1))
                await made[to].gets(agreed(1), sender)

    run(story())


def test_two_nodes_that_dial_each_other_end_with_one_connection(tmp_path: Path) -> None:
    async def story() -> None:
        for turn in range(20):
            async with cluster(tmp_path / str(turn), "a", "b") as made:
                await until(lambda: all(len(n.peers._all) == 1 for n in made.values()))
                made["a"].peers.send("b", agreed(turn))
                await made["b"].gets(agreed(turn), "a")

    run(story())


def test_a_node_that_starts_anew_is_connected_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with cluster(tmp_path, "a", "b") as made:
            await made["b"].peers.stop()
            await made["a"].sees()
            made["a"].peers.send("b", agreed(1))  # lost, and nobody is the worse for it
            made["b"].renew()
            await made["b"].peers.start()
            follow_all(made)
            await made["a"].sees("b")
            made["a"].peers.send("b", agreed(2))
            await made["b"].gets(agreed(2), "a")
            assert ("a", agreed(1)) not in made["b"].got

    run(story())


def test_a_node_that_is_followed_no_more_loses_its_link(tmp_path: Path) -> None:
    async def story() -> None:
        async with cluster(tmp_path, "a", "b", "c") as made:
            made["a"].peers.follow({"c": made["c"].address})
            await made["b"].sees("c")
            await made["a"].sees("c")
            made["a"].peers.follow({})
            await made["a"].sees()

    run(story())


def test_a_node_that_moved_is_found_at_its_new_address(tmp_path: Path) -> None:
    async def story() -> None:
        async with cluster(tmp_path, "a", "b") as made:
            await made["b"].peers.stop()
            made["b"].peers = made["b"]._make("127.0.0.1:0")
            await made["b"].peers.start()
            made["b"].peers.follow({"a": "127.0.0.1:1"})  # only a can find b
            made["a"].peers.follow({"b": made["b"].address})
            await made["a"].sees("b")

    run(story())


HELLO = Hello(CLUSTER, "b")


@pytest.mark.parametrize(
    ("certificate", "hello", "refusal"),
    [
        ("b", Hello("other", "b"), "V-5-1-9047"),
        ("elsewhere", Hello(CLUSTER, "b"), "V-5-1-9047"),
        ("c", Hello(CLUSTER, "b"), "V-5-1-9048"),
        ("b", Hello(CLUSTER, ""), "V-5-1-9046"),
        ("b", Hello("", "b"), "V-5-1-9046"),
        ("a", Hello(CLUSTER, "a"), "V-5-1-9049"),
        ("b", Hello(CLUSTER, "b", (7, 9)), "V-5-1-9050"),
        ("c", Hello(CLUSTER, "c"), "V-5-1-9051"),
    ],
)
def test_a_greeting_that_is_not_true_is_refused_and_noted_once(
    tmp_path: Path, certificate: str, hello: Hello, refusal: str
) -> None:
    async def story() -> None:
        async with nodes(tmp_path, "a") as made:
            a = made["a"]
            a.peers.follow({"b": "127.0.0.1:1"})
            home = _home(tmp_path, certificate)
            _trust_both(a, tmp_path)
            for _ in range(3):
                async with stranger(a, context(home)) as other:
                    answer = await other.greet(hello)
                    assert isinstance(answer, Refusal)
                    assert answer.id == refusal
                    assert await other.is_hung_up_on()
            assert a.said(refusal) == 1
            assert a.peers.connected == frozenset()

    run(story())


def _home(directory: Path, node: str, days: int = 1) -> Path:
    """A home with the certificate of a node; `elsewhere` is a b of another cluster."""
    home, ca = directory / f"stranger-{node}", directory / "ca"
    if node == "elsewhere":
        authority.create(directory / "other", "other")
        ca, node = directory / "other", "b"
    authority.issue(ca, node, home, days)
    return home


def _trust_both(node: Node, directory: Path) -> None:
    """Let a node trust the authority of another cluster too, as a mistake would."""
    if (directory / "other").exists():
        authority.trust(directory / "other", node.home)
        node.peers.reload()


@pytest.mark.parametrize(
    ("days", "version", "reason"),
    [
        (None, ssl.TLSVersion.TLSv1_3, "it showed no certificate"),
        (-1, ssl.TLSVersion.TLSv1_3, "its certificate does not hold: certificate has expired"),
        (1, ssl.TLSVersion.TLSv1_2, "it does not speak TLS 1.3"),
    ],
)
def test_who_shows_no_certificate_that_holds_is_refused_and_noted_once(
    tmp_path: Path, days: int | None, version: int, reason: str
) -> None:
    async def story() -> None:
        async with nodes(tmp_path, "a") as made:
            a = made["a"]
            a.peers.follow({"b": "127.0.0.1:1"})
            home = None if days is None else _home(tmp_path, "b", days)
            for _ in range(3):
                await _fails_to_greet(a, context(home, version))
            await until(lambda: a.said(reason))
            assert a.said("V-5-1-9046") == 1

    run(story())


async def _fails_to_greet(node: Node, security: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        async with stranger(node, security) as other:
            assert await other.greet(HELLO) is None


def test_the_certificate_of_another_authority_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with nodes(tmp_path, "a") as made:
            authority.create(tmp_path / "other", CLUSTER)
            authority.issue(tmp_path / "other", "b", tmp_path / "b")
            await _fails_to_greet(made["a"], context(tmp_path / "b"))
            await until(lambda: made["a"].said("its certificate does not hold"))

    run(story())


def test_a_node_that_answers_for_another_is_hung_up_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with nodes(tmp_path, "a", "b") as made:
            made["b"].peers.follow({"a": "127.0.0.1:1"})
            made["a"].peers.follow({"c": made["b"].address})
            await until(lambda: made["a"].said("V-5-1-9048 b answered where c was asked for"))
            assert made["a"].peers.connected == frozenset()

    run(story())


def test_who_is_refused_by_a_node_learns_why(tmp_path: Path) -> None:
    async def story() -> None:
        async with nodes(tmp_path, "a", "b") as made:
            made["b"].peers.follow({"a": made["a"].address})
            await until(lambda: made["b"].said("V-5-1-9051 'b is not in the view of a'"))

    run(story())


def test_who_never_says_who_it_is_is_hung_up_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with nodes(tmp_path, "a", limits=IMPATIENT) as made:
            async with stranger(made["a"], None) as other:
                assert await other.is_hung_up_on()
            async with stranger(made["a"], context(_home(tmp_path, "b"))) as other:
                assert await other.is_hung_up_on()
            assert made["a"].said("it did not say who it is in time") == 1

    run(story())


@pytest.mark.parametrize("act", ["stop", "reload", "leave"])
def test_a_call_under_way_does_not_hold_anything_up(tmp_path: Path, act: str) -> None:
    async def story() -> None:
        async with nodes(tmp_path, "a") as made, silent_listener() as (address, callers):
            made["a"].peers.follow({"b": address})
            await until(lambda: callers)
            if act == "stop":
                await made["a"].stop()
            elif act == "reload":
                authority.issue(tmp_path / "ca", "a", made["a"].home)
                made["a"].peers.reload()
            else:
                made["a"].peers.follow({})
            await until(lambda: act == "reload" or not made["a"].peers._all)

    run(story())


def test_strangers_who_only_keep_connections_open_do_not_keep_a_node_out(tmp_path: Path) -> None:
    async def story() -> None:
        limits = replace(LIMITS, unauthenticated=3, connections=8)
        async with nodes(tmp_path, "a", "b", limits=limits) as made, AsyncExitStack() as stack:
            for _ in range(20):
                await stack.enter_async_context(stranger(made["a"], None))
            follow_all(made)
            await made["a"].sees("b")
            assert len(made["a"].peers._all) <= 1 + 3

    run(story())


def test_no_more_connections_are_held_than_the_limit_says(tmp_path: Path) -> None:
    async def story() -> None:
        limits = replace(LIMITS, connections=2)
        async with nodes(tmp_path, "a", limits=limits) as made, AsyncExitStack() as stack:
            for _ in range(2):
                await stack.enter_async_context(stranger(made["a"], None))
            await until(lambda: len(made["a"].peers._all) == 2)
            async with stranger(made["a"], None) as other:
                assert await other.is_hung_up_on()
            assert made["a"].said("too many connections") == 1

    run(story())
