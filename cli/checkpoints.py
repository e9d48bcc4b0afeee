"""Verifying in pieces: a file says up to where, and what is left can be done another time."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

from cli import ask, exit_codes, when
from cli.source import Source
from daemon.errors import RequestFailed

PIECE = 10_000
"""Commits between two lines of the file: about a second."""
SCHEMA = "vx.checkpoint/v1"


def in_pieces(
    source: Source, args: dict[str, object], file: str, told: Callable[[int, int], None]
) -> dict[str, Any]:
    """Return the answer to ``verify``, with the file brought up to date as it goes.

    Raises:
        RequestFailed: there is no answer, or the file is of another log.

    """
    done = _load(file, bool(args["replay"]))
    rows: list[dict[str, Any]] = []
    answer: dict[str, Any] = {}
    ended: Any = None
    for which in ("shared", "node"):
        answer, of_log = _one_log(source, args, which, done, file, told)
        rows += of_log
        bad = next((row for row in of_log if not row["ok"]), None)
        if bad is not None and ended is None:
            ended = (answer, bad)
    shown, main = ended or (answer, rows[-1])
    return {**shown, "data": {**main, "logs": rows}}


def _one_log(
    source: Source,
    args: dict[str, object],
    which: str,
    done: dict[str, Any],
    file: str,
    told: Callable[[int, int], None],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Go through one log to its end; with the last come heads that are of no log here."""
    ends: Any = ask.read(source, "hashes", {"log": which})["data"]
    resumed = after = done.get(which)
    while True:
        piece = {**args, "which": which, "after": after, "most": PIECE}
        answer: Any = ask.read(source, "verify", piece)
        row, *strange = answer["data"]["logs"]
        after = row.pop("checkpoint", None)
        if row["ok"]:
            last = {key: row[key] for key in ("log", "lineage", "digest")}
            last |= {"position": row["commits"], "hash": row["head_hash"]}
            last |= {"replay": bool(args["replay"]), "head": ends["last"]}
            done[which] = {**last, "head_hash": ends["head_hash"], "at": _now()}
            _save(file, done)
        if after is None:
            return answer, [{**row, "resumed": resumed}, *strange]
        told(row["commits"], max(ends["last"], 1))


def _load(file: str, replay: bool) -> dict[str, Any]:
    """Return what a file says; a check without replay says nothing about one with it."""
    try:
        with open(file, encoding="utf-8") as handle:
            found = json.load(handle)
        logs: Any = found["logs"] if found["schema"] == SCHEMA else None
        return {
            which: one
            for which, one in logs.items()
            if one["position"] > 0 and (one["replay"] or not replay)
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RequestFailed(
            "V-5-1-9267",
            f"{file} is no checkpoint of `vx verify`",
            cause=str(error),
            fix="name a file that does not exist yet, to begin at the start",
            exit_code=exit_codes.REJECTED,
        ) from error


def _now() -> str:
    return when.iso(time.time_ns() // 1000)


def _save(file: str, logs: dict[str, Any]) -> None:
    """Replace the file as a whole."""
    new = f"{file}.new"
    with open(new, "w", encoding="utf-8") as handle:
        json.dump({"schema": SCHEMA, "logs": logs}, handle, indent=2)
    os.replace(new, file)
