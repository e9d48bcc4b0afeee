"""The examples of the library, and how LIBRARY.md shows them.

`python -m tests.support.library_page` runs them and writes them into the page.
"""

from __future__ import annotations

import importlib
import io
import re
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

from tests.support.core import stored
from tests.support.histories import the_whole_story

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "eventstore" / "LIBRARY.md"
MARK = re.compile(
    r"<!-- example: (?P<line>[^>]*) -->\n"
    r"(?:\n```python\n(?P<source>.*?)```\n\n```text\n(?P<output>.*?)```\n)?",
    re.DOTALL,
)


def shown(line: str, directory: Path) -> str:
    """What the page shows of an example: its source, and what it prints about the story."""
    name, *arguments = line.split()
    home = directory / "home"
    if not home.exists():
        home.mkdir()
        stored(the_whole_story(), home / "log.db")
        (directory / "cursor").write_text("node/node1 12\n")
    arguments = [str(directory / word) if word == "cursor" else word for word in arguments]
    module = importlib.import_module(f"eventstore.examples.{name}")
    said = io.StringIO()
    with redirect_stdout(said):
        module.main(str(home), *arguments)
    source = (ROOT / "eventstore" / "examples" / f"{name}.py").read_text()
    command = f"$ python -m eventstore.examples.{name} HOME {' '.join(line.split()[1:])}\n"
    return f"\n```python\n{source}```\n\n```text\n{command}{said.getvalue()}```\n"


def fresh(text: str) -> str:
    """A page with its examples made anew."""
    with tempfile.TemporaryDirectory() as directory:
        return MARK.sub(
            lambda m: f"<!-- example: {m['line']} -->\n{shown(m['line'], Path(directory))}", text
        )


if __name__ == "__main__":
    PAGE.write_text(fresh(PAGE.read_text()))
