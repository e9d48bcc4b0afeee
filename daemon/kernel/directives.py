"""Directives as they travel to a monitor, and back: maps, named by their kind.

Pure; both ends of the stream use it (MONITOR.md).
"""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.core.ready import (
    Directive,
    Hold,
    JoinComplete,
    PutOut,
    ReadyForSlaves,
    Release,
)

_KINDS: Final[dict[str, type[Directive]]] = {
    "hold": Hold,
    "release": Release,
    "ready": ReadyForSlaves,
    "joined": JoinComplete,
    "put-out": PutOut,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}


def to_map(number: int, directive: Directive) -> dict[str, object]:
    """Return a directive as a message; `number` counts those of one run of a daemon."""
    fields: dict[str, object] = msgspec.to_builtins(directive)
    return {"d": _NAMES[type(directive)], "n": number, "args": fields}


def from_map(message: dict[str, object]) -> tuple[int, Directive]:
    """Return number and directive of a message.

    Raises:
        msgspec.ValidationError: it is none.

    """
    kind = _KINDS.get(str(message.get("d")))
    if kind is None:
        raise msgspec.ValidationError("unknown directive")
    number = msgspec.convert(message.get("n"), int)
    return number, msgspec.convert(message.get("args"), kind)
