"""Progress: only for somebody who looks, only after a while, and gone at the end."""

from __future__ import annotations

import io
import signal
import sys

import pytest

from cli import progress
from tests.support.waiting import wait_until


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_it_is_said_how_long_it_takes_and_wiped_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "FIRST_S", 0.01)
    before = signal.getsignal(signal.SIGALRM)
    with progress.shown("checking"):
        wait_until(terminal.getvalue)
    assert terminal.getvalue().startswith("\r\x1b[Kchecking: 0 s")
    assert terminal.getvalue().endswith("\r\x1b[K")
    assert signal.getsignal(signal.SIGALRM) is before


def test_what_is_quick_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress.shown("checking"):
        pass
    assert terminal.getvalue() == ""


def test_off_a_terminal_nothing_is_ever_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    before = signal.getsignal(signal.SIGALRM)
    with progress.shown("checking"):
        assert signal.getsignal(signal.SIGALRM) is before
