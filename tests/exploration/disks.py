"""Beside the core: a node's disk and own log, and what a step's messages promise of them (I8)."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from daemon.core import messages as msg
from daemon.core.ready import Found, HardState, Hold, Notified, Ready, Release, Submit
from eventstore.codec import Actor, Commit, Context
from eventstore.model.commands import AnyCommand
from tests.simulation import founding
from tests.simulation.disk import Disk
from tests.support.cluster import found_in
from tests.support.model import appears, init_disk, make_group

hard_of = msgspec.msgpack.Decoder(HardState).decode
RELEASE = -1
PRIVATE_GROUP = "dgp"


class Violation(Exception):
    """An invariant does not hold."""


class Image(NamedTuple):
    """A disk: what is safe, and transactions that a power cut may take, the last ones first."""

    shared: tuple[Commit, ...]
    hard: bytes
    unsynced: tuple[tuple[tuple[Commit, ...], bytes | None], ...] = ()

    def kept(self, count: int) -> Image:
        """What is safe once so many of the transactions are."""
        shared, hard = self.shared, self.hard
        for commits, written in self.unsynced[:count]:
            shared += commits
            hard = hard if written is None else written
        return Image(shared, hard)

    @property
    def whole(self) -> Image:
        """All of it, as a process reads it, or as a flush makes it."""
        return self.kept(len(self.unsynced)) if self.unsynced else self


def context() -> Context:
    """Who asks in every scope: the same one at the same moment."""
    return Context(Actor(0, "root", 1, "vx"), clock_us=founding.START_US)


def own_log(name: str, *, disk: bool, group: bool) -> list[Commit]:
    """The log of a node that has the disk sdb, or a private disk group on another."""
    stored = Disk(name)
    core = stored.recover(founding.START_US)
    asked: list[AnyCommand] = []
    seen = [device for device, has in (("sdb", disk), ("sdc", group)) if has]
    for device in seen:
        appeared = Notified(appears(device, size=1 << 21))
        stored.write(core.step(0, founding.START_US, appeared))
        asked.append(init_disk(device))
    if group:
        asked.append(make_group(PRIVATE_GROUP, "sdc"))
    for number, command in enumerate(asked):
        said = Submit(number, f"o{number}", "private", command, context())
        stored.write(core.step(0, founding.START_US, said))
    stored.flush()
    return stored.own


def outcome_of(request: str, image: Image) -> Found | None:
    """What the log says of a request."""
    return found_in(image.whole.shared, request)


def hold_of(ready: Ready) -> int:
    """The last that a step tells its kernel of holds."""
    told = [d for d in ready.directives if isinstance(d, (Hold, Release))]
    if not told:
        return 0
    return told[-1].number if isinstance(told[-1], Hold) else RELEASE


def check_gaps(name: str, commits: tuple[Commit, ...], end: int) -> None:
    """I6: a log has no gaps, and takes no position twice."""
    for number, commit in enumerate(commits, end + 1):
        if commit.position != number:
            raise Violation(f"I6: {name} writes @{commit.position} where @{number} follows")


def broken_promise(name: str, message: msg.AnyMessage, disk: Image) -> str:
    """I8: hold a message against what a power cut at this instant would leave; "": it is kept."""
    hard = hard_of(disk.hard)
    match message:
        case msg.Promised() | msg.Ask() if hard.term < message.term:
            return f"I8: {name} speaks for term {message.term}, its disk has {hard.term}"
        case msg.Prepared() if hard.numbered < (message.term, message.number):
            return f"I8: {name} says prepared, its disk has not"
        case msg.CaughtUp() | msg.Applied() if len(disk.shared) < message.position:
            if hard.doubt is None or hard.doubt.last < message.position:
                return f"I8: {name} says it has @{message.position}, its disk has not"
        case _:
            pass
    return ""


def words_of(message: msg.AnyMessage) -> str:
    """A message in a few words, for the path to a violation."""
    tag = str(message.__struct_config__.tag)
    record = getattr(message, "record", None)
    if record is not None:
        return f"{tag} {record.term}.{record.number} @{record.first}..{record.last}"
    number = getattr(message, "number", None)
    return f"{tag} {message.term}" + ("" if number is None else f".{number}")
