"""A file that is written anew, whole or not at all: nothing that was there is touched."""

from __future__ import annotations

import os

from cli import exit_codes
from daemon.errors import RequestFailed


def write(file: str, content: str | bytes, *, mode: int = 0o644) -> None:
    """Write a new file, and have it on the disk.

    Raises:
        RequestFailed: there is one of this name, or it cannot be written.

    """
    data = content.encode() if isinstance(content, str) else content
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as target:
            target.write(data)
            target.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise RequestFailed(
            "V-5-1-9266",
            f"{file} could not be written",
            cause=error.strerror,
            fix="name a file that does not exist yet, where there is room",
            exit_code=exit_codes.REJECTED,
        ) from error
