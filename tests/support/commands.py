"""Run a command line as its user would, and see what came of it."""

from __future__ import annotations

import json
import shlex
from typing import Any, NamedTuple

import pytest

from cli.main import main
from tests.support.fake_daemon import FakeDaemon, Request


class Done(NamedTuple):
    """What a command printed, and its exit code."""

    out: str
    err: str
    code: int

    @property
    def document(self) -> Any:
        """Stdout as one JSON document."""
        return json.loads(self.out)


class Runner:
    """Runs command lines against one daemon; `asked` is what it was asked last."""

    def __init__(self, capsys: pytest.CaptureFixture[str], daemon: FakeDaemon) -> None:
        self._capsys = capsys
        self.daemon = daemon

    def __call__(self, line: str) -> Done:
        """Run a line with the daemon's socket added."""
        program, *args = shlex.split(line)
        # Before `--`, after which there are only names.
        end = args.index("--") if "--" in args else len(args)
        return self.alone([program, *args[:end], "--socket", self.daemon.path, *args[end:]])

    def alone(self, words: list[str]) -> Done:
        """Run a line as it is."""
        self._capsys.readouterr()
        code = main(words)
        captured = self._capsys.readouterr()
        return Done(captured.out, captured.err, code)

    @property
    def asked(self) -> Request:
        return self.daemon.requests[-1]
