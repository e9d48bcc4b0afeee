"""What the kernel says of processes."""

from __future__ import annotations

from pathlib import Path


def children(pid: int) -> set[int]:
    """The processes that a process started and that are not reaped."""
    return {int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def readers(pid: int) -> set[int]:
    """Those of a daemon's children that answer questions about the past."""
    return {child for child in children(pid) if "past_process" in _command(child)}


def surveys(pid: int) -> set[int]:
    """Those of a daemon's children that look its logs over."""
    return {child for child in children(pid) if "background_process" in _command(child)}


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""


def rss_kib(pid: int) -> int:
    """The memory that a process has resident."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ValueError(f"process {pid} has no memory")


def open_files(pid: int) -> int:
    """How many descriptors a process has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
