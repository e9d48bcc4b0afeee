"""Help: of every program and noun, examples first; and nothing of it needs a daemon."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from cli import exit_codes
from cli.app import load
from cli.registry import CLASSIC, NOUNS
from daemon.version import VERSION
from tests.support.commands import Runner
from tests.tidy.rules import ROOT

VERBS = {
    noun: list(load(noun).commands)
    for noun in ("dg", "disk", "volume", "plex", "ctl", "cluster", "config")
}
LINES = [
    "vx",
    *CLASSIC,
    *(f"vx {noun}" for noun in NOUNS if noun != "lab"),
    *(f"vx {noun} {verb}" for noun, verbs in VERBS.items() for verb in verbs),
]


@pytest.mark.parametrize("line", LINES)
def test_help_begins_with_examples(line: str, run: Runner) -> None:
    done = run.alone([*line.split(), "--help"])
    assert done.out.startswith("Examples:\n  vx")
    assert "Usage: " in done.out
    assert (done.err, done.code) == ("", 0)


@pytest.mark.parametrize("line", LINES)
def test_the_short_option_helps_too_but_where_it_means_the_hierarchy(
    line: str, run: Runner
) -> None:
    if "print" in line:
        return
    assert run.alone([*line.split(), "-h"]) == run.alone([*line.split(), "--help"])


@pytest.mark.parametrize("program", ["vx", "vxdg"])
def test_a_program_without_a_verb_shows_its_help_and_calls_it_a_mistake(
    program: str, run: Runner
) -> None:
    done = run.alone([program])
    assert done.out.startswith("Examples:")
    assert done.code == 2


@pytest.mark.parametrize("line", ["vx", "vxprint", "vx dg", "vx log"])
def test_the_version_can_be_asked_for_everywhere(line: str, run: Runner) -> None:
    done = run.alone([*line.split(), "--version"])
    assert done.out == f"{line.split(maxsplit=1)[0]} {VERSION}\n"
    assert done.code == 0


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_of_the_registry_is_a_command(noun: str) -> None:
    assert load(noun).name == noun


def test_every_program_is_installed_under_its_name() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(pyproject["project"]["scripts"]) == {"vx", "vxconfigd", *CLASSIC}


def test_every_exit_code_is_explained(run: Runner) -> None:
    printed = run.alone(["vx", "--help"]).out
    assert printed.endswith(
        "".join(f"  {code!s:<5}{text}\n" for code, text in exit_codes.MEANING.items())
    )


def test_a_mistake_is_answered_with_the_usage_and_the_way_to_help(run: Runner) -> None:
    done = run.alone(["vxdg", "init"])
    assert (done.out, done.code) == ("", 2)
    assert done.err == (
        "VxVM vxdg ERROR V-5-1-9010 Missing argument 'DG'\n"
        "  cause: usage: vxdg init [OPTIONS] DG [NAME=]DEVICE...\n"
        "  fix: vxdg init --help\n"
    )


def test_a_mistake_is_answered_in_json_where_json_was_asked_for(run: Runner) -> None:
    done = run.alone(["vxdg", "init", "--json"])
    assert '"schema": "vx.error/v1"' in done.err
    assert '"exit": 2' in done.err


def test_a_slip_of_the_finger_is_told_what_was_meant(run: Runner) -> None:
    assert "status" in run.alone(["vx", "statsu"]).err


@pytest.mark.parametrize(
    "line", ["vx --help", "vx dg --help", "vxprint -g x", "vx log", "vx status"]
)
def test_a_light_command_loads_nothing_heavy(line: str) -> None:
    heavy = ("sqlalchemy", "alembic", "msgspec", "rich", "pydantic", "asyncio", "eventstore")
    program = (
        "import sys; from cli.main import main; main(sys.argv[1:]); "
        f"print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *line.split()],
        env={"VX_HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_the_quick_path_does_not_load_the_parser() -> None:
    program = (
        "import sys; from cli.main import main; main(sys.argv[1:]); "
        "print([m for m in ('typer', 'typing', 'json', 'socket', 're') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program, "vxprint", "-htg", "x", "--home", "/nonexistent"],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
