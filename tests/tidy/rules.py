"""The repository's own rules, as functions from a file's text to what breaks them."""

import ast
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
LIBRARY = ("eventstore", "daemon", "cli", "migrations")

FUNCTION_LINES_MAX = 50
FUNCTION_LINES_P95_MAX = 30
MODULE_LINES_MAX = 400

# Written in pieces, so that this file does not break the rules it holds.
BANNED_WORDS = (
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "/simple" + "/",
    "/work" + "/",
    "TO" + "DO",
    "FIX" + "ME",
    "XX" + "X",
)
BANNED = re.compile("|".join(map(re.escape, BANNED_WORDS)))


class Function(NamedTuple):
    """A function's place and its length, decorators left out and docstring included."""

    name: str
    line: int
    lines: int


def tracked_files() -> list[Path]:
    """What is in the repository or would be added to it."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return [ROOT / name for name in sorted(set(names)) if name and (ROOT / name).is_file()]


def python_files(*tops: str) -> list[Path]:
    """The Python files below the given directories of the repository."""
    return [
        path
        for path in tracked_files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in tops
    ]


def functions(source: str) -> list[Function]:
    """Every function and method of a module, inner ones too."""
    return [
        Function(node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def long_functions(source: str) -> list[Function]:
    """The functions that do not fit on a screen."""
    return [f for f in functions(source) if f.lines > FUNCTION_LINES_MAX]


def is_long_module(source: str) -> bool:
    """Whether a module has more lines than one may have."""
    return len(source.splitlines()) > MODULE_LINES_MAX


def p95(lengths: list[int]) -> int:
    """The length that 95 of 100 do not exceed; 0 if there are none."""
    return sorted(lengths)[math.ceil(len(lengths) * 0.95) - 1] if lengths else 0


def banned_words(text: str) -> list[str]:
    """Leftovers, addresses of registries and paths of one machine."""
    return BANNED.findall(text)


def imports(source: str) -> set[str]:
    """The top-level packages that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def sleeps(source: str) -> list[int]:
    """The lines that call something named `sleep`."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Attribute) and node.func.attr == "sleep")
            or (isinstance(node.func, ast.Name) and node.func.id == "sleep")
        )
    ]


def loaded_by(*statements: str) -> set[str]:
    """The top-level packages that an interpreter of its own has loaded after the statements."""
    listing = "print(*sys.modules, sep='\\n', file=sys.stderr)"  # stdout is for what they print
    program = "\n".join(["import sys", *statements, listing])
    names = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    ).stderr.split()
    return {name.partition(".")[0] for name in names}


def is_docstring_only(source: str) -> bool:
    """Whether a module says what it is for, and nothing else."""
    module = ast.parse(source)
    return len(module.body) == 1 and ast.get_docstring(module) is not None


def make_targets(makefile: str) -> list[str]:
    """The targets that `make help` lists."""
    return re.findall(r"^([a-z-]+):.*## ", makefile, flags=re.MULTILINE)


def unmentioned_targets(makefile: str, readme: str) -> list[str]:
    """The targets that the README does not speak of."""
    return [
        target
        for target in make_targets(makefile)
        if not re.search(rf"\bmake {re.escape(target)}(?![\w-])", readme)
    ]
