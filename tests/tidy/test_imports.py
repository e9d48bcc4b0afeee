"""Imports that the import contracts cannot see."""

import daemon
from tests.tidy import rules


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
