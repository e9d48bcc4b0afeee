"""The settings of the original's command and transaction logs, where nothing is ever thrown away.

What is so anyway is accepted, and said. What would switch the log off, or throw a part of it away,
is refused by its name: a script that relies on it has to learn of that.
"""

from __future__ import annotations

from typing import NamedTuple

from cli import exit_codes, units
from cli.failure import UsageError
from daemon.errors import RequestFailed

NO_LIMIT = "no_limit"
_WHOLE = "every change is a commit of the log, and the log is kept whole"


class Asked(NamedTuple):
    """The settings of a command line: -m, -n, -s, and of `vxtranslog` also -q."""

    mode: str | None = None
    number: str | None = None
    size: str | None = None
    queries: str | None = None


def notes(asked: Asked) -> list[str]:
    """Return what there is to say of settings that are so anyway, a line for each.

    Raises:
        UsageError: one has a value that it cannot have in the original either.
        RequestFailed: one cannot be what is asked for.

    """
    found: list[str] = []
    if asked.mode is not None:
        if not _is_on("-m", asked.mode):
            raise _refused("V-5-1-7970", "The log cannot be switched off", "leave -m off away")
        found.append("-m on: it always is")
    if asked.number is not None:
        _check_number(asked.number)
        found.append(f"-n {NO_LIMIT}: {_WHOLE}")
    if asked.size is not None:
        units.sectors(asked.size)
        fix = "leave -s away; `vx doctor` shows the room that is left for the log"
        raise _refused("V-5-1-7972", "The log has no greatest size", fix)
    if asked.queries is not None:
        if _is_on("-q", asked.queries):
            raise _refused(
                "V-5-1-7973",
                "Questions are not logged",
                "leave -q on away",
                cause="the log holds changes, and what the kernel says",
            )
        found.append("-q off: questions are never logged")
    return found


def _is_on(option: str, value: str) -> bool:
    if value not in ("on", "off"):
        raise UsageError(f"{option} {value!r} is neither on nor off")
    return value == "on"


def _check_number(number: str) -> None:
    if number == NO_LIMIT:
        return
    if not number.isdecimal() or int(number) == 0:
        raise UsageError(f"-n {number!r} is neither a count nor {NO_LIMIT}")
    fix = f"leave it away, or say -n {NO_LIMIT}; `vx export --until WHEN` writes a part elsewhere"
    raise _refused("V-5-1-7971", f"The log is not cut to {number} files", fix)


def _refused(name: str, message: str, fix: str, *, cause: str = _WHOLE) -> RequestFailed:
    return RequestFailed(name, message, cause=cause, fix=fix, exit_code=exit_codes.REJECTED)
