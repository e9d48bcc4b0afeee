"""Put a question to the daemon, or to a log, and say on stderr what the answer refers to."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from cli import exit_codes
from cli.source import Source
from daemon.client import Client
from daemon.errors import RequestFailed
from daemon.wire import control

Answer = dict[str, object]

told: Callable[[int, int], None] | None = None
"""Who wants to be told how far a long question is (`cli.progress`): what is done, of how much."""


def read(source: Source, question: str, args: dict[str, object]) -> Answer:
    """Return the answer to a question about the present, or about the moment of --at.

    Raises:
        RequestFailed: there is no answer; it says why.

    """
    at = None if source.at is None else moment(source.at)
    try:
        answer = _answer(source, question, args, at)
    except RequestFailed as error:
        if at is not None and error.exit_code == exit_codes.NOT_FOUND:
            from cli import when

            error.fix = when.suggestion(at) or error.fix
        raise
    _say(answer, named=at is not None)
    return answer


def gather(source: Source, question: str, args: dict[str, object]) -> Answer:
    """Return the same as `read`, and say nothing: whoever gathers answers has its notes.

    Raises:
        RequestFailed: there is no answer; it says why.

    """
    at = None if source.at is None else moment(source.at)
    return _answer(source, question, args, at)


def quietly(
    source: Source, question: str, args: dict[str, object], at: dict[str, object]
) -> Answer:
    """Return an answer about a moment, and say nothing: for who asks many times.

    Raises:
        RequestFailed: there is no answer; it says why.

    """
    return _answer(source, question, args, at)


def change(source: Source, request: dict[str, object]) -> Answer:
    """Return what became of a request for a change.

    Raises:
        RequestFailed: it was refused, or its outcome is not known.

    """
    answer = _ask(source, request)
    _say(answer, named=False)
    return answer


def moment(text: str) -> dict[str, object]:
    """Return a WHEN of the command line as the map that travels.

    Raises:
        UsageError: it names no moment.

    """
    from cli import when

    return when.parse(text, time.time_ns() // 1000)


def new_id() -> str:
    """Return an identifier for a request whose user gave none."""
    return control.mint_id(time.time_ns() // 1_000_000, os.urandom(control.ID_RANDOM_BYTES))


def timeout_ms(source: Source) -> int:
    """How long the daemon may take: what the user is willing to wait."""
    if source.timeout_s is None:
        return control.DEFAULT_TIMEOUT_MS
    return max(1, int(source.timeout_s * 1000))


def _answer(
    source: Source, question: str, args: dict[str, object], at: dict[str, object] | None
) -> Answer:
    if source.log is not None:
        from cli import offline

        if source.all_nodes:
            return offline.answer_all(source.logs, question, args, at, told)
        return offline.answer(source.log, question, args, at, told)
    asked = control.query(
        question, args, at=at, timeout_ms=timeout_ms(source), current=source.current
    )
    if source.all_nodes:
        asked["all_nodes"] = True
    if told is not None:
        asked["progress"] = True
    return _ask(source, asked)


def _ask(source: Source, request: dict[str, object]) -> Answer:
    with Client(source.socket_path, source.timeout_s) as client:
        return client.ask(request, told)


def _say(answer: Answer, *, named: bool) -> None:
    notes = answer.get("notes")
    said = [answer.get("resolved")] if named else []
    for line in said + (notes if isinstance(notes, list) else []):
        if line:
            print(line, file=sys.stderr)
