"""README's tour is what `make run` prints, but for what differs from run to run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.loopdisks import needs_loop_devices

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]

# What differs: the directory, process IDs, identifiers, hashes, times, the devices' numbers, and
# from the burst on how many changes there were, and so the positions.
DIFFERS = (
    (re.compile(r"\S*/vx-tour-\w+"), "/tmp/vx-tour"),
    (re.compile(r"PATH=\S+"), "PATH=BIN"),
    (re.compile(r"kill -KILL \d+"), "kill -KILL PID"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?"), "TIME"),
    (re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b"), "ID"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b"), "UUID"),
    (re.compile(r"\b[0-9a-f]{8,64}\b"), "HASH"),
    (re.compile(r"loop\d+"), "LOOP"),
    (re.compile(r"@\d+"), "@N"),
    (re.compile(r"\d+"), "N"),
    (re.compile(r"[ \t]+"), " "),
    (re.compile(r"-{2,}"), "--"),
    (re.compile(r" $", re.MULTILINE), ""),
)


def normalised(text: str) -> list[str]:
    for pattern, word in DIFFERS:
        text = pattern.sub(word, text)
    return text.strip().splitlines()


def readme_tour() -> str:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```\w*\n(A tour of vxconfigd, .*?)```", readme, re.DOTALL)
    assert len(blocks) == 1, "README has one block with the tour's output"
    return str(blocks[0])


def tour(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "cli.demo", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.root
@needs_loop_devices
def test_the_tour_in_the_readme_is_what_the_program_prints() -> None:
    assert normalised(tour()) == normalised(readme_tour())


def test_without_loop_devices_the_tour_is_given_on_the_monitor() -> None:
    said = tour("--monitor")
    assert "acknowledged and missing: 0" in said
    assert "commits hold: rows, chain, content, replay, digest" in said
