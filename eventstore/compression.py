"""Bytes made small and back: Zstandard, for what is written once and read seldom.

Python has it from 3.14 on; before that `backports.zstd` is the same code under another name. It is
loaded at the first use: no command that does not need it waits for it. Every frame carries a
check over its content. What is decompressed is bounded by the caller: a few bytes can stand for
gigabytes.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import Any

LEVEL = 9
"""A third of the time of a replay of the same commits, and within 5 % of the smallest."""

_LIBRARY = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"


class NotCompressed(ValueError):
    """The bytes are no whole frame, not what was written, or longer than allowed."""


@cache
def _zstd() -> Any:
    return import_module(_LIBRARY)


def compress(data: bytes, level: int = LEVEL) -> bytes:
    """Return one frame that stands for `data`, with a check over it."""
    names = _zstd().CompressionParameter
    frame: bytes = _zstd().compress(
        data, options={names.compression_level: level, names.checksum_flag: 1}
    )
    return frame


def decompress(frame: bytes, max_bytes: int) -> bytes:
    """Return what one frame stands for.

    Raises:
        NotCompressed: it is no whole frame, its content is another, or longer than `max_bytes`.
    """
    decompressor = _zstd().ZstdDecompressor()
    try:
        data: bytes = decompressor.decompress(frame, max_bytes)
        if not decompressor.eof and len(data) == max_bytes:  # the frame's end may still wait
            data += decompressor.decompress(b"", 1)
    except _zstd().ZstdError as error:
        raise NotCompressed(str(error)) from error
    if len(data) > max_bytes:
        raise NotCompressed(f"longer than {max_bytes} bytes")
    if not decompressor.eof or decompressor.unused_data:
        raise NotCompressed("not one whole frame")
    return data
