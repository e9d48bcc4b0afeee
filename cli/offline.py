"""Questions put to a log itself, with or without a running daemon: --log FILE."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

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
    from eventstore.asking import questions
    from eventstore.errors import StoreError

    try:
        with _opened(path) as log:
            log.tell(told)
            found = questions.answer(log, question, args, at)
            found["notes"] = [*log.said, *found["notes"]]
            return found
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


def answer_all(
    paths: Sequence[str],
    question: str,
    args: dict[str, object],
    at: dict[str, object] | None,
    told: Callable[[int, int], None] | None = None,
) -> dict[str, object]:
    """Return what the nodes whose logs these are would answer together; nothing is written.

    Raises:
        RequestFailed: none of the logs can be read, or none holds an answer.

    """
    from eventstore import source
    from eventstore.asking import questions
    from eventstore.errors import StoreError
    from eventstore.past import weaving

    with ExitStack() as stack:
        found: dict[str, source.Source] = {}
        notes: list[str] = []
        refused: StoreError | None = None
        for path in _each(paths):
            try:
                log = stack.enter_context(source.open_log(path))
            except StoreError as error:
                refused = error
                notes.append(f"without {path}: {error.message}")
            else:
                log.tell(told)
                found[log.readers["node"].name.removeprefix("node/")] = log
        if refused is not None and not found:
            raise control.error_from(refused.to_map())
        # What is shared is told by the log that has most of it.
        nodes = sorted(found, key=lambda node: -found[node].readers["shared"].last())

        def ask(asked: weaving.Asked) -> dict[str, Any]:
            try:
                log = found.get(asked.node)
                if log is None:
                    raise _not_given(asked.node)
                return {"ok": True, **questions.answer(log, *asked[1:])}
            except StoreError as error:
                return {"ok": False, "error": error.to_map()}

        answered = weaving.finished(weaving.everywhere(question, args, at, nodes), ask)
    if not answered["ok"]:
        raise control.error_from(answered["error"])
    answered["notes"] = [*notes, *answered["notes"]]
    return answered


def _each(paths: Sequence[str]) -> list[str]:
    """Return the logs that are named: of a cluster in an archive those of all its nodes."""
    from eventstore.errors import StoreError
    from eventstore.storage.fleet.naming import is_archive, place_of

    found: list[str] = []
    for path in paths:
        if not is_archive(path) or place_of(path).node is not None:
            found.append(path)
            continue
        from eventstore.storage.fleet.opening import nodes_of

        try:
            found += nodes_of(place_of(path))
        except StoreError as error:
            raise control.error_from(error.to_map()) from error
    return found


def _not_given(node: str) -> Exception:
    from eventstore.errors import NotFound

    return NotFound(
        "V-5-1-9134",
        f"none of these logs is that of {node}",
        cause="each node's own log is on that node alone",
        fix="name its home with another --log",
    )
