"""The checks of `vx doctor`: each looks at one thing, and says what it found."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cli import ask
from cli.source import Source
from daemon import config
from daemon.errors import RequestFailed
from eventstore.errors import StoreError
from eventstore.model.invariants import violations
from eventstore.past.moments import time_of, unknown_intervals
from eventstore.proofs.checks import ChainCheck
from eventstore.source import DATABASE, Source as Log, open_log
from eventstore.storage.location import POINTER, located
from eventstore.storage.sqlite import VERSION
from eventstore.text import iso

SAFE_SQLITE = (3, 51, 3)
"""The first without the WAL-reset bug."""
LEAST_FREE_BYTES = 64 << 20
CLOCK_TOLERANCE_US = 2_000_000
LATE_S = 60
"""Behind which an archive may not be."""
TAIL = 1000
"""Commits at the end of a log that are looked at: `vx verify` looks at all."""
_OTHERS_WRITE = stat.S_IWOTH
_OTHERS_READ = stat.S_IROTH


class Finding(NamedTuple):
    """What a check says: "ok", a "note", or "wrong" with the way out."""

    check: str
    verdict: str
    text: str
    fix: str | None = None


def checkup(source: Source) -> list[Finding]:
    """Look at the home of a daemon, and at the daemon."""
    home = config.home_path(source.home or os.path.dirname(source.socket or ""))
    return [
        _settings(home),
        *_daemon(source),
        _permissions(home),
        _space(home),
        _sqlite(),
        *_of_log(home),
    ]


def _settings(home: Path) -> Finding:
    try:
        config.load(home)
    except StoreError as error:
        return _wrong("settings", error)
    return Finding("settings", "ok", str(home / config.CONFIG_FILE))


def _daemon(source: Source) -> Iterator[Finding]:
    try:
        data: Any = ask.read(source, "status", {})["data"]
    except RequestFailed as error:
        yield _wrong("daemon", error)
        return
    if data["state"] != "serving":
        text = "; ".join(str(problem["text"]) for problem in data["problems"])
        yield Finding("daemon", "wrong", f"{data['state']}: {text}", "see `vx status`")
        return
    yield Finding("daemon", "ok", f"serving, pid {data['daemon']['pid']}")
    if data.get("archive"):
        yield _archive(data["archive"])


def _archive(archive: dict[str, Any]) -> Finding:
    """Say whether what is shipped to the archive of many clusters keeps up."""
    if archive["problem"] is not None:
        return Finding("archive", "wrong", archive["problem"], archive["fix"])
    late = [row for row in archive["logs"] if (row["lag_s"] or 0) >= LATE_S]
    if late:
        text = ", ".join(f"{row['log']}: {row['lag']} commits, {row['lag_s']} s" for row in late)
        fix = "see whether it shrinks; else whether the database has room and time for it"
        return Finding("archive", "wrong", f"it is behind: {text}", fix)
    return Finding("archive", "ok", f"it keeps up: {archive['url']}")


def _permissions(home: Path) -> Finding:
    for path, forbidden, what in (
        (home, _OTHERS_WRITE, "written"),
        (home / DATABASE, _OTHERS_WRITE | _OTHERS_READ, "read"),
        (home / POINTER, _OTHERS_WRITE | _OTHERS_READ, "read"),
        (home / config.SOCKET, _OTHERS_WRITE, "asked"),
    ):
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            continue
        except OSError as error:
            return Finding("permissions", "wrong", str(error), "ask as root")
        if mode & forbidden:
            text = f"{path} can be {what} by everybody ({stat.filemode(mode)})"
            return Finding("permissions", "wrong", text, f"chmod o= {path}")
    return Finding("permissions", "ok", "nothing is open to everybody")


def _space(home: Path) -> Finding:
    try:
        free = os.statvfs(home)
    except OSError as error:
        return Finding("space", "wrong", str(error), "make the home: `vxconfigd init --home DIR`")
    size = free.f_bavail * free.f_frsize
    text = f"{size >> 20} MiB are free for the log"
    if size < LEAST_FREE_BYTES:
        return Finding("space", "wrong", text, f"make room on the file system of {home}")
    return Finding("space", "ok", text)


def _sqlite() -> Finding:
    numbers = tuple(int(part) for part in VERSION.split("."))
    if numbers < SAFE_SQLITE:
        fix = "install pysqlite3 0.6.1 or later: it brings its own"
        return Finding("sqlite", "wrong", f"{VERSION} can lose committed pages", fix)
    return Finding("sqlite", "ok", VERSION)


def _of_log(home: Path) -> Iterator[Finding]:
    """Look at the log itself, beside the daemon if there is one."""
    try:
        with open_log(str(home)) as log:
            yield Finding("log", "ok", str(located(home / DATABASE)))
            yield _clock(log)
            yield _tail(log)
            yield _state(log)
            yield _unknown(log)
    except StoreError as error:
        yield _wrong("log", error)


def _clock(log: Log) -> Finding:
    reader = log.readers["node"]
    head_us = time_of(reader, reader.last())
    ahead_us = head_us - time.time_ns() // 1000
    if ahead_us > CLOCK_TOLERANCE_US:
        text = f"the log's head is {ahead_us / 1e6:.0f} s ahead of the clock ({iso(head_us)})"
        return Finding("clock", "wrong", text, "set the clock; commits keep the log's time")
    return Finding("clock", "ok", f"not behind the log's head ({iso(head_us)})")


def _tail(log: Log) -> Finding:
    told: list[str] = []
    for reader in log.readers.values():
        last = reader.last()
        low = max(1, last - TAIL + 1)
        check = ChainCheck(reader.lineage, reader.commit(low - 1) if low > 1 else None)
        for commit in reader.commits(low, last):
            check(commit)
        told.append(f"{reader.name} @{low} to @{last}")
    return Finding("log", "ok", f"holds: {', '.join(told)}")


def _state(log: Log) -> Finding:
    reader = log.readers["node"]
    broken = violations(log.replayers["node"].state_at(reader.last()))
    if broken:
        fix = "a defect of the program: report it with `vx state` and `vx export`"
        return Finding("state", "wrong", "; ".join(broken), fix)
    return Finding("state", "ok", f"no invariant is broken at @{reader.last()}")


def _unknown(log: Log) -> Finding:
    found = unknown_intervals(log.readers["node"])
    if not found:
        return Finding("observation", "ok", "without a gap")
    position, last = found[-1]
    count = "1 interval was" if len(found) == 1 else f"{len(found)} intervals were"
    text = f"{count} not observed, the last before @{position}: {last.reason}"
    return Finding("observation", "note", text, "`vx log --type interval-unknown` lists them")


def _wrong(check: str, error: StoreError | RequestFailed) -> Finding:
    text = error.message if error.cause is None else f"{error.message}: {error.cause}"
    return Finding(check, "wrong", text, error.fix)
