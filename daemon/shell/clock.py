"""The only place where the daemon reads a clock or the boot ID."""

from __future__ import annotations

import time
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def now_ms() -> int:
    """Return the monotonic clock in milliseconds."""
    return time.monotonic_ns() // 1_000_000


def wall_us() -> int:
    """Return the wall clock in microseconds since the epoch."""
    return time.time_ns() // 1000


def boot_id() -> str:
    """Return the ID that the kernel gave to this boot."""
    return _BOOT_ID.read_text().strip()
