"""Questions put to a log itself, with or without a running daemon: --log FILE."""

from __future__ import annotations

import time

from daemon.errors import RequestFailed
from daemon.wire import control


def answer(
    path: str, question: str, args: dict[str, object], at: dict[str, object] | None
) -> dict[str, object]:
    """Return what a daemon would answer that had only this log; nothing is written to it.

    Raises:
        RequestFailed: the log cannot be read, or holds no answer.

    """
    # Imported here: SQL costs a third of a second, and only this needs it.
    from eventstore import questions
    from eventstore.errors import StoreError

    try:
        log = questions.open_log(path)
        return questions.answer(log, question, args, at, time.time_ns() // 1000)
    except StoreError as error:
        raise _as_answered(error) from error


def _as_answered(error: Exception) -> RequestFailed:
    to_map = getattr(error, "to_map")  # noqa: B009 typed where it is defined
    return control.error_from(to_map())
