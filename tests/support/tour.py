"""The tour that the program gives, and the one in the README.

`python -m tests.support.tour` gives it and writes it into the README.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DEADLINE_S = 300
"""It takes half a minute on a machine that has nothing else to do."""

COMMAND = (sys.executable, "-m", "cli.demo")
BLOCK = re.compile(r"<!-- tour -->\n+(?:```text\n(?P<tour>.*?)```\n+)?", re.DOTALL)

# What differs: the directory, process IDs, identifiers, hashes, times, the devices' numbers, what
# became of a request amid a crash, and from a burst on how many changes there were, and so the
# positions.
DIFFERS = (
    (re.compile(r"\S*/vx-tour-\w+"), "/tmp/vx-tour"),
    (re.compile(r"PATH=\S+"), "PATH=BIN"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?"), "TIME"),
    (re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b"), "ID"),
    (re.compile(r"^ID (done|failed|rejected|unknown)\b.*", re.MULTILINE), "ID OUTCOME"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b"), "UUID"),
    (re.compile(r"\b[0-9a-f]{8,64}\b"), "HASH"),
    (re.compile(r"loop\d+"), "LOOP"),
    (re.compile(r"\d+"), "N"),
    (re.compile(r"[ \t]+"), " "),
    (re.compile(r" $", re.MULTILINE), ""),
)


def give(*arguments: str) -> str:
    """Give the tour, and return what it prints; it must succeed."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def begun(*arguments: str) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """Begin to give the tour; where it is given, and its process."""
    with subprocess.Popen(
        [*COMMAND, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield Path(process.stdout.readline().split()[-1]), process
        finally:
            process.terminate()
            process.stdout.read()


def in_readme() -> str:
    """The tour as the README shows it."""
    found = BLOCK.search(README.read_text(encoding="utf-8"))
    assert found is not None, "README marks the place of the tour"
    assert found["tour"], "README has no tour: write it with `python -m tests.support.tour`"
    return found["tour"]


def normalised(text: str) -> list[str]:
    """The lines of a tour, without what differs from one to the next."""
    for pattern, word in DIFFERS:
        text = pattern.sub(word, text)
    return text.strip().splitlines()


def write() -> None:
    """Give the tour, and write it into the README."""
    block = f"<!-- tour -->\n\n```text\n{give()}```\n\n"
    text = README.read_text(encoding="utf-8")
    README.write_text(BLOCK.sub(lambda _: block, text), encoding="utf-8")


if __name__ == "__main__":
    write()
