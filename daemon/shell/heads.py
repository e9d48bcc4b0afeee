"""Signed heads: this node says every so often where its logs end, and the others witness it.

A head is signed with a key of the home once it is on stable storage, and given to every node that
is connected. A witness looks whether its own log has the same hash there; of a log that it does
not have, whether what it kept before speaks against it. It keeps the head, signs what it found,
and says so to whoever asks. A head that differs is kept too, as evidence, and nobody signs it.

Nothing here stands in the way of a change: no more than a few signatures of a tenth of a
millisecond each, between two inputs of the core; flushing and loading are done beside the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from daemon.shell import clock
from daemon.shell.kept import Kept
from eventstore.codec import Commit
from eventstore.errors import Conflict, NotFound, Rejected, StoreError, Unavailable
from eventstore.proofs import heads, signing
from eventstore.proofs.heads import Head, Witness
from eventstore.source import DATABASE
from eventstore.storage.flushing import flush
from eventstore.storage.store import Store

Answer = dict[str, Any]
Ask = Callable[[str, str, Answer], Awaitable[Answer]]

FIRST_S = 20.0
"""After a start: there is better to do first."""
QUESTIONS = frozenset({"head", "head.kept", "head.witness"})
"""What is answered here."""


class Heads:
    """The heads of one incarnation; `ask` puts a question to a peer, `peers` are the connected."""

    def __init__(
        self,
        home: Path,
        node: str,
        cluster: str,
        store: Store,
        *,
        ask: Ask,
        peers: Callable[[], Iterable[str]],
        note: Callable[[str], None],
    ) -> None:
        self.node = node
        self._home = home
        self._cluster = cluster
        self._store = store
        self._ask = ask
        self._peers = peers
        self._note = note
        self.before: Callable[[], None] = lambda: None
        """Called when the store is about to be read."""
        self.after: Callable[[], None] = lambda: None
        """Called when the heads were kept."""
        self._kept = Kept(home)
        self._said: set[str] = set()

    async def run(self, seconds: float) -> None:
        """Sign whenever something was committed since the last time."""
        await asyncio.sleep(min(seconds, FIRST_S))
        while True:
            try:
                await self.fresh()
            except (StoreError, OSError) as error:
                self._once(f"the heads of the logs are not signed: {error}")
            await asyncio.sleep(seconds)

    async def fresh(self) -> list[Head]:
        """Return the heads of both logs, signed, witnessed and kept.

        Raises:
            Rejected, OSError: there is no key that can be used.
            Unavailable: the log cannot be read.
        """
        key, endorsement = await self._key()
        self.before()
        ends = [self._end(log) for log in ("shared", "node")]
        await asyncio.to_thread(_flush, self._home / DATABASE)
        found = []
        for end in ends:
            known = self._kept.last(self.node, end.log, end.lineage)
            peers = frozenset(self._peers())
            if known is not None and _same_place(known, end) and _seen_by(known, peers):
                found.append(known)
                continue
            head = heads.sign(end, key, endorsement)
            head = heads.witnessed(head, await self._witnesses(head, peers))
            self._keep(head)
            found.append(head)
        self.after()
        return found

    def _end(self, log: str) -> Head:
        reader = self._store.logs[log]
        commit = reader.commit(self._store.heads[log].position)
        return heads.head_of(
            commit, reader.lineage, reader.name,
            cluster=self._cluster, node=self.node, time_us=clock.wall_us(),
        )  # fmt: skip

    async def _key(self) -> tuple[signing.Key, signing.Endorsement | None]:
        """Return what signs; it is read anew each time, since certificates are replaced."""
        return await asyncio.to_thread(_signer, self._home)

    async def _witnesses(self, head: Head, peers: Iterable[str]) -> tuple[Witness, ...]:
        said = await asyncio.gather(*(self._witness(node, head) for node in sorted(peers)))
        return tuple(one for one in said if one is not None)

    async def _witness(self, node: str, head: Head) -> Witness | None:
        """Return the word of a peer; None: it is out of reach, or found something else."""
        try:
            answer = await self._ask(node, "head.witness", {"head": msgspec.to_builtins(head)})
            if answer["ok"]:
                return msgspec.convert(answer["data"], Witness)
            why = f"{answer['error']['message']}: {answer['error']['cause']}"
        except StoreError as error:
            if isinstance(error, Unavailable):
                return None
            why = error.message
        except (msgspec.ValidationError, KeyError, TypeError) as error:
            why = f"its answer is none: {error}"
        self._once(f"{node} does not witness {head.log} @{head.position}: {why}")
        return None

    def _keep(self, head: Head) -> None:
        try:
            self._kept.keep(head)
        except OSError as error:
            self._once(f"a head of {head.node} could not be kept: {error}")

    def _once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._note(text)

    async def answer(self, question: str, args: Answer) -> Answer:
        """Answer a question about heads, of a utility or of another daemon.

        Raises:
            StoreError: it cannot be answered.
        """
        try:
            if question == "head":
                data: Any = {"heads": msgspec.to_builtins(await self.fresh())}
            elif question == "head.kept":
                of = args.get("of")
                data = {"heads": msgspec.to_builtins(self._kept.of(str(of or self.node)))}
            else:
                said = msgspec.convert(args.get("head"), Head)
                data = msgspec.to_builtins(await self._look_at(said))
        except msgspec.ValidationError as error:
            raise Rejected(
                "V-5-1-7846", f"the question {question!r} is not put as it should be",
                cause=str(error),
            ) from error  # fmt: skip
        except OSError as error:
            raise _cannot_sign(self.node, error) from error
        return {"ok": True, "data": data}

    async def _look_at(self, head: Head) -> Witness:
        """Return this node's word about another's head, which is kept.

        Raises:
            Rejected: it was not signed by a node of this cluster.
            Conflict: this node's own log, or what it kept before, speaks against it.
            NotFound: this node does not know that much of the log yet.
        """
        key, endorsement = await self._key()
        authority = (self._home / signing.TLS / "ca.pem").read_bytes()
        wrong = heads.problems(heads.witnessed(head, ()), authority)
        if head.cluster != self._cluster:
            wrong.append(f"it is of cluster {head.cluster}")
        if wrong:
            raise Rejected(
                "V-5-1-9264",
                f"{self.node} does not witness the head of {head.node}",
                cause="; ".join(wrong),
                fix=f"see to certificate and key of {head.node}",
                rule="G1",
            )
        found: heads.Found = "same" if head.log == "shared" else "kept"
        why = self._differs(head) if found == "same" else self._kept.against(head)
        self._keep(head)
        if why is not None:
            self._once(f"{head.node} says {head.log} ends @{head.position}, and {why} -> kept")
            raise Conflict(
                "V-5-1-9265",
                f"{self.node} does not witness {head.log} @{head.position} of {head.node}",
                cause=why,
                fix=f"'vx verify --against {self.node}' on {head.node} tells where they part; "
                f"heads/{head.node}.ndjson in the home of {self.node} has the evidence",
                rule="G3",
            )
        return heads.witness(
            head, found, node=self.node, time_us=clock.wall_us(), key=key, endorsement=endorsement
        )

    def _differs(self, head: Head) -> str | None:
        """Return how this node's shared log differs from a head, or None.

        Raises:
            NotFound: it does not go that far yet.
        """
        self.before()
        reader = self._store.logs["shared"]
        if reader.lineage.hex() != head.lineage:
            return f"this node's shared log has lineage {reader.lineage.hex()}"
        own: Commit = reader.commit(head.position)
        if own.hash.hex() != head.hash:
            return f"this node's shared log has another hash @{head.position}"
        return None


def _same_place(known: Head, end: Head) -> bool:
    return (known.position, known.hash) == (end.position, end.hash)


def _seen_by(known: Head, peers: frozenset[str]) -> bool:
    return peers <= {one.node for one in known.witnesses}


def _signer(home: Path) -> tuple[signing.Key, signing.Endorsement | None]:
    key = signing.key_of(home, make=True)
    with suppress(ValueError, TypeError):
        return key, signing.endorse(home, key.public)
    return key, None


def _flush(database: Path) -> None:
    """Put what was committed on stable storage: a power cut must not make a head a lie."""
    for path in (database.with_name(f"{database.name}-wal"), database):
        with suppress(FileNotFoundError):
            flush(path)


def _cannot_sign(node: str, error: OSError) -> StoreError:
    return NotFound(
        "V-5-1-9263",
        f"{node} cannot sign",
        cause=str(error),
        fix="see to its home",
        node=node,
    )
