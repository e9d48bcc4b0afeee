"""Servers that a test may end and break."""

from collections.abc import Iterator

import pytest

from tests.support.postgres_server import Server, postgres_server


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """A server that runs and is the test's own."""
    with postgres_server() as server:
        yield server
