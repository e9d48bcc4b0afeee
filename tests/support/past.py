"""Asking a stored log about its past, as the daemon's reader and offline commands do."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eventstore.asking.answering import Answer
from eventstore.asking.questions import answer
from eventstore.codec import Commit, Context, Draft, Head, encode_context, seal
from eventstore.model.objects import Key
from eventstore.source import Source, open_log
from eventstore.storage.reader import side_check
from tests.support.core import Core, a_store, stored

When = dict[str, object]


def at(position: int) -> When:
    return {"kind": "position", "value": position}


def back(steps: int) -> When:
    return {"kind": "relative", "value": -steps}


def tx(request: str) -> When:
    return {"kind": "tx", "value": request}


def time(time_us: int) -> When:
    return {"kind": "time", "value": time_us}


class Past:
    """A core's story, and the log in which it is stored."""

    def __init__(self, core: Core, source: Source) -> None:
        self.core = core
        self.source = source

    def asks(self, question: str, when: When | None = None, **args: object) -> Answer:
        return answer(self.source, question, args, when)

    def data(self, question: str, when: When | None = None, **args: object) -> Any:
        return self.asks(question, when, **args)["data"]

    def log(self, **args: Any) -> list[int]:
        """The positions that a listing has."""
        return [row["position"] for row in self.data("log", **args)]

    def where(self, request: str) -> int:
        """The position of a request's commit."""
        position: int = self.data("outcome", id=request)["position"]
        return position

    def key(self, name: str) -> Key:
        found = self.core.state.named(self.core.dgid(), name)
        assert found is not None
        return found.space, found.rid


@contextmanager
def past_of(core: Core, where: Path) -> Iterator[Past]:
    with open_log(str(stored(core, where / "log.db"))) as source:
        yield Past(core, source)


@contextmanager
def log_of(where: Path, commits: Sequence[Commit]) -> Iterator[Source]:
    """A node's log of commits that no daemon would have made, and no store would have taken."""
    path = where / "planted.db"
    with a_store(path) as store:
        for commit in commits:
            check = side_check(commit.digest, commit.term, commit.applied_us)
            store._driver.execute(
                f"INSERT INTO node_commits VALUES (?{8 * ',?'})", (*commit, check)
            )
    with open_log(str(path)) as source:
        yield source


def sealed(head: Head, payload: bytes, digest: bytes, clock_us: int = 1) -> Commit:
    """A commit after `head` with a payload of whatever bytes."""
    tx = f"planted-{head.position + 1}"
    return seal(head, Draft(tx, "node1", encode_context(Context()), payload, digest, clock_us), 1)
