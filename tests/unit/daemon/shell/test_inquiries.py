"""One daemon asks another: answered once, by that node only, bounded, and never for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from daemon.errors import ProtocolViolation
from daemon.shell.inquiries import ANSWERING_MAX, Answer, Inquiries, Question, Reply
from eventstore.errors import NotFound, Unavailable

LONG_S = 20.0
Respond = Callable[[Question], Awaitable[Answer]]


async def knows(said: Question) -> Answer:
    return {"ok": True, "data": said.args}


async def refuses(said: Question) -> Answer:
    raise NotFound("V-5-1-7846", f"no {said.question}")


def two(respond: Respond) -> tuple[Inquiries, Inquiries]:
    """Nodes a and b; what one sends the other takes at once."""
    a: Inquiries
    b: Inquiries

    def to_b(node: str, body: bytes) -> bool:
        if node == "b":
            b.take("a", body)
        return node == "b"

    def to_a(_node: str, body: bytes) -> bool:
        a.take("b", body)
        return True

    a, b = Inquiries(to_b, knows), Inquiries(to_a, respond)
    return a, b


def test_a_question_is_answered_by_the_node_that_was_asked() -> None:
    a, _b = two(knows)
    answer = asyncio.run(a.ask("b", "knew", {"node": "b"}, None, LONG_S))
    assert answer == {"ok": True, "data": {"node": "b"}}


def test_a_refusal_travels_as_an_answer() -> None:
    a, _b = two(refuses)
    answer = asyncio.run(a.ask("b", "knew", {}, None, LONG_S))
    assert (answer["ok"], answer["error"]["message"]) == (False, "no knew")


def test_a_node_that_is_not_connected_is_named() -> None:
    a, _b = two(knows)
    with pytest.raises(Unavailable, match="node c is out of reach") as caught:
        asyncio.run(a.ask("c", "knew", {}, None, LONG_S))
    assert caught.value.node == "c"


def test_a_node_that_does_not_answer_in_time_is_given_up() -> None:
    silent = Inquiries(lambda _node, _body: True, knows)
    with pytest.raises(Unavailable, match="out of reach"):
        asyncio.run(silent.ask("b", "knew", {}, None, 0.01))


def test_a_connection_that_ends_ends_the_waiting() -> None:
    async def story() -> None:
        asker = Inquiries(lambda node, _body: bool(asyncio.get_running_loop().call_soon(
            asker.lost, node)), knows)  # fmt: skip
        with pytest.raises(Unavailable) as caught:
            await asker.ask("b", "knew", {}, None, LONG_S)
        assert caught.value.cause == "the connection ended meanwhile"

    asyncio.run(story())


def test_another_node_cannot_answer_in_its_place() -> None:
    async def story() -> None:
        sent = asyncio.Event()

        def send(_node: str, _body: bytes) -> bool:
            sent.set()
            return True

        asker = Inquiries(send, knows)
        asking = asyncio.create_task(asker.ask("b", "knew", {}, None, LONG_S))
        await sent.wait()
        asker.take("c", msgspec.msgpack.encode(Reply(1, {"ok": True, "data": "false"})))
        asker.take("b", msgspec.msgpack.encode(Reply(1, {"ok": True, "data": "true"})))
        assert (await asking)["data"] == "true"

    asyncio.run(story())


def test_too_many_questions_of_one_node_are_refused() -> None:
    sent: list[Reply] = []

    async def never(_said: Question) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    def keep(_node: str, body: bytes) -> bool:
        sent.append(msgspec.msgpack.decode(body, type=Reply))
        return True

    async def story() -> None:
        asked = Inquiries(keep, never)
        for number in range(ANSWERING_MAX + 1):
            asked.take("a", msgspec.msgpack.encode(Question(number, "knew", {}, None)))
        asked.stop()

    asyncio.run(story())
    assert [(one.number, one.answer["error"]["id"]) for one in sent] == [
        (ANSWERING_MAX, "V-5-1-9138")
    ]


def test_what_is_neither_question_nor_reply_costs_the_connection() -> None:
    with pytest.raises(ProtocolViolation, match="neither a question nor a reply"):
        Inquiries(lambda _node, _body: True, knows).take("a", b"\x80")
