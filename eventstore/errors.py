"""What can go wrong with a log or a request, and who is to blame.

::

    StoreError
    ├── Rejected       the operator: change the command; nothing was changed        exit 1
    ├── NotFound       the operator: no such object or position                     exit 3
    ├── ExpectFailed   another writer came first; look again                        exit 4
    ├── Unavailable    circumstances: try later or elsewhere                        exit 69
    │   └── AppendFailed   the disk did not take it; what was written shows on replay   exit 69
    ├── Damaged        the disk, or a bug: never repaired silently                  exit 70
    │   └── SegmentDamaged   a file with archived commits is missing, or not whole      exit 70
    ├── UnknownFormat  a newer program wrote this                                   exit 70
    ├── Conflict       another commit is at that position                           exit 70
    ├── Overloaded     too many requests wait; try again                            exit 75
    └── NotPermitted   the operator: ask someone who may                            exit 77

Every error says what is true (`message`), why (`cause`) and the way out (`fix`).
"""

from __future__ import annotations


class StoreError(Exception):
    """An error that a person can act upon; `id` is stable and can be looked up.

    `about` is the record ID of what stands in the way, so that its maker can be named.
    """

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
        about: str | None = None,
    ) -> None:
        super().__init__(message)
        self.id = id
        self.message = message
        self.cause = cause
        self.fix = fix
        self.rule = rule
        self.node = node
        self.about = about

    def to_map(self) -> dict[str, object]:
        """Return the form that travels to a utility."""
        return {
            "id": self.id,
            "rule": self.rule,
            "message": self.message,
            "cause": self.cause,
            "fix": self.fix,
            "node": self.node,
            "exit": self.exit_code,
        }


class Rejected(StoreError):
    """The model or a rule says no; nothing was changed."""

    exit_code = 1


class NotFound(StoreError):
    """There is no such object, request or position."""

    exit_code = 3


class ExpectFailed(StoreError):
    """The state moved on after the position that the request expected."""

    exit_code = 4


class Pending(StoreError):
    """What was asked for may have been done, or may still be: its outcome has to be asked for."""

    exit_code = 5


class Unavailable(StoreError):
    """It cannot be answered at the moment."""

    exit_code = 69


class AppendFailed(Unavailable):
    """The log could not be written; the store promises nothing more until it is reopened (G5)."""


class Damaged(StoreError):
    """Stored bytes are not what was written; `position` is the first that does not hold."""

    exit_code = 70

    def __init__(
        self, message: str, *, position: int | None = None, cause: str | None = None
    ) -> None:
        super().__init__(
            "V-5-1-569",
            message,
            cause=cause,
            fix="stop the daemon, keep a copy of the home, and restore a backup or ask "
            "another node for the log",
            rule="G5",
        )
        self.position = position


class SegmentDamaged(Damaged):
    """An archived part of a log is not to be had; `position` is the first that was wanted of it.

    The live log is not touched by it: what lies behind `last` is answered as before.
    """

    def __init__(self, message: str, *, position: int, cause: str, last: int) -> None:
        super().__init__(message, position=position, cause=cause)
        self.id = "V-5-1-9280"
        self.fix = (
            "put the file back from a backup or another copy of the home; what lies behind "
            f"@{last} is answered meanwhile, and earlier moments that are in other segments"
        )


class UnknownFormat(StoreError):
    """A newer program wrote it; it is named, never skipped."""

    exit_code = 70


class Conflict(StoreError):
    """Something else is stored at this position."""

    exit_code = 70


class Overloaded(StoreError):
    """The queue stayed full for the whole time the caller was willing to wait."""

    exit_code = 75


class NotPermitted(StoreError):
    """The asker may not do this (G1)."""

    exit_code = 77
