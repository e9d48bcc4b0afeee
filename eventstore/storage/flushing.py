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
