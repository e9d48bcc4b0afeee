"""Runs commands as a user would type them, shows them with what they print, and checks it."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cli import exit_codes
from daemon.client import Client
from daemon.errors import RequestFailed
from daemon.wire import control

DEADLINE_S = 30.0
PAUSE_S = 0.02
BIN = Path(sys.executable).parent


class TourFailed(Exception):
    """A step did not do what the tour says it does."""


def say(text: str) -> None:
    """Say what comes next."""
    print(f"\n# {text}", flush=True)


def check(holds: object, otherwise: str) -> None:
    """Check what the tour claims.

    Raises:
        TourFailed: it is not so.

    """
    if not holds:
        raise TourFailed(otherwise)


def wait(what: str, condition: Callable[[], object]) -> None:
    """Wait until a daemon has taken something up.

    Raises:
        TourFailed: it did not within the deadline.

    """
    end = time.monotonic() + DEADLINE_S
    while not condition():
        check(time.monotonic() < end, f"waited {DEADLINE_S:g} s in vain: {what}")
        time.sleep(PAUSE_S)


class Shell:
    """A prompt in the tour's directory, at which commands concern one home."""

    def __init__(self, directory: Path, home: Path, prompt: str = "$") -> None:
        self.directory = directory
        self.socket = str(home / "vxconfigd.sock")
        self._prompt = prompt
        self._path = f"{BIN}:{os.environ.get('PATH', os.defpath)}"
        ours = {"VX_HOME": str(home), "PATH": self._path, "NO_COLOR": "1", "COLUMNS": "100"}
        self._environment = {**os.environ, **ours}

    def show(self, line: str) -> None:
        """Show a command that was carried out already."""
        print(f"{self._prompt} {line}", flush=True)

    def run(self, line: str, *words: str, code: int = 0) -> str:
        """Run a command line, show it with its output, and return the output.

        Raises:
            TourFailed: it did not end with the exit code, or does not say these words.

        """
        self.show(line)
        ended, said = self._typed(line)
        sys.stdout.write(said)
        sys.stdout.flush()
        check(ended == code, f"`{line}` ended with {ended}, not {code}")
        for word in words:
            check(word in said, f"`{line}` does not say {word!r}")
        return said

    def quietly(self, line: str) -> None:
        """Run a command line that nobody has to see.

        Raises:
            TourFailed: it did not succeed.

        """
        ended, said = self._typed(line)
        check(ended == exit_codes.DONE, f"`{line}` ended with {ended}\n{said}")

    def _typed(self, line: str) -> tuple[int, str]:
        program, *arguments = shlex.split(line)
        return self._perform([shutil.which(program, path=self._path) or program, *arguments])

    def _perform(self, command: list[str]) -> tuple[int, str]:
        """Run a command to its end; where that is not waited for, let it undo what it began."""
        with subprocess.Popen(  # noqa: S603 ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.directory,
            env=self._environment,
        ) as process:
            try:
                said, _ = process.communicate(timeout=2 * DEADLINE_S)
            except BaseException:
                process.send_signal(signal.SIGINT)
                with suppress(subprocess.TimeoutExpired):
                    process.communicate(timeout=DEADLINE_S)
                process.kill()
                raise
            return process.returncode, said

    def ask(self, question: str, **args: object) -> Any:
        """Put a question to the daemon, and return the data of its answer."""
        with Client(self.socket) as client:
            return client.ask(control.query(question, args))["data"]

    def position(self, kind: str = "node/") -> int:
        """Return where the node's own log ends, or the shared one."""
        logs = self.ask("status")["logs"]
        return int(next(log["position"] for log in logs if log["log"].startswith(kind)))

    def online(self) -> set[str]:
        """Return the names of the disks that are there."""
        return {str(one["device"]) for one in self.ask("disk.list", device=None) if one["device"]}

    def has(self, record: str) -> bool:
        """Whether there is a record of this name."""
        try:
            self.ask("get", object=record)
        except RequestFailed as error:
            if error.exit_code != exit_codes.NOT_FOUND:
                raise
            return False
        return True

    def length(self, volume: str) -> int:
        """Return the length of a volume, in sectors."""
        return int(self.ask("get", object=volume)["length_sectors"])
