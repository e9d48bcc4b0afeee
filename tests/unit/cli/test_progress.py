"""Progress: only for somebody who looks, only after a while, and gone at the end."""

from __future__ import annotations

import io
import signal
import sys
import time

import pytest

from cli import ask, progress
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


def test_where_the_total_is_known_the_share_and_the_time_left_are_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    told = progress.Progress("checking")
    now[0] = 103.0
    assert told.line() == "checking: 3 s"
    told.tell(0, 400)
    now[0] = 113.0
    told.tell(100, 400)
    assert told.line() == "checking: 25%, about 30 s left"
    told.tell(1, 50)
    now[0] = 114.0
    told.tell(25, 50)
    assert told.line() == "checking: 50%, about 1 s left"


def test_while_it_is_shown_questions_tell_how_far_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress.shown("checking") as shown:
        assert ask.told is not None
        ask.told(1, 2)
        assert "50%" in shown.line()
    assert ask.told is None
