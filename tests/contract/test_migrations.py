"""A store of any revision that ever was: migrated with a backup, or refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine as Database

from eventstore.codec import Commit
from eventstore.errors import Damaged, StoreError, UnknownFormat
from eventstore.storage.schema import REVISIONS, metadata
from eventstore.storage.sqlite import appender_engine, reader_engine
from eventstore.storage.store import Store
from tests.contract.test_index import wrong_in
from tests.support.stores import Maker, SqliteEngine, append_all, raw

ROOT = Path(__file__).parents[2]
INDEX = ("shared_index", "node_index", "index_marks", "index_seals")


@pytest.fixture
def engine(tmp_path: Path) -> SqliteEngine:
    return SqliteEngine(tmp_path)


def old_store(engine: SqliteEngine, commits: int = 700) -> tuple[Commit, ...]:
    """Make a store of the first revision, which had no index."""
    with engine.open() as store:
        made = tuple(append_all(store, Maker().entries(commits)))
        store.append([], new_hard_state=b"promise")
    with raw(engine.path) as connection:
        for table in (*INDEX, "keyframes", "keyframe_slices", "segments"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    return made


def script() -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


def made_by_migrations(path: Path, revision: str) -> Database:
    database = appender_engine(path)
    config = script()
    with database.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return database


def test_the_revisions_that_are_named_are_the_migrations_there_are() -> None:
    directory = ScriptDirectory.from_config(script())
    assert [r.revision for r in directory.walk_revisions()] == list(reversed(REVISIONS))
    assert directory.get_heads() == [REVISIONS[-1]]


def test_migrations_lead_to_the_tables_that_the_program_uses(tmp_path: Path) -> None:
    database = made_by_migrations(tmp_path / "log.db", "head")
    with database.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.dispose()


def test_a_new_store_has_the_newest_revision(engine: SqliteEngine) -> None:
    engine.open().close()
    with raw(engine.path) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (REVISIONS[-1],)
        ]


def test_an_older_store_is_migrated_and_has_all_it_had(engine: SqliteEngine) -> None:
    made = old_store(engine)
    with Store.open(engine.path) as store:
        assert tuple(store.logs["node"].commits()) == made
        assert store.hard_state() == b"promise"
        assert wrong_in(store) == []
        assert store.append(Maker("shared").entries(1))[0].position == 1


def test_a_migrated_store_leaves_a_backup_that_opens_and_has_the_same_commits(
    engine: SqliteEngine,
) -> None:
    made = old_store(engine)
    with Store.open(engine.path) as store:
        backup = store.backup
        assert backup is not None
        store.append(Maker("shared").entries(1))
    assert backup.name == "log.db.before-0001-to-0005"
    restored = SqliteEngine(engine.path.parent / "restored")
    backup.rename(restored.path)
    with Store.open(restored.path) as store:
        assert tuple(store.logs["node"].commits()) == made
        assert store.heads["shared"].position == 0
    with Store.open(engine.path) as store:
        assert store.backup is None


def test_an_older_store_is_not_read_as_it_is(engine: SqliteEngine) -> None:
    old_store(engine, commits=1)
    before = engine.path.read_bytes()
    with pytest.raises(UnknownFormat, match="0001"), engine.reading():
        pass
    assert engine.path.read_bytes() == before


def test_a_migration_that_breaks_changes_nothing(engine: SqliteEngine) -> None:
    made = old_store(engine)
    with raw(engine.path) as connection:
        connection.execute("CREATE TABLE node_index (broken INTEGER)")
    with pytest.raises(StoreError):
        Store.open(engine.path)
    with raw(engine.path) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        assert not tables & {"shared_index", "index_marks", "keyframes"}
        connection.execute("DROP TABLE node_index")
    with Store.open(engine.path) as store:
        assert tuple(store.logs["node"].commits()) == made


def test_a_newer_store_is_refused_by_name_and_left_alone(engine: SqliteEngine) -> None:
    engine.open().close()
    with raw(engine.path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = engine.path.read_bytes()
    with pytest.raises(UnknownFormat, match="0099") as raised:
        Store.open(engine.path)
    assert REVISIONS[-1] in str(raised.value.cause)
    with pytest.raises(UnknownFormat, match="0099"), engine.reading():
        pass
    assert engine.path.read_bytes() == before


def test_a_database_of_another_program_is_refused(engine: SqliteEngine) -> None:
    with raw(engine.path) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(Damaged, match="not a store"):
        Store.open(engine.path)
    with pytest.raises(Damaged, match="not a store"), engine.reading():
        pass
    with raw(engine.path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + bytes(500)])
def test_what_is_no_database_is_refused_and_left_alone(
    engine: SqliteEngine, content: bytes
) -> None:
    engine.path.write_bytes(content)
    with pytest.raises(StoreError):
        Store.open(engine.path)
    with pytest.raises(StoreError), engine.reading():
        pass
    assert engine.path.read_bytes() == content


def test_an_empty_file_is_no_log_to_a_reader(engine: SqliteEngine) -> None:
    engine.path.touch()
    with pytest.raises(StoreError), engine.reading():
        pass


def test_a_directory_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        Store.open(tmp_path / "nowhere" / "log.db")


def test_a_reader_can_write_nothing(engine: SqliteEngine) -> None:
    engine.open().close()
    database = reader_engine(engine.path)
    with database.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("DELETE FROM identity")
    database.dispose()
