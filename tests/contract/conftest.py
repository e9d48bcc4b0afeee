"""The engines that the contract is checked with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventstore.storage.store import Store
from tests.support.stores import Engine, SqliteEngine

ENGINES = {"sqlite": SqliteEngine}


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    return ENGINES[request.param](tmp_path)


@pytest.fixture
def store(engine: Engine) -> Iterator[Store]:
    with engine.open() as opened:
        yield opened
