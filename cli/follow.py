"""Following a log: connect, take what comes, connect again after the last thing that was taken.

It tells apart that nothing happened, that something may have been missed, and that nobody answers.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from cli import exit_codes
from daemon.client import Subscription
from daemon.errors import NoAnswerYet, RequestFailed, Unreachable
from daemon.wire import control

Row = dict[str, Any]

TAKES_PART = ("master", "slave")
"""Roles of a node that is told of all that the cluster does."""
_RETRY_FIRST_S = 0.1
_RETRY_MAX_S = 2.0
_BEATS_MISSED = 3
_SILENCE_MIN_S = 5.0
"""A daemon that says nothing for so many heartbeats, and so long, is taken for gone."""
_FIRST_ANSWER_S = 60.0
"""As long as the daemon may take to find a place in the log."""


class Connected(NamedTuple):
    """The daemon was reached, and tells of all after a position of a log, or of both logs."""

    log: str
    cluster: str | None
    after: int
    places: tuple[Row, ...] = ()


class Disconnected(NamedTuple):
    """The daemon went away, or there is none."""


class Quiet(NamedTuple):
    """Nothing came for as long as was asked for: the daemon was not asked why."""


class Heartbeat(NamedTuple):
    """Up to a time nothing happened behind these places, as far as a node in this role knows."""

    time: str
    role: str
    places: tuple[Row, ...]


class Gap(NamedTuple):
    """What happened from `since` to `until` is in no log: what was missed cannot be read up.

    Where commits themselves are missing, `position` is the first of them and times are None.
    """

    log: str
    position: int
    since: str | None
    until: str | None
    reason: str


class Committed(NamedTuple):
    """One commit."""

    row: Row
    log: str


Told = Connected | Disconnected | Quiet | Heartbeat | Gap | Committed


class Limits(NamedTuple):
    """When to say that it is quiet, when to hear that nothing happened, and when to stop.

    In seconds, None for never.
    """

    quiet_s: float | None = None
    total_s: float | None = None
    heartbeat_s: float | None = None


class Follower:
    """Everything that a daemon tells, across its restarts."""

    def __init__(
        self,
        socket_path: str,
        after: int | None,
        limits: Limits,
        *,
        patient: bool = False,
        places: tuple[Row, ...] = (),
        which: str | None = None,
        both: bool = False,
    ) -> None:
        self.places = {str(place["log"]): place for place in places}
        self._after = after
        self._which = which
        self._both = both
        self._path = socket_path
        self._limits = limits
        self._patient = patient
        end_s = limits.total_s
        self._deadline = None if end_s is None else time.monotonic() + end_s

    def __iter__(self) -> Iterator[Told]:
        """Yield what is told, until the time is over.

        Raises:
            RequestFailed: the daemon refuses; or there was none at the start, or none that
                answered in time, and this follower is not patient.

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
                self._ends()
                return
            if not told_of_absence:
                told_of_absence = True
                yield Disconnected()
            time.sleep(self._left_s(delay_s) or 0)
            delay_s = min(delay_s * 2, _RETRY_MAX_S)

    def _ends(self) -> None:
        """Tell the end of the time from an end without an answer.

        Raises:
            NoAnswerYet: the daemon has said nothing yet.

        """
        if not self._patient:
            raise NoAnswerYet(
                "V-5-1-9002",
                "The daemon did not answer in time",
                cause="the time was over before it had found the place in the log",
                fix="wait longer with --timeout SECONDS",
            )

    def _goes_on(self, error: RequestFailed) -> bool:
        """Whether to try again: after the daemon went away, or dropped us for being slow."""
        return self._patient and error.exit_code in (exit_codes.UNAVAILABLE, exit_codes.TRY_AGAIN)

    def _request(self) -> dict[str, object]:
        beat_s = self._limits.heartbeat_s
        known = ("log", "position", "lineage", "hash")
        places: list[dict[str, object]] = [
            {key: place[key] for key in known if place.get(key) is not None}
            for place in self.places.values()
        ]
        return control.watch(
            None if places else self._after,
            None if places else self._which,
            places=places or None,
            both=self._both,
            heartbeat_ms=None if beat_s is None else int(beat_s * 1000),
        )

    def _conversation(self) -> Iterator[Told]:
        subscription = Subscription(self._path, self._request())
        is_told = False
        beat_s = self._limits.heartbeat_s
        heard_s = time.monotonic()
        silence_s = None if beat_s is None else max(_FIRST_ANSWER_S, beat_s)
        try:
            while not self._is_over():
                message = subscription.next(self._left_s(_least(self._limits.quiet_s, silence_s)))
                if message is not None:
                    is_told, heard_s = True, time.monotonic()
                    if beat_s is not None:
                        silence_s = max(_SILENCE_MIN_S, _BEATS_MISSED * beat_s)
                    yield from self._told(message)
                    continue
                if silence_s is not None and time.monotonic() - heard_s >= silence_s:
                    raise _silent(self._path, silence_s)
                if is_told and self._limits.quiet_s is not None and not self._is_over():
                    yield Quiet()
        finally:
            subscription.close()

    def _told(self, message: dict[str, Any]) -> Iterator[Told]:
        data = message["data"]
        if isinstance(data, dict) and "heartbeat" in data:
            beat = data["heartbeat"]
            yield Heartbeat(beat["time"], beat["role"], self._at(beat["places"]))
        elif isinstance(data, dict):
            log = str(message["log"])
            fallback = [{"log": log, "position": data["after"]}]
            places = self._at(data.get("places", fallback))
            yield Connected(log, message["cluster"], data["after"], places)
        else:
            for row in data:
                yield from self._committed(row, str(row.get("log", message["log"])))

    def _at(self, places: list[Row]) -> tuple[Row, ...]:
        """Take over what the daemon says of where this follower is."""
        self.places = {str(place["log"]): place for place in places}
        return tuple(places)

    def _committed(self, row: Row, log: str) -> Iterator[Told]:
        expected = self.places[log]["position"] + 1 if log in self.places else row["position"]
        if row["position"] != expected:
            reason = f"the daemon went from @{expected - 1} to @{row['position']}"
            yield Gap(log, expected, None, None, reason)
        if row["gap"]:
            yield Gap(log, row["position"], *(row["gap"][key] for key in _GAP_KEYS))
        place = {key: row.get(key) for key in ("position", "lineage", "hash")}
        self.places[log] = {"log": log, **place}
        yield Committed(row, log)

    def _is_over(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _left_s(self, at_most: float | None) -> float | None:
        """Return how long to wait: no longer than is left."""
        if self._deadline is None:
            return at_most
        left_s = max(0.001, self._deadline - time.monotonic())
        return left_s if at_most is None else min(at_most, left_s)


def _least(*limits_s: float | None) -> float | None:
    return min((limit for limit in limits_s if limit is not None), default=None)


_GAP_KEYS = ("since", "until", "reason")


def _silent(path: str, silence_s: float) -> Unreachable:
    return Unreachable(
        "V-5-1-9303",
        "The daemon says nothing any more",
        cause=f"{path}: no commit and no heartbeat for {silence_s:g} s",
        fix="see `vx status`; what follows goes on from its cursor",
    )
