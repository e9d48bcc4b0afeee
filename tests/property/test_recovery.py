"""A core that is rebuilt from its logs is the one that wrote them (I10)."""

import tempfile
from pathlib import Path

from hypothesis import given, settings, strategies as st

from daemon.core.node import Node
from daemon.shell.recovery import recover
from eventstore.model.notifications import DeviceNotified, DevicesScanned
from tests.support.core import Core, a_core, stored
from tests.support.histories import COMMANDS, MOVES, NOTIFICATIONS, Move
from tests.support.model import snapshot


def moved(core: Core, moves: list[Move]) -> None:
    for move in moves:
        if isinstance(move, DeviceNotified | DevicesScanned):
            core.sees(move)
        else:
            core.asks(move)


def everything(node: Node) -> object:
    logs = [
        (snapshot(live.state), live.digest, live.head, live.last_change)
        for live in (node.shared, node.own)
    ]
    return logs, node.name, node.cluster, list(node.private.intervals)


@given(MOVES)
@settings(max_examples=25)
def test_recovery_gives_the_core_that_was(moves: list[Move]) -> None:
    core = a_core(160, 160)
    moved(core, moves)
    with tempfile.TemporaryDirectory() as where:
        store, node = recover(stored(core, Path(where) / "log.db"))
        with store:
            assert everything(node) == everything(core.node)


@given(MOVES, st.lists(st.one_of(COMMANDS, NOTIFICATIONS), max_size=5))
@settings(max_examples=15)
def test_a_recovered_core_goes_on_as_the_one_that_was_would_have(
    moves: list[Move], later: list[Move]
) -> None:
    core = a_core(160, 160)
    moved(core, moves)
    with tempfile.TemporaryDirectory() as where:
        store, node = recover(stored(core, Path(where) / "log.db"))
        with store:
            twin = Core()
            twin.node, twin.wall_us, twin.monotonic_ms = node, core.wall_us, core.monotonic_ms
            twin._requests = core._requests
            node.member.hard = core.node.hard_state
            moved(core, later)
            moved(twin, later)
            assert everything(node) == everything(core.node)
