"""A daemon whose index was damaged answers as if it was not, from the first question on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from eventstore.source import DATABASE
from eventstore.storage.offline import read_store
from tests.contract.test_index import DAMAGE
from tests.support.daemons import Daemon, change, daemon_with_disks, make_group, volume
from tests.support.stores import raw
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

LOST = (
    "all rows lost",
    "keys changed",
    "two rows changed places",
    "seals changed",
    "all of it lost",
)


def asked(daemon: Daemon) -> list[object]:
    """What the index is there for: outcomes, origins, the history of one object."""
    return [
        *(daemon.outcome(f"made-{i}") for i in range(10)),
        daemon.query("blame", object="datadg/made-3"),
        [row["position"] for row in daemon.query("log", object="datadg/made-4")],
    ]


def mended(daemon: Daemon) -> Callable[[], bool]:
    def is_so() -> bool:
        with read_store(daemon.home / DATABASE) as logs:
            written = [log for log in logs.values() if log.indexed_to()]
            return not any(list(log.index.unsealed()) for log in written)

    return is_so


@pytest.mark.parametrize("damage", LOST)
@pytest.mark.parametrize("running", [False, True])
def test_no_answer_is_wrong_and_no_request_is_done_twice(
    tmp_path: Path, damage: str, *, running: bool
) -> None:
    with daemon_with_disks(tmp_path) as daemon:
        daemon.start()
        make_group(daemon)
        positions = [daemon.make(f"made-{i}", f"made-{i}") for i in range(10)]
        before = asked(daemon)
        daemon.stop()
        if running:
            daemon.start()
        with raw(daemon.home / DATABASE) as database:
            database.executescript(DAMAGE[damage])
        if not running:
            daemon.start()
        again = [
            daemon.do("volume.make", volume(f"made-{i}"), f"made-{i}") for i in range(10)
        ]  # fmt: skip
        assert again == positions
        assert asked(daemon) == before
        wait_until(mended(daemon))
        assert asked(daemon) == before
        daemon.assert_sound()
        assert daemon.ask(change("volume.make", volume("made-0"), "made-0"))["ok"] is True
