"""Questions put to a log itself, with or without a running daemon: --log FILE."""

from __future__ import annotations

from collections.abc import Callable

from daemon.wire import control


def answer(
    path: str,
    question: str,
    args: dict[str, object],
    at: dict[str, object] | None,
    told: Callable[[int, int], None] | None = None,
) -> dict[str, object]:
    """Return what a daemon would answer that had only this log; nothing is written to it.

    Raises:
        RequestFailed: the log cannot be read, or holds no answer.

    """
    # Imported here: SQL costs a third of a second, and only this needs it.
    from eventstore import questions, source
    from eventstore.errors import StoreError

    try:
        with source.open_log(path) as log:
            log.tell(told)
            return questions.answer(log, question, args, at)
    except StoreError as error:
        raise control.error_from(error.to_map()) from error
