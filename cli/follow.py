"""Following a log: connect, take what comes, connect again after the last thing that was taken."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from cli import exit_codes
from cli.failure import UsageError
from daemon.client import Subscription
from daemon.errors import RequestFailed
from daemon.wire import control

Row = dict[str, Any]

_RETRY_FIRST_S = 0.1
_RETRY_MAX_S = 2.0


class Connected(NamedTuple):
    """The daemon was reached, and tells of all after a position of a log."""

    log: str
    cluster: str | None
    after: int


class Disconnected(NamedTuple):
    """The daemon went away, or there is none."""


class Quiet(NamedTuple):
    """Nothing came for as long as was asked for."""


class Committed(NamedTuple):
    """One commit."""

    row: Row


Told = Connected | Disconnected | Quiet | Committed


class Limits(NamedTuple):
    """When to say that it is quiet, and when to stop; in seconds, None for never."""

    quiet_s: float | None = None
    total_s: float | None = None


class Follower:
    """Everything that a daemon tells, across its restarts."""

    def __init__(
        self, socket_path: str, after: int | None, limits: Limits, *, patient: bool = False
    ) -> None:
        self.after = after
        self._path = socket_path
        self._limits = limits
        self._patient = patient
        end_s = limits.total_s
        self._deadline = None if end_s is None else time.monotonic() + end_s

    def __iter__(self) -> Iterator[Told]:
        """Yield what is told, until the time is over.

        Raises:
            RequestFailed: the daemon refuses; or there was none at the start, and this follower
                is not patient.

        """
        told_of_absence = False
        delay_s = _RETRY_FIRST_S
        while not self._is_over():
            try:
                for told in self._conversation():
                    yield told
                    told_of_absence, delay_s, self._patient = False, _RETRY_FIRST_S, True
            except RequestFailed as error:
                if not self._goes_on(error):
                    raise
            else:
                return
            if not told_of_absence:
                told_of_absence = True
                yield Disconnected()
            time.sleep(self._left_s(delay_s) or 0)
            delay_s = min(delay_s * 2, _RETRY_MAX_S)

    def _goes_on(self, error: RequestFailed) -> bool:
        """Whether to try again: after the daemon went away, or dropped us for being slow."""
        return self._patient and error.exit_code in (exit_codes.UNAVAILABLE, exit_codes.TRY_AGAIN)

    def _conversation(self) -> Iterator[Told]:
        subscription = Subscription(self._path, control.watch(self.after))
        is_told = False
        try:
            while not self._is_over():
                message = subscription.next(self._left_s(self._limits.quiet_s))
                if message is None:
                    if is_told and not self._is_over():
                        yield Quiet()
                    continue
                is_told = True
                yield from self._told(message)
        finally:
            subscription.close()

    def _told(self, message: dict[str, Any]) -> Iterator[Told]:
        data = message["data"]
        if isinstance(data, dict):
            self.after = data["after"]
            yield Connected(message["log"], message["cluster"], data["after"])
            return
        for row in data:
            self.after = row["position"]
            yield Committed(row)

    def _is_over(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _left_s(self, at_most: float | None) -> float | None:
        """Return how long to wait: no longer than is left."""
        if self._deadline is None:
            return at_most
        left_s = max(0.001, self._deadline - time.monotonic())
        return left_s if at_most is None else min(at_most, left_s)


class Cursor:
    """A file that holds how far a follower came: a log's name and a position."""

    def __init__(self, path: str) -> None:
        self._path = path

    def read(self) -> int | None:
        """Return the position; None if there is no such file yet.

        Raises:
            UsageError: there is one, and it is no cursor.

        """
        try:
            with open(self._path, encoding="utf-8") as file:
                words = file.read(256).split()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._bad(str(error)) from error
        if len(words) != len(("log", "position")) or not words[1].isdecimal():
            raise self._bad("it does not hold a log and a position")
        return int(words[1])

    def write(self, log: str, position: int) -> None:
        """Replace the file, so that it is always whole.

        Raises:
            UsageError: it cannot be written.

        """
        fresh = f"{self._path}.{os.getpid()}"
        try:
            with open(fresh, "w", encoding="utf-8") as file:
                file.write(f"{log} {position}\n")
            os.replace(fresh, self._path)
        except OSError as error:
            raise self._bad(str(error)) from error

    def _bad(self, why: str) -> UsageError:
        return UsageError(
            f"{self._path} is no cursor", cause=why, fix="name another file, or remove this one"
        )
