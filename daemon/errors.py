"""What can go wrong between a utility and its daemon.

::

    ProtocolViolation     the other end: its connection ends, nobody else notices (G2)
    RequestFailed         what the daemon answered; carries the exit code that it chose
    ├── Unreachable       no daemon, or it went away before it answered a read     exit 69
    ├── MayNotAsk         the socket belongs to others                             exit 77
    ├── NoAnswerYet       a read took longer than the asker was willing to wait    exit 75
    └── OutcomeUnknown    a change was sent, and its answer is not known           exit 5

Plain exceptions: a utility imports them at every start.
"""

from __future__ import annotations


class ProtocolViolation(Exception):
    """The other end sent something that is no message; `message` says what."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class RequestFailed(Exception):
    """An error that a person can act upon; `id` is stable and can be looked up."""

    exit_code = 70

    def __init__(
        self,
        id: str,  # noqa: A002 the word the message catalogue uses
        message: str,
        *,
        cause: str | None = None,
        fix: str | None = None,
        rule: str | None = None,
        node: str | None = None,
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.id = id
        self.message = message
        self.cause = cause
        self.fix = fix
        self.rule = rule
        self.node = node
        if exit_code is not None:
            self.exit_code = exit_code


class Unreachable(RequestFailed):
    """There is no daemon at the socket, or it ended the conversation."""

    exit_code = 69


class MayNotAsk(RequestFailed):
    """The socket's owner and group do not let this user in (G1)."""

    exit_code = 77


class NoAnswerYet(RequestFailed):
    """The daemon did not answer a read in time; nothing was changed."""

    exit_code = 75


class OutcomeUnknown(RequestFailed):
    """A change was sent and may take effect: ask for it by its identifier."""

    exit_code = 5
