"""The engines that the contract is checked with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventstore.storage.store import Store
from tests.support.stores import Engine, SqliteEngine

ENGINES = ("postgresql", "sqlite")


def made(request: pytest.FixtureRequest, directory: Path) -> Engine:
    if request.param == "sqlite":
        return SqliteEngine(directory)
    from tests.support.postgres_stores import PostgresEngine, database_of  # noqa: PLC0415

    return PostgresEngine(database_of(request.getfixturevalue("postgres")), directory)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    return made(request, tmp_path)


@pytest.fixture(params=ENGINES)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """A store in a directory of its own."""
    return made(request, tmp_path / "home")


@pytest.fixture
def store(engine: Engine) -> Iterator[Store]:
    with engine.open() as opened:
        yield opened
