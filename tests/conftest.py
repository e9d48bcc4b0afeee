"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.support.postgres_server import Server

# No test depends on speed: hypothesis neither times an example nor the making of one.
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The PostgreSQL server that this process's tests share, a database each."""
    from tests.support.postgres_server import postgres_server  # noqa: PLC0415 it costs 0.2 s

    with postgres_server() as server:
        yield server
