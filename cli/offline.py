"""Questions put to a log itself, with or without a running daemon: --log FILE."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from daemon.wire import control

if TYPE_CHECKING:
    from eventstore.source import Source as Log

_held: tuple[ExitStack, dict[str, Log]] | None = None
"""Logs that stay open for the next question, while several are put."""


@contextmanager
def held() -> Iterator[None]:
    """Open every log once, whatever is asked of it: opening one may mean copying it."""
    global _held  # noqa: PLW0603 one command, one user
    before = _held
    with ExitStack() as stack:
        _held = (stack, {})
        try:
            yield
        finally:
            _held = before


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
    from eventstore import questions
    from eventstore.errors import StoreError

    try:
        with _opened(path) as log:
            log.tell(told)
            return questions.answer(log, question, args, at)
    except StoreError as error:
        raise control.error_from(error.to_map()) from error


@contextmanager
def _opened(path: str) -> Iterator[Log]:
    from eventstore.source import open_log

    if _held is None:
        with open_log(path) as log:
            yield log
        return
    stack, logs = _held
    if path not in logs:
        logs[path] = stack.enter_context(open_log(path))
    yield logs[path]
