"""Putting what was written on stable storage, and the names that lead to it."""

from __future__ import annotations

import os
from pathlib import Path


def flush(path: Path) -> None:
    """Put what a file holds on stable storage; of a directory, which names are in it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, content: bytes, mode: int) -> None:
    """Put a file in place as a whole; a private one is private from its first byte.

    Raises:
        OSError: it cannot be written; what was there is.
    """
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)
