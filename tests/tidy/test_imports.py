"""Imports that the import contracts cannot see."""

import daemon
from tests.tidy import rules

SLOW_TO_LOAD = {
    "alembic",
    "asyncio",
    "click",
    "eventstore",
    "msgspec",
    "pydantic",
    "pysqlite3",
    "rich",
    "sqlalchemy",
    "structlog",
    "typer",
}


def test_nobody_imports_click() -> None:
    # typer carries its own; an error of the other one would end as exit 1 with nothing printed.
    found = [
        path
        for path in rules.python_files(*rules.LIBRARY, "tests")
        if "click" in rules.imports(path.read_text())
    ]
    assert found == []


def test_a_planted_import_is_found_wherever_it_stands() -> None:
    planted = "def late() -> None:\n    from click.core import Context\n    import typer as t\n"
    assert rules.imports(planted) == {"click", "typer"}


def test_daemon_is_ours() -> None:
    # python-daemon installs a top-level package of the same name.
    assert daemon.__file__ == str(rules.ROOT / "daemon" / "__init__.py")


def test_asking_the_daemon_loads_nothing_slow() -> None:
    assert rules.loaded_by("import daemon.client") & SLOW_TO_LOAD == set()


def test_a_planted_slow_import_is_found_behind_another() -> None:
    assert rules.loaded_by("import alembic.config") & SLOW_TO_LOAD >= {"alembic", "sqlalchemy"}
