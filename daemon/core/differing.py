"""What happens where the same commit gives different digests on two nodes (G3).

A digest stands beside each commit. Whoever gets another one replays its log from the beginning: if
the replay does not give what the live state gave, that state was wrong, and the node stops, to
begin anew from its log. If it does, the node stands by it, and says so to the master, which
replays as well. If both stand by theirs the cluster halts changes: two programs, or two disks,
make different things of the same words, and nobody can say which is right.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from daemon.core import messages as msg
from daemon.core.ready import Replay, Replayed
from daemon.core.work import Work
from eventstore.codec import Commit
from eventstore.errors import Damaged, StoreError

PATIENCE_MS = 600_000
"""How long a replay may take; after that the node stops, which replays too."""

OBJECTS_MAX = 5
"""Objects that are named; a commit may touch thousands."""


class Differs(Damaged):
    """A commit gives another state here than was recorded with it."""

    def __init__(self, commit: Commit, own: bytes, objects: tuple[str, ...], cause: str) -> None:
        super().__init__(
            f"commit @{commit.position} of the shared log gives another state here",
            position=commit.position,
            cause=f"{cause}; it is about {', '.join(objects[:OBJECTS_MAX]) or 'no object'}",
        )
        self.commit = commit
        self.own = own
        self.objects = objects[:OBJECTS_MAX]


class Doubted(Struct, frozen=True):
    """A commit whose digest is in question here: what the live state, or the log, has of it."""

    position: int
    own: bytes
    objects: tuple[str, ...]
    node: str
    """Whose digest is another one."""
    stands: bool = False


class Digests:
    """What one node knows of digests that differ; it applies nothing while it is one of them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mine: Doubted | None = None
        """This node got another digest than was recorded."""
        self.until_ms: int | None = None
        """When a replay of this node's own has to be done."""
        self.others: Doubted | None = None
        """A member stands by another digest than this master's."""

    @property
    def is_in_question(self) -> bool:
        """Whether this node cannot apply what comes next."""
        return self.mine is not None

    def differs(self, work: Work, error: Differs, now_ms: int) -> None:
        """Replay, since the state here came out as another one."""
        self.until_ms = now_ms + PATIENCE_MS
        position = error.commit.position
        self.mine = Doubted(position, error.own, error.objects, self.name)
        work.replay = Replay(position, error.commit)
        work.note(f"{error.message}: {error.cause} -> replay (G3)")

    def tick(self, now_ms: int) -> None:
        """Stop if no replay says who is right.

        Raises:
            Damaged: the replay was not done in time.
        """
        mine = self.mine
        if mine is not None and self.until_ms is not None and now_ms >= self.until_ms:
            raise Damaged(
                f"the state of {self.name} is in question @{mine.position}, and no replay ended",
                position=mine.position,
                cause=f"the commit is about {_named(mine)}, and gives another digest here",
            )

    def stands(self, term: int) -> msg.Differs | None:
        """Return what is said to the master who asks for more, if this node stands by its own."""
        if self.mine is None or not self.mine.stands:
            return None
        return msg.Differs(term, self.mine.position, self.mine.own, self.mine.objects)

    def told(self, work: Work, sender: str, message: msg.Differs) -> None:
        """A member stands by another digest: the master replays as well."""
        if self.others is not None and self.others.position == message.position:
            return
        self.others = Doubted(message.position, message.digest, message.objects, sender)
        work.replay = Replay(message.position, None)
        work.note(f"{sender} has another digest @{message.position} -> replay (G3)")

    def replayed(self, said: Replayed) -> StoreError | None:
        """Take what the replay gave; return why changes halt, if they have to.

        Raises:
            Damaged: it is this node whose state was wrong.
        """
        mine, others = self.mine, self.others
        if mine is not None and mine.position == said.position:
            self.until_ms = None
            if said.digest != mine.own:
                raise _was_wrong(self.name, mine)
            self.mine = replace(mine, stands=True)
            return _halted(self.mine)
        if others is None or others.position != said.position:
            return None
        if said.digest != said.recorded:
            raise _was_wrong(self.name, others)
        self.others = replace(others, stands=True)
        return _halted(others)


def _named(doubted: Doubted) -> str:
    return ", ".join(doubted.objects) or "no object"


def _was_wrong(node: str, doubted: Doubted) -> Damaged:
    return Damaged(
        f"the state of {node} was wrong: a replay gives another one @{doubted.position}",
        position=doubted.position,
        cause=f"the commit is about {_named(doubted)}; memory, or the program, is faulty",
    )


def _halted(doubted: Doubted) -> StoreError:
    return StoreError(
        "V-5-1-9111",
        "changes are halted: two nodes make different states of the same commit",
        cause=f"commit @{doubted.position}, about {_named(doubted)}; {doubted.node} stands by "
        "another digest than the one that was recorded",
        fix="compare 'vx verify --replay' and the program's version on both nodes",
        rule="G3",
        node=doubted.node,
    )
