"""Unix sockets at paths of any length."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def short(path: Path) -> Iterator[str]:
    """Give another path to the same place, while the context lasts.

    The address of a Unix socket holds 107 bytes (sun_path), a path may be longer: so the socket
    is reached by way of its directory.

    Raises:
        OSError: there is no such directory.

    """
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
