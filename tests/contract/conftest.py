"""The engines that the contract is checked with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventstore.storage.store import Store
from tests.support.stores import Engine, SqliteEngine

ENGINES = ("postgresql", "sqlite")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    if request.param == "sqlite":
        return SqliteEngine(tmp_path)
    from tests.support.postgres_stores import PostgresEngine, database_of  # noqa: PLC0415

    return PostgresEngine(database_of(request.getfixturevalue("postgres")), tmp_path)


@pytest.fixture
def store(engine: Engine) -> Iterator[Store]:
    with engine.open() as opened:
        yield opened
