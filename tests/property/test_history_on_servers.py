"""The past is what it was also in a database, into which a log was moved."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings

from eventstore.present.standing import Log
from eventstore.source import Source, opened
from eventstore.storage.copying import copy_store
from eventstore.storage.location import Database
from eventstore.storage.store import Store
from tests.property.test_history import (
    LOGS,
    SEEDS,
    TESTS,
    check_differences,
    check_states,
    witnessed,
)
from tests.property.test_sharing import MOVES as SHARED_MOVES, lived
from tests.support.core import stored
from tests.support.histories import MOVES, Move
from tests.support.keyframes import cut_at
from tests.support.postgres_server import Server
from tests.support.postgres_stores import PostgresEngine, database_of
from tests.support.witness import Witness, a_witness_of, answers_at

EXAMPLES = 5
MANY = 200


@contextmanager
def moved_into(postgres: Server, file: Path, cut: dict[str, set[int]]) -> Iterator[Source]:
    """A log of a file, in a schema of its own, with keyframes at some positions."""
    location: Database = PostgresEngine(database_of(postgres), file.parent).location
    copy_store(file, location)
    with Store.open(location, alone=True) as store:
        for log, positions in cut.items():
            cut_at(store, positions, log)
    with opened(location) as source:
        yield source
    postgres.sql(f"DROP SCHEMA {location.schema} CASCADE", database=database_name(location))


def database_name(location: Database) -> str:
    return location.url.partition("?")[0].rpartition("/")[2]


def hold_to_what_was(postgres: Server, core: Witness, log: Log, seed: int) -> None:
    choice = random.Random(seed)
    with tempfile.TemporaryDirectory() as where:
        file = stored(core, Path(where) / "log.db")
        cut: dict[str, set[int]] = {
            log: {choice.randint(1, 3) for _ in range(choice.randrange(3))}
        }
        with moved_into(postgres, file, cut) as source:
            reader = source.readers[log]
            states = check_states(source, reader, choice)
            for position, said in core.answers.items():
                assert answers_at(source, reader, position) == said, f"@{position}"
            check_differences(source.replayers[log], states, choice)


@given(moves=MOVES, seed=SEEDS)
@settings(max_examples=EXAMPLES)
def test_every_position_is_what_it_was(postgres: Server, moves: list[Move], seed: int) -> None:
    hold_to_what_was(postgres, witnessed(moves), "node", seed)


@given(moves=SHARED_MOVES, seed=SEEDS)
@settings(max_examples=EXAMPLES)
def test_every_position_of_a_shared_log_is_what_it_was(
    postgres: Server, moves: list[tuple[str, object, object]], seed: int
) -> None:
    hold_to_what_was(postgres, a_witness_of(lived(moves)[0].commits), "shared", seed)


@pytest.mark.long
@pytest.mark.timeout(3600)
@given(moves=MOVES, seed=SEEDS)
@settings(max_examples=MANY)
def test_many_histories_are_what_they_were(postgres: Server, moves: list[Move], seed: int) -> None:
    hold_to_what_was(postgres, witnessed(moves), "node", seed)


@pytest.mark.parametrize("log", LOGS, ids=lambda path: str(path.relative_to(TESTS)))
def test_a_log_of_a_release_or_a_site_is_what_it_was(
    postgres: Server, log: Path, tmp_path: Path
) -> None:
    file, choice = tmp_path / "log.db", random.Random(1)
    shutil.copyfile(log, file)
    Store.open(file).close()
    with moved_into(postgres, file, {"node": {1}}) as source:
        for reader in source.readers.values():
            states = check_states(source, reader, choice)
            check_differences(source.replayers[reader.log], states, choice)
