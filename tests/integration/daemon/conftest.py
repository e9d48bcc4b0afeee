"""Daemons for the tests of the control socket; each costs half a second, so most share one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemons import Daemon, daemon_with_disks, daemon_without_disks, make_group

LIMITS = ("--set", "limits.frame_seconds=0.3", "--set", "limits.drain_seconds=0.5")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with a disk group, for all tests of a module."""
    with daemon_with_disks(tmp_path_factory.mktemp("served")) as daemon:
        daemon.start(*LIMITS)
        make_group(daemon)
        yield daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon of the test's own, not started yet."""
    with daemon_without_disks(tmp_path) as made:
        yield made
