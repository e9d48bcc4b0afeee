"""Heads of two nodes that witness each other: what is signed, kept, refused, and noted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.shell import authority
from daemon.shell.heads import Answer, Heads
from eventstore.errors import Conflict, Rejected, StoreError, Unavailable
from eventstore.proofs import heads
from eventstore.proofs.heads import Head
from eventstore.storage.store import Store
from tests.support.stores import Maker, SqliteEngine, again, raw
from tests.support.tampering import rewrite

CLUSTER = "c" * 32


class Two:
    """node1 and node2, of one cluster, with the same shared log."""

    def __init__(self, where: Path, stack: ExitStack) -> None:
        self.where = where
        self.notes: list[str] = []
        self.cut = False
        authority.create(where / "ca", CLUSTER)
        shared = Maker("shared")
        self.logged = [shared.entry() for _ in range(4)]
        self.stores = {name: self._store(name, stack) for name in ("node1", "node2")}
        self.heads = {name: self._heads(name) for name in self.stores}

    def _store(self, name: str, stack: ExitStack) -> Store:
        authority.issue(self.where / "ca", name, self.where / name)
        engine = SqliteEngine(self.where / name)
        if name == "node1":
            store = stack.enter_context(engine.open())
            self.sealed = store.append(self.logged)
            self.lineage = store.logs["shared"].lineage
        else:
            engine.open().close()
            with raw(engine.path) as connection:
                query = "UPDATE identity SET lineage = ? WHERE log = 'shared'"
                connection.execute(query, (self.lineage,))
            store = stack.enter_context(engine.open())
            store.append([again(commit, "shared") for commit in self.sealed])
        store.append(Maker("node").entries(3))
        return store

    def _heads(self, name: str) -> Heads:
        other = "node2" if name == "node1" else "node1"

        async def ask(node: str, question: str, args: Answer) -> Answer:
            if self.cut:
                raise Unavailable("V-5-1-9137", f"node {node} is out of reach")
            try:
                return await self.heads[node].answer(question, args)
            except StoreError as error:
                return {"ok": False, "error": error.to_map()}

        return Heads(
            self.where / name, name, CLUSTER, self.stores[name],
            ask=ask, peers=lambda: [] if self.cut else [other], note=self.notes.append,
        )  # fmt: skip

    def fresh(self, node: str = "node1") -> dict[str, Head]:
        return {head.log: head for head in asyncio.run(self.heads[node].fresh())}

    def kept(self, at: str, of: str) -> list[Head]:
        answer = asyncio.run(self.heads[at].answer("head.kept", {"of": of}))
        return heads.loaded(answer["data"]) if answer["data"]["heads"] else []

    def shows(self, head: Head, to: str = "node2") -> Any:
        args = {"head": msgspec.to_builtins(head)}
        return asyncio.run(self.heads[to].answer("head.witness", args))["data"]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with ExitStack() as stack:
        yield Two(tmp_path, stack)


def test_both_heads_are_signed_and_the_other_node_says_what_it_found(two: Two) -> None:
    found = two.fresh()
    pem = (two.where / "ca" / "ca.pem").read_bytes()
    assert [heads.problems(head, pem) for head in found.values()] == [[], []]
    assert {head.log: [one.found for one in head.witnesses] for head in found.values()} == {
        "shared": ["same"],
        "node/node1": ["kept"],
    }
    assert {head.log: head.position for head in two.kept("node2", "node1")} == {
        "shared": 4,
        "node/node1": 3,
    }


def test_nothing_is_signed_again_while_nothing_was_committed(two: Two) -> None:
    assert two.fresh() == two.fresh()
    assert len(two.kept("node1", "node1")) == 2


def test_a_node_alone_signs_too_and_is_witnessed_once_another_is_there(two: Two) -> None:
    two.cut = True
    alone = two.fresh()
    assert [head.witnesses for head in alone.values()] == [(), ()]
    assert heads.problems(alone["node/node1"]) == []
    two.cut = False
    assert [len(head.witnesses) for head in two.fresh().values()] == [1, 1]


def test_a_shared_log_that_is_another_is_not_witnessed_but_kept(two: Two) -> None:
    head = two.fresh()["shared"]
    rewrite(two.where / "node1" / "log.db", 2, "shared")
    other = msgspec.structs.replace(
        head, hash=two.stores["node1"].logs["shared"].commit(4).hash.hex()
    )
    key, endorsement = asyncio.run(two.heads["node1"]._key())
    with pytest.raises(Conflict, match="does not witness shared @4 of node1"):
        two.shows(heads.sign(other, key, endorsement))
    assert two.kept("node2", "node1")[-1].hash == other.hash
    assert "has another hash @4" in two.notes[-1]


def test_a_node_log_that_became_shorter_is_not_witnessed_any_more(two: Two) -> None:
    head = two.fresh()["node/node1"]
    key, endorsement = asyncio.run(two.heads["node1"]._key())
    for position in (2, 9):
        shown = heads.sign(msgspec.structs.replace(head, position=position), key, endorsement)
        with pytest.raises(Conflict, match="does not witness node/node1"):
            two.shows(shown)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"signature": "00" * 64}, "does not hold"),
        ({"cluster": "d" * 32}, "does not hold"),
        ({"node": "node2"}, "does not hold"),
    ],
)
def test_what_the_node_did_not_sign_is_not_witnessed(
    fields: dict[str, str], why: str, two: Two
) -> None:
    planted = msgspec.structs.replace(two.fresh()["shared"], **fields)
    with pytest.raises(Rejected) as refused:
        two.shows(planted)
    assert why in str(refused.value.cause)


def test_a_question_of_another_shape_is_refused(two: Two) -> None:
    with pytest.raises(Rejected, match="not put as it should be"):
        asyncio.run(two.heads["node1"].answer("head.witness", {"head": 7}))
