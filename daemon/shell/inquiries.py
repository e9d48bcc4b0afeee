"""Questions that one daemon puts to another, on behalf of a utility that only reads.

They travel on the same links as the protocol's messages and are none of it: the core never sees
them, and nothing that a daemon decides rests on an answer. An answer that does not come in time,
or from a node that is not connected, is an error that names the node.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import msgspec
from msgspec import Struct

from daemon.errors import ProtocolViolation
from eventstore.errors import Overloaded, Rejected, StoreError, Unavailable

ANSWERING_MAX = 16
"""Questions of one node that are worked on at once; more are refused."""

ANSWER_MAX_BYTES = 4 << 20
"""An answer that is longer would have to be sent in pieces, which links do for the log alone."""

Answer = dict[str, Any]


class Question(Struct, frozen=True, tag="question", tag_field="m"):
    """What is asked, as on the control socket; `number` is the asker's."""

    number: int
    question: str
    args: dict[str, Any]
    at: dict[str, Any] | None


class Reply(Struct, frozen=True, tag="reply", tag_field="m"):
    """The answer to the question with this number, as on the control socket."""

    number: int
    answer: Answer


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Question | Reply).decode


class Inquiries:
    """The questions under way between this daemon and its peers, in both directions."""

    def __init__(
        self,
        send: Callable[[str, bytes], bool],
        respond: Callable[[Question], Awaitable[Answer]],
    ) -> None:
        self._send = send
        self._respond = respond
        self._numbers = count(1)
        self._asked: dict[int, tuple[str, asyncio.Future[Answer]]] = {}
        self._answering: dict[str, set[asyncio.Task[None]]] = {}

    async def ask(
        self, node: str, question: str, args: Answer, at: Answer | None, timeout_s: float
    ) -> Answer:
        """Return a node's answer, an error included.

        Raises:
            Unavailable: the node is not connected, or did not answer in time.
        """
        number = next(self._numbers)
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[number] = (node, answered)
        try:
            if not self._send(node, _encode(Question(number, question, args, at))):
                raise _out_of_reach(node, "there is no connection with its daemon")
            async with asyncio.timeout(timeout_s):
                return await answered
        except TimeoutError as error:
            raise _out_of_reach(node, f"no answer within {timeout_s:g} s") from error
        finally:
            del self._asked[number]

    def take(self, node: str, body: bytes) -> None:
        """Take a question or an answer of a node.

        Raises:
            ProtocolViolation: it is neither.
        """
        try:
            said = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ProtocolViolation(f"neither a question nor a reply: {error!s:.100}") from error
        if isinstance(said, Reply):
            asked, answered = self._asked.get(said.number, ("", None))
            if asked == node and answered is not None and not answered.done():
                answered.set_result(said.answer)
            return
        tasks = self._answering.setdefault(node, set())
        if len(tasks) >= ANSWERING_MAX:
            self._send(node, _encode(Reply(said.number, _refused(_too_many()))))
            return
        task = asyncio.get_running_loop().create_task(self._answer(node, said))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _answer(self, node: str, said: Question) -> None:
        try:
            answer = await self._respond(said)
        except StoreError as error:
            answer = _refused(error)
        reply = _encode(Reply(said.number, answer))
        if len(reply) > ANSWER_MAX_BYTES:
            reply = _encode(Reply(said.number, _refused(_too_long(len(reply)))))
        self._send(node, reply)

    def lost(self, node: str) -> None:
        """Give up what a node was asked: the connection with it is gone."""
        for asked, answered in self._asked.values():
            if asked == node and not answered.done():
                answered.set_exception(_out_of_reach(node, "the connection ended meanwhile"))

    def stop(self) -> None:
        """End all work on answers."""
        for tasks in self._answering.values():
            for task in tuple(tasks):
                task.cancel()


def _refused(error: StoreError) -> Answer:
    return {"ok": False, "error": error.to_map()}


def _out_of_reach(node: str, cause: str) -> Unavailable:
    return Unavailable(
        "V-5-1-9137",
        f"node {node} is out of reach",
        cause=cause,
        fix=f"ask on {node} itself, or read its log with --log",
        node=node,
    )


def _too_long(size: int) -> Rejected:
    return Rejected(
        "V-5-1-9228",
        "the answer is too long for a message between daemons",
        cause=f"it has {size} bytes, and may have {ANSWER_MAX_BYTES}",
        fix="ask for less, or read that node's log with --log",
        rule="G2",
    )


def _too_many() -> Overloaded:
    return Overloaded(
        "V-5-1-9138",
        "too many questions of one node are under way",
        cause=f"{ANSWERING_MAX} are",
        fix="try again",
        rule="G2",
    )
