"""Keyframes in a simulated life: what a node gives one that is far behind, whole or not (C3).

The shell cuts them in surveys; here a node has one wherever it is asked, or has none. Some are not
what was written, and some hold a state that is not the one of their commit.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import msgspec

from daemon.core import messages as msg
from daemon.core.ready import Load
from eventstore.codec import Commit, decode_events
from eventstore.model.evolve import apply
from eventstore.model.state import State
from eventstore.past import replay
from eventstore.storage import keyframes
from eventstore.storage.keyframes import Keyframe, NotWhole
from tests.simulation.founding import lineage_of

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Keyframe).decode
SLICES = 3


class Frame(NamedTuple):
    """A keyframe: its row, and its slices."""

    row: Keyframe
    slices: tuple[bytes, ...]


def cut(log: list[Commit], position: int, random: Random) -> Frame:
    """Return a keyframe of a log at a position; now and then it does not hold."""
    how = random.choice(("whole", "whole", "whole", "spoilt", "another state"))
    state = State()
    for commit in log[: position - (how == "another state")]:
        apply(state, decode_events(commit.payload, commit.position))
    body = keyframes.encode(state)
    size = len(body) // SLICES + 1
    slices = [body[at : at + size] for at in range(0, len(body), size)]
    commit = log[position - 1]
    row = Keyframe(
        "shared", position, commit.hash, commit.digest, 0, keyframes.MODEL, 0, len(body),
        len(slices),
    )  # fmt: skip
    row = row._replace(seal=keyframes.sealed(lineage_of("shared"), row, body))
    if how == "spoilt":
        slices[-1] = slices[-1][:-1] + bytes([slices[-1][-1] ^ 1])
    return Frame(row, tuple(slices))


class Frames:
    """The keyframes that one node has to give."""

    def __init__(self, seed: int, node: str) -> None:
        self._random = Random(f"{seed}/{node}/keyframes")
        self._cut: dict[int, Frame] = {}

    def loaded(self, load: Load, message: msg.Frame, log: list[Commit]) -> msg.Frame:
        """Return the message with the next slice, as the shell does."""
        position, number = message.position, message.number
        if position not in self._cut:
            if load.after >= load.through or self._random.random() < 0.25:
                return msg.Frame(message.term, 0, 0, b"", (), last=False)
            position, number = self._random.randint(load.after + 1, load.through), 0
            self._cut[position] = cut(log, position, self._random)
        row, slices = self._cut[position]
        last = number + 1 >= len(slices)
        return msg.Frame(
            message.term, position, number, _encode(row), slices[number : number + 1], last=last
        )


class Kept:
    """What a disk has of keyframes that were given to it."""

    def __init__(self) -> None:
        self._slices: list[bytes] = []
        self.whole: Frame | None = None

    def take(self, message: msg.Frame) -> None:
        """Put slices beside those that are there; the first one ends what was there before."""
        del self._slices[message.number :]
        self._slices += message.slices
        if message.last:
            self.whole = Frame(_decode(message.row), tuple(self._slices))

    def nearest(self, log: list[Commit]) -> tuple[State, int]:
        """Return a state to go on from, and its position: the empty one if no keyframe holds."""
        if self.whole is None or self.whole.row.position > len(log):
            return State(), 0
        row, slices = self.whole
        try:
            replay.check_place(row, log[row.position - 1])
            state = keyframes.opened(lineage_of("shared"), row, slices)
            replay.check_state(row, state)
        except NotWhole:
            return State(), 0
        return state, row.position
