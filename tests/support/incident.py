"""The incident that INCIDENT.md tells.

`python -m tests.support.incident` goes through it and writes the page anew.
"""

import subprocess
import sys
from pathlib import Path

from tests.support.tour import DEADLINE_S, ROOT

PAGE: Path = ROOT / "cli" / "INCIDENT.md"


def tell() -> str:
    """Go through it, and return the page; every step of it must hold."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.demo_incident"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


if __name__ == "__main__":
    PAGE.write_text(tell(), encoding="utf-8")
