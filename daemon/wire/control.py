"""What a utility asks its daemon: plain maps, the same on both ends of the control socket.

A request names an operation; a change also carries the identifier under which its outcome can be
asked for later (D13). Time and randomness are arguments. This module stays light: every command
imports it.
"""

from __future__ import annotations

from daemon.errors import ProtocolViolation, RequestFailed

VERSION = 1
OPERATIONS = ("command", "query", "watch", "ping")

# A change waits for a disk to flush; a read of a long past, for a replay.
DEFAULT_TIMEOUT_MS = 30_000

# Bounds of the daemon on what a request may say of itself, in characters.
LINE_MAX = 8192
TRACEPARENT_MAX = 128
ID_MAX = 64
ID_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-")
ID_RANDOM_BYTES = 10
_MINTED_CHARACTERS = 26
# Crockford's alphabet: no letter that is taken for a digit.
_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def mint_id(now_ms: int, random_bytes: bytes) -> str:
    """Return an identifier for a request: 48 bits of time, then randomness; sorts by time."""
    number = (now_ms & (1 << 48) - 1) << 80 | int.from_bytes(random_bytes[:ID_RANDOM_BYTES], "big")
    return "".join(
        _BASE32[number >> shift & 31] for shift in range(5 * (_MINTED_CHARACTERS - 1), -1, -5)
    )


def is_id(text: object) -> bool:
    """Whether a user may name a request so."""
    return isinstance(text, str) and 0 < len(text) <= ID_MAX and ID_CHARACTERS.issuperset(text)


def command(  # noqa: PLR0913 one argument for each key of the map
    verb: str,
    args: dict[str, object],
    *,
    request_id: str,
    cmdline: str,
    program: str,
    expect: int | None = None,
    dry_run: bool = False,
    message: str | None = None,
    timeout_ms: int = DEFAULT_TIMEOUT_MS,
    traceparent: str | None = None,
    ship: bool = True,
) -> dict[str, object]:
    """Return the request for a change; with `expect`, only if nothing was committed after it.

    Without `ship` it is refused where another node would have to be asked (A6).
    """
    return {
        "v": VERSION,
        "op": "command",
        "verb": verb,
        "args": args,
        "id": request_id,
        "expect": expect,
        "dry_run": dry_run,
        "message": message,
        "cmdline": cmdline,
        "program": program,
        "traceparent": traceparent,
        "timeout_ms": timeout_ms,
        "ship": ship,
    }


def query(
    question: str,
    args: dict[str, object],
    *,
    at: dict[str, object] | None = None,
    timeout_ms: int = DEFAULT_TIMEOUT_MS,
    current: bool = False,
) -> dict[str, object]:
    """Return the request for a read, of the state at `at` (None: the newest known here).

    `current`: of a state that is not older than the question, wherever it was changed (G6).
    """
    return {
        "v": VERSION,
        "op": "query",
        "question": question,
        "args": args,
        "at": at,
        "timeout_ms": timeout_ms,
        "current": current,
    }


def watch(
    after: int | None,
    which: str | None = None,
    *,
    places: list[dict[str, object]] | None = None,
    both: bool = False,
    heartbeat_ms: int | None = None,
) -> dict[str, object]:
    """Return the request to be told of every commit after a position (None: from here on).

    `places` are cursors, one a log, instead of a position of one log; `both`: of the shared log
    and the node's own. The first answer says where it begins; each that follows holds some
    commits, or says after so much silence that there were none.
    """
    asked: dict[str, object] = {"v": VERSION, "op": "watch", "after": after, "which": which}
    more = {"places": places, "both": both or None, "heartbeat_ms": heartbeat_ms}
    return asked | {key: value for key, value in more.items() if value is not None}


def ping() -> dict[str, object]:
    """Return the request that asks whether the daemon serves."""
    return {"v": VERSION, "op": "ping"}


def error_map(error: RequestFailed) -> dict[str, object]:
    """Return an error in the form that travels."""
    return {
        "id": error.id,
        "rule": error.rule,
        "message": error.message,
        "cause": error.cause,
        "fix": error.fix,
        "node": error.node,
        "exit": error.exit_code,
    }


def error_from(value: object) -> RequestFailed:
    """Return the error that an answer carries.

    Raises:
        ProtocolViolation: it has no id, message and exit code.

    """
    known: dict[str, object] = value if isinstance(value, dict) else {}
    name, message, code = known.get("id"), known.get("message"), known.get("exit")
    if isinstance(name, str) and isinstance(message, str) and isinstance(code, int):
        optional = {key: _text(known.get(key)) for key in ("cause", "fix", "rule", "node")}
        return RequestFailed(name, message, exit_code=code, **optional)
    raise ProtocolViolation("an answer is neither a result nor an error")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
